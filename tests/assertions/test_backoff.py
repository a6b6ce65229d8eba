from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING

import pytest

from pytest_integrations.assertions.backoff import assert_backoff
from pytest_integrations.assertions.schedules import additive, exponential, fixed, multiplicative
from pytest_integrations.core.errors import NothingToCheck, ResilienceError

if TYPE_CHECKING:
    from pytest_integrations.assertions.schedules import Schedule
    from tests.assertions.ledgers import HandLedger


def test_the_right_waits_pass(ledger: HandLedger) -> None:
    """1, 2, 4 seconds on an exact clock, with attempts that take their time."""
    for start in (0, 1.5, 4.0, 8.5):
        ledger.call(start, 503, took=0.5)

    assert_backoff(ledger.calls, exponential(base=1, factor=2))


def test_a_wait_that_is_too_short_is_caught(ledger: HandLedger) -> None:
    """The verdict names the wait, what was seen and what was due; the timeline marks the rows."""
    ledger.attempts(0, 1, 1.5)

    with pytest.raises(ResilienceError) as caught:
        assert_backoff(ledger.calls, exponential(base=1, factor=2))

    verdict, *evidence = str(caught.value).splitlines()
    assert verdict == "wait 2 of GET /users was 0.500 s, 2 s was due by exponential(base=1, factor=2)"
    assert any("wait 1: 1.000 s allowed" in line for line in evidence)
    assert any("wait 2: 2.000 s allowed: TOO EARLY" in line for line in evidence)
    assert "no time to recover" in str(caught.value)


@pytest.mark.parametrize(("outcome", "passes"), [("abandoned", True), ("answered", False)])
def test_a_client_may_have_left_a_little_before_it_is_seen_to(real: HandLedger, outcome: str, *, passes: bool) -> None:
    """On a busy machine its FIN waits, and the wait after it looks shorter than it was; an answer's end is our own."""
    real.call(0, 503, outcome=outcome, took=0.177)
    real.call(0.253, 200)

    if passes:
        assert_backoff(real.calls, fixed(0.1))
    else:
        with pytest.raises(ResilienceError, match=r"wait 1 of GET /users was 0\.076 s, 0\.1 s was due"):
            assert_backoff(real.calls, fixed(0.1))


def test_a_client_that_left_is_seen_at_once_on_an_exact_clock(ledger: HandLedger) -> None:
    ledger.call(0, outcome="abandoned", took=0.177)
    ledger.call(0.253, 200)

    with pytest.raises(ResilienceError, match="TOO EARLY"):
        assert_backoff(ledger.calls, fixed(0.1))


def test_the_librarys_own_schedule_is_named(ledger: HandLedger) -> None:
    """urllib3 retries once at once by design: the message says whose schedule it is and how to expect it."""
    ledger.attempts(0, 0, 2, 6)

    with pytest.raises(ResilienceError) as caught:
        assert_backoff(ledger.calls, exponential(base=1, factor=2))

    text = " ".join(str(caught.value).split())
    assert text.startswith("wait 1 of GET /users was 0.000 s, 1 s was due")
    assert "urllib3 backoff_factor=1, which is exponential(base=1, factor=2, cap=120, first=0) here" in text
    assert_backoff(ledger.calls, exponential(base=1, factor=2, first=0))


def test_a_wait_that_is_too_long_is_caught(ledger: HandLedger) -> None:
    """A capped schedule that goes on growing keeps the caller waiting."""
    ledger.attempts(0, 1, 3, 7)

    with pytest.raises(ResilienceError, match=r"wait 3 of GET /users was 4.000 s, 3 s was due") as caught:
        assert_backoff(ledger.calls, exponential(1, 2, cap=3))

    assert "TOO LATE" in str(caught.value)
    assert "The caller waits longer" in str(caught.value)


def test_a_retry_that_does_not_wait_for_the_end_is_caught(ledger: HandLedger) -> None:
    """An attempt that came while the one before was still open did not wait."""
    ledger.call(0, 503, took=5, block=1)
    ledger.call(1, block=1)

    with pytest.raises(ResilienceError, match=r"wait 1 of GET /users did not happen: #2 came while"):
        assert_backoff(ledger.calls, fixed(1))


@pytest.mark.parametrize(("wait", "passes"), [(0.994, False), (0.996, True), (1.249, True), (1.251, False)])
def test_a_real_clock_has_a_grain(real: HandLedger, wait: float, *, passes: bool) -> None:
    """5 ms early, a tenth and 150 ms late: more is wrong."""
    real.attempts(0, wait)

    if passes:
        assert_backoff(real.calls, fixed(1))
    else:
        with pytest.raises(ResilienceError):
            assert_backoff(real.calls, fixed(1))


def test_lateness_can_be_allowed(real: HandLedger) -> None:
    """tolerance= replaces the lateness that passes, and never lets a wait be short."""
    real.attempts(0, 1.9)
    assert_backoff(real.calls, fixed(1), tolerance=1)

    with pytest.raises(ResilienceError):
        assert_backoff(real.calls, fixed(2.5), tolerance=1)


def test_the_clients_timeout_is_not_backoff(ledger: HandLedger) -> None:
    """Each attempt hangs until the client leaves after 2 s; the waits between are 1 s."""
    ledger.call(0, outcome="abandoned", took=2)
    ledger.call(3, outcome="abandoned", took=2)
    ledger.call(6)

    assert_backoff(ledger.calls, fixed(1))


def test_a_wait_with_the_dead_connection_still_in_hand_is_one(ledger: HandLedger) -> None:
    """urllib3 waits 0, 2 and 4 s before it closes what timed out after 10 s, and goes on at once."""
    for start, stay in ((0, 10), (10, 12), (22, 14), (36, 10)):
        ledger.call(start, outcome="abandoned", took=stay)

    assert_backoff(ledger.calls, exponential(1, first=0))
    with pytest.raises(ResilienceError, match=r"wait 3 of GET /users was 4\.000 s, 3 s was due") as caught:
        assert_backoff(ledger.calls, exponential(1, first=0, cap=3))
    assert "urllib3 backoff_factor=1" in str(caught.value)


def test_a_client_that_goes_on_at_once_after_each_timeout_is_caught(ledger: HandLedger) -> None:
    for start in (0, 10, 20, 30):
        ledger.call(start, outcome="abandoned", took=10)

    with pytest.raises(ResilienceError, match=r"wait 2 of GET /users was 0\.000 s, 2 s was due"):
        assert_backoff(ledger.calls, exponential(1, first=0))


def test_timeouts_that_shrink_are_not_waits(ledger: HandLedger) -> None:
    """A client with a deadline gives each attempt what is left of it, and waits after it has closed the connection."""
    for start, stay in ((0, 5), (6, 3), (10, 1)):
        ledger.call(start, outcome="abandoned", took=stay)
    ledger.call(12)

    assert_backoff(ledger.calls, fixed(1))

    ledger.ledger.clear()
    for start, stay in ((0, 5), (5, 3), (8, 1)):
        ledger.call(20 + start, outcome="abandoned", took=stay)
    ledger.call(29)

    assert_backoff(ledger.calls, fixed(0))


def test_drawn_waits_pass(ledger: HandLedger) -> None:
    """Full jitter: anything from 0 to the wait."""
    ledger.attempts(0, 0.3, 1.9, 4.4)

    assert_backoff(ledger.calls, exponential(1, jitter="full"))


def test_no_wait_at_all_is_not_full_jitter(real: HandLedger) -> None:
    """Each wait near 0 is possible; three of them are not."""
    real.attempts(0, 0.002, 0.004, 0.006)

    with pytest.raises(ResilienceError, match="the 3 waits are too short for chance") as caught:
        assert_backoff(real.calls, exponential(1, jitter="full"))

    assert "the client retries at once" in str(caught.value)


def test_no_draw_at_all_is_not_jitter(ledger: HandLedger) -> None:
    """Waits that are always the longest possible were not drawn."""
    ledger.attempts(0, 1, 3, 7)

    with pytest.raises(ResilienceError, match="the 3 waits are too long for chance"):
        assert_backoff(ledger.calls, exponential(1, jitter="full"))


@pytest.mark.parametrize(
    ("waits", "schedule"),
    [
        ([2, 2, 2, 2], exponential(1, cap=2, jitter="decorrelated")),
        ([1], exponential(0.5, cap=1, jitter=additive(1))),
        ([1.1], exponential(1, cap=1.1, jitter=multiplicative(0.5, capped=True))),
        ([1.000001], exponential(1, cap=1.000001, jitter="decorrelated")),
    ],
)
def test_what_is_drawn_above_the_cap_waits_as_long_as_that(
    ledger: HandLedger, waits: list[float], schedule: Schedule
) -> None:
    """Most draws may end at the cap: waits there are neither too long for chance nor too short."""
    ledger.attempts(0, *accumulate(waits))

    assert_backoff(ledger.calls, schedule)


def test_below_the_cap_no_draw_at_all_is_caught(ledger: HandLedger) -> None:
    ledger.attempts(0, 1)

    with pytest.raises(ResilienceError, match="the wait is too short for chance: all at the lower end"):
        assert_backoff(ledger.calls, exponential(1, cap=2, jitter="decorrelated"))


def test_decorrelated_waits_are_judged_by_the_wait_before(ledger: HandLedger) -> None:
    """1 to 3 times the wait before."""
    ledger.attempts(0, 2.5, 9.5)
    assert_backoff(ledger.calls, exponential(1, cap=60, jitter="decorrelated"))

    ledger.attempts(100, 101.1, 105)
    with pytest.raises(ResilienceError, match=r"wait 2 of GET /users was 3.900 s, 1 to 3.3 s was due"):
        assert_backoff(ledger.calls, exponential(1, cap=60, jitter="decorrelated"))


def test_waits_as_of_grpc_pass(ledger: HandLedger) -> None:
    """gRPC draws from plus or minus 20 %."""
    ledger.attempts(0, 0.09, 0.31)

    assert_backoff(ledger.calls, exponential(0.1, jitter=multiplicative(0.2)))


def test_a_wait_that_the_backend_asked_for_is_not_judged(ledger: HandLedger) -> None:
    """Retry-After is another assertion's; the wait after it still counts as number 2."""
    ledger.call(0, 503, answer={"Retry-After": "30"})
    ledger.call(30, 503)
    ledger.call(32)

    assert_backoff(ledger.calls, exponential(1))


def test_each_logical_call_is_judged(ledger: HandLedger) -> None:
    """The second of two calls is the wrong one, and it alone is shown."""
    ledger.attempts(0, 1, 3)
    ledger.attempts(10, 10.1, operation="POST /charges")

    with pytest.raises(ResilienceError) as caught:
        assert_backoff(ledger.calls, exponential(1))

    assert str(caught.value).startswith("wait 1 of POST /charges was 0.100 s")
    assert "#1 " not in str(caught.value)


def test_without_a_retry_there_is_nothing_to_time(ledger: HandLedger) -> None:
    """A client that never retried proves nothing about its waits."""
    ledger.call(0, 503)

    with pytest.raises(NothingToCheck, match="nothing to check: the only call was not retried"):
        assert_backoff(ledger.calls, fixed(1))


def test_with_retry_after_alone_there_is_nothing_to_time(ledger: HandLedger) -> None:
    """All waits were the backend's."""
    ledger.call(0, 503, answer={"Retry-After": "30"})
    ledger.call(30)

    with pytest.raises(NothingToCheck, match="all retries came after a Retry-After"):
        assert_backoff(ledger.calls, fixed(1))
