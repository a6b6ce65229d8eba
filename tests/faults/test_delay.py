"""Every form of latency draws what it says, from the seed."""

from __future__ import annotations

import statistics
from datetime import timedelta

import pytest

from pytest_integrations.core.effect import Delay
from pytest_integrations.faults import latency
from tests.faults.occasions import effect


def _draws(fault: latency, count: int = 2000) -> list[float]:
    return sorted(effect(fault, Delay, seed=seed).seconds for seed in range(count))


@pytest.mark.parametrize("fault", [latency(1.5), latency(fixed=1.5), latency(timedelta(seconds=1.5))])
def test_fixed_is_fixed(fault: latency) -> None:
    assert effect(fault, Delay) == Delay(1.5)


def test_nothing_is_a_time_too() -> None:
    assert effect(latency(0), Delay) == Delay(0.0)


def test_uniform_lies_between_its_bounds() -> None:
    draws = _draws(latency(uniform=(1, 3)))

    assert 1 <= draws[0] < 1.1
    assert 2.9 < draws[-1] <= 3
    assert statistics.mean(draws) == pytest.approx(2, rel=0.05)


def test_lognormal_has_its_median_and_its_tail() -> None:
    draws = _draws(latency(lognormal=(0.1, 0.5)))

    assert statistics.median(draws) == pytest.approx(0.1, rel=0.05)
    assert draws[int(0.8413 * len(draws))] == pytest.approx(0.1 * 2.71828**0.5, rel=0.1)


def test_lognormal_above_its_maximum_is_drawn_again_and_then_cut() -> None:
    assert _draws(latency(lognormal=(0.1, 0.5, 0.2)))[-1] <= 0.2
    assert set(_draws(latency(lognormal=(0.1, 0.001, 0.05)), 20)) == {0.05}


def test_lognormal_by_its_99th_percentile() -> None:
    draws = _draws(latency(lognormal_p99=(0.1, 1.0)))

    assert statistics.median(draws) == pytest.approx(0.1, rel=0.1)
    assert sum(draw > 1.0 for draw in draws) == pytest.approx(20, abs=15)


def test_normal_is_never_negative() -> None:
    draws = _draws(latency(normal=(1, 0.5)))

    assert statistics.mean(draws) == pytest.approx(1, rel=0.05)
    assert _draws(latency(normal=(0, 1)), 50)[0] == 0.0


def test_jitter_is_added_on_both_sides_of_a_fixed_time() -> None:
    draws = _draws(latency(1, jitter=timedelta(seconds=0.5)))

    assert 0.5 <= draws[0] < 0.6
    assert 1.4 < draws[-1] <= 1.5
    assert _draws(latency(0.1, jitter=1), 50)[0] == 0.0


@pytest.mark.parametrize("fault", [latency(uniform=(0, 1)), latency(lognormal=(1, 1)), latency(1, jitter=1)])
def test_the_seed_repeats_a_draw(fault: latency) -> None:
    assert effect(fault, Delay, seed=7) == effect(fault, Delay, seed=7)
    assert effect(fault, Delay, seed=7) != effect(fault, Delay, seed=8)
