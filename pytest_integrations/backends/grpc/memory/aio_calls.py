"""A call as grpcio's clients with asyncio have it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import grpc
from grpc import aio

from .request import message_of
from .rpc import Rpc
from .state import CANCELLED, CallState

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Generator, Iterable

    from pytest_integrations.core.clock import Clock
    from pytest_integrations.core.grpc_metadata import Metadata

    from .link import Link
    from .outcome import Outcome
    from .request import Request

__all__ = ["AioCall", "StreamStreamCall", "StreamUnaryCall", "UnaryStreamCall", "UnaryUnaryCall"]

_MIXED = "The iterator and read/write APIs may not be mixed on a single RPC."
_FINISHED = "RPC already finished."
_HALF_CLOSED = 'RPC is half closed after calling "done_writing".'


class AioCall(aio.Call):  # type: ignore[misc]  # grpcio has no types
    """What calls of all kinds have. Used in the event loop in which it was made; told things by the fake's."""

    def __init__(self, link: Link, request: Request, serialize: Callable[[Any], bytes] | None, decode: Any) -> None:
        """Make the call of *request* over *link*; *serialize* makes bytes of requests, *decode* replies of bytes."""
        self.rpc: Rpc = Rpc(link, request, self)
        self.rpc.keep(self)  # one that its application drops goes on, as in grpcio, whose channels keep their calls
        self._loop: asyncio.AbstractEventLoop = asyncio.get_running_loop()
        self._clock: Clock = link.ledger.clock
        timeout = request.timeout
        self._deadline = None if timeout is None else self._clock.monotonic() + timeout
        self._serialize = serialize
        self._state = CallState(_forgiving(decode), many=request.streams_replies)
        self._waiting: list[asyncio.Future[None]] = []
        self._callbacks: list[Callable[[Any], object]] = []

    # -- told on the fake's loop

    def began(self, metadata: Metadata) -> None:
        """The headers came."""
        self._tell(lambda: self._state.begin(metadata))

    def received(self, message: bytes) -> None:
        """A message came."""
        self._tell(lambda: self._state.receive(message))

    def ended(self, outcome: Outcome) -> None:
        """The call is over."""
        self._tell(lambda: self._state.end(outcome))

    def _tell(self, action: Callable[[], object]) -> None:
        def change() -> None:
            if not self.done():
                action()
                self._changed()

        with suppress(RuntimeError):  # its event loop is closed: nobody waits any more
            self._loop.call_soon_threadsafe(change)

    # -- in its own event loop

    def _changed(self) -> None:
        """Wake who waits; call back if that was the end."""
        waiting, self._waiting = self._waiting, []
        for each in waiting:
            if not each.done():
                each.set_result(None)
        if self.done():
            callbacks, self._callbacks = self._callbacks, []
            for callback in callbacks:
                callback(self)

    async def _until(self, done: Callable[[], bool]) -> None:
        while not done():
            waiter = self._loop.create_future()
            self._waiting.append(waiter)
            await waiter

    async def _until_or_cancel(self, done: Callable[[], bool]) -> None:
        """Wait; who is cancelled meanwhile cancels the call."""
        try:
            await self._until(done)
        except asyncio.CancelledError:
            self.cancel()
            raise

    def stop(self, outcome: Outcome) -> bool:
        """End the call from this side, unless it is over; tell whether it went on."""
        if not self._state.stop(outcome):
            return False
        self.rpc.cancel()
        self._changed()
        return True

    def raise_for_status(self) -> None:
        """Raise the error that the call ended with, if it did."""
        outcome = self._state.outcome
        if self._state.is_cancelled:
            raise asyncio.CancelledError
        if outcome is not None and outcome.number:
            code, initial, trailing = grpc.StatusCode[outcome.code], self._state.initial or (), outcome.trailing
            raise aio.AioRpcError(code, _metadata(initial), _metadata(trailing), details=outcome.text)

    def _serialized(self, request: Any) -> bytes:
        return message_of(request if self._serialize is None else self._serialize(request))

    # -- grpc.aio.Call

    async def initial_metadata(self) -> aio.Metadata:
        """Return the metadata that came with the headers, when it has."""
        await self._until(lambda: self._state.initial is not None)
        return _metadata(self._state.initial or ())

    async def trailing_metadata(self) -> aio.Metadata:
        """Return the metadata that came with the status, when it has."""
        return _metadata((await self._end()).trailing)

    async def code(self) -> grpc.StatusCode:
        """Return the status, when it has come."""
        return grpc.StatusCode[(await self._end()).code]

    async def details(self) -> str:
        """Return the text of the status, when it has come."""
        return (await self._end()).text

    async def debug_error_string(self) -> str:
        """Return what grpcio's C core would have to tell: nothing."""
        return ""

    async def _end(self) -> Outcome:
        while self._state.outcome is None:
            await self._until(self.done)
        return self._state.outcome

    async def wait_for_connection(self) -> None:
        """Return at once: there is nothing to connect to."""
        if self.done():
            self.raise_for_status()

    def done(self) -> bool:
        """Tell whether it is over."""
        return self._state.outcome is not None

    def cancelled(self) -> bool:
        """Tell whether it ended as cancelled, by whomever."""
        outcome = self._state.outcome
        return outcome is not None and outcome.number == CANCELLED.number

    def cancel(self) -> bool:
        """Cancel it, if it goes on; tell whether it did."""
        return self.stop(CANCELLED)

    def time_remaining(self) -> float | None:
        """Return the seconds until its deadline, of the clock in force; None if it has none."""
        return None if self._deadline is None else max(0.0, self._deadline - self._clock.monotonic())

    def add_done_callback(self, callback: Callable[[Any], object]) -> None:
        """Call *callback* with the call when it is over; at once if it is."""
        if self.done():
            callback(self)
        else:
            self._callbacks.append(callback)


class _OneRequest(AioCall):
    """Calls that have one request."""

    def begin(self, request: Any) -> None:
        """Send the call with its *request*."""
        self.rpc.begin([self._serialized(request)], complete=True)


class _ManyRequests(AioCall):
    """Calls that have many requests: from an iterator, or written one by one."""

    _sending: asyncio.Task[None] | None = None
    _is_complete = False

    def begin(self, requests: AsyncIterable[Any] | Iterable[Any] | None) -> None:
        """Send the call, and what *requests* yields; None: all is written."""
        self.rpc.begin()
        if requests is not None:
            self._sending = self._loop.create_task(self._consume(requests))

    async def _consume(self, requests: AsyncIterable[Any] | Iterable[Any]) -> None:
        """Send all of *requests*; what they raise cancels the call, as in grpcio."""
        try:
            async for request in _each(requests):
                self.rpc.send(self._serialized(request))
                await asyncio.sleep(0)  # else what has no end would let nobody else have a turn
                if self.done():
                    return
            self._complete()
        except Exception:  # noqa: BLE001 -- whatever the application's iterator raises
            self.cancel()

    def cancel(self) -> bool:
        """Cancel it, if it goes on, and what yields its requests; tell whether it did."""
        is_cancelled = super().cancel()
        if is_cancelled and self._sending is not None:
            self._sending.cancel()
        return is_cancelled

    async def write(self, request: Any) -> None:
        """Send a request."""
        self._refuse_mixing()
        if self.done():
            raise asyncio.InvalidStateError(_FINISHED)
        if self._is_complete:
            raise asyncio.InvalidStateError(_HALF_CLOSED)
        self.rpc.send(self._serialized(request))
        await asyncio.sleep(0)

    async def done_writing(self) -> None:
        """Say that there are no more requests."""
        self._refuse_mixing()
        if not self.done():
            self._complete()

    def _complete(self) -> None:
        if not self._is_complete:
            self._is_complete = True
            self.rpc.complete()

    def _refuse_mixing(self) -> None:
        if self._sending is not None:
            raise aio.UsageError(_MIXED)


class _OneReply(AioCall):
    """Calls that have one reply."""

    def __await__(self) -> Generator[Any, None, Any]:
        """Return the reply, when it has come, or raise what the call ended with."""
        return self._reply().__await__()

    async def _reply(self) -> Any:
        await self._until_or_cancel(self.done)
        self.raise_for_status()
        return self._state.response


class _ManyReplies(AioCall):
    """Calls that have many replies."""

    _style = ""
    _iterator: AsyncIterator[Any] | None = None

    def __aiter__(self) -> AsyncIterator[Any]:
        """Iterate over the replies."""
        self._choose("iterator")
        if self._iterator is None:
            self._iterator = self._replies()
        return self._iterator

    async def _replies(self) -> AsyncIterator[Any]:
        while (reply := await self._next()) is not aio.EOF:
            yield reply

    async def read(self) -> Any:
        """Return the next reply, or `grpc.aio.EOF` when there are no more."""
        if not self.done():
            self._choose("read")
        return await self._next()

    async def _next(self) -> Any:
        state = self._state
        await self._until_or_cancel(lambda: bool(state.messages) or self.done())
        if not state.messages:
            self.raise_for_status()
            return aio.EOF
        message = state.take()
        self.rpc.taken(len(message))
        self._changed()
        return state.decoded(message)

    def _choose(self, style: str) -> None:
        if self._style not in {"", style}:
            raise aio.UsageError(_MIXED)
        self._style = style


if TYPE_CHECKING:  # at run time they take no parameters
    _UnaryUnary, _UnaryStream = aio.UnaryUnaryCall[Any, Any], aio.UnaryStreamCall[Any, Any]
    _StreamUnary, _StreamStream = aio.StreamUnaryCall[Any, Any], aio.StreamStreamCall[Any, Any]
else:
    _UnaryUnary, _UnaryStream = aio.UnaryUnaryCall, aio.UnaryStreamCall
    _StreamUnary, _StreamStream = aio.StreamUnaryCall, aio.StreamStreamCall


class UnaryUnaryCall(_OneRequest, _OneReply, _UnaryUnary):  # type: ignore[misc, valid-type]  # grpcio has no types
    """One request, one reply."""


class UnaryStreamCall(_OneRequest, _ManyReplies, _UnaryStream):  # type: ignore[misc, valid-type]  # as above
    """One request, many replies."""


class StreamUnaryCall(_ManyRequests, _OneReply, _StreamUnary):  # type: ignore[misc, valid-type]  # as above
    """Many requests, one reply."""


class StreamStreamCall(_ManyRequests, _ManyReplies, _StreamStream):  # type: ignore[misc, valid-type]  # as above
    """Many requests, many replies."""


def _metadata(pairs: Metadata) -> aio.Metadata:
    return aio.Metadata.from_tuple(pairs)


async def _each(requests: AsyncIterable[Any] | Iterable[Any]) -> AsyncIterator[Any]:
    if isinstance(requests, AsyncIterable):
        async for request in requests:
            yield request
    else:
        for request in requests:
            yield request


def _forgiving(decode: Callable[[bytes], Any] | None) -> Callable[[bytes], Any] | None:
    """Return *decode* as grpcio's asyncio has it: what cannot be decoded is None."""
    if decode is None:
        return None

    def decoded(message: bytes) -> Any:
        try:
            return decode(message)
        except Exception:  # noqa: BLE001 -- whatever a codec raises
            return None

    return decoded
