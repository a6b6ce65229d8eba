from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_integrations.assertions.connections import assert_connections_at_most
from pytest_integrations.core.errors import NothingToCheck, ResilienceError, ScriptingError

if TYPE_CHECKING:
    from pytest_integrations.core.call import Connection
    from tests.assertions.ledgers import HandLedger


def attempt(ledger: HandLedger, at: float, status: int, *, closes: float | None = None, **how: object) -> Connection:
    """Record an attempt on a connection of its own, which the client closes at some time or never."""
    connection = ledger.connect(at=at)
    ledger.call(at, status, connection=connection, **how)
    if closes is not None:
        connection.closed, connection.closed_by = closes, "client"
    return connection


def test_a_failed_response_that_is_kept_is_caught(real: HandLedger) -> None:
    """Each attempt on a connection of its own, and none is let go."""
    attempt(real, 0, 503)
    attempt(real, 1, 200)
    real.at(2)

    with pytest.raises(ResilienceError) as caught:
        assert_connections_at_most(real.calls, 1)

    text = str(caught.value)
    assert text.startswith(
        "2 connections were open together and still are, expected at most 1 for one call of GET /users\n"
    )
    assert "conn 1: from 0.000 s open still, carried #1 503" in text
    assert "Read the failed response to its end" in text


def test_a_moment_of_more_connections_does_not_count_for_all_the_time(real: HandLedger) -> None:
    """Two for a second, three for a tenth of it."""
    attempt(real, 0, 503, closes=2.1)
    attempt(real, 1, 503, closes=2.1)
    attempt(real, 2, 200, closes=2.1)
    real.at(3)

    with pytest.raises(ResilienceError, match=r"2 to 3 connections were open together for 1.100 s"):
        assert_connections_at_most(real.calls, 1)


def test_one_connection_used_again_passes(real: HandLedger) -> None:
    """Idle and ready for the next call."""
    real.attempts(0, 1, 2)

    assert_connections_at_most(real.calls, 1)


@pytest.mark.parametrize(("closes", "passes"), [(0.5, True), (1.05, True), (1.2, False)])
def test_a_close_and_the_next_open_may_race(real: HandLedger, closes: float, *, passes: bool) -> None:
    """100 ms of grace on a real clock."""
    attempt(real, 0, 503, closes=closes)
    attempt(real, 1, 200, closes=3)
    real.at(4)

    if passes:
        assert_connections_at_most(real.calls, 1)
    else:
        with pytest.raises(ResilienceError, match=r"2 connections were open together for 0.200 s"):
            assert_connections_at_most(real.calls, 1)
        assert_connections_at_most(real.calls, 1, grace=0.5)


def test_an_exact_clock_needs_no_grace(ledger: HandLedger) -> None:
    """A retry at once, in no time: what is open still was left open; what was closed at that moment was not."""
    attempt(ledger, 0, 503, closes=0)
    attempt(ledger, 0, 200, closes=0)
    assert_connections_at_most(ledger.calls, 1)

    attempt(ledger, 5, 503)
    attempt(ledger, 5, 200)
    with pytest.raises(ResilienceError, match="and still are"):
        assert_connections_at_most(ledger.calls, 1)


def test_a_hanging_connection_that_is_kept_is_caught(real: HandLedger) -> None:
    """The client timed out and went on, but did not close: allowed in number, but not usable again."""
    attempt(real, 0, 200, outcome="hung").closed = None
    real.calls[0].ended = None
    attempt(real, 1, 200)
    real.at(3)

    with pytest.raises(ResilienceError, match=r"connection 1 is still open, although #2 took the place of #1 \(hung\)"):
        assert_connections_at_most(real.calls, 2)


def test_callers_may_have_one_each(real: HandLedger) -> None:
    """The limit is for each logical call; in_all= is for all together."""
    for caller in range(3):
        connection = real.connect(at=0)
        for start, status in ((0.1, 503), (1, 200)):
            real.call(start, status, target=f"/users?caller={caller}", connection=connection)
    real.at(2)

    assert_connections_at_most(real.calls, 1)
    assert_connections_at_most(real.calls, 1, in_all=3)
    with pytest.raises(
        ResilienceError, match="3 connections were open together and still are, expected at most 2 in all"
    ):
        assert_connections_at_most(real.calls, 1, in_all=2)


def test_many_callers_are_told_of_a_limit_not_of_retries(real: HandLedger) -> None:
    """A bulkhead that is missing is no response that nobody has read."""
    for caller in range(3):
        real.call(0, 200, took=1, target=f"/users?caller={caller}", connection=real.connect(at=0))
    real.at(1)

    with pytest.raises(ResilienceError, match="expected at most 2 in all") as caught:
        assert_connections_at_most(real.calls, in_all=2)

    text = str(caught.value)
    assert "No call was retried" in text
    assert "Let all callers share one client whose pool is limited" in text
    assert "Read the failed response" not in text


def test_without_a_retry_there_is_nothing_to_check(real: HandLedger) -> None:
    """One attempt has one connection."""
    attempt(real, 0, 503)

    with pytest.raises(NothingToCheck, match="no call was retried"):
        assert_connections_at_most(real.calls, 1)


def test_no_connection_at_all_is_refused(real: HandLedger) -> None:
    """A client needs one."""
    with pytest.raises(ScriptingError, match="at_most=0 is not a count: valid are whole numbers from 1 on"):
        assert_connections_at_most(real.calls, 0)
