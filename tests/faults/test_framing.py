"""What the faults of framing and of the head make of an answer that is framed otherwise, or may have no body."""

from __future__ import annotations

import pytest

from pytest_integrations import Reply
from pytest_integrations.core.message import Message
from pytest_integrations.faults import (
    bad_chunk_size,
    content_length,
    http_version,
    missing_last_chunk,
    random_data_then_close,
    short_chunk,
)
from pytest_integrations.wire.perform import tampered as spoiled_by
from tests.faults.occasions import NAMES, occasion, tampered

_CHUNKED = Message.of(Reply.of(chunks=[b"ab", b"c"]))
_LIES = [bad_chunk_size(), missing_last_chunk(), short_chunk(), content_length(5), content_length("with_te")]


@pytest.mark.parametrize(
    ("fault", "content"),
    [
        (bad_chunk_size("-1"), b"-1\r\nabc\r\n0\r\n\r\n"),
        (missing_last_chunk(), b"3\r\nabc\r\n"),
        (short_chunk(missing=1), b"4\r\nabc"),
        (content_length(5), b"abc"),
        (content_length("with_te"), b"3\r\nabc\r\n0\r\n\r\n"),
    ],
    ids=repr,
)
def test_chunks_are_framed_anew(fault: object, content: bytes) -> None:
    message = tampered(fault, _CHUNKED)

    assert message.content == content
    assert message.field(b"Content-Type") == b"application/octet-stream"


@pytest.mark.parametrize("fault", _LIES, ids=repr)
@pytest.mark.parametrize(
    "message",
    [Message.of(NAMES, head_only=True), Message.of(Reply(204)), Message.of(Reply(304))],
    ids=["HEAD", "204", "304"],
)
def test_an_answer_that_may_have_no_body_is_left_alone(fault: object, message: Message) -> None:
    assert spoiled_by(message, tuple(fault.effects(occasion()))) == (message, False)


@pytest.mark.parametrize("fault", [missing_last_chunk(), content_length("with_te")], ids=repr)
def test_an_empty_body_is_no_chunk(fault: object) -> None:
    assert not tampered(fault, Message.of(Reply())).content.startswith(b"0\r\n\r\n0")


def test_a_length_is_never_below_zero() -> None:
    assert tampered(content_length(-100)).field(b"Content-Length") == b"0"


def test_http_1_0_has_no_chunks() -> None:
    message = tampered(http_version("1.0"), _CHUNKED)

    assert message.start == b"HTTP/1.0 200 OK"
    assert message.field(b"Transfer-Encoding") is None
    assert (message.field(b"Content-Length"), message.content) == (b"3", b"abc")


def test_other_versions_leave_the_framing_alone() -> None:
    assert tampered(http_version("3.0"), _CHUNKED).content == _CHUNKED.content


@pytest.mark.parametrize("size", [1, 36, 1000])
def test_random_data_is_no_http_and_repeats_with_the_seed(size: int) -> None:
    seen = {tampered(random_data_then_close(size), seed=seed).wire for seed in range(50)}

    assert len(seen) > 10
    assert all(len(data) == size and data[0] >= 0x80 and b"\n" not in data for data in seen)
    assert tampered(random_data_then_close(size), seed=3).wire in seen


def test_ascii_rubbish_is_as_long_as_told() -> None:
    assert tampered(random_data_then_close(40, ascii=True)).wire == b"lskdu018973t09sylgasjkfg1][]'./.sdlvlskd"
