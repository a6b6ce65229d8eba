from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_integrations.assertions.same_request import assert_same_request
from pytest_integrations.core.errors import NothingToCheck, ResilienceError
from pytest_integrations.faults import reset_mid_upload

if TYPE_CHECKING:
    from tests.assertions.ledgers import HandLedger

UPLOAD = "PUT /report"


def twice(ledger: HandLedger, first: dict, second: dict, operation: str = UPLOAD) -> None:
    ledger.call(0, 503, operation, **first)
    ledger.call(1, 200, operation, **second)


def test_an_empty_body_on_the_second_attempt_is_caught(ledger: HandLedger) -> None:
    """The first attempt read the stream to its end."""
    twice(ledger, {"body": b"all of it"}, {"body": b""})

    with pytest.raises(ResilienceError) as caught:
        assert_same_request(ledger.calls)

    text = str(caught.value)
    assert text.startswith("the body of PUT /report changed between attempts: 'all of it' in #1, nothing in #2\n")
    assert "^ body differs from #1" in text
    assert "seek(0)" in text


@pytest.mark.parametrize(
    ("first", "second", "what"),
    [
        ({"target": "/report?page=1"}, {"target": "/report?page=1&page=1"}, "query"),
        ({"headers": {"Content-Length": "0"}}, {"headers": {"Transfer-Encoding": "chunked"}}, "framing"),
        ({"headers": {"Content-Type": "text/plain"}}, {"headers": {}}, "content-type header"),
        ({"headers": {"X-Tag": "a"}}, {"headers": {"X-Tag": "a, a"}}, "x-tag header"),
        ({}, {"headers": {"X-New": "1"}}, "x-new header"),
    ],
)
def test_every_part_is_compared(ledger: HandLedger, first: dict, second: dict, what: str) -> None:
    """Query, framing, content type, and headers that came or went."""
    twice(ledger, first, second)

    with pytest.raises(ResilienceError, match=f"the {what} of PUT /report changed between attempts"):
        assert_same_request(ledger.calls)


def test_a_block_finds_another_method_and_path(ledger: HandLedger) -> None:
    """Calls that the test put together are compared whatever they look like."""
    ledger.call(0, 503, "GET /a", block=1)
    ledger.call(1, 200, "GET /b", block=1)

    with pytest.raises(ResilienceError, match="the path of GET /a changed"):
        assert_same_request(ledger.calls)


def test_a_long_body_is_cut_around_the_difference(ledger: HandLedger) -> None:
    """What differs is shown, not a megabyte."""
    twice(ledger, {"body": b"x" * 500 + b"A" + b"x" * 500}, {"body": b"x" * 500 + b"B" + b"x" * 500})

    with pytest.raises(ResilienceError, match=r"\.\.\.'x{12}Ax{23}'\.\.\. in #1, \.\.\.'x{12}Bx{23}'\.\.\. in #2"):
        assert_same_request(ledger.calls)


def test_equal_requests_pass(ledger: HandLedger) -> None:
    """Dates, credentials, traces and counters may differ, and so may the order of headers."""
    twice(
        ledger,
        {"body": b"x", "headers": {"Date": "Mon", "Authorization": "sig1", "X-B3-SpanId": "1", "A": "a", "B": "b"}},
        {"body": b"x", "headers": {"B": "b", "A": "a", "Date": "Tue", "Authorization": "sig2", "Retry-Attempt": "1"}},
    )

    assert_same_request(ledger.calls)


def test_more_headers_may_vary(ledger: HandLedger) -> None:
    """vary= adds names, with * if need be."""
    twice(ledger, {"headers": {"X-My-Span": "1"}}, {"headers": {"X-My-Span": "2"}})

    assert_same_request(ledger.calls, vary=["X-My-*"])


def test_a_boundary_may_change(ledger: HandLedger) -> None:
    """A multipart body is compared without its boundary."""
    twice(
        ledger,
        {"body": b"--b1\r\nx\r\n--b1--", "headers": {"Content-Type": "multipart/form-data; boundary=b1"}},
        {"body": b"--b22\r\nx\r\n--b22--", "headers": {"Content-Type": 'multipart/form-data; boundary="b22"'}},
    )

    assert_same_request(ledger.calls)


def test_an_empty_file_in_a_form_is_a_stream_that_was_read(ledger: HandLedger) -> None:
    """A form is never empty as a whole, so that its part tells."""
    form = {"Content-Type": "multipart/form-data; boundary=a1b2"}
    twice(
        ledger,
        {"body": b"--a1b2\r\nname: file\r\n\r\nall\r\n--a1b2--", "headers": form},
        {"body": b"--a1b2\r\nname: file\r\n\r\n\r\n--a1b2--", "headers": form},
    )

    with pytest.raises(ResilienceError, match="seek\\(0\\) before each attempt"):
        assert_same_request(ledger.calls)


def test_another_path_is_another_call(ledger: HandLedger) -> None:
    """GET /users/1 that failed and GET /users/2 are no retry."""
    ledger.call(0, 503, "GET /users/<id>", target="/users/1")
    ledger.call(1, 200, "GET /users/<id>", target="/users/2")

    with pytest.raises(NothingToCheck, match="none of 2 logical calls was retried"):
        assert_same_request(ledger.calls)


CUT_AT = {"fault": reset_mid_upload(), "outcome": "reset"}


@pytest.mark.parametrize("read", [b"", b"all"])
def test_what_a_fault_kept_from_being_read_has_not_changed(ledger: HandLedger, read: bytes) -> None:
    """`reset_mid_upload` and `early_response` read some of the body; that the retry sends the rest too is right."""
    twice(ledger, CUT_AT | {"body": read}, {"body": b"all of it"})

    assert_same_request(ledger.calls)


def test_a_part_may_end_in_a_boundary(ledger: HandLedger) -> None:
    """The boundary of the next attempt is another one, and the first is not whole."""
    mixed = {"Content-Type": "multipart/mixed; boundary=a1b2"}
    twice(
        ledger,
        CUT_AT | {"body": b"--a1b2\r\nx\r\n--a1", "headers": mixed},
        {"body": b"--c3d4\r\nx\r\n--c3d4--", "headers": {"Content-Type": "multipart/mixed; boundary=c3d4"}},
    )

    assert_same_request(ledger.calls)


@pytest.mark.parametrize(
    ("read", "body", "length", "what"),
    [
        (b"all", b"", 0, "body"),
        (b"all", b"any of it", 9, "body"),
        (b"", b"of it", 5, "length"),
        (b"", b"", 0, "length"),
    ],
)
def test_after_half_an_upload_another_body_is_caught(
    ledger: HandLedger, read: bytes, body: bytes, length: int, what: str
) -> None:
    """By what was read of it, or by the length that both declare."""
    cut = CUT_AT | {"body": read, "headers": {"Content-Length": "9"}}
    twice(ledger, cut, {"body": body, "headers": {"Content-Length": str(length)}})

    with pytest.raises(ResilienceError, match=f"the {what} of PUT /report changed between attempts") as caught:
        assert_same_request(ledger.calls)
    assert ("seek(0)" in str(caught.value)) == (not body)


def test_after_half_an_upload_the_others_are_compared_with_a_whole_one(ledger: HandLedger) -> None:
    """The first attempt tells nothing of the body, the second and the third do."""
    ledger.call(0, 503, UPLOAD, **CUT_AT)
    twice(ledger, {"body": b"all of it"}, {"body": b""})

    with pytest.raises(ResilienceError, match="'all of it' in #2, nothing in #3"):
        assert_same_request(ledger.calls)
