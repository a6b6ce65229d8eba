"""Messages: what parsers that are not ours make of their bytes."""

from __future__ import annotations

import http.client
import io
from typing import Any

import httptools
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_integrations import Reply
from pytest_integrations.core.message import Message, chunked, reason, unchunked

_token = st.text("abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=8).map(lambda word: f"X-{word}")
_value = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=12)
_replies = st.builds(
    Reply,
    st.sampled_from([200, 201, 204, 304, 404, 503, 599]),
    st.lists(st.tuples(_token, _value), max_size=4).map(tuple),
)
_bodies = st.one_of(
    st.binary(max_size=300).map(lambda body: {"body": body}),
    st.lists(st.binary(max_size=40), max_size=4).map(lambda chunks: {"chunks": chunks}),
)


class _Parsed:
    """What httptools says of an answer."""

    def __init__(self, wire: bytes) -> None:
        self.fields: list[tuple[str, str]] = []
        self.body = b""
        self.is_complete = False
        self.parser = httptools.HttpResponseParser(self)
        self.parser.feed_data(wire)

    def on_header(self, name: bytes, value: bytes) -> None:
        self.fields.append((name.decode(), value.decode()))

    def on_body(self, data: bytes) -> None:
        self.body += data

    def on_message_complete(self) -> None:
        self.is_complete = True


def _by_standard_library(wire: bytes, method: str = "GET") -> http.client.HTTPResponse:
    class Socket:
        def makefile(self, _mode: str) -> io.BytesIO:
            return io.BytesIO(wire)

    response = http.client.HTTPResponse(Socket(), method=method)  # type: ignore[arg-type]
    response.begin()
    return response


@given(base=_replies, form=_bodies, persistent=st.booleans())
def test_every_reply_reads_as_what_it_is(base: Reply, form: dict[str, Any], persistent: bool) -> None:  # noqa: FBT001
    """Status, fields, body and the fate of the connection come out of two parsers as they went in."""
    reply = Reply.of(base.status, headers=base.headers, **form)
    message = Message.of(reply, persistent=persistent)
    expected = b"" if reply.status in {204, 304} else reply.body

    parsed = _Parsed(message.wire)
    assert parsed.is_complete
    assert (parsed.parser.get_status_code(), parsed.body) == (reply.status, expected)
    assert parsed.fields[: len(reply.headers)] == list(reply.headers)

    response = _by_standard_library(message.wire)
    assert (response.status, response.read(), response.will_close) == (reply.status, expected, not persistent)
    assert message.body == expected


@pytest.mark.parametrize("form", [{"body": b"12345"}, {"chunks": [b"12", b"345"]}], ids=["length", "chunks"])
def test_head_tells_of_the_body_that_it_leaves_out(form: dict[str, Any]) -> None:
    """An answer to HEAD has the fields of GET and no content (RFC 9110 section 9.3.2)."""
    reply = Reply.of(**form)
    head, get = Message.of(reply, head_only=True), Message.of(reply)

    assert (head.fields, head.content, head.bodiless) == (get.fields, b"", True)
    assert _by_standard_library(head.wire, "HEAD").read() == b""


@pytest.mark.parametrize("status", [100, 103, 199, 204, 304])
def test_some_statuses_have_no_body(status: int) -> None:
    """1xx, 204 and 304 have neither content nor length, whatever the reply says."""
    message = Message.of(Reply.of(status, text="lost"))

    assert (message.content, message.field(b"content-length"), message.bodiless) == (b"", None, True)


@pytest.mark.parametrize("value", ["close", "Close", "keep-alive, close", "x,close"])
def test_a_reply_that_says_close_is_not_persistent(value: str) -> None:
    """A server that announces the end of the connection must end it (RFC 9112 section 9.6)."""
    message = Message.of(Reply.of(headers={"Connection": value}))

    assert not message.persistent
    assert message.wire.lower().count(b"connection:") == 1


def test_a_connection_that_ends_is_announced_once() -> None:
    """`Connection: close` is added where it is missing, and never twice."""
    assert Message.of(Reply(), persistent=False).field(b"connection") == b"close"
    assert Message.of(Reply.of(headers={"connection": "close"}), persistent=False).head.lower().count(b"close") == 1


def test_a_length_that_the_test_gave_is_kept() -> None:
    """A Content-Length of the test's own goes out as it is, right or wrong."""
    assert Message.of(Reply.of(text="abc", headers={"content-length": "5"})).head.count(b"ength: ") == 1


def test_all_parts_go_out_in_order() -> None:
    """Preface, head, content, trailer; without a status line there is no head at all."""
    message = Message(b"HTTP/1.1 200 OK", ((b"A", b"1"),), b"body", b"before", b"after")

    assert message.wire == b"beforeHTTP/1.1 200 OK\r\nA: 1\r\n\r\nbodyafter"
    assert Message(b"", ((b"A", b"1"),), b"body").wire == b"body"


def test_fields_are_found_and_changed_in_any_case() -> None:
    """field(), without() and with_field() do not care for case; the message itself never changes."""
    message = Message(b"HTTP/1.1 200 OK", ((b"A", b"1"), (b"B", b"2"), (b"a", b"3")))

    assert (message.field(b"a"), message.field(b"c")) == (b"1", None)
    assert message.without(b"A", b"c").fields == ((b"B", b"2"),)
    assert message.with_field(b"A", b"4").fields[-1] == (b"A", b"4")
    assert len(message.fields) == 3


@given(body=st.binary(max_size=50), chunks=st.lists(st.binary(min_size=1, max_size=9), max_size=4))
def test_a_body_can_be_framed_anew(body: bytes, chunks: list[bytes]) -> None:
    """reframed() and rechunked() leave one framing, whatever there was."""
    for message in (Message.of(Reply.of(chunks=[b"x"])), Message.of(Reply.of(body=b"xyz"))):
        assert _Parsed(message.reframed(body).wire).body == body
        assert _Parsed(message.rechunked(chunked(chunks)).wire).body == b"".join(chunks)


@given(chunks=st.lists(st.binary(min_size=1, max_size=40), max_size=5))
def test_the_chunked_coding_goes_there_and_back(chunks: list[bytes]) -> None:
    """unchunked() undoes chunked(), with the last chunk or without."""
    assert unchunked(chunked(chunks)) == b"".join(chunks)
    assert unchunked(chunked(chunks, last=False)) == b"".join(chunks)


def test_reasons() -> None:
    """The usual phrase, and something for statuses that have none."""
    assert (reason(503), reason(599)) == ("Service Unavailable", "Unknown")
