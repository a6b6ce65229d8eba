"""A servicer of the user's, on a real server of grpcio, and the connection to it."""

from __future__ import annotations

import inspect
from functools import partial
from typing import TYPE_CHECKING, Any

from pytest_integrations.core.errors import ScriptingError
from pytest_integrations.core.under_way import UNDER_WAY
from pytest_integrations.wire.grpc.forwarding import Forwarding
from pytest_integrations.wire.http2.client import Http2Client
from pytest_integrations.wire.loop import shared_loop
from pytest_integrations.wire.transport import TcpTransport
from pytest_integrations.wire.upstream import Dial, resolve

from .host_server import AsyncServer, ThreadedServer

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterable, Sequence

    from google.protobuf.descriptor import ServiceDescriptor

    from pytest_integrations.core.ledger import Ledger
    from pytest_integrations.wire.grpc.service import Answering

__all__ = ["Host", "Registration"]

_PATIENCE = 5.0
"""Seconds for a connection on loopback, which takes none."""


class Registration:
    """Takes down what generated code tells a server: which services there are, and what handles their methods."""

    def __init__(self, servicer: Any, add_to_server: Callable[[Any, Any], object]) -> None:
        """Have *add_to_server* register *servicer* here."""
        __tracebackhide__ = True
        self.generic: list[Any] = []
        self.registered: dict[str, Any] = {}
        wanted = f"host(servicer, add_to_server): add_to_server={add_to_server!r}"
        if not callable(add_to_server):
            msg = f"{wanted} is no function: give add_OrdersServicer_to_server of orders_pb2_grpc"
            raise ScriptingError(msg)
        try:
            add_to_server(servicer, self)
        except (AttributeError, TypeError) as error:
            msg = f"{wanted} does not take {servicer!r}: {error}; give a servicer and the function generated for it"
            raise ScriptingError(msg) from error
        if not self.services:
            msg = f"{wanted} registers no service: give add_OrdersServicer_to_server of orders_pb2_grpc"
            raise ScriptingError(msg)

    @property
    def services(self) -> list[str]:
        """The full names of the services."""
        named = [each.service_name() for each in self.generic if hasattr(each, "service_name")]
        return list(dict.fromkeys((*named, *self.registered)))

    # -- a server to the generated code

    def add_generic_rpc_handlers(self, handlers: Iterable[Any]) -> None:
        """Take down what finds handlers."""
        self.generic += handlers

    def add_registered_method_handlers(self, service_name: str, method_handlers: Any) -> None:
        """Take down the handlers of one service."""
        self.registered[service_name] = method_handlers

    def add_to(self, server: Any) -> None:
        """Tell a real server the same."""
        server.add_generic_rpc_handlers(tuple(self.generic))
        if hasattr(server, "add_registered_method_handlers"):  # grpcio 1.66 has brought it
            for service, handlers in self.registered.items():
                server.add_registered_method_handlers(service, handlers)


class Host:
    """One servicer, on its server; calls are passed on to it by a connection of its own."""

    def __init__(
        self,
        servicer: Any,
        registration: Registration,
        services: Iterable[ServiceDescriptor],
        *,
        interceptors: Sequence[Any],
        options: Sequence[tuple[str, Any]],
        ledger: Ledger,
    ) -> None:
        """Start a server for what *registration* has: an asyncio one, if a method of *servicer* is `async def`."""
        __tracebackhide__ = True
        names = [method.name for service in services for method in service.methods]
        make = AsyncServer if _is_async(servicer, names) else ThreadedServer
        try:
            self._server = make(registration.add_to, interceptors, options)
        except (AttributeError, TypeError, ValueError) as error:
            msg = f"no server of grpcio can be made with interceptors={interceptors!r}, options={options!r}: {error}"
            raise ScriptingError(msg) from error
        self._addresses = resolve("127.0.0.1", self._server.port)
        self._ledger = ledger
        self._client: Http2Client | None = None
        self._dial: Dial | None = None
        self._transports: set[TcpTransport] = set()
        self._awaited: set[Forwarding] = set()
        UNDER_WAY.append(self.is_at_work)

    # -- on the loop

    def converse(self, answering: Answering) -> Forwarding:
        """Pass the call of *answering* on."""
        if self._client is None or not self._client.is_usable:
            self._client = client = Http2Client(shared_loop(), self._ledger)
            self._dial = Dial(
                shared_loop(), self._addresses, _PATIENCE, partial(self._connected, client), lambda _: client.fail()
            )
            self._dial.start()
        return Forwarding(answering, self._client, self._awaited)

    def _connected(self, client: Http2Client, sock: socket.socket) -> None:
        if client is self._client:  # else another has been dialled since
            self._dial = None
        self._transports.add(TcpTransport(shared_loop(), sock, client, self._transports.discard))

    def _disconnect(self) -> None:
        if self._dial is not None:
            self._dial.cancel()
        for transport in tuple(self._transports):
            transport.drop()

    # -- on the test's thread

    def is_at_work(self) -> bool:
        """Tell whether a call is within grpcio: it has not reached the servicer, or its answer has not come out."""
        return sum(each.is_read for each in tuple(self._awaited)) > self._server.load.running

    def stop(self) -> None:
        """Cancel what still runs, and end the server."""
        UNDER_WAY.remove(self.is_at_work)
        shared_loop().call(self._disconnect)
        self._server.stop()


def _is_async(servicer: Any, names: Iterable[str]) -> bool:
    """Tell whether one of the methods of these *names* is `async def`."""
    methods = (inspect.unwrap(getattr(servicer, name, None) or _is_async) for name in names)
    return any(inspect.iscoroutinefunction(each) or inspect.isasyncgenfunction(each) for each in methods)
