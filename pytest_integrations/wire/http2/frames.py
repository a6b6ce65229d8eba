"""Frames of HTTP/2 as bytes (RFC 9113 section 4.1), for what a library's state machine would not send."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "CONTINUATION",
    "DATA",
    "GOAWAY",
    "HEADERS",
    "HEAD_SIZE",
    "INITIAL_WINDOW_SIZE",
    "MAX_CONCURRENT_STREAMS",
    "MAX_FRAME_SIZE",
    "MAX_HEADER_LIST_SIZE",
    "PING",
    "PREFACE",
    "RST_STREAM",
    "SETTINGS",
    "WINDOW_UPDATE",
    "frame",
    "goaway",
    "head",
    "rst_stream",
    "settings",
]

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
"""What a client sends first (RFC 9113 section 3.4)."""

DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = 0, 1, 3, 4, 6, 7, 8, 9
MAX_CONCURRENT_STREAMS, INITIAL_WINDOW_SIZE, MAX_FRAME_SIZE, MAX_HEADER_LIST_SIZE = 3, 4, 5, 6


_HEAD = struct.Struct("!BHBBL")
HEAD_SIZE = _HEAD.size
"""The bytes that stand before a frame's payload."""


def head(size: int, kind: int, flags: int, stream: int) -> bytes:
    """Return what stands before the *size* bytes of a frame's payload."""
    return _HEAD.pack(size >> 16, size & 0xFFFF, kind, flags, stream)


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    r"""Return one frame.

    >>> frame(DATA, 1, 3, b"ab")
    b'\x00\x00\x02\x00\x01\x00\x00\x00\x03ab'
    """
    return head(len(payload), kind, flags, stream) + payload


def goaway(last: int, code: int) -> bytes:
    """Return GOAWAY: streams above *last* were not and will not be processed."""
    return frame(GOAWAY, 0, 0, struct.pack("!LL", last, code))


def rst_stream(stream: int, code: int) -> bytes:
    """Return RST_STREAM for *stream*."""
    return frame(RST_STREAM, 0, stream, struct.pack("!L", code))


def settings(values: Mapping[int, int]) -> bytes:
    """Return SETTINGS with these *values* by identifier."""
    return frame(SETTINGS, 0, 0, b"".join(struct.pack("!HL", key, value) for key, value in values.items()))
