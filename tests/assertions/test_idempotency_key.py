from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_integrations.assertions.idempotency_key import assert_idempotency_key
from pytest_integrations.assertions.unsafe_retry import assert_no_unsafe_retry
from pytest_integrations.core.errors import NothingToCheck, ResilienceError

if TYPE_CHECKING:
    from tests.assertions.ledgers import HandLedger

CHARGE = "POST /charges"


def charge(ledger: HandLedger, *keys: str | None, status: int = 500, start: float = 0) -> None:
    """Record a charge whose attempts carry these keys; all but the last fail."""
    for number, key in enumerate(keys):
        headers = {} if key is None else {"Idempotency-Key": key}
        ledger.call(start + number, status if number < len(keys) - 1 else 201, CHARGE, headers=headers)


def test_a_key_made_in_the_loop_is_caught(ledger: HandLedger) -> None:
    """Three attempts, three keys: each row shows its own."""
    charge(ledger, "a", "b", "c")

    with pytest.raises(ResilienceError) as caught:
        assert_idempotency_key(ledger.calls)

    text = str(caught.value)
    assert text.startswith("3 attempts of POST /charges carried 3 different Idempotency-Keys\n")
    assert "^ Idempotency-Key: b" in text
    assert "Make the key before the retry loop" in text


@pytest.mark.parametrize(("keys", "number"), [((None, "a"), 1), (("a", None), 2), ((None,), 1)])
def test_a_missing_key_is_caught(ledger: HandLedger, keys: tuple[str | None, ...], number: int) -> None:
    """On any attempt, retried or not."""
    charge(ledger, *keys)

    with pytest.raises(ResilienceError, match=f"POST /charges #{number} carried no Idempotency-Key"):
        assert_idempotency_key(ledger.calls)


@pytest.mark.parametrize("key", ["", " "])
def test_an_empty_key_is_none(ledger: HandLedger, key: str) -> None:
    charge(ledger, key, key)

    with pytest.raises(ResilienceError, match=r"#1 carried no Idempotency-Key\n(.|\n)*\^ Idempotency-Key: \(empty\)"):
        assert_idempotency_key(ledger.calls)
    with pytest.raises(ResilienceError, match="was sent again without an Idempotency-Key"):
        assert_no_unsafe_retry(ledger.calls)


def test_one_key_for_all_calls_is_caught(ledger: HandLedger) -> None:
    """A key that is made with the client makes the second charge a retry of the first."""
    charge(ledger, "k", "k")
    charge(ledger, "k", start=10)

    with pytest.raises(ResilienceError, match="2 logical calls of POST /charges carried the same Idempotency-Key: k"):
        assert_idempotency_key(ledger.calls)


def test_callers_at_the_same_time_keep_their_keys(ledger: HandLedger) -> None:
    """The first call of one comes when that of another has failed, and is not taken for its retry."""
    for start, key, status in ((0.0, "a", 500), (0.1, "b", 201), (0.2, "c", 500), (1.0, "a", 201), (1.2, "c", 201)):
        ledger.call(start, status, CHARGE, headers={"Idempotency-Key": key}, took=0.01)

    assert_idempotency_key(ledger.calls)
    assert_no_unsafe_retry(ledger.calls)


def test_one_key_for_each_call_passes(ledger: HandLedger) -> None:
    """The second call is given up and made again with a key of its own, by a client that does keep its keys."""
    charge(ledger, "a", "a", "a")
    charge(ledger, "b", "b", start=10)
    ledger.call(20, 500, CHARGE, headers={"Idempotency-Key": "c"})
    ledger.call(21, 500, CHARGE, headers={"Idempotency-Key": "c"})
    ledger.call(22, 201, CHARGE, headers={"Idempotency-Key": "d"})
    ledger.attempts(30, 31)  # a GET needs no key

    assert_idempotency_key(ledger.calls)


def test_the_header_can_be_another(ledger: HandLedger) -> None:
    """PayPal calls it PayPal-Request-Id."""
    for start, key in ((0, "a"), (1, "b")):
        ledger.call(start, 500, CHARGE, headers={"PayPal-Request-Id": key})

    with pytest.raises(ResilienceError, match="2 different PayPal-Request-Ids"):
        assert_idempotency_key(ledger.calls, header="PayPal-Request-Id")


def test_without_a_retry_there_is_nothing_to_compare(ledger: HandLedger) -> None:
    """One attempt has one key in every client; a GET needs none."""
    charge(ledger, "a")
    with pytest.raises(NothingToCheck, match="the only call was not retried"):
        assert_idempotency_key(ledger.calls)

    with pytest.raises(NothingToCheck, match="no call carried an Idempotency-Key or had to"):
        assert_idempotency_key(ledger.calls, idempotent=["POST"], header="Idempotency-Key ")
