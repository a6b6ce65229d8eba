"""Frames: the pieces that everything in AMQP is sent in."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, NamedTuple

from .refusal import Refusal

if TYPE_CHECKING:
    from .properties import Properties

__all__ = [
    "BODY",
    "GREETING",
    "HEADER",
    "HEARTBEAT",
    "METHOD",
    "BadGreeting",
    "Frame",
    "FrameReader",
    "content",
    "frame",
]

METHOD, HEADER, BODY, HEARTBEAT = 1, 2, 3, 8
GREETING = b"AMQP\x00\x00\x09\x01"
_HEAD = struct.Struct(">BHI")
_END = 0xCE
_HANDSHAKE_MAX = 8192
"""The largest payload before the client and we have agreed on one."""


class Frame(NamedTuple):
    """One frame."""

    kind: int
    channel: int
    payload: bytes


class BadGreeting(Exception):
    """The client speaks something else, or another version."""


class FrameReader:
    """Cuts what comes in into frames, which it checks as RabbitMQ does."""

    def __init__(self) -> None:
        """Expect the greeting."""
        self.frame_max: int = _HANDSHAKE_MAX
        self._came = bytearray()
        self._position = 0
        self._greeted = False
        self.is_lost: bool = False
        """Whether nobody knows any more where the next frame begins."""

    @property
    def waiting(self) -> int:
        """How many bytes came in that nobody has asked for."""
        return len(self._came) - self._position

    def feed(self, data: bytes) -> None:
        """Take bytes from the client."""
        if self._position:
            del self._came[: self._position]
            self._position = 0
        self._came += data

    def greeted(self) -> bool:
        """Tell whether the client's greeting has come; raises `BadGreeting` if it is another."""
        if not self._greeted:
            got = bytes(self._came[: len(GREETING)])
            if not GREETING.startswith(got):
                raise BadGreeting
            if len(got) == len(GREETING):
                self._greeted = True
                self._position = len(GREETING)
        return self._greeted

    def next(self) -> Frame | None:
        """Return the next whole frame, or None; raises `Refusal` for what is none."""
        came, start = self._came, self._position
        if len(came) - start < _HEAD.size:
            return None
        kind, channel, size = _HEAD.unpack_from(came, start)
        begin = start + _HEAD.size
        if self.frame_max and size > self.frame_max:
            self.is_lost = True
            text = f"type {kind}, all octets = <<>>: {{frame_too_large,{size},{self.frame_max - 8}}}"
            raise Refusal(501, text)
        if len(came) <= begin + size:
            return None
        payload = bytes(came[begin : begin + size])
        if came[begin + size] != _END:
            self.is_lost = True
            text = f"{_snippet(kind, payload)}: {{invalid_frame_end_marker,{came[begin + size]}}}"
            raise Refusal(501, text)
        self._position = begin + size + 1
        if kind not in {METHOD, HEADER, BODY, HEARTBEAT}:
            raise Refusal(501, f"{_snippet(kind, payload)}: unknown_frame")
        return Frame(kind, channel, payload)


def _snippet(kind: int, payload: bytes) -> str:
    """Name a frame as RabbitMQ's errors do, in Erlang's notation."""
    shown = ",".join(map(str, payload[:16]))
    return f"type {kind}, {'all' if len(payload) <= 16 else 'first 16'} octets = <<{shown}>>"


def frame(kind: int, channel: int, payload: bytes) -> bytes:
    """Return a frame."""
    return _HEAD.pack(kind, channel, len(payload)) + payload + b"\xce"


def content(channel: int, properties: Properties, body: bytes, frame_max: int) -> bytes:
    """Return the frames of a message's content: its header, and its *body* in frames of *frame_max* bytes."""
    head = frame(HEADER, channel, struct.pack(">HHQ", 60, 0, len(body)) + properties.raw)
    room = frame_max - 8 if frame_max else max(1, len(body))
    if len(body) <= room:
        return head + frame(BODY, channel, body) if body else head
    pieces = (frame(BODY, channel, body[begin : begin + room]) for begin in range(0, len(body), room))
    return b"".join((head, *pieces))
