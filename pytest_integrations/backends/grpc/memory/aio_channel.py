"""The channel for asyncio."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Self
from weakref import WeakSet

import grpc
from grpc import aio

from pytest_integrations.backends.grpc.metadatum import is_valid

from . import aio_calls
from .aio_interceptors import intercepted, sorted_by_kind
from .channel import INVALID_METADATA, UNSERIALIZED, refuse_credentials, with_options
from .request import Request

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .link import Link

__all__ = ["AioMemoryChannel"]

_CALLS: dict[str, Any] = {
    "unary_unary": aio_calls.UnaryUnaryCall,
    "unary_stream": aio_calls.UnaryStreamCall,
    "stream_unary": aio_calls.StreamUnaryCall,
    "stream_stream": aio_calls.StreamStreamCall,
}


class _Callable:
    """Makes the calls of one method."""

    def __init__(
        self, channel: AioMemoryChannel, kind: str, method: str, serialize: Any = None, decode: Any = None
    ) -> None:
        self._channel = channel
        self._kind = kind
        self._method = method
        self._serialize = serialize
        self._decode = decode

    def __call__(  # noqa: PLR0917 -- grpcio's own parameters
        self,
        request: Any = None,
        timeout: float | None = None,
        metadata: Any = None,
        credentials: Any = None,
        wait_for_ready: bool | None = None,  # noqa: FBT001
        compression: Any = None,
    ) -> Any:
        """Begin a call with *request*, or an iterator of requests, or None, where they are written."""
        channel = self._channel
        pairs = metadata if isinstance(metadata, aio.Metadata) else aio.Metadata.from_tuple(tuple(metadata or ()))
        details = aio.ClientCallDetails(self._method.encode(), timeout, pairs, credentials, wait_for_ready)
        interceptors = channel.interceptors[self._kind]
        channel.refuse_closed()
        if not interceptors:
            return self._start(details, request, compression)
        call, chain = intercepted(
            self._kind, interceptors, lambda details, request: self._start(details, request, compression)
        )
        call.begin(chain, details, request)
        return channel.register(call)

    def _start(self, details: Any, request: Any, compression: Any) -> Any:
        """Begin the call itself, with the *details* that interceptors have left."""
        refuse_credentials(details.credentials)
        method = details.method.decode() if isinstance(details.method, bytes) else details.method
        first, _, last = self._kind.partition("_")
        asked = with_options(
            Request(method, streams_requests=first == "stream", streams_replies=last == "stream"),
            timeout=details.timeout,
            metadata=details.metadata,
            compression=compression,
        )
        call = self._channel.register(_CALLS[self._kind](self._channel.link, asked, self._serialize, self._decode))
        if not is_valid(asked.metadata):
            call.stop(INVALID_METADATA)
            return call
        try:
            call.begin(request)
        except Exception:  # noqa: BLE001 -- whatever the serializer raises
            call.stop(UNSERIALIZED)
        return call


class _ManyRequests(_Callable):
    """What makes calls that have many requests, by grpcio's own name for them."""

    def __call__(self, request_iterator: Any = None, *options: Any, **named: Any) -> Any:  # type: ignore[override]
        """Begin a call with what *request_iterator* yields, or with what is written where it is None."""
        return super().__call__(request_iterator, *options, **named)


class _UnaryUnary(_Callable, aio.UnaryUnaryMultiCallable):  # type: ignore[misc]  # grpcio has no types
    """One request, one reply."""


class _UnaryStream(_Callable, aio.UnaryStreamMultiCallable):  # type: ignore[misc]  # as above
    """One request, many replies."""


class _StreamUnary(_ManyRequests, aio.StreamUnaryMultiCallable):  # type: ignore[misc]  # as above
    """Many requests, one reply."""


class _StreamStream(_ManyRequests, aio.StreamStreamMultiCallable):  # type: ignore[misc]  # as above
    """Many requests, many replies."""


class AioMemoryChannel(aio.Channel):  # type: ignore[misc]  # as above
    """A `grpc.aio.Channel` that needs no socket."""

    def __init__(self, link: Link, interceptors: Sequence[Any]) -> None:
        """Call over *link*, by way of *interceptors*."""
        self.link: Link = link
        self.interceptors: dict[str, list[Any]] = sorted_by_kind(interceptors)
        self._calls: WeakSet[Any] = WeakSet()
        self._is_closed = False
        self._closed: list[asyncio.Future[None]] = []

    def register(self, call: Any) -> Any:
        """Remember *call* as long as anybody has it, and return it."""
        self._calls.add(call)
        return call

    def refuse_closed(self) -> None:
        """Refuse calls when the channel is closed."""
        if self._is_closed:
            msg = "Channel is closed."
            raise aio.UsageError(msg)

    def unary_unary(
        self, method: str, request_serializer: Any = None, response_deserializer: Any = None, *_: Any, **__: Any
    ) -> aio.UnaryUnaryMultiCallable[Any, Any]:
        """Return what calls *method*, with one request and one reply."""
        return _UnaryUnary(self, "unary_unary", method, request_serializer, response_deserializer)

    def unary_stream(
        self, method: str, request_serializer: Any = None, response_deserializer: Any = None, *_: Any, **__: Any
    ) -> aio.UnaryStreamMultiCallable[Any, Any]:
        """Return what calls *method*, with one request and many replies."""
        return _UnaryStream(self, "unary_stream", method, request_serializer, response_deserializer)

    def stream_unary(
        self, method: str, request_serializer: Any = None, response_deserializer: Any = None, *_: Any, **__: Any
    ) -> aio.StreamUnaryMultiCallable[Any, Any]:
        """Return what calls *method*, with many requests and one reply."""
        return _StreamUnary(self, "stream_unary", method, request_serializer, response_deserializer)

    def stream_stream(
        self, method: str, request_serializer: Any = None, response_deserializer: Any = None, *_: Any, **__: Any
    ) -> aio.StreamStreamMultiCallable[Any, Any]:
        """Return what calls *method*, with many requests and many replies."""
        return _StreamStream(self, "stream_stream", method, request_serializer, response_deserializer)

    def get_state(self, try_to_connect: bool = False) -> grpc.ChannelConnectivity:  # noqa: FBT001, FBT002 -- grpcio's own parameter
        """Return READY, or SHUTDOWN when it is closed."""
        return grpc.ChannelConnectivity.SHUTDOWN if self._is_closed else grpc.ChannelConnectivity.READY

    async def wait_for_state_change(self, last_observed_state: grpc.ChannelConnectivity) -> None:
        """Return when the state is another one: when the channel is closed."""
        if last_observed_state is self.get_state():
            waiter = asyncio.get_running_loop().create_future()
            self._closed.append(waiter)
            await waiter

    async def channel_ready(self) -> None:
        """Return at once."""
        self.refuse_closed()

    async def close(self, grace: float | None = None) -> None:
        """Take no further calls; those that go on are cancelled after *grace* seconds."""
        if self._is_closed:
            return
        self._is_closed = True
        for waiter in self._closed:
            waiter.set_result(None)
        going_on = [asyncio.ensure_future(call.code()) for call in self._calls if not call.done()]
        if grace and going_on:
            await asyncio.wait(going_on, timeout=grace)
        for call in tuple(self._calls):
            call.cancel()
        self.link.loop.post(self.link.close)

    async def __aenter__(self) -> Self:
        """Begin an `async with` block."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """End it: close."""
        await self.close()
