from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_integrations.assertions.attempts import assert_attempts
from pytest_integrations.core.errors import NothingToCheck, ResilienceError, ScriptingError
from tests.assertions.ledgers import scripted

if TYPE_CHECKING:
    from tests.assertions.ledgers import HandLedger


@pytest.mark.parametrize("expected", [{"exactly": 3}, {"at_least": 2}, {"at_most": 3}, {"at_least": 3, "at_most": 4}])
def test_the_right_number_passes(ledger: HandLedger, expected: dict[str, int]) -> None:
    """Attempts are 1 and the retries."""
    ledger.attempts(0, 1, 2)

    assert_attempts(ledger.calls, **expected)


@pytest.mark.parametrize(
    ("expected", "words"),
    [
        ({"exactly": 4}, "expected exactly 4 attempts of GET /users, saw 3, which succeeded"),
        ({"exactly": 1}, "expected exactly 1 attempt of GET /users, saw 3"),
        ({"at_least": 5}, "expected at least 5 attempts of GET /users, saw 3, which succeeded"),
        ({"at_most": 2}, "expected at most 2 attempts of GET /users, saw 3"),
        ({"at_least": 4, "at_most": 6}, "expected 4 to 6 attempts of GET /users, saw 3, which succeeded"),
    ],
)
def test_a_wrong_number_is_caught(ledger: HandLedger, expected: dict[str, int], words: str) -> None:
    """The verdict says what was expected and what was seen."""
    ledger.attempts(0, 1, 2)

    with pytest.raises(ResilienceError) as caught:
        assert_attempts(ledger.calls, **expected)

    assert str(caught.value).splitlines()[0] == words


def test_a_client_that_gives_up_on_the_wrong_failure_is_told_which(ledger: HandLedger) -> None:
    """Retried after a 503, given up after a reset: it catches too few exceptions."""
    ledger.call(0, 503, fault=scripted("status"))
    ledger.call(1, outcome="reset", fault=scripted("connection_reset"))

    with pytest.raises(ResilienceError) as caught:
        assert_attempts(ledger.calls, exactly=3)

    text = str(caught.value)
    assert text.startswith("expected exactly 3 attempts of GET /users, saw 2\n")
    assert "! reset  <- connection_reset()" in text
    assert "The client tried again after 503, but not after reset." in text
    assert "catches too few exceptions" in text


def test_a_client_that_does_not_retry_at_all_is_told_so(ledger: HandLedger) -> None:
    """There is nothing that it did try again after."""
    ledger.call(0, 503)

    with pytest.raises(ResilienceError, match=r"\nThe client did not try again after 503\.\n"):
        assert_attempts(ledger.calls, exactly=3)


def test_a_client_that_gives_up_too_soon_is_not_said_not_to_retry(ledger: HandLedger) -> None:
    """It did retry its POST, so that what libraries do with POST is not the matter; its limit is."""
    for at in (0, 1, 2):
        ledger.call(at, 503, "POST /charges")

    with pytest.raises(ResilienceError, match="saw 3") as caught:
        assert_attempts(ledger.calls, exactly=4)

    text = " ".join(str(caught.value).split())
    assert "The client tried again, and gave up after attempt 3." in text
    assert "Attempts are 1 and the retries" in text
    assert "allowed_methods" not in text


def test_asking_again_what_was_answered_is_told_as_such(ledger: HandLedger) -> None:
    """No failure was retried: the call was made twice."""
    for at in (0, 1):
        ledger.call(at, 200, headers={"X-Call": "7"})

    with pytest.raises(ResilienceError, match="#1 had succeeded, and the same was asked again"):
        assert_attempts(ledger.calls, exactly=1, per="header:X-Call")


def test_a_post_that_is_not_retried_at_all_is_explained(ledger: HandLedger) -> None:
    """requests with Retry(3) returns the 503 of a POST at once."""
    ledger.call(0, 503, "POST /charges")

    with pytest.raises(ResilienceError, match="allowed_methods"):
        assert_attempts(ledger.calls, exactly=3)


def test_every_logical_call_is_judged(ledger: HandLedger) -> None:
    """The one that is wrong is named and shown; the others are counted."""
    ledger.attempts(0, 1)
    ledger.attempts(2, 3, 4, 5, operation="GET /orders")

    with pytest.raises(ResilienceError) as caught:
        assert_attempts(ledger.calls, at_most=3)

    text = str(caught.value)
    assert text.startswith("expected at most 3 attempts of GET /orders, saw 4 (1 of 2 logical calls is wrong)\n")
    assert "GET /users" not in text
    assert "Retries multiply" in text


def test_spoilt_connections_count(ledger: HandLedger) -> None:
    """An attempt that did not come as far as a request is an attempt."""
    ledger.spoilt_connection(0)
    ledger.call(1)

    assert_attempts(ledger.calls, exactly=2)


def test_keys_made_in_the_loop_are_explained(ledger: HandLedger) -> None:
    """Retries with a new key each are separate calls, and the message says why."""
    for start in (0, 1, 2):
        ledger.call(start, 503, "POST /charges", headers={"Idempotency-Key": str(start)})

    with pytest.raises(ResilienceError, match="Make the key before the loop"):
        assert_attempts(ledger.calls, exactly=3)


def test_attempts_that_overlap_are_explained(ledger: HandLedger) -> None:
    """A retry that comes before the first attempt is over is not known for one without a block."""
    ledger.call(0, 503, took=5)
    ledger.call(1)

    with pytest.raises(ResilienceError, match="came while #1 was still open"):
        assert_attempts(ledger.calls, exactly=2)


def test_without_a_failure_there_is_nothing_to_check(ledger: HandLedger) -> None:
    """One healthy attempt has the right number in every client."""
    ledger.call(0)

    with pytest.raises(NothingToCheck, match="no attempt failed, and then a client that cannot retry makes exactly 1"):
        assert_attempts(ledger.calls, exactly=1)


def test_without_a_call_there_is_nothing_to_check(ledger: HandLedger) -> None:
    """A client that never called is pointed to the URL."""
    with pytest.raises(NothingToCheck, match="no call was made"):
        assert_attempts(ledger.calls, at_most=3)


@pytest.mark.parametrize(
    ("expected", "message"),
    [
        ({}, "say how many attempts are right"),
        ({"exactly": 1, "at_most": 2}, "say how many attempts are right"),
        ({"exactly": 0}, "exactly=0 is not a number of attempts"),
        ({"exactly": "3"}, "exactly='3' is not a number of attempts"),
        ({"at_least": 4, "at_most": 3}, "at_least=4 is more than at_most=3"),
        ({"at_most": True}, "at_most=True is not a number of attempts"),
    ],
)
def test_a_question_without_sense_is_refused(ledger: HandLedger, expected: dict[str, int], message: str) -> None:
    """The error names the words that make sense."""
    with pytest.raises(ScriptingError, match=message):
        assert_attempts(ledger.calls, **expected)


def test_the_traceback_ends_at_the_test(ledger: HandLedger) -> None:
    """No frame of the package is shown above the message."""
    with pytest.raises(NothingToCheck) as caught:
        assert_attempts(ledger.calls, exactly=1)

    hidden = [bool(entry.locals.get("__tracebackhide__")) for entry in caught.traceback]
    assert hidden == [False, *[True] * (len(hidden) - 1)]
