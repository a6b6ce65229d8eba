"""Messages, compression and metadata between bytes and what they mean."""

from __future__ import annotations

import gzip
import zlib

import pytest

from pytest_integrations.core.protobuf_bytes import fields
from pytest_integrations.wire.grpc.compression import compressed, decompressed
from pytest_integrations.wire.grpc.framing import MessageReader, framed
from pytest_integrations.wire.grpc.metadata import binary_value, decoded, encoded, percent_encoded, seconds_of
from pytest_integrations.wire.grpc.refusal import Refusal


def test_messages_are_found_whatever_pieces_they_come_in() -> None:
    messages = [b"", b"a", bytes(300)]
    wire = b"".join(map(framed, messages))
    for size in (1, 2, 5, 7, len(wire)):
        reader = MessageReader("identity", 1000)
        found = [each for start in range(0, len(wire), size) for each in reader.feed(wire[start : start + size])]
        assert found == messages
        assert reader.is_between
    reader = MessageReader("identity", 1000)
    reader.feed(wire[:-1])
    assert not reader.is_between


def test_which_messages_were_compressed() -> None:
    reader = MessageReader("gzip", 1000)
    assert reader.feed(framed(gzip.compress(b"a"), flag=1) + framed(b"b")) == [b"a", b"b"]
    assert reader.compressed == [True, False]


@pytest.mark.parametrize(
    ("wire", "encoding", "code", "words"),
    [
        (b"\2\0\0\0\0", "identity", "INTERNAL", "begins with the flag 2"),
        (b"\1\0\0\0\0", "identity", "INTERNAL", "no grpc-encoding"),
        (b"\0\0\0\0\x0b", "identity", "RESOURCE_EXHAUSTED", "larger than max (11 vs. 10)"),
        (b"\1\0\0\0\3abc", "gzip", "INTERNAL", "is not gzip"),
        (framed(gzip.compress(bytes(10), mtime=0)[:-9], flag=1), "gzip", "INTERNAL", "ends in the middle of its gzip"),
        (framed(zlib.compress(bytes(101)), flag=1), "deflate", "RESOURCE_EXHAUSTED", "over 100, decompressed"),
    ],
)
def test_what_is_no_message(wire: bytes, encoding: str, code: str, words: str) -> None:
    limit = 10 if encoding == "identity" else 100
    with pytest.raises(Refusal) as caught:
        MessageReader(encoding, limit).feed(wire)
    assert caught.value.code == code
    assert words in caught.value.text


def test_a_small_message_that_would_be_huge_is_not_made() -> None:
    bomb = gzip.compress(bytes(50 * 1024 * 1024))
    with pytest.raises(Refusal, match=r"over 1000, decompressed"):
        decompressed("gzip", bomb, 1000)


@pytest.mark.parametrize("encoding", ["identity", "gzip", "deflate"])
def test_compression_is_the_same_each_time(encoding: str) -> None:
    message = bytes(range(256)) * 4
    assert compressed(encoding, message) == compressed(encoding, message)
    if encoding != "identity":
        assert decompressed(encoding, compressed(encoding, message), len(message)) == message


@pytest.mark.parametrize(
    ("text", "wire"),
    [("plain, with ~!", b"plain, with ~!"), ("100 %", b"100 %25"), ("a\nb", b"a%0Ab"), ("ü€", b"%C3%BC%E2%82%AC")],
)
def test_texts_are_percent_encoded(text: str, wire: bytes) -> None:
    assert percent_encoded(text) == wire


@pytest.mark.parametrize(
    ("wire", "seconds"),
    [
        ("1H", 3600),
        ("2M", 120),
        ("3S", 3),
        ("99999999m", 99999.999),
        ("5u", 5e-6),
        ("7n", 7e-9),
        ("0S", 0),
        ("", None),
        ("5", None),
        ("-1S", None),
        ("123456789S", None),
        ("1s", None),
    ],
)
def test_timeouts(wire: str, seconds: float | None) -> None:
    assert seconds_of(wire) == seconds


def test_metadata_there_and_back() -> None:
    pairs = (("x-a", "b"), ("x-k-bin", b"\0\xff\x10"), ("x-k-bin", b""))
    assert encoded(pairs) == [(b"x-a", b"b"), (b"x-k-bin", b"AP8Q"), (b"x-k-bin", b"")]
    assert decoded(encoded(pairs)) == pairs
    assert decoded([(b"x-k-bin", b"AP8Q, AA==")]) == (("x-k-bin", b"\0\xff\x10"), ("x-k-bin", b"\0"))
    assert binary_value(b"not base64!") == "not base64!"


@pytest.mark.parametrize("message", [b"\x80", b"\x12\x05ab", b"\x0b", b"\x0d\0\0", b"\x80" * 11 + b"\1"])
def test_what_is_not_protobuf(message: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        list(fields(message))


def test_fixed_width_fields_are_passed_over() -> None:
    assert list(fields(b"\x0d\1\2\3\4\x11" + bytes(8) + b"\x18\1")) == [(1, b"\1\2\3\4"), (2, bytes(8)), (3, 1)]
