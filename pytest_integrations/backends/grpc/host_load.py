"""How much of the user's runs in a server of grpcio: interceptors, and the coroutines that `grpc.aio` starts itself."""

from __future__ import annotations

import inspect
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import grpc
import grpc.aio

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from .host_server import Load

__all__ = ["counting", "counting_async"]

_MAKERS = {
    "unary_unary": grpc.unary_unary_rpc_method_handler,
    "stream_unary": grpc.stream_unary_rpc_method_handler,
    "unary_stream": grpc.unary_stream_rpc_method_handler,
    "stream_stream": grpc.stream_stream_rpc_method_handler,
}


class _Counting(grpc.ServerInterceptor):  # type: ignore[misc]  # grpc has no types
    """Stands around all other interceptors, and counts while they find a handler; that is counted on its thread."""

    def __init__(self, load: Load) -> None:
        self._load = load

    def intercept_service(self, continuation: Callable[[Any], Any], handler_call_details: Any) -> Any:
        """Return the handler that *continuation* finds."""
        with self._load:
            return continuation(handler_call_details)


class _CountingAsync(grpc.aio.ServerInterceptor):  # type: ignore[misc]  # as above
    """Stands around all other interceptors, and counts while they find a handler, and while that runs."""

    def __init__(self, load: Load) -> None:
        self._load = load

    async def intercept_service(self, continuation: Callable[[Any], Awaitable[Any]], handler_call_details: Any) -> Any:
        """Return the handler that *continuation* finds, counting."""
        with self._load:
            handler = await continuation(handler_call_details)
        for kind, make in _MAKERS.items():
            behaviour = getattr(handler, kind, None)
            if behaviour is not None:
                counted = self._counted(behaviour)
                return make(counted, handler.request_deserializer, handler.response_serializer)
        return handler

    def _counted(self, behaviour: Any) -> Any:
        """Return *behaviour*, counting; one that is no coroutine runs on a worker thread, where it is counted."""
        load = self._load

        async def awaited(request: Any, context: Any) -> Any:
            with load:
                return await behaviour(request, context)

        async def iterated(request: Any, context: Any) -> AsyncIterator[Any]:
            with load:
                async with aclosing(behaviour(request, context)) as messages:
                    async for message in messages:
                        yield message

        if inspect.isasyncgenfunction(behaviour):
            return iterated
        return awaited if inspect.iscoroutinefunction(behaviour) else behaviour


def counting(load: Load) -> Any:
    """Return an interceptor that counts in *load*, for a server with threads."""
    return _Counting(load)


def counting_async(load: Load) -> Any:
    """Return one for a server of asyncio."""
    return _CountingAsync(load)
