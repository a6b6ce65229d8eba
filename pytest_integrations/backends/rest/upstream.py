"""The real service behind a fake: what a call is passed on as, and what its answer becomes."""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
import threading
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pytest_integrations.backends.listening import ListeningFake
from pytest_integrations.core.errors import ScriptingError
from pytest_integrations.core.own_traffic import own_traffic
from pytest_integrations.core.reply import Reply

from .misses import problem_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pytest_integrations.core.call import HttpCall

__all__ = ["NoAnswer", "Passed", "Upstream", "end_to_end"]

_HOP_BY_HOP = frozenset({
    "connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te", "trailer",
    "transfer-encoding", "upgrade",
})  # fmt: skip
"""What is between two neighbours only, and is not passed on (RFC 9110 section 7.6.1)."""

_ENDLESS = ("text/event-stream", "application/x-ndjson", "application/json-seq", "multipart/x-mixed-replace")
"""Content types whose bodies are passed on as they come, since they may never end."""

_LAST_WORDS = 1.0
"""Seconds that a call which was broken off has to end; one that is just connecting cannot be woken up."""

_VALID = "valid are 'https://api.example.com', 'http://127.0.0.1:8080/v2', and a fake that runs"


class NoAnswer(Exception):
    """The service has given no answer that can be passed on."""

    def __init__(self, reply: Reply) -> None:
        """Have the client told so by *reply*."""
        super().__init__(reply)
        self.reply = reply


class Upstream:
    """An HTTP service, asked over HTTP/1.1 with a connection for each call."""

    def __init__(self, url: str, timeout: float, context: ssl.SSLContext | None = None) -> None:
        """Ask the service at *url*, which has *timeout* seconds for each answer; *context* is for its certificate."""
        __tracebackhide__ = True
        try:
            parts = urlsplit(url)
            self._host, self._port = parts.hostname or "", parts.port
        except ValueError as error:
            msg = f"upstream={url!r} is not a URL ({error}): {_VALID}"
            raise ScriptingError(msg) from error
        if parts.scheme not in {"http", "https"} or not self._host or parts.query or parts.fragment or parts.username:
            msg = f"upstream={url!r} is not the URL of an HTTP service: {_VALID}"
            raise ScriptingError(msg)
        self.url: str = url.rstrip("/")
        self._path = parts.path.rstrip("/")
        self._authority = parts.netloc
        self._is_tls = parts.scheme == "https"
        self._context = context
        self._timeout = timeout
        self._open: set[Passed] = set()
        self._changed = threading.Condition()

    @classmethod
    def of(cls, wanted: object, timeout: float) -> Upstream:
        """Read what a test has written: a URL, or a fake that runs."""
        __tracebackhide__ = True
        if isinstance(wanted, ListeningFake):
            url = wanted.url
            return cls(url, timeout, wanted.client_context() if url.startswith("https") else None)
        if not isinstance(wanted, str):
            msg = f"upstream={wanted!r} is not the URL of an HTTP service: {_VALID}"
            raise ScriptingError(msg)
        return cls(wanted, timeout)

    def ask(self, call: HttpCall, *, max_body: int, readable: bool) -> Passed | Reply:
        """Pass *call* on and return its answer, or raise `NoAnswer`; blocks.

        The answer is asked for without a compression if it is to be *readable*.
        """
        passed = Passed(self, self._connection(), call)
        with self._changed:
            self._open.add(passed)
        try:
            with own_traffic():
                passed.connect()
            self._send(passed.connection, call, readable=readable)
            return passed.answer(max_body)
        except (OSError, http.client.HTTPException) as error:
            passed.close()
            raise NoAnswer(self._failure(error)) from error
        except BaseException:
            passed.close()
            raise

    def _connection(self) -> http.client.HTTPConnection:
        if not self._is_tls:
            return http.client.HTTPConnection(self._host, self._port, timeout=self._timeout)
        context = self._context or ssl.create_default_context()
        return http.client.HTTPSConnection(self._host, self._port, timeout=self._timeout, context=context)

    def _send(self, connection: http.client.HTTPConnection, call: HttpCall, *, readable: bool) -> None:
        query = call.target.partition("?")
        target = f"{self._path}{call.raw_path.decode('latin-1')}{query[1]}{query[2]}"
        connection.putrequest(call.method, target, skip_host=True, skip_accept_encoding=True)
        connection.putheader("Host", self._authority)
        dropped = {"host", "content-length", "expect"} | ({"accept-encoding"} if readable else set())
        for name, value in end_to_end(call.headers.items(), dropped):
            connection.putheader(name, value.encode("latin-1", "replace"))
        if readable:
            connection.putheader("Accept-Encoding", "identity")
        if call.body or "content-length" in call.headers or "transfer-encoding" in call.headers:
            connection.putheader("Content-Length", str(len(call.body)))
        connection.putheader("Connection", "close")
        connection.endheaders(call.body or None)

    def _failure(self, error: Exception) -> Reply:
        """Return what a gateway says of a service that gives no answer."""
        status, title = (504, "Gateway Timeout") if isinstance(error, TimeoutError) else (502, "Bad Gateway")
        why = str(error) or type(error).__name__
        return problem_json(status, title, f"the upstream {self.url} gave no answer: {why}")

    def forget(self, passed: Passed) -> None:
        """Take notice that a call is over."""
        with self._changed:
            self._open.discard(passed)
            self._changed.notify_all()

    def close(self) -> None:
        """Break all calls off that are under way, and let those end who wait for them."""
        with self._changed:
            under_way = tuple(self._open)
        for passed in under_way:
            passed.hang_up()
            if passed.is_unread:
                passed.close()
        with self._changed:
            self._changed.wait_for(lambda: not self._open, _LAST_WORDS)


class Passed:
    """A call that was passed on, and its answer: whole, or if that may never end its head, and its body as it comes."""

    def __init__(self, upstream: Upstream, connection: http.client.HTTPConnection, call: HttpCall) -> None:
        """Pass *call* on to *upstream* by *connection*."""
        self._upstream = upstream
        self._call = call
        self._sock: socket.socket | None = None  # kept, since the connection lets go of it at the head of an answer
        self._response: http.client.HTTPResponse | None = None
        self.connection = connection
        self.reply: Reply = Reply()
        self.is_unread: bool = False
        """Whether it has a body that goes on, and nobody has begun to read it: the client may be gone, say."""

    def connect(self) -> None:
        """Connect."""
        self.connection.connect()
        self._sock = self.connection.sock

    def answer(self, max_body: int) -> Passed | Reply:
        """Return the answer as a reply, or itself if its body goes on."""
        response = self._response = self.connection.getresponse()
        dropped = set() if self._call.method == "HEAD" else {"content-length"}
        fields = tuple(end_to_end(response.headers.items(), dropped))
        if response.headers.get_content_type() in _ENDLESS and response.length is None:
            self.reply = Reply(response.status, fields)
            self.is_unread = True
            return self
        body = response.read(max_body + 1)
        if response.length:  # which `read` with a limit does not tell
            raise http.client.IncompleteRead(body, response.length)
        self.close()
        if len(body) > max_body:
            why = f"the answer of the upstream {self._upstream.url} is longer than {max_body} bytes (max_body)"
            raise NoAnswer(problem_json(502, "Bad Gateway", why))
        return Reply(response.status, fields, body)

    def pieces(self) -> Iterator[bytes]:
        """Yield the body as it comes; blocks. Raises OSError or HTTPException where it breaks off."""
        self.is_unread = False
        try:
            while self._response is not None and (piece := self._response.read1(65536)):
                yield piece
        finally:
            self.close()

    def close(self) -> None:
        """Be done with it."""
        self._upstream.forget(self)
        if self._response is not None:
            self._response.close()
        self.connection.close()

    def hang_up(self) -> None:
        """Break it off, and wake up whoever reads from it."""
        if self._sock is not None:
            with contextlib.suppress(OSError):
                socket.socket.shutdown(self._sock, socket.SHUT_RDWR)  # of TLS too, without a word


def end_to_end(fields: Iterable[tuple[str, str]], dropped: set[str]) -> Iterator[tuple[str, str]]:
    """Yield those of *fields* that are passed on: none between neighbours only, and none of those *dropped*."""
    fields = list(fields)
    named = {
        option.strip().lower() for name, value in fields if name.lower() == "connection" for option in value.split(",")
    }
    left_out = _HOP_BY_HOP | named | dropped
    yield from ((name, value) for name, value in fields if name.lower() not in left_out)
