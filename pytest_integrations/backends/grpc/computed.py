"""Callables of the test that answer calls: given requests, asked for replies, on worker threads."""

from __future__ import annotations

import queue
from collections import deque
from typing import TYPE_CHECKING, Any

from pytest_integrations.backends.arguments import wanted
from pytest_integrations.backends.handlers import shared_runner
from pytest_integrations.wire.loop import shared_loop

from .errors import GrpcError
from .messages import encoded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_integrations.wire.grpc.service import Answering

    from .methods import Method
    from .serving import Serving

__all__ = ["Asking", "Iterating", "Running", "has_enough"]

_ENOUGH = 256 * 1024
"""Bytes that may wait for the client before nothing more is made for it."""
_END: Any = object()


def has_enough(answering: Answering) -> bool:
    """Tell whether so much waits for the client that it is to take some of that first: `drained` tells when it has."""
    return answering.unsent > _ENOUGH


class Running:
    """Calls one callable for one call, and sends what comes of it."""

    def __init__(
        self,
        serving: Serving,
        answering: Answering,
        method: Method,
        function: Callable[..., Any],
        end: Callable[[], object],
    ) -> None:
        """Call *function*, send its messages, and *end* with the status."""
        self.serving = serving
        self.answering = answering
        self.method = method
        self._function = function
        self._takes = wanted(function, 2)
        self._end = end
        self._iterator: Iterator[Any] | None = None
        self._is_busy = False
        self._then: Callable[[], object] = end
        self.is_over: bool = False

    # -- on the loop

    def begin(self, argument: Callable[[], Any], then: Callable[[], object] | None = None) -> None:
        """Call the function with what *argument* returns, on a worker thread; *then* is what comes after its replies.

        Without *then* the call ends.
        """
        self._is_busy = True
        self._then = then or self._end
        shared_runner().submit(lambda: self._run(argument))

    def finish(self) -> None:
        """End the call: there is nothing left to ask."""
        self._end()

    def drained(self) -> None:
        """Ask the iterator for more."""
        if self._iterator is not None and not self._is_busy:
            self._is_busy = True
            shared_runner().submit(self._pull)

    def over(self) -> None:
        """Let the iterator go."""
        self.is_over = True
        if self._iterator is not None and not self._is_busy:
            shared_runner().submit(self._close)

    def _sent_all(self) -> None:
        self._is_busy = False
        self._iterator = None
        if not self.is_over:
            self._then()

    def _failed(self, error: BaseException) -> None:
        self._is_busy = False
        if self.is_over:
            return
        if isinstance(error, GrpcError):
            self.answering.end(error.number, error.text, error.trailing)
        else:
            self.answering.end(13, self.serving.failed(self.answering.call, error))

    # -- on a worker thread

    def _run(self, argument: Callable[[], Any]) -> None:
        try:
            given = (argument(), self.answering.call)[: self._takes]
            result = self._function(*given)
            if hasattr(result, "__await__"):
                shared_runner().submit_async(self._await(result))
                return
            self._take(result)
        except BaseException as error:  # noqa: BLE001 -- raised by a callable of the test, to which it is told
            self._tell(error)

    async def _await(self, result: Any) -> None:
        try:
            value = await result
        except BaseException as error:  # noqa: BLE001 -- as above
            self._tell(error)
            return
        shared_runner().submit(lambda: self._run_rest(value))

    def _run_rest(self, value: Any) -> None:
        try:
            self._take(value)
        except BaseException as error:  # noqa: BLE001 -- as above
            self._tell(error)

    def _take(self, result: Any) -> None:
        """Send what the function returned: one reply, or those of an iterator."""
        if self.method.schema.wire.streams_replies and not _is_one(result):
            self._iterator = iter(() if result is None else result)
            self._pull()
            return
        message = self._encoded(result)
        loop = shared_loop()
        loop.post(lambda: self.answering.send(message))
        loop.post(self._sent_all)

    def _pull(self) -> None:
        """Send what the iterator yields, until it ends or the client does not keep up."""
        try:
            while not self.is_over:
                value = next(self._iterator, _END)  # type: ignore[arg-type]  # there is one, or nobody would pull
                if value is _END:
                    shared_loop().post(self._sent_all)
                    return
                message = self._encoded(value)
                if shared_loop().call(lambda message=message: self._send(message)):  # type: ignore[misc]
                    return
            self._close()
        except BaseException as error:  # noqa: BLE001 -- raised by a generator of the test, to which it is told
            self._tell(error)

    def _encoded(self, value: Any) -> bytes:
        """Return the message that *value* is; an error in its place is raised."""
        if isinstance(value, GrpcError):
            raise value
        return encoded(self.method.schema.reply, value)

    def _send(self, message: bytes) -> bool:
        """Send *message*, and tell whether it is enough for now; `drained` asks for more."""
        self.answering.send(message)
        is_enough = has_enough(self.answering) and not self.is_over
        if is_enough:
            self._is_busy = False
        return is_enough

    def _close(self) -> None:
        """End a generator that nobody asks any more, so that its `finally` runs."""
        iterator, self._iterator = self._iterator, None
        try:
            getattr(iterator, "close", _nothing)()
        except BaseException as error:  # noqa: BLE001 -- as above
            self.serving.failed(self.answering.call, error)

    def _tell(self, error: BaseException) -> None:
        shared_loop().post(lambda: self._failed(error))


class Asking:
    """Asks a callable once, when the request is complete, or for *each* message of it, one after the other."""

    def __init__(self, running: Running, *, each: bool = False) -> None:
        """Ask the callable of *running*."""
        self._running = running
        self._each = each
        self._waiting: deque[bytes] = deque()
        self._is_asking = False
        self._is_complete = False

    def received(self, message: bytes) -> None:
        """A message of the request came in."""
        self._waiting.append(message)
        self._ask_next()

    def half_closed(self) -> None:
        """The request is complete."""
        self._is_complete = True
        if not self._each:
            messages = list(self._waiting)
            self._running.begin(lambda: self._request(messages))
        else:
            self._ask_next()

    def _request(self, messages: list[bytes]) -> Any:
        method = self._running.method.schema
        if method.wire.streams_requests:
            return [_decoded(method.request, each) for each in messages]
        return _decoded(method.request, messages[0] if messages else b"")

    def _ask_next(self) -> None:
        if not self._each or self._is_asking or has_enough(self._running.answering):
            return
        if self._waiting:
            self._is_asking = True
            message, kind = self._waiting.popleft(), self._running.method.schema.request
            self._running.begin(lambda: _decoded(kind, message), self._asked)
        elif self._is_complete:
            self._is_asking = True
            self._running.finish()

    def _asked(self) -> None:
        self._is_asking = False
        self._ask_next()

    def drained(self) -> None:
        """What was sent is on its way: there is room for more."""
        self._running.drained()
        self._ask_next()

    def over(self) -> None:
        """The call has come to its end."""
        self._waiting.clear()
        self._running.over()


class Iterating:
    """Gives a generator function an iterator of the requests, and sends what it yields meanwhile."""

    def __init__(self, running: Running) -> None:
        """Begin at once: a generator may speak before the client does."""
        self._running = running
        self._requests: queue.SimpleQueue[Any] = queue.SimpleQueue()
        running.begin(self._incoming)

    def _incoming(self) -> Iterator[Any]:
        kind = self._running.method.schema.request
        while True:
            message = self._requests.get()
            if message is _END:
                return
            yield _decoded(kind, message)

    def received(self, message: bytes) -> None:
        """A message of the request came in."""
        self._requests.put(message)

    def half_closed(self) -> None:
        """The request is complete."""
        self._requests.put(_END)

    def drained(self) -> None:
        """What was sent is on its way."""
        self._running.drained()

    def over(self) -> None:
        """The call has come to its end: nobody is left to wait for."""
        self._requests.put(_END)
        self._running.over()


def _decoded(kind: type[Any], message: bytes) -> Any:
    from google.protobuf.message import DecodeError

    try:
        return kind.FromString(message)
    except DecodeError as error:
        raise GrpcError(code="INTERNAL", text=f"the request is not a {kind.DESCRIPTOR.full_name}: {error}") from None


def _is_one(value: Any) -> bool:
    """Tell whether *value* is one reply, or the error in its place, rather than what gives many."""
    return isinstance(value, dict | bytes | GrpcError) or hasattr(value, "SerializeToString")


def _nothing() -> None:
    """Stand in for the `close` of an iterator that is no generator."""
