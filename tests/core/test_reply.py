"""Replies as a test writes them down."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import pytest

from pytest_integrations import Reply
from pytest_integrations.core.errors import ScriptingError


@pytest.mark.parametrize(
    ("arguments", "kind", "body"),
    [
        ({}, None, b""),
        ({"json": None}, "application/json", b"null"),
        ({"json": {"a": "\xe9"}}, "application/json", b'{"a": "\\u00e9"}'),
        ({"text": ""}, "text/plain; charset=utf-8", b""),
        ({"text": "\u20ac"}, "text/plain; charset=utf-8", b"\xe2\x82\xac"),
        ({"body": b"\0"}, "application/octet-stream", b"\0"),
        ({"body": bytearray(b"ab")}, "application/octet-stream", b"ab"),
        ({"body": memoryview(b"ab")}, "application/octet-stream", b"ab"),
        ({"chunks": [b"a", b"", b"b"]}, "application/octet-stream", b"ab"),
        ({"chunks": (piece for piece in (b"a", b"b"))}, "application/octet-stream", b"ab"),
        ({"json": 1, "headers": {"content-type": "x/y"}}, "x/y", b"1"),
    ],
    ids=lambda value: repr(value)[:20] if not isinstance(value, dict) else "-".join(value),
)
def test_the_content_type_follows_the_form_of_the_body(arguments: dict[str, Any], kind: str, body: bytes) -> None:
    """Each form has its type, unless the headers say another."""
    reply = Reply.of(**arguments)

    assert (reply.header("Content-Type"), reply.body) == (kind, body)
    assert [name.lower() for name, _ in reply.headers].count("content-type") == (1 if kind else 0)


def test_empty_chunks_are_left_out() -> None:
    """An empty chunk would end the body."""
    assert Reply.of(chunks=[b"a", b"", b"b"]).chunks == (b"a", b"b")


@pytest.mark.parametrize("status", [99, 1000, 200.0, "200", None])
def test_a_status_must_be_one(status: Any) -> None:
    """Anything but a whole number from 100 to 999 is refused."""
    with pytest.raises(ScriptingError, match="is not a status code: valid are whole numbers from 100 to 999"):
        Reply.of(status)


def test_any_three_digits_are_a_status() -> None:
    """Also those that no standard knows, and those of `http`."""
    assert [Reply.of(status).status for status in (100, 599, 999, HTTPStatus.GONE)] == [100, 599, 999, 410]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"json": 1, "text": "a"}, "give one of json=, text=, body= and chunks=, not json and text"),
        ({"body": b"", "chunks": []}, "not body and chunks"),
        ({"body": "text"}, "body='text' is not bytes: give bytes, a str as text=, or anything else as json="),
        ({"text": b"bytes"}, "text=b'bytes' is not text: give a str, or bytes as body="),
        ({"chunks": b"abc"}, r"chunks=b'abc' is one piece: give a list of them, such as chunks=\[b'ab', b'c'\]"),
        ({"chunks": ["a"]}, "chunks='a' is not bytes"),
        ({"headers": {"X Y": "1"}}, "headers: 'X Y' is not a name: valid are letters, digits and"),
        ({"headers": {"": "1"}}, "headers: '' is not a name"),
        (
            {"headers": {"X": "a\r\nInjected: 1"}},
            "is not a value: valid are numbers and Latin-1 text without line breaks",
        ),
        ({"headers": {"X": "\u20ac"}}, "headers: X='\u20ac' is not a value"),
        ({"headers": {"X": None}}, "headers: X=None is not a value"),
        ({"headers": {"X": True}}, "headers: X=True is not a value"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else None,
)
def test_what_cannot_be_sent_is_refused_where_it_is_written(arguments: dict[str, Any], message: str) -> None:
    """The complaint names the value, what is valid and the way out."""
    with pytest.raises(ScriptingError, match=message):
        Reply.of(**arguments)


def test_headers_keep_their_order_and_repetitions() -> None:
    """A mapping or pairs; numbers are written out; names are looked up in any case, the first one is found."""
    reply = Reply.of(headers=[("Set-Cookie", "a"), ("Retry-After", 3), ("set-cookie", "b")])  # type: ignore[list-item]

    assert reply.headers == (("Set-Cookie", "a"), ("Retry-After", "3"), ("set-cookie", "b"))
    assert (reply.header("SET-COOKIE"), reply.header("X")) == ("a", None)
