"""Each scenario has the right outcome every time: five times by default, fifty with `pytest -m soak`, busy or not."""

from __future__ import annotations

from typing import Any

import pytest

from tests.timekeeping.soak import http_async, http_sync, threads, wires
from tests.timekeeping.soak.bench import SCENARIOS, Scenario, busy_machine
from tests.timekeeping.soak.hunt import SIXTEEN

ALL = {**SCENARIOS, "sixteen_clients_in_a_pool": SIXTEEN}
FILES = (http_async, http_sync, threads, wires)


def each(*, soak: bool) -> list[Any]:
    return [pytest.param(one, 50 if soak else one.by_default, id=name) for name, one in ALL.items()]


@pytest.mark.parametrize(("one", "times"), each(soak=False))
def test_the_outcome_is_right(one: Scenario, times: int) -> None:
    """Every time, exact to a tenth of a millisecond."""
    assert one.wrong_outcomes(times) == []


@pytest.mark.soak
@pytest.mark.parametrize(("one", "times"), each(soak=True))
def test_the_outcome_is_right_fifty_times(one: Scenario, times: int) -> None:
    """The same, more often."""
    assert one.wrong_outcomes(times) == []


@pytest.mark.soak
@pytest.mark.parametrize("name", ALL)
def test_the_outcome_is_right_on_a_busy_machine(name: str) -> None:
    """Eight processes beside it want the processors too."""
    with busy_machine(8):
        assert ALL[name].wrong_outcomes(10) == []


def test_every_file_has_scenarios() -> None:
    """None is left out by a forgotten import."""
    assert {one.run.__module__ for one in SCENARIOS.values()} == {file.__name__ for file in FILES}
