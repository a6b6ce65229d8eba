from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_integrations.assertions.unsafe_retry import assert_no_unsafe_retry
from pytest_integrations.core.errors import NothingToCheck, ResilienceError
from tests.assertions.ledgers import scripted

if TYPE_CHECKING:
    from tests.assertions.ledgers import HandLedger

CHARGE = "POST /charges"


def test_a_lost_response_that_is_sent_again_is_caught(ledger: HandLedger) -> None:
    """The handler ran, the client saw a reset and sent the charge again: the message says so."""
    ledger.call(0, operation=CHARGE, outcome="reset", handled=True, fault=scripted("lost_response"))
    ledger.call(1, 201, CHARGE, handled=True)

    with pytest.raises(ResilienceError) as caught:
        assert_no_unsafe_retry(ledger.calls)

    text = str(caught.value)
    assert text.startswith(
        "POST /charges was sent again without an Idempotency-Key after #1 (reset), which had been applied\n"
    )
    assert "^ applied: the handler ran, and the client could not know" in text
    assert "RFC 9110 section 9.2.2" in text


@pytest.mark.parametrize("operation", [CHARGE, "PATCH /users/1", "LOCK /file"])
@pytest.mark.parametrize(
    "first",
    [{"outcome": "abandoned"}, {"outcome": "closed"}, {"status": 502}, {"status": 500}, {"spoiled": True}],
    ids=str,
)
def test_every_doubt_counts(ledger: HandLedger, operation: str, first: dict) -> None:
    """A timeout, a close, a 500 or 502, a spoiled answer: the client cannot know, even if the handler did not run."""
    ledger.call(0, operation=operation, **first)
    ledger.call(1, operation=operation)

    with pytest.raises(ResilienceError, match="may have been applied"):
        assert_no_unsafe_retry(ledger.calls)


@pytest.mark.parametrize(
    "first", [{"status": 503}, {"status": 429}, {"status": 409}, {"status": 503, "handled": True}], ids=str
)
def test_what_was_refused_may_be_sent_again(ledger: HandLedger, first: dict) -> None:
    """429, 503 and client errors say that nothing was done; a handler that answers 503 itself says so too."""
    ledger.call(0, operation=CHARGE, **first)
    ledger.call(1, 201, CHARGE)
    ledger.call(2, operation=CHARGE, outcome="reset")  # and what was not refused is not sent again

    assert_no_unsafe_retry(ledger.calls)


def test_a_refusal_that_a_fault_made_up_is_none(ledger: HandLedger) -> None:
    """The handler ran, and a fault put a 503 over its answer."""
    ledger.call(0, 503, CHARGE, handled=True, fault=scripted("status"))
    ledger.call(1, 201, CHARGE)

    with pytest.raises(ResilienceError, match="had been applied"):
        assert_no_unsafe_retry(ledger.calls)


def test_a_connection_that_failed_applied_nothing(ledger: HandLedger) -> None:
    """No request, nothing done; the reset after it is what must not be repeated."""
    ledger.spoilt_connection(0)
    ledger.call(1, operation=CHARGE, outcome="reset")

    assert_no_unsafe_retry(ledger.calls)


@pytest.mark.parametrize("headers", [{"Idempotency-Key": "k"}, {"If-Match": '"v1"'}])
def test_a_key_or_a_condition_makes_it_safe(ledger: HandLedger, headers: dict[str, str]) -> None:
    """The backend knows the second attempt by its key, or refuses it by its condition."""
    ledger.call(0, operation=CHARGE, outcome="reset", headers=headers)
    ledger.call(1, 201, CHARGE, headers=headers)

    assert_no_unsafe_retry(ledger.calls)


def test_a_new_key_each_time_makes_nothing_safe(ledger: HandLedger) -> None:
    """A key that is made in the loop is no key."""
    ledger.call(0, operation=CHARGE, outcome="reset", headers={"Idempotency-Key": "a"})
    ledger.call(1, 201, CHARGE, headers={"Idempotency-Key": "b"})

    with pytest.raises(ResilienceError, match="sent again with another Idempotency-Key"):
        assert_no_unsafe_retry(ledger.calls)


@pytest.mark.parametrize("idempotent", [["POST /search"], ["POST"]])
def test_a_post_that_only_reads_can_be_declared(ledger: HandLedger, idempotent: list[str]) -> None:
    """By operation or by method."""
    ledger.attempts(0, 1, operation="POST /search")
    ledger.call(2, operation=CHARGE if idempotent == ["POST /search"] else "PATCH /x", outcome="reset")

    assert_no_unsafe_retry(ledger.calls, idempotent=idempotent)


@pytest.mark.parametrize(
    ("operation", "status", "message"),
    [
        ("PUT /users/1", 500, "all calls are idempotent"),
        (CHARGE, 201, "no call that is unsafe to repeat failed so that it may have been applied"),
        (CHARGE, 429, "no call that is unsafe to repeat failed so that it may have been applied"),
    ],
)
def test_without_a_doubt_there_is_nothing_to_check(
    ledger: HandLedger, operation: str, status: int, message: str
) -> None:
    """Idempotent methods, success, and refusals."""
    ledger.attempts(0, 1, last=status, operation=operation)

    with pytest.raises(NothingToCheck, match=message):
        assert_no_unsafe_retry(ledger.calls)
