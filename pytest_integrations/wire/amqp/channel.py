"""One channel as it is seen on the wire: methods, and the contents that follow some of them."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .frames import BODY, HEADER, METHOD
from .methods import parse
from .properties import Properties
from .refusal import Refusal

if TYPE_CHECKING:
    from pamqp.base import Frame as Method

    from .frames import Frame
    from .service import Session

__all__ = ["Channel", "Content"]


@dataclass(frozen=True, slots=True)
class Content:
    """A message's properties and body."""

    properties: Properties
    body: bytes


class Channel:
    """Puts the frames of one channel together; *session* is what the broker keeps of it."""

    def __init__(self, number: int, session: Session, max_body: int) -> None:
        """Begin an open channel."""
        self.number: int = number
        self.session: Session = session
        self.is_closing: bool = False
        """Whether we have closed it and wait for the client to say that it knows."""
        self.method: Method | None = None
        """The method that the client is at, whose content may be under way."""
        self._max_body = max_body
        self._expects = METHOD
        self._properties = Properties()
        self._size = 0
        self._came = 0
        self._parts: list[bytes] = []

    def receive(self, frame: Frame) -> tuple[Method, Content | None] | None:
        """Take a frame; return the command that it completes, if it does. Raises `Refusal`."""
        if self._expects == METHOD:
            return self._begin(frame)
        if self._expects == HEADER:
            return self._header(frame)
        return self._body(frame)

    def _begin(self, frame: Frame) -> tuple[Method, Content | None] | None:
        if frame.kind != METHOD:
            raise Refusal(505, "expected method frame, got non method frame instead")
        method = self.method = parse(frame.payload)
        if method.name != "Basic.Publish":
            return method, None
        self._expects = HEADER
        return None

    def _header(self, frame: Frame) -> tuple[Method, Content | None] | None:
        if frame.kind != HEADER:
            raise Refusal(505, "expected content header for class 60, got non content header frame instead")
        if len(frame.payload) < 14:
            raise Refusal(502, "a content header of less than 14 bytes")
        class_id, _weight, self._size = struct.unpack_from(">HHQ", frame.payload)
        if class_id != 60:
            raise Refusal(505, f"expected content header for class 60, got one for class {class_id} instead")
        if self._size > self._max_body:
            self._expects = METHOD
            raise Refusal(406, f"message size {self._size} is larger than configured max size {self._max_body}")
        self._properties = Properties(frame.payload[12:])
        self._came, self._parts = 0, []
        self._expects = BODY
        return self._complete() if not self._size else None

    def _body(self, frame: Frame) -> tuple[Method, Content | None] | None:
        if frame.kind != BODY:
            raise Refusal(505, "expected content body, got non content body frame instead")
        self._parts.append(frame.payload)
        self._came += len(frame.payload)
        return self._complete() if self._came >= self._size else None

    def _complete(self) -> tuple[Method, Content | None]:
        self._expects = METHOD
        try:
            self._properties.headers  # noqa: B018 -- malformed ones are refused here, while their method is known
        except ValueError as error:
            raise Refusal(502, str(error)) from error
        body = self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)
        self._parts = []
        if self.method is None:  # pragma: no cover -- a content has a method before it
            raise Refusal(505, "expected method frame, got non method frame instead")
        return self.method, Content(self._properties, body)
