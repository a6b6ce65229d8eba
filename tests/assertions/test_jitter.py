from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_integrations.assertions.jitter import assert_jittered
from pytest_integrations.assertions.schedules import exponential
from pytest_integrations.core.errors import NothingToCheck, ResilienceError, ScriptingError

if TYPE_CHECKING:
    from tests.assertions.ledgers import HandLedger


def callers(ledger: HandLedger, *waits: tuple[float, ...], stagger: float = 0.0) -> None:
    """Record callers that fail together and come back after their waits."""
    for caller, own in enumerate(waits):
        start = caller * stagger
        starts = [start, *(start + sum(own[: number + 1]) for number in range(len(own)))]
        ledger.attempts(*starts, target=f"/users?caller={caller}")


def test_callers_in_lockstep_are_caught(ledger: HandLedger) -> None:
    """Eight callers without jitter come back together, wave after wave."""
    callers(ledger, *[(1.0, 2.0)] * 8)

    with pytest.raises(ResilienceError) as caught:
        assert_jittered(ledger.calls)

    verdict = str(caught.value).splitlines()[0]
    assert verdict == "8 callers retry in lockstep: their waits differ by 0.000 s at most, 0.200 s would be jitter"
    assert "wait 2: 2.000 to 2.000 s in 8 callers, spread 0.000 s" in str(caught.value)


def test_a_staggered_start_is_no_jitter(ledger: HandLedger) -> None:
    """Callers that were started one after the other arrive one after the other: their waits tell."""
    callers(ledger, *[(1.0,)] * 8, stagger=0.3)

    with pytest.raises(ResilienceError, match="8 callers retry in lockstep"):
        assert_jittered(ledger.calls)


def test_retries_at_once_are_lockstep_on_a_real_clock(real: HandLedger) -> None:
    """The noise of a machine is not jitter."""
    callers(real, *[(0.001 + 0.004 * caller,) for caller in range(8)])

    with pytest.raises(ResilienceError, match=r"their waits differ by 0\.028 s at most, 0\.150 s would be jitter"):
        assert_jittered(real.calls)


def test_callers_with_jitter_pass(ledger: HandLedger) -> None:
    """Waits that differ for one attempt number are enough: a lucky draw may be equal."""
    callers(ledger, *[(1.0, 0.25 * caller) for caller in range(8)])

    assert_jittered(ledger.calls)
    assert_jittered(ledger.calls, schedule=exponential(1, jitter="full"))


def test_waits_with_the_dead_connection_still_in_hand_differ(ledger: HandLedger) -> None:
    """urllib3 closes the connection of an attempt that timed out when its wait is over."""
    for caller in range(8):
        for start, stay in ((0, 5), (5, 6 + caller / 4), (11 + caller / 4, 5)):
            ledger.call(start, outcome="abandoned", took=stay, target=f"/users?caller={caller}")

    assert_jittered(ledger.calls)


def test_the_spread_is_measured_by_the_schedule(ledger: HandLedger) -> None:
    """A tenth of jitter is a tenth: min_spread says how much is asked for."""
    callers(ledger, *[(1.0 + 0.0125 * caller,) for caller in range(9)])

    assert_jittered(ledger.calls, min_spread=0.05)
    with pytest.raises(ResilienceError):
        assert_jittered(ledger.calls, schedule=exponential(1, jitter="full"))


def test_one_caller_cannot_prove_jitter(ledger: HandLedger) -> None:
    """Fewer retried calls than callers= is nothing to check."""
    callers(ledger, (1.0,), (0.3,))

    with pytest.raises(NothingToCheck, match="2 logical calls retried, 8 are needed"):
        assert_jittered(ledger.calls)
    assert_jittered(ledger.calls, callers=2)


@pytest.mark.parametrize("number", [-1, 0, 1])
def test_one_caller_is_not_asked_to_differ(ledger: HandLedger, number: int) -> None:
    callers(ledger, (1.0,))

    with pytest.raises(ScriptingError, match=f"callers={number} "):
        assert_jittered(ledger.calls, callers=number)
