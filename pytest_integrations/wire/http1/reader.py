"""Reading requests: httptools finds where they begin and end, and the raw head is kept as it came."""

from __future__ import annotations

from typing import Protocol

import httptools

__all__ = ["BadRequest", "Consumer", "RequestReader"]

_END = b"\r\n\r\n"
_LINE_BREAK = b"\r\n"


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

    def upgrade_received(self, rest: bytes) -> bytes:
        """The request asked for another protocol, and *rest* came after it; return what of that to read as HTTP now."""
        ...


class RequestReader:
    """Takes bytes as they come and tells a consumer of heads, bodies and ends.

    httptools does not say *where* in the bytes a part of a message lies, only that it has come to its end. So the
    position is counted along, part by part, and a head is what lies between the end of the message before it and the
    next empty line, whatever a body may look like.
    """

    __slots__ = ("_consumer", "_data", "_in_tail", "_max_head", "_parser", "_position", "in_head", "is_idle")

    def __init__(self, consumer: Consumer, max_head: int) -> None:
        """Tell *consumer*; refuse heads of more than *max_head* bytes."""
        self._consumer = consumer
        self._max_head = max_head
        self._parser = httptools.HttpRequestParser(self)
        self._data = b""
        self._position = 0
        self._in_tail = False
        self.in_head: bool = False
        """Whether a head has begun and not ended."""
        self.is_idle: bool = True
        """Whether no request has begun that has not ended."""

    def feed(self, data: bytes) -> None:
        """Take *data*; raises `BadRequest` where the client must be told off."""
        self._data = self._data + data if self._data else data
        self._position = 0
        while data:
            data = self._parse(data)
        if self.in_head or self._in_tail:
            self._data = self._data[self._position :]
            self._check_length(len(self._data) - len(_END) + 1)  # which may have begun
        else:
            self._data = b""

    def _parse(self, data: bytes) -> bytes:
        """Feed the parser and return what it has left over."""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            # Asked for another protocol (websocket, h2c): given that, or answered as plain HTTP.
            self._parser = httptools.HttpRequestParser(self)
            self._data = self._consumer.upgrade_received(data[upgrade.args[0] :])
            self._position = 0
            return self._data
        except httptools.HttpParserError as error:
            cause = error.__context__
            if isinstance(cause, BadRequest):
                raise cause from None
            raise BadRequest(400, str(error)) from error
        return b""

    def _check_length(self, length: int) -> None:
        if length > self._max_head:
            raise BadRequest(431, f"the request's head is longer than {self._max_head} bytes")

    # -- called by httptools

    def on_message_begin(self) -> None:
        """A request begins."""
        self.in_head = True
        self.is_idle = False

    def on_headers_complete(self) -> None:
        """The empty line came in."""
        start = self._position
        while self._data[start] in _LINE_BREAK:  # which clients may leave before a request line (RFC 9112 section 2.2)
            start += 1
        end = self._data.index(_END, start)
        self._position = end + len(_END)
        self.in_head = False
        self._check_length(end - start)
        self._consumer.head_received(self._data[start:end])

    def on_body(self, data: bytes) -> None:
        """Some of the body came in."""
        self._in_tail = False
        self._position += len(data)
        self._consumer.body_received(data)

    def on_chunk_header(self) -> None:
        """The line with the length of a chunk came in; what follows is a tail, unless there is some body first."""
        self._skip_line()
        self._in_tail = True

    def on_chunk_complete(self) -> None:
        """A chunk and its line break came in; or, after the last one, the trailers and their empty line."""
        if self._in_tail:
            while self._skip_line() > len(_LINE_BREAK):
                pass
            self._in_tail = False
        else:
            self._skip_line()

    def _skip_line(self) -> int:
        """Go to the beginning of the next line and return how long this one was."""
        start, self._position = self._position, self._data.index(b"\n", self._position) + 1
        return self._position - start

    def on_message_complete(self) -> None:
        """The request is complete."""
        self.is_idle = True
        # HTTP/1.0 clients keep connections only if told so in a way of their own; none of them needs it.
        keep_alive = self._parser.should_keep_alive() and self._parser.get_http_version() != "1.0"
        self._consumer.request_received(keep_alive=keep_alive)
