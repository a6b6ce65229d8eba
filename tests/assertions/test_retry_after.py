from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_integrations.assertions.retry_after import assert_respects_retry_after
from pytest_integrations.core.errors import NothingToCheck, ResilienceError

if TYPE_CHECKING:
    from tests.assertions.ledgers import HandLedger

IN_TEN_SECONDS = "Sun, 09 Mar 2025 12:00:10 GMT"


def asks(ledger: HandLedger, value: str, wait: float | None, *, status: int = 429, header: str = "Retry-After") -> None:
    ledger.call(0, status, answer={header: value})
    if wait is not None:
        ledger.call(wait)


@pytest.mark.parametrize(
    ("value", "wait"),
    [
        ("10", 10),
        (IN_TEN_SECONDS, 10),
        (IN_TEN_SECONDS, 9.1),
        ("Sunday, 09-Mar-25 12:00:10 GMT", 10),
        ("Sun Mar  9 12:00:10 2025", 10),
        ("Sun, 09 Mar 2025 07:00:10 -0500", 10),
    ],
)
def test_a_client_that_waits_as_asked_passes(ledger: HandLedger, value: str, wait: float) -> None:
    """Seconds, and a date in each of its forms and in any zone, which has a grain of a second."""
    asks(ledger, value, wait)

    assert_respects_retry_after(ledger.calls)


@pytest.mark.parametrize(
    ("value", "wait"), [("10", 9.9), ("10", 0), ("10", 12), (IN_TEN_SECONDS, 8.9), (IN_TEN_SECONDS, 12)]
)
def test_a_client_that_waits_otherwise_is_caught(ledger: HandLedger, value: str, wait: float) -> None:
    """Too early and too late, in both forms."""
    asks(ledger, value, wait)

    with pytest.raises(ResilienceError, match=r"#1 said 'Retry-After: .*#2 came after"):
        assert_respects_retry_after(ledger.calls)


def test_the_message_tells_header_wait_and_range(ledger: HandLedger) -> None:
    """Verdict, range under the row, and the RFC."""
    asks(ledger, "10", 1)

    with pytest.raises(ResilienceError) as caught:
        assert_respects_retry_after(ledger.calls)

    text = str(caught.value)
    assert text.splitlines()[0] == "#1 said 'Retry-After: 10' but #2 came after 1.000 s"
    assert "NOT as asked: 10.000 s after #1" in text
    assert "RFC 9110 section 10.2.3" in text
    assert "respect_retry_after_header" in text


def test_a_date_taken_for_local_time_is_explained(ledger: HandLedger) -> None:
    """urllib3 1.25.10 in New York: the date seems to have passed, so that the retry comes at once."""
    asks(ledger, IN_TEN_SECONDS, 0)

    with pytest.raises(ResilienceError, match=r"which was 10.000 s away, but #2 came after 0.000 s") as caught:
        assert_respects_retry_after(ledger.calls)

    assert "HTTP dates are in GMT" in str(caught.value)


def test_the_date_is_counted_from_the_answer(ledger: HandLedger) -> None:
    """An answer at second 4 with a date at second 10 asks for 6 seconds."""
    ledger.call(0, 503, took=4, answer={"Retry-After": IN_TEN_SECONDS})
    ledger.call(10)

    assert_respects_retry_after(ledger.calls)


@pytest.mark.parametrize("header", ["retry-after-ms", "x-ms-retry-after-ms"])
def test_milliseconds_go_before_seconds(ledger: HandLedger, header: str) -> None:
    """OpenAI and Azure send milliseconds besides the standard header, and their clients prefer them."""
    ledger.call(0, 429, answer={"Retry-After": "2", header: "1500"})
    ledger.call(1.5)

    assert_respects_retry_after(ledger.calls)


@pytest.mark.parametrize("wait", [60, None])
def test_more_than_the_cap_may_be_cut_or_given_up(ledger: HandLedger, wait: float | None) -> None:
    """A backend that asks for an hour is not obeyed by a client that is ready for a minute."""
    asks(ledger, "3600", wait)

    assert_respects_retry_after(ledger.calls, cap=60)


def test_less_than_the_cap_is_caught(ledger: HandLedger) -> None:
    """A long wait that is not cut but ignored is wrong with a cap as well."""
    asks(ledger, "3600", 2)

    with pytest.raises(ResilienceError, match=r"but #2 came after 2.000 s, before cap=60 s was over\n"):
        assert_respects_retry_after(ledger.calls, cap=60)


def test_more_than_the_cap_is_caught_and_explained(ledger: HandLedger) -> None:
    """As asked, and that is the fault."""
    asks(ledger, "120", 120)

    with pytest.raises(ResilienceError) as caught:
        assert_respects_retry_after(ledger.calls, cap=60)

    text = str(caught.value)
    assert text.startswith("#1 said 'Retry-After: 120' and #2 came after 120.000 s; 60 s is the longest wait (cap=)\n")
    assert "NOT as cap= has it: 60.000 s after #1" in text
    assert "kept waiting by one header" in text
    assert "retry_after_max" in text


def test_a_retry_that_is_late_keeps_its_caller_waiting(ledger: HandLedger) -> None:
    """Not refused: late."""
    asks(ledger, "10", 13)

    with pytest.raises(ResilienceError, match="its own deadline may pass first"):
        assert_respects_retry_after(ledger.calls)


def test_jitter_on_top_can_be_allowed(ledger: HandLedger) -> None:
    """tolerance= is the lateness that passes."""
    asks(ledger, "10", 13)

    assert_respects_retry_after(ledger.calls, tolerance=5)


def test_any_failure_can_ask(ledger: HandLedger) -> None:
    """urllib3 obeys the header on a 500 in its list too."""
    asks(ledger, "10", 3, status=500)

    with pytest.raises(ResilienceError):
        assert_respects_retry_after(ledger.calls)


@pytest.mark.parametrize(
    ("value", "wait", "message"),
    [
        ("0", 1, "asked for no wait"),
        ("Sun, 09 Mar 2025 11:59:00 GMT", 1, "asked for no wait"),
        ("soon", 1, "none of the 2 answers was a failure with Retry-After"),
        ("-5", 1, "none of the 2 answers was a failure with Retry-After"),
        ("10", None, "no call was retried after 'Retry-After: 10'"),
    ],
)
def test_what_asks_for_nothing_is_not_judged(ledger: HandLedger, value: str, wait: float | None, message: str) -> None:
    """0, the past, nonsense, and a client that gave up: nothing to check."""
    asks(ledger, value, wait)

    with pytest.raises(NothingToCheck, match=message):
        assert_respects_retry_after(ledger.calls)


def test_a_client_that_renews_its_key_is_told_why_it_was_not_retried(ledger: HandLedger) -> None:
    """Whoever sees a 429 and the same POST a second later wants to know why that is no retry."""
    ledger.call(0, 429, "POST /charges", headers={"Idempotency-Key": "a"}, answer={"Retry-After": "30"})
    ledger.call(1, 201, "POST /charges", headers={"Idempotency-Key": "b"})

    with pytest.raises(NothingToCheck, match="no call was retried after 'Retry-After: 30'") as caught:
        assert_respects_retry_after(ledger.calls)

    text = " ".join(str(caught.value).split())
    assert "carry an Idempotency-Key of their own each" in text
    assert "Make the key before the loop" in text
    assert "cap=" not in text
    assert "(Calls with the same Idempotency-Key header were taken for one logical call.)" in text


@pytest.mark.parametrize("digits", [400, 5000])
def test_a_wait_beyond_all_numbers_is_one_to_cap(ledger: HandLedger, digits: int) -> None:
    """More digits than a float, or an int of Python's, has room for: a client has to live with such a header."""
    asks(ledger, "9" * digits, 60)

    assert_respects_retry_after(ledger.calls, cap=60)
    with pytest.raises(ResilienceError, match=r"but #2 came after 60.000 s"):
        assert_respects_retry_after(ledger.calls)
