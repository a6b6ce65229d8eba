"""Reading requests: httptools finds where they begin and end, and the raw head is kept as it came."""

from __future__ import annotations

from typing import Protocol

import httptools

__all__ = ["BadRequest", "Consumer", "RequestReader"]

_END = b"\r\n\r\n"


class BadRequest(Exception):
    """The client sent what is not HTTP, or more of it than allowed."""

    def __init__(self, status: int, why: str) -> None:
        """Answer *status*, saying *why*."""
        super().__init__(why)
        self.status = status
        self.why = why


class Consumer(Protocol):
    """Who is told what was read."""

    def head_received(self, head: bytes) -> None:
        """The *head* of a request came in whole: request line and fields, without the empty line."""

    def body_received(self, data: bytes) -> None:
        """Some of its body came in, decoded from its chunks."""

    def request_received(self, *, keep_alive: bool) -> None:
        """The request is complete; *keep_alive* tells whether the client keeps the connection."""


class RequestReader:
    """Takes bytes as they come and tells a consumer of heads, bodies and ends.

    httptools does not say *where* in the bytes a message lies, so the head is cut out here: it begins with the
    request line that httptools reports, and ends with the next empty line.
    """

    __slots__ = ("_consumer", "_data", "_max_head", "_parser", "_position", "_target", "in_head", "is_idle")

    def __init__(self, consumer: Consumer, max_head: int) -> None:
        """Tell *consumer*; refuse heads of more than *max_head* bytes."""
        self._consumer = consumer
        self._max_head = max_head
        self._parser = httptools.HttpRequestParser(self)
        self._data = b""
        self._position = 0
        self._target = b""
        self.in_head = False
        """Whether a head has begun and not ended."""
        self.is_idle = True
        """Whether no request has begun that has not ended."""

    def feed(self, data: bytes) -> None:
        """Take *data*; raises `BadRequest` where the client must be told off."""
        self._data = self._data + data if self.in_head else data
        self._position = 0
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            # Asked for another protocol (websocket, h2c) and not given it: the request is answered as plain HTTP.
            self._parser = httptools.HttpRequestParser(self)
            rest = data[upgrade.args[0] :]
            if rest:
                self.feed(rest)
            return
        except httptools.HttpParserError as error:
            cause = error.__context__
            if isinstance(cause, BadRequest):
                raise cause from None
            raise BadRequest(400, str(error)) from error
        if self.in_head:
            self._data = self._data[self._position :]
            if len(self._data) > self._max_head:
                raise BadRequest(431, f"the request's head is longer than {self._max_head} bytes")
        else:
            self._data = b""

    # -- called by httptools

    def on_message_begin(self) -> None:
        """A request begins."""
        self.in_head = True
        self.is_idle = False
        self._target = b""

    def on_url(self, url: bytes) -> None:
        """A part of the request target came in."""
        self._target += url

    def on_headers_complete(self) -> None:
        """The empty line came in."""
        line = self._parser.get_method() + b" " + self._target + b" HTTP/"
        start = max(self._data.find(line, self._position), 0)
        end = self._data.find(_END, start)
        self._position = end + len(_END) if end >= 0 else len(self._data)
        self.in_head = False
        head = self._data[start : end if end >= 0 else None]
        if len(head) > self._max_head:
            raise BadRequest(431, f"the request's head is longer than {self._max_head} bytes")
        self._consumer.head_received(head)

    def on_body(self, data: bytes) -> None:
        """Some of the body came in."""
        self._consumer.body_received(data)

    def on_message_complete(self) -> None:
        """The request is complete."""
        self.is_idle = True
        self._consumer.request_received(keep_alive=self._parser.should_keep_alive())
