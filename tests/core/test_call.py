"""Calls, connections and header fields as they are read from the ledger."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pytest_integrations.core.call import CONNECT, Call, Connection, Headers, HttpCall

from .plain_faults import say


def _call(head: bytes = b"GET / HTTP/1.1", body: bytes = b"") -> HttpCall:
    call = HttpCall("fake", Connection(1, "fake", 0.0), head, "GET /")
    call.body = body
    return call


@pytest.mark.parametrize(
    ("target", "path", "query"),
    [
        (b"/", "/", {}),
        (b"/a%20b/%C3%A9?x=1&y=&x=2", "/a b/\xe9", {"x": "2", "y": ""}),
        (b"/caf\xc3\xa9?q=\xc3\xa9", "/caf\xe9", {"q": "\xe9"}),
        (b"/a?q=%C3%A9+b%2B", "/a", {"q": "\xe9 b+"}),
        (b"http://example.com/a/b?q=1", "/a/b", {"q": "1"}),
        (b"http://example.com", "/", {}),
        (b"http://example.com?q=1", "/", {"q": "1"}),
        (b"/redirect?to=http://example.com/x", "/redirect", {"to": "http://example.com/x"}),
        (b"/proxy/http://example.com/x", "/proxy/http://example.com/x", {}),
        (b"*", "*", {}),
        (b"example.com:443", "example.com:443", {}),
    ],
)
def test_targets(target: bytes, path: str, query: dict[str, str]) -> None:
    """Every form of target (RFC 9112 section 3.2), decoded, as clients write them: encoded or raw UTF-8."""
    call = _call(b"GET " + target + b" HTTP/1.1")

    assert (call.method, call.target, call.path, call.query) == ("GET", target.decode("latin-1"), path, query)


def test_header_fields_are_taken_apart_when_somebody_looks() -> None:
    """Names in any case, values without the blanks around them and nothing else stripped."""
    call = _call(b"GET / HTTP/1.1\r\nHost: h\r\nX-A:  \t1 \r\nX-Empty:\r\nx-a: 2\r\nX-B: \xa0\x85b:c")

    assert list(call.headers.items()) == [
        ("Host", "h"), ("X-A", "1"), ("X-Empty", ""), ("x-a", "2"), ("X-B", "\xa0\x85b:c")
    ]  # fmt: skip
    assert (call.headers["x-a"], call.headers.all("X-A"), call.headers["X-EMPTY"]) == ("1", ["1", "2"], "")


def test_headers_are_a_mapping_that_keeps_repetitions() -> None:
    """Length, names, values and pairs count every field; a missing name is a KeyError."""
    headers = Headers((("A", "1"), ("a", "2"), ("B", "3")))

    assert (len(headers), list(headers), list(headers.values())) == (3, ["A", "a", "B"], ["1", "2", "3"])
    assert "b" in headers
    assert headers.get("c") is None
    with pytest.raises(KeyError, match="c"):
        headers["c"]
    assert repr(headers) == "Headers((('A', '1'), ('a', '2'), ('B', '3')))"


def test_bodies() -> None:
    """Text with replacement characters where it is none, JSON or its error."""
    assert _call(body=b"\xff\xc3\xa9").text == "\ufffd\xe9"
    assert _call(body=b'{"a": [1]}').json() == {"a": [1]}
    with pytest.raises(json.JSONDecodeError):
        _call(body=b"no").json()


def test_reply_headers_are_those_of_the_answer_itself() -> None:
    """As sent; interim answers before it are not it."""
    call = _call()
    assert list(call.reply_headers.items()) == []
    call.reply = b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nA: 1\r\n\r\nB: 2\r\n\r\n"
    assert list(call.reply_headers.items()) == [("A", "1")]


@pytest.mark.parametrize(
    ("ended", "gone", "end"), [(None, None, None), (2.0, None, 2.0), (None, 3.0, 3.0), (2.0, 3.0, 3.0), (3.0, 2.0, 3.0)]
)
def test_an_attempt_is_over_when_both_sides_are_done_with_it(
    ended: float | None, gone: float | None, end: float | None
) -> None:
    """The later of the fake's end and the client's leaving."""
    call = _call()
    call.ended, call.gone = ended, gone

    assert call.end == end


@pytest.mark.parametrize(
    ("fields", "has_failed", "verdict"),
    [
        ({"outcome": "open"}, False, "open"),
        ({"outcome": "answered", "status": 200}, False, "200"),
        ({"outcome": "answered", "status": 404}, False, "404"),
        ({"outcome": "answered", "status": 429}, True, "429"),
        ({"outcome": "answered", "status": 500}, True, "500"),
        ({"outcome": "answered", "status": 200, "spoiled": True}, True, "200 spoiled"),
        ({"outcome": "answered", "spoiled": True}, True, "spoiled"),
        ({"outcome": "reset"}, True, "reset"),
        ({"outcome": "truncated", "status": 200, "first_byte": 0.1}, True, "truncated in 200"),
        ({"outcome": "hung", "status": 200}, True, "hung"),
        ({"outcome": "closed"}, True, "closed"),
        ({"outcome": "abandoned"}, True, "abandoned"),
    ],
    ids=str,
)
def test_what_the_client_was_shown(fields: dict[str, Any], has_failed: bool, verdict: str) -> None:  # noqa: FBT001
    """Whether a careful client must take the attempt for failed, and how to say it in a word."""
    call = _call()
    for name, value in fields.items():
        setattr(call, name, value)

    assert (call.failed, call.verdict) == (has_failed, verdict)


def test_an_attempt_without_a_request() -> None:
    """A connection that was spoilt is an attempt too: it has no headers, and any end but an answer is a failure."""
    call = Call("fake", Connection(1, "fake", 0.0))
    call.outcome = "reset"

    assert (call.operation, dict(call.headers), call.failed, call.protocol) == (CONNECT, {}, True, "tcp")
    call.outcome, call.status = "answered", 503
    assert not call.failed


def test_reuse() -> None:
    """The second request of a connection reuses it."""
    call = _call()
    assert not call.reused
    call.number = 2
    assert call.reused


def test_they_show_themselves() -> None:
    """A line each, with the fault where there is one."""
    call = _call()
    call.seq, call.started, call.outcome, call.status = 3, 1.5, "answered", 503
    assert repr(call) == "<Call #3 1.500 fake GET /: 503>"
    call.fault = say()
    assert repr(call) == "<Call #3 1.500 fake GET /: 503 <- say()>"
    connection = call.connection
    assert repr(connection) == "<Connection 1 of fake: 0.000 to open, 0 calls>"
    connection.closed, connection.closed_by = 2.0, "client"
    assert repr(connection) == "<Connection 1 of fake: 0.000 to 2.000 by client, 0 calls>"


def test_the_head_of_a_call_may_be_missing() -> None:
    """A head without a target, or none at all, has empty parts."""
    assert (_call(b"").method, _call(b"").target, _call(b"GET").path) == ("", "", "")
