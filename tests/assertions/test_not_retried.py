from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_integrations.assertions.not_retried import assert_not_retried
from pytest_integrations.core.errors import NothingToCheck, ResilienceError, ScriptingError
from tests.assertions.ledgers import scripted

if TYPE_CHECKING:
    from tests.assertions.ledgers import HandLedger


def test_a_retried_client_error_is_caught(ledger: HandLedger) -> None:
    """A 404 asked for again stays a 404."""
    ledger.call(0, 404)
    ledger.call(1, 404)

    with pytest.raises(ResilienceError) as caught:
        assert_not_retried(ledger.calls)

    text = str(caught.value)
    assert text.startswith("GET /users was tried again after 404, which must not be retried")
    assert "^ must be the last attempt" in text
    assert "The same request gets the same answer" in text


@pytest.mark.parametrize(
    ("after", "call"),
    [
        (503, {"status": 503}),
        ("reset", {"outcome": "reset"}),
        ("spoiled", {"spoiled": True}),
        ("malformed_json", {"fault": scripted("malformed_json"), "spoiled": True}),
        ([404, "truncated"], {"outcome": "truncated"}),
    ],
)
def test_any_outcome_can_be_named(ledger: HandLedger, after: object, call: dict) -> None:
    """Statuses, ends of an exchange, and faults."""
    ledger.call(0, **call)
    ledger.call(1)

    with pytest.raises(ResilienceError):
        assert_not_retried(ledger.calls, after=after)


def test_a_later_attempt_counts_as_well(ledger: HandLedger) -> None:
    """503, then 400, then again: the 400 must have been the last."""
    for start, status in ((0, 503), (1, 400), (2, 200)):
        ledger.call(start, status)

    with pytest.raises(ResilienceError, match="after 400"):
        assert_not_retried(ledger.calls)


def test_a_client_that_stops_passes(ledger: HandLedger) -> None:
    """The error is the last attempt."""
    ledger.call(0, 503)
    ledger.call(1, 404)

    assert_not_retried(ledger.calls, after=404)


def test_a_login_is_not_a_retry(ledger: HandLedger) -> None:
    """401, then the same request with a fresh token."""
    ledger.call(0, 401, headers={"Authorization": "Bearer old"})
    ledger.call(1, headers={"Authorization": "Bearer new"})

    assert_not_retried(ledger.calls)


@pytest.mark.parametrize(
    ("status", "header", "again"),
    [(401, "Cookie", "s=2"), (412, "If-Match", '"2"'), (412, "If-Unmodified-Since", "Sun, 09 Mar 2025 12:00:10 GMT")],
)
def test_what_an_answer_asks_for_is_another_request(ledger: HandLedger, status: int, header: str, again: str) -> None:
    """A session that is begun anew, a version that is read anew; the same once more is a retry."""
    ledger.call(0, status, headers={header: "1"})
    ledger.call(1, 200, headers={header: again})
    assert_not_retried(ledger.calls)

    ledger.call(2, status, headers={header: again})
    ledger.call(3, 200, headers={header: again})
    with pytest.raises(ResilienceError, match=f"was tried again after {status}"):
        assert_not_retried(ledger.calls)


@pytest.mark.parametrize("status", [200, 408, 425, 429, 503])
def test_without_such_an_outcome_there_is_nothing_to_check(ledger: HandLedger, status: int) -> None:
    """The default is the client errors that do not pass."""
    ledger.call(0, status)

    with pytest.raises(NothingToCheck, match="no attempt ended in a client error"):
        assert_not_retried(ledger.calls)


def test_nothing_named_is_refused(ledger: HandLedger) -> None:
    """An empty list would pass for ever."""
    with pytest.raises(ScriptingError, match="after= is empty"):
        assert_not_retried(ledger.calls, after=[])
