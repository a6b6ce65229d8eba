from __future__ import annotations

import pytest

from pytest_integrations.assertions.schedules import additive, exponential, fixed, linear, listed, multiplicative
from pytest_integrations.core.errors import ScriptingError


def nominal(schedule, count: int = 5) -> list[float]:
    return [schedule.nominal(number) for number in range(1, count + 1)]


@pytest.mark.parametrize(
    ("schedule", "waits"),
    [
        (fixed(2), [2, 2, 2, 2, 2]),
        (linear(1), [1, 2, 3, 4, 5]),
        (linear(2, step=1, cap=4), [2, 3, 4, 4, 4]),
        (exponential(), [1, 2, 4, 8, 16]),
        (exponential(0.5, 3, 10), [0.5, 1.5, 4.5, 10, 10]),
        (exponential(1, first=0), [0, 2, 4, 8, 16]),
        (listed(0.1, 0.5), [0.1, 0.5, 0.5, 0.5, 0.5]),
    ],
    ids=repr,
)
def test_waits_before_jitter(schedule, waits: list[float]) -> None:
    """Each schedule has the waits that its name says."""
    assert nominal(schedule) == waits


@pytest.mark.parametrize(
    ("jitter", "allowed"),
    [
        ("none", (8, 8)),
        ("full", (0, 8)),
        ("equal", (4, 8)),
        (additive(3), (8, 10)),
        (additive(3, capped=False), (8, 11)),
        (multiplicative(0.5), (4, 12)),
        (multiplicative(0.5, capped=True), (4, 10)),
    ],
    ids=repr,
)
def test_what_jitter_makes_of_a_wait(jitter, allowed: tuple[float, float]) -> None:
    """Wait 4 of 1, 2, 4, 8 with at most 10."""
    assert exponential(1, 2, 10, jitter=jitter).allowed(4) == allowed


def test_a_cap_holds_before_or_after_jitter() -> None:
    """stamina adds and then cuts; gRPC cuts and then draws."""
    assert exponential(0.1, 2, 5, jitter=additive(1)).allowed(9) == (5, 5)
    assert exponential(1, 2, 5, jitter=multiplicative(0.2)).allowed(9) == (4, 6)


def test_decorrelated_jitter_depends_on_the_wait_before() -> None:
    """AWS: sleep = min(cap, random_between(base, sleep * 3)), beginning with base."""
    schedule = exponential(1, cap=10, jitter="decorrelated")

    assert [schedule.allowed(1), schedule.allowed(2, 2.5), schedule.allowed(3, 6)] == [(1, 3), (1, 7.5), (1, 10)]


def test_a_first_wait_of_its_own_has_no_jitter() -> None:
    """urllib3's first retry comes at once, however much jitter it has."""
    assert exponential(1, first=0, jitter=additive(1)).allowed(1) == (0, 0)


def test_schedules_are_values() -> None:
    """Equal schedules are equal, and they print as they are written."""
    assert exponential(1, 2, 60, jitter="full") == exponential(base=1.0, factor=2.0, cap=60.0, jitter="full")
    assert repr(exponential(1, 2, 60, jitter="full")) == "exponential(base=1, factor=2, cap=60, jitter='full')"
    assert repr(fixed(2, jitter=multiplicative(0.2))) == "fixed(2, jitter=multiplicative(0.2))"
    assert repr(fixed(2, jitter=additive(1, capped=False))) == "fixed(2, jitter=additive(1, capped=False))"
    assert repr(linear(1)) == "linear(base=1)"
    assert repr(listed(0.1, 2)) == "listed(0.1, 2)"
    assert repr(exponential(first=0)) == "exponential(base=1, factor=2, first=0)"


def test_very_many_waits_do_not_overflow() -> None:
    """Wait 2000 of an exponential schedule is its cap."""
    assert exponential(1, 2, 60).nominal(2000) == 60


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: fixed(-1), "wait=-1 is not a duration"),
        (lambda: exponential(factor=0.5), "factor=0.5 makes waits shorter"),
        (lambda: exponential(jitter="some"), "jitter='some' is not a jitter: valid are 'none', 'full', 'equal'"),
        (listed, r"listed\(\) needs at least one wait"),
        (lambda: multiplicative(20), "ratio=20 is out of range"),
    ],
)
def test_a_wrong_setting_fails_where_it_is_written(make, message: str) -> None:
    """The error names the setting and the valid values."""
    with pytest.raises(ScriptingError, match=message):
        make()
