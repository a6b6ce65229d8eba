"""The channel for threads."""

from __future__ import annotations

import threading
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn, Self
from weakref import WeakSet, ref

import grpc

from pytest_integrations.backends.grpc.metadatum import is_valid, metadata_taken
from pytest_integrations.backends.handlers import shared_runner
from pytest_integrations.core.errors import ScriptingError
from pytest_integrations.core.grpc_status import CODES

from .calls import MemoryCall, MemoryStreamCall
from .outcome import CHANNEL_CLOSED, Outcome
from .request import Request, message_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from .link import Link

__all__ = ["MemoryChannel", "refuse_credentials", "with_options"]

_COMPRESSIONS = {
    None: "identity",
    grpc.Compression.NoCompression: "identity",
    grpc.Compression.Gzip: "gzip",
    grpc.Compression.Deflate: "deflate",
}
INVALID_METADATA: Outcome = Outcome(CODES.index("INTERNAL"), "Invalid metadata")
UNITERATED: Outcome = Outcome(CODES.index("UNKNOWN"), "Exception iterating requests!")
UNSERIALIZED: Outcome = Outcome(CODES.index("INTERNAL"), "Exception serializing request!")


def refuse_credentials(credentials: Any) -> None:
    """Refuse *credentials* of a call: they need TLS, which needs a socket."""
    if credentials is not None:
        msg = (
            f"credentials={credentials!r}: a memory channel is no secure channel, which credentials of a call need; "
            "send what they add as metadata, or use FakeGrpc(tls=True) with grpc.secure_channel(fake.target, ...)"
        )
        raise ScriptingError(msg)


def with_options(request: Request, *, timeout: float | None, metadata: Any, compression: Any) -> Request:
    """Return *request* with what a client asked for when it called."""
    pairs = metadata_taken(metadata)
    return replace(request, timeout=timeout, metadata=pairs, compression=_COMPRESSIONS[compression])


class _Callable:
    """Makes the calls of one method."""

    def __init__(
        self,
        channel: MemoryChannel,
        request: Request,
        serialize: Callable[[Any], bytes] | None,
        decode: Callable[[bytes], Any] | None,
    ) -> None:
        self._channel = channel
        self._request = request
        self._serialize = serialize
        self._decode = decode

    def _made(
        self,
        timeout: float | None = None,
        metadata: Any = None,
        credentials: Any = None,
        wait_for_ready: bool | None = None,  # noqa: FBT001 -- it always is
        compression: Any = None,
    ) -> MemoryCall:
        """Make a call, which has ended already where its metadata cannot be sent; the parameters are grpcio's own."""
        refuse_credentials(credentials)
        request = with_options(self._request, timeout=timeout, metadata=metadata, compression=compression)
        kind = MemoryStreamCall if request.streams_replies else MemoryCall
        outcome = None if is_valid(request.metadata) else INVALID_METADATA
        return self._channel.register(kind(self._channel.open_link(), request, self._decode, then=outcome))

    def _serialized(self, value: Any) -> bytes | None:
        """Return the bytes of *value*; None if its serializer fails, which grpcio makes a status of."""
        try:
            data: bytes = value if self._serialize is None else self._serialize(value)
        except Exception:  # noqa: BLE001 -- whatever a codec raises
            return None
        return None if data is None else message_of(data)


class _OneRequest(_Callable):
    """Calls that have one request."""

    def _begin(self, request: Any, *options: Any, **named: Any) -> MemoryCall:
        """Begin a call with *request*."""
        message = self._serialized(request)
        call = self._made(*options, **named)
        if message is None:
            call.stop(UNSERIALIZED)
        elif not call.done():
            call.rpc.begin([message], complete=True)
        return call


class _ManyRequests(_Callable):
    """Calls that have many requests."""

    def _begin(self, request_iterator: Iterator[Any], *options: Any, **named: Any) -> MemoryCall:
        """Begin a call with what *request_iterator* yields: an iterator, since grpcio takes no list."""
        call = self._made(*options, **named)
        if not call.done():
            call.rpc.begin()
            shared_runner().submit(partial(self._consume, ref(call), request_iterator))
        return call

    def _consume(self, there: ref[MemoryCall], requests: Iterator[Any]) -> None:
        """Send what *requests* yields, on a worker thread, until it ends or the call does, or nobody has that."""
        is_wanted = True
        while is_wanted:
            outcome, message = None, None
            try:
                request = next(requests)
                message = self._serialized(request)
                outcome = UNSERIALIZED if message is None else None
            except StopIteration:
                is_wanted = False
            except Exception:  # noqa: BLE001 -- raised by an iterator of the application, as grpcio takes it
                outcome = UNITERATED
            is_wanted = _go_on(there(), message, outcome) and is_wanted


def _go_on(call: MemoryCall | None, message: bytes | None, outcome: Outcome | None) -> bool:
    """Send *message* of *call*, or its end, or end it with *outcome*; tell whether it goes on."""
    if call is None or call.done():
        return False
    if outcome is not None:
        call.stop(outcome)
    elif message is None:
        call.rpc.complete()
    else:
        call.rpc.send(message)
    return outcome is None


class _OneReply(_Callable):
    """Calls that have one reply."""

    _begin: Callable[..., MemoryCall]

    def __call__(self, *options: Any, **named: Any) -> Any:
        """Return the reply, or raise the call."""
        return self.with_call(*options, **named)[0]

    def with_call(self, *options: Any, **named: Any) -> tuple[Any, MemoryCall]:
        """Return the reply and the call, or raise the call."""
        call = self._begin(*options, **named)
        return call.result(), call

    def future(self, *options: Any, **named: Any) -> MemoryCall:
        """Return the call, at once."""
        return self._begin(*options, **named)


class _ManyReplies(_Callable):
    """Calls that have many replies."""

    _begin: Callable[..., MemoryCall]

    def __call__(self, *options: Any, **named: Any) -> MemoryCall:
        """Return the call, which is an iterator of its replies."""
        return self._begin(*options, **named)


class _UnaryUnary(_OneRequest, _OneReply, grpc.UnaryUnaryMultiCallable):  # type: ignore[misc]  # grpcio has no types
    """One request, one reply."""


class _StreamUnary(_ManyRequests, _OneReply, grpc.StreamUnaryMultiCallable):  # type: ignore[misc]  # as above
    """Many requests, one reply."""


class _UnaryStream(_OneRequest, _ManyReplies, grpc.UnaryStreamMultiCallable):  # type: ignore[misc]  # as above
    """One request, many replies."""


class _StreamStream(_ManyRequests, _ManyReplies, grpc.StreamStreamMultiCallable):  # type: ignore[misc]  # as above
    """Many requests, many replies."""


class MemoryChannel(grpc.Channel):  # type: ignore[misc]  # as above
    """A `grpc.Channel` that needs no socket, and no thread but those of the fake."""

    def __init__(self, link: Link) -> None:
        """Call over *link*."""
        self._link: Link = link
        self._is_closed = False
        self._calls: WeakSet[MemoryCall] = WeakSet()
        self._lock = threading.Lock()

    def open_link(self) -> Link:
        """Return what calls go over, unless the channel is closed."""
        if self._is_closed:
            _refuse_closed()
        return self._link

    def register(self, call: MemoryCall) -> MemoryCall:
        """Remember *call* as long as anybody has it, and return it."""
        with self._lock:
            self._calls.add(call)
        return call

    def unary_unary(self, method: str, *codecs: Any, **named: Any) -> grpc.UnaryUnaryMultiCallable[Any, Any]:
        """Return what calls *method*, with one request and one reply."""
        return self._callable(_UnaryUnary, Request(method), codecs, named)

    def unary_stream(self, method: str, *codecs: Any, **named: Any) -> grpc.UnaryStreamMultiCallable[Any, Any]:
        """Return what calls *method*, with one request and many replies."""
        return self._callable(_UnaryStream, Request(method, streams_replies=True), codecs, named)

    def stream_unary(self, method: str, *codecs: Any, **named: Any) -> grpc.StreamUnaryMultiCallable[Any, Any]:
        """Return what calls *method*, with many requests and one reply."""
        return self._callable(_StreamUnary, Request(method, streams_requests=True), codecs, named)

    def stream_stream(self, method: str, *codecs: Any, **named: Any) -> grpc.StreamStreamMultiCallable[Any, Any]:
        """Return what calls *method*, with many requests and many replies."""
        request = Request(method, streams_requests=True, streams_replies=True)
        return self._callable(_StreamStream, request, codecs, named)

    def _callable(self, kind: Any, request: Request, codecs: Iterable[Any], named: dict[str, Any]) -> Any:
        return kind(self, request, *_codecs(*codecs, **named))

    def subscribe(self, callback: Callable[[Any], object], try_to_connect: bool | None = False) -> None:  # noqa: FBT001, FBT002 -- grpcio's own parameters
        """Call *callback* with the state of the channel, which is ready as long as it is open."""
        state = grpc.ChannelConnectivity.SHUTDOWN if self._is_closed else grpc.ChannelConnectivity.READY
        shared_runner().submit(lambda: callback(state))

    def unsubscribe(self, callback: Callable[[Any], object]) -> None:
        """Nothing is left to be told: the state does not change."""

    def close(self) -> None:
        """Cancel the calls that go on; further ones are refused."""
        if not self._is_closed:
            self._is_closed = True
            self._link.loop.call(self._link.close)
            with self._lock:
                calls = tuple(self._calls)
            for call in calls:  # what the fake has ended, and nobody has read
                call.stop(CHANNEL_CLOSED)

    def __enter__(self) -> Self:
        """Begin a `with` block."""
        return self

    def __exit__(self, *_: object) -> None:
        """End it: close."""
        self.close()


def _codecs(
    request_serializer: Any = None,
    response_deserializer: Any = None,
    _registered_method: bool | None = False,  # noqa: FBT001, FBT002 -- what generated code says since grpcio 1.65
) -> tuple[Any, Any]:
    return request_serializer, response_deserializer


def _refuse_closed() -> NoReturn:
    msg = "Cannot invoke RPC on closed channel!"
    raise ValueError(msg)
