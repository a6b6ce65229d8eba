from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_integrations.assertions.giving_up import assert_gives_up
from pytest_integrations.core.errors import NothingToCheck, ResilienceError, ScriptingError

if TYPE_CHECKING:
    from tests.assertions.ledgers import HandLedger


class Unavailable(Exception):
    """What the client promises to raise."""


def test_a_client_that_stops_passes(ledger: HandLedger) -> None:
    """Three failures, and no more for a minute, which is waited for on the ledger's clock."""
    ledger.attempts(0, 1, 2, last=503)

    assert_gives_up(ledger.calls, after=3, quiet=60)

    assert ledger.ledger.now() == 62


@pytest.mark.parametrize("count", [2, 4])
def test_another_number_of_attempts_is_caught(ledger: HandLedger, count: int) -> None:
    """Too few and too many."""
    ledger.attempts(*range(count), last=503)

    with pytest.raises(ResilienceError, match=f"GET /users was given up after {count} attempts, expected after 3"):
        assert_gives_up(ledger.calls, after=3)


def test_an_attempt_after_giving_up_is_caught(ledger: HandLedger) -> None:
    """A background task goes on when the caller has got its error."""
    ledger.attempts(0, 1, last=503)
    ledger.clock.on_sleep = lambda: ledger.call(31, 503)

    with pytest.raises(ResilienceError, match=r"GET /users was tried again 30.000 s after it was given up") as caught:
        assert_gives_up(ledger.calls, after=2, quiet=30)

    assert "^ after the client had given up" in str(caught.value)


def test_another_call_meanwhile_is_no_attempt(ledger: HandLedger) -> None:
    """A health check while it is quiet belongs to nobody's call."""
    ledger.attempts(0, 1, last=503)
    ledger.clock.on_sleep = lambda: ledger.call(31, 200, "GET /health")

    assert_gives_up(ledger.calls, after=2, quiet=30)


def test_the_callers_error_must_be_declared(ledger: HandLedger) -> None:
    """A library's error that shines through is caught; a declared one passes."""
    ledger.attempts(0, 1, last=503)

    assert_gives_up(ledger.calls, after=2, error=Unavailable("down"), declared=(Unavailable, KeyError))
    with pytest.raises(ResilienceError) as caught:
        assert_gives_up(ledger.calls, after=2, error=ValueError("no json"), declared=Unavailable)

    text = str(caught.value)
    assert text.startswith("after 2 attempts of GET /users the caller saw builtins.ValueError, expected Unavailable\n")
    assert "The caller saw: ValueError('no json')" in text


def test_a_call_that_succeeded_was_not_given_up(ledger: HandLedger) -> None:
    """Without a call that failed to the end there is nothing to check; one that succeeded is not judged."""
    ledger.attempts(0, 1)
    with pytest.raises(NothingToCheck, match="no logical call failed to the end"):
        assert_gives_up(ledger.calls, after=3)

    ledger.attempts(2, 3, 4, last=503, operation="GET /orders")
    assert_gives_up(ledger.calls, after=3)


@pytest.mark.parametrize(
    ("words", "message"),
    [({"after": 0}, "after=0 is not"), ({"after": 1, "error": KeyError()}, "belong together")],
)
def test_a_question_without_sense_is_refused(ledger: HandLedger, words: dict, message: str) -> None:
    """The error says what is missing."""
    with pytest.raises(ScriptingError, match=message):
        assert_gives_up(ledger.calls, **words)
