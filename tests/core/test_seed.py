"""Chance that follows from a seed and from what it is for, and from nothing else."""

from __future__ import annotations

import os
import subprocess
import sys

from hypothesis import given
from hypothesis import strategies as st

from pytest_integrations.core.seed import Seed, fresh_seed

_what = st.lists(st.tuples(st.text(max_size=5), st.integers(1, 9)), min_size=1, max_size=8)


@given(run=st.integers(), key=st.text(max_size=5), what=_what, random=st.randoms(use_true_random=False))
def test_a_draw_does_not_depend_on_other_draws(run: int, key: str, what: list[tuple[str, int]], random: object) -> None:
    """Whatever else is drawn, and in whatever order, a draw is the same and lies in [0, 1)."""
    seed = Seed(run, key)
    there = {each: seed.draw(*each) for each in what}
    back = {each: Seed(run, key).draw(*each) for each in reversed(what)}

    assert there == back
    assert all(0 <= number < 1 for number in there.values())


def test_seed_key_and_purpose_all_count() -> None:
    """Another run seed, test, or purpose draws another number."""
    draws = [Seed(1, "a").draw("x"), Seed(2, "a").draw("x"), Seed(1, "b").draw("x"), Seed(1, "a").draw("y")]
    assert len(set(draws)) == 4


def test_draws_are_the_same_in_another_process() -> None:
    """A worker with another hash seed draws the same."""
    code = (
        "from pytest_integrations.core.seed import Seed; print(Seed(7, 't').draw('a', 1), Seed(7).stream('s').random())"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "12345"}
    printed = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)

    assert printed.stdout.split() == [str(Seed(7, "t").draw("a", 1)), str(Seed(7).stream("s").random())]


def test_draws_are_even() -> None:
    """4,000 draws fill four quarters alike."""
    quarters = [0] * 4
    for number in range(4000):
        quarters[int(Seed(3).draw(number) * 4)] += 1
    assert all(850 < count < 1150 for count in quarters)


def test_a_stream_is_a_generator_of_its_own() -> None:
    """Two streams for the same thing begin alike and do not disturb one another."""
    one, two = Seed(1).stream("x"), Seed(1).stream("x")
    one.random()
    assert one.random() != (first := two.random())
    assert first == Seed(1).stream("x").random()
    assert first != Seed(1).stream("y").random()


def test_odd_text_can_be_drawn_for() -> None:
    """A lone surrogate in a test's name is no obstacle."""
    assert 0 <= Seed(0, "\udc80").draw("\ud800") < 1


def test_a_fresh_seed_is_short_enough_to_type() -> None:
    """Up to five digits, and not always the same."""
    seeds = {fresh_seed() for _ in range(20)}
    assert all(1 <= seed < 100_000 for seed in seeds)
    assert len(seeds) > 1
