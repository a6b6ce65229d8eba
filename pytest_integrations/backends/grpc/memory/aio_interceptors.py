"""Interceptors of grpcio with asyncio, around calls in memory: by grpcio's own rules."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any

import grpc
from grpc import aio

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Generator, Sequence

__all__ = ["KINDS", "Chain", "intercepted", "sorted_by_kind"]

KINDS: tuple[tuple[str, Any], ...] = (
    ("unary_unary", aio.UnaryUnaryClientInterceptor),
    ("unary_stream", aio.UnaryStreamClientInterceptor),
    ("stream_unary", aio.StreamUnaryClientInterceptor),
    ("stream_stream", aio.StreamStreamClientInterceptor),
)
_END: Any = object()
_FINISHED = "RPC already finished."
_CALLS: dict[str, Any] = {
    "unary_unary": aio.UnaryUnaryCall,
    "unary_stream": aio.UnaryStreamCall,
    "stream_unary": aio.StreamUnaryCall,
    "stream_stream": aio.StreamStreamCall,
}


def sorted_by_kind(interceptors: Sequence[Any]) -> dict[str, list[Any]]:
    """Return *interceptors* by the kind of call that they are for; of several kinds the first counts."""
    found: dict[str, list[Any]] = {kind: [] for kind, _ in KINDS}
    for interceptor in interceptors:
        kind = next((kind for kind, base in KINDS if isinstance(interceptor, base)), None)
        if kind is None:
            valid = ", ".join(base.__name__ for _, base in KINDS)
            msg = f"{interceptor!r} is no interceptor of grpc.aio: valid are instances of {valid}"
            raise ValueError(msg)
        found[kind].append(interceptor)
    return found


class Chain:
    """The interceptors of one call, one around the other, and the call itself in the middle."""

    def __init__(self, kind: str, interceptors: Sequence[Any], start: Callable[[Any, Any], Any]) -> None:
        """Run *interceptors* of this *kind*; *start(details, request)* begins the call."""
        self._kind = kind
        self._interceptors = interceptors
        self._start = start
        self._last: Any = None

    async def run(self, details: Any, request: Any, number: int = 0) -> Any:
        """Ask the interceptor of this *number*, and return the call that comes of it."""
        if number == len(self._interceptors):
            self._last = self._start(details, request)
            return self._last
        intercept = getattr(self._interceptors[number], f"intercept_{self._kind}")
        answer = await intercept(partial(self.run, number=number + 1), details, request)
        if not isinstance(answer, _CALLS[self._kind]):
            answer = _Iterated(self._last, answer) if self._kind.endswith("stream") else _Answered(answer)
        self._last = answer
        return answer


_OF_AN_ANSWER: dict[str, Any] = {
    "code": grpc.StatusCode.OK,
    "details": "",
    "initial_metadata": None,
    "trailing_metadata": None,
    "debug_error_string": None,
    "wait_for_connection": None,
}
"""What a call that an interceptor has answered tells of its end, in grpcio."""


class _Answered:
    """A call that an interceptor has answered by itself."""

    def __init__(self, reply: Any) -> None:
        self._reply = reply

    def __await__(self) -> Generator[Any, None, Any]:
        return self._own().__await__()

    async def _own(self) -> Any:
        return self._reply

    def __getattr__(self, name: str) -> Any:
        """Return what a call that went well has."""
        if name in _OF_AN_ANSWER:
            return partial(_value, _OF_AN_ANSWER[name])
        if name in {"cancel", "cancelled", "done"}:
            return lambda: name == "done"
        raise AttributeError(name)


class _Iterated:
    """A call whose replies an interceptor has replaced by those of an iterator."""

    def __init__(self, call: Any, replies: Any) -> None:
        self._call = call
        self._replies = replies

    def __aiter__(self) -> AsyncIterator[Any]:
        replies: AsyncIterator[Any] = aiter(self._replies)
        return replies

    def __getattr__(self, name: str) -> Any:
        """Return what the call itself has."""
        return getattr(self._call, name)


for _one in (aio.UnaryUnaryCall, aio.StreamUnaryCall):  # interceptors further out take them for what they stand for
    _one.register(_Answered)
for _many in (aio.UnaryStreamCall, aio.StreamStreamCall):
    _many.register(_Iterated)


async def _value(value: Any) -> Any:
    return value


class _Intercepted(aio.Call):  # type: ignore[misc]  # grpcio has no types
    """What an application gets of a call with interceptors: the call that comes of them, as soon as it does."""

    _task: asyncio.Task[Any]

    def begin(self, chain: Chain, details: Any, request: Any) -> None:
        """Run *chain*."""
        self._task = asyncio.get_running_loop().create_task(chain.run(details, request))

    def _call(self) -> Any:
        """Return the call, if it is there and no interceptor has failed."""
        is_there = self._task.done() and not self._task.cancelled() and self._task.exception() is None
        return self._task.result() if is_there else None

    def cancel(self) -> bool:
        """Cancel the interceptors, or the call, whichever goes on; tell whether it did."""
        call = self._call()
        return bool(self._task.cancel() if call is None else call.cancel())

    def cancelled(self) -> bool:
        """Tell whether it was cancelled."""
        call = self._call()
        if call is not None:
            return bool(call.cancelled())
        if not self._task.done() or self._task.cancelled():
            return self._task.cancelled()
        error = self._task.exception()
        return isinstance(error, aio.AioRpcError) and error.code() is grpc.StatusCode.CANCELLED

    def done(self) -> bool:
        """Tell whether it is over."""
        call = self._call()
        return self._task.done() and (call is None or bool(call.done()))

    def add_done_callback(self, callback: Callable[[Any], object]) -> None:
        """Call *callback* with the call when it is over; at once if it is."""

        def there(_task: Any = None) -> None:
            call = self._call()
            if call is None or call.done():
                callback(self)
            else:
                call.add_done_callback(lambda _call: callback(self))

        if self._task.done():
            there()
        else:
            self._task.add_done_callback(there)

    def time_remaining(self) -> float | None:
        """Return the seconds until the deadline of the call, once it is there; None before that."""
        call = self._call()
        remaining: float | None = None if call is None else call.time_remaining()
        return remaining

    async def initial_metadata(self) -> Any:
        """Return the metadata that came with the headers, when it has."""
        return await self._ask("initial_metadata", None)

    async def trailing_metadata(self) -> Any:
        """Return the metadata that came with the status, when it has."""
        return await self._ask("trailing_metadata", None)

    async def code(self) -> Any:
        """Return the status, when it has come."""
        return await self._ask("code", grpc.StatusCode.CANCELLED)

    async def details(self) -> Any:
        """Return the text of the status, when it has come."""
        return await self._ask("details", "Locally cancelled by application!")

    async def debug_error_string(self) -> Any:
        """Return what grpcio's C core would have to tell."""
        return await self._ask("debug_error_string", "")

    async def _ask(self, what: str, cancelled: Any) -> Any:
        """Ask the call, or the error that an interceptor raised."""
        try:
            call = await asyncio.shield(self._task)
        except aio.AioRpcError as error:
            return getattr(error, what)()
        except asyncio.CancelledError:
            if self._task.cancelled():
                return cancelled
            raise
        return await getattr(call, what)()

    async def wait_for_connection(self) -> None:
        """Return when the call is there."""
        await (await self._task).wait_for_connection()


class _OneReply(_Intercepted):
    """Calls that have one reply."""

    def __await__(self) -> Generator[Any, None, Any]:
        """Return the reply, or raise what the interceptors or the call ended with."""
        return self._reply().__await__()

    async def _reply(self) -> Any:
        return await (await self._task)


class _ManyReplies(_Intercepted):
    """Calls that have many replies."""

    _iterator: AsyncIterator[Any] | None = None

    def __aiter__(self) -> AsyncIterator[Any]:
        """Iterate over the replies."""
        if self._iterator is None:
            self._iterator = self._replies()
        return self._iterator

    async def _replies(self) -> AsyncIterator[Any]:
        async for reply in await self._task:
            yield reply

    async def read(self) -> Any:
        """Return the next reply, or `grpc.aio.EOF` when there are no more."""
        return await anext(aiter(self), aio.EOF)


class _ManyRequests(_Intercepted):
    """Calls that have many requests."""

    _written: asyncio.Queue[Any] | None = None

    def begin(self, chain: Chain, details: Any, request: Any) -> None:
        """Run *chain*; without an iterator of requests it gets one of what is written."""
        if request is None:
            self._written = asyncio.Queue()
            request = self._requests(self._written)
        super().begin(chain, details, request)

    @staticmethod
    async def _requests(written: asyncio.Queue[Any]) -> AsyncIterator[Any]:
        while (request := await written.get()) is not _END:
            yield request

    async def write(self, request: Any) -> None:
        """Send a request, by way of the interceptors."""
        await self._write(request)

    async def done_writing(self) -> None:
        """Say that there are no more requests."""
        await self._write(_END)

    async def _write(self, request: Any) -> None:
        if self._written is None:
            msg = "The iterator and read/write APIs may not be mixed on a single RPC."
            raise aio.UsageError(msg)
        try:
            call = await self._task
        except (asyncio.CancelledError, aio.AioRpcError):
            raise asyncio.InvalidStateError(_FINISHED) from None
        if call.done():
            raise asyncio.InvalidStateError(_FINISHED)
        self._written.put_nowait(request)
        await asyncio.sleep(0)


class _UnaryUnary(_OneReply, aio.UnaryUnaryCall):  # type: ignore[misc]  # grpcio has no types
    """One request, one reply."""


class _UnaryStream(_ManyReplies, aio.UnaryStreamCall):  # type: ignore[misc]  # as above
    """One request, many replies."""


class _StreamUnary(_ManyRequests, _OneReply, aio.StreamUnaryCall):  # type: ignore[misc]  # as above
    """Many requests, one reply."""


class _StreamStream(_ManyRequests, _ManyReplies, aio.StreamStreamCall):  # type: ignore[misc]  # as above
    """Many requests, many replies."""


_INTERCEPTED: dict[str, Any] = {
    "unary_unary": _UnaryUnary,
    "unary_stream": _UnaryStream,
    "stream_unary": _StreamUnary,
    "stream_stream": _StreamStream,
}


def intercepted(kind: str, interceptors: Sequence[Any], start: Callable[[Any, Any], Any]) -> Any:
    """Return a call of this *kind* with *interceptors*, which `begin` begins."""
    call = _INTERCEPTED[kind]()
    return call, Chain(kind, interceptors, start)
