"""The fake gRPC backend."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_integrations.backends.listening import ListeningFake
from pytest_integrations.core import effect, grpc_effect, http2_effect
from pytest_integrations.core.errors import ScriptingError, UnknownName
from pytest_integrations.core.settings import among, whole
from pytest_integrations.wire.loop import shared_loop

from .methods import Method
from .services import Service

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable, Mapping, Sequence

    import grpc
    from google.protobuf.descriptor import ServiceDescriptor

    from pytest_integrations.core.call import Connection
    from pytest_integrations.core.clock import Clock
    from pytest_integrations.core.fault import Fault
    from pytest_integrations.core.ledger import Ledger
    from pytest_integrations.core.script import Decision, Rule, Script
    from pytest_integrations.core.seed import Seed
    from pytest_integrations.wire.transport import WireProtocol

    from .builtin import Builtin
    from .host import Host
    from .methods import MethodRule

__all__ = ["FakeGrpc"]


class FakeGrpc(ListeningFake):
    """A gRPC backend on loopback that any client can call, and that fails as it is told.

    ```python
    import grpc

    shop = '''
      syntax = "proto3";
      message Key { string id = 1; }
      message Order { string id = 1; int32 qty = 2; }
      service Orders { rpc Get(Key) returns (Order); }
    '''
    with FakeGrpc() as fake:
        orders = fake.load(shop)  # or the path of a .proto file, or fake.add(orders_pb2)
        orders.Get.reply(id="o1", qty=2)
        with grpc.insecure_channel(fake.target) as channel:  # any client: asyncio, grpclib, another language
            call = channel.unary_unary("/Orders/Get", response_deserializer=orders.Get.schema.reply.FromString)
            assert call(b"", timeout=5).qty == 2
        assert fake.calls[0].verdict == "OK"
    ```
    """

    protocol = "grpc"
    alpn: tuple[str, ...] = ("h2",)
    performs: frozenset[type[effect.Effect]] = frozenset(
        {
            effect.Answer,
            effect.Cut,
            effect.Delay,
            effect.Refuse,
            effect.Trickle,
            effect.Work,
            grpc_effect.Abort,
            grpc_effect.Conclude,
            grpc_effect.Depart,
            grpc_effect.HalfFrame,
            grpc_effect.Neglect,
            grpc_effect.Reframe,
            grpc_effect.Unended,
            http2_effect.LimitStreams,
            http2_effect.ResetStream,
            http2_effect.Retire,
        }
    )

    def __init__(
        self,
        name: str = "fake_grpc",
        *,
        max_message: int = 4 * 1024 * 1024,
        max_request: int = 256 * 1024 * 1024,
        compression: str = "identity",
        host: str = "127.0.0.1",
        port: int = 0,
        tls: bool = False,
        ledger: Ledger | None = None,
        seed: Seed | None = None,
        clock: Clock | None = None,
    ) -> None:
        """Make a backend called *name*; the services come by `load` and `add`.

        *max_message*: bytes of a message that a client may send, decompressed; a longer one is RESOURCE_EXHAUSTED, as
        with grpcio, whose limit is the same. *max_request*: bytes of all messages of one call. *compression*: how
        replies are compressed where the client takes that, `"gzip"`, `"deflate"` or not (`"identity"`). With *tls*,
        clients find HTTP/2 by ALPN. The rest as in `FakeRest`.
        """
        from pytest_integrations.wire.grpc.compression import ENCODINGS
        from pytest_integrations.wire.grpc.port import GrpcPort

        from .health import Health
        from .memory.links import Links
        from .reflection import reflection_methods
        from .serving import Serving

        super().__init__(name, host=host, port=port, tls=tls, ledger=ledger, seed=seed, clock=clock)
        among("compression", compression, ENCODINGS)
        self.methods: dict[str, Method] = {}
        """The methods that it knows, by path."""
        self.services: dict[str, ServiceDescriptor] = {}
        """The services that it knows, by their full names."""
        self._health = Health(lambda: self.services)
        self.builtin: Mapping[str, Builtin] = {**self._health.methods, **reflection_methods(lambda: self.services)}
        """The methods that it answers by itself, by path."""
        self._admitted: dict[int, Sequence[effect.Effect]] = {}
        self._wire = GrpcPort(
            Serving(
                self,
                max_message=whole("max_message", max_message),
                max_request=whole("max_request", max_request),
                compression=compression,
            )
        )
        self._links = Links(name, self._wire)
        self._hosts: list[Host] = []

    # -- life

    def _close(self) -> None:
        self._links.cut()
        super()._close()
        self._stop_hosts()

    def _speak(self, connection: Connection) -> WireProtocol:
        return self._wire.speak(connection, self._admitted.pop(connection.id, ()))

    def admit(self, connection: Connection) -> Decision | None:
        """Decide about a *connection* that was just accepted; called on the loop."""
        decision = super().admit(connection)
        if decision is not None:
            self._admitted[connection.id] = decision.effects
        return decision

    @property
    def target(self) -> str:
        """What channels are made for: `"127.0.0.1:49152"`."""
        return f"{super().host}:{self.port}"

    @property
    def url(self) -> str:
        """Where it is, for clients that want a URL: `"http://127.0.0.1:49152"`."""
        return f"http{'s' if self._tls else ''}://{self.target}"

    # -- without a socket

    def memory_channel(self) -> grpc.Channel:
        r"""Return a `grpc.Channel` that reaches this fake without a socket: for interceptors, and for virtual time.

        What the methods answer, the faults and the records are the same; deadlines are those of the clock in force. It
        works with generated code and under `grpc.intercept_channel`. Faults of ports and of new connections need a
        socket, and are refused from then on. It ends with the fake, or by its `close`.

        ```python
        shop = 'syntax = "proto3"; message Order { string id = 1; } service Orders { rpc Get(Order) returns (Order); }'
        fake_grpc.load(shop).Get.reply(id="o1")
        with fake_grpc.memory_channel() as channel:
            assert channel.unary_unary("/Orders/Get")(b"", timeout=5) == b"\n\x02o1"
        ```
        """
        __tracebackhide__ = True
        from .memory.channel import MemoryChannel

        return MemoryChannel(self._links.open(self.target, self._scripted()))

    def aio_memory_channel(self, interceptors: Sequence[grpc.aio.ClientInterceptor] = ()) -> grpc.aio.Channel:
        """Return a `grpc.aio.Channel` that reaches this fake without a socket, by way of *interceptors*.

        The rest as with `memory_channel`.
        """
        __tracebackhide__ = True
        from .memory.aio_channel import AioMemoryChannel

        return AioMemoryChannel(self._links.open(self.target, self._scripted()), interceptors)

    def _scripted(self) -> list[Fault]:
        return [fault for script in self.scripts for rule in script.rules for fault in rule.faults]

    def _check(self, fault: Fault) -> None:
        __tracebackhide__ = True
        super()._check(fault)
        self._links.check(fault)

    # -- services

    def load(self, proto: str | os.PathLike[str], paths: Iterable[str | os.PathLike[str]] = ()) -> Service:
        """Compile the `.proto` file *proto* and serve what is in it; return its services, with methods as attributes.

        *proto* is its path, or the text of one, as it stands in a file. Imports are looked for in *paths* and beside
        the file. Takes the package grpcio-tools, which comes with
        `pip install 'pytest-integrations[proto]'`; a file is compiled once a process, in some milliseconds. What does
        not compile is a `ScriptingError` in the compiler's words.
        """
        __tracebackhide__ = True
        from .protoc import compiled

        return self.add(compiled(proto, paths))

    def add(self, schema: Any) -> Service:
        """Serve what is in *schema*, and return its services, with methods as attributes.

        It is generated code (the module `orders_pb2`), a `FileDescriptor`, a `ServiceDescriptor`, or a descriptor set
        made by `protoc --include_imports --descriptor_set_out`: a `FileDescriptorSet`, its bytes, or its path.
        """
        __tracebackhide__ = True
        from .schema import MethodSchema, services_in

        services = services_in(schema)
        methods = []
        for service in services:
            self.services[service.full_name] = service
            for descriptor in service.methods:
                made = MethodSchema(descriptor)
                known = self.methods.get(made.path)
                if known is None or known.schema.descriptor is not descriptor:
                    self.methods[made.path] = known = Method(self, made)
                methods.append(known)
        return Service(", ".join(service.full_name for service in services), methods)

    def service(self, name: str) -> Service:
        """Return the one service called *name*: `fake_grpc.service("shop.v1.Orders").Get`."""
        __tracebackhide__ = True
        if name not in self.services:
            raise UnknownName(
                kind="service", name=name, known=self.services, hint="A service comes by load() or add()."
            )
        prefix = f"/{name}/"
        return Service(name, (method for path, method in self.methods.items() if path.startswith(prefix)))

    def host(  # type: ignore[override]  # its address is its `target`
        self,
        servicer: Any,
        add_to_server: Callable[[Any, Any], object],
        *,
        interceptors: Sequence[Any] = (),
        options: Sequence[tuple[str, Any]] = (),
    ) -> Service:
        """Run *servicer* on a real server of grpcio behind this fake; return its services, with methods as attributes.

        *add_to_server* is what the compiler has generated for it, `add_OrdersServicer_to_server`; *interceptors* and
        *options* are the server's. A servicer with `async def` methods gets a server of `grpc.aio`. Calls go on to it
        with the metadata and the deadline that they came with, and are in the ledger as all others are; every fault
        can be injected, `orders.Get.inject(...)`. What a test scripts by `reply` and the like comes before the
        servicer. The server has a port of its own on loopback, and ends with the fake. What the servicer raises is
        what grpcio makes of it, UNKNOWN: the test does not fail by itself.

        ```python
        import grpc

        shop = 'syntax = "proto3"; message Order { string id = 1; } service Orders { rpc Get(Order) returns (Order); }'
        Order = fake_grpc.load(shop).Get.schema.reply

        class OrdersServicer:
            def Get(self, request, context):
                return Order(id=request.id.upper())

        def add_OrdersServicer_to_server(servicer, server):  # as the compiler writes it
            get = grpc.unary_unary_rpc_method_handler(servicer.Get, Order.FromString, Order.SerializeToString)
            server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("Orders", {"Get": get}),))

        orders = fake_grpc.host(OrdersServicer(), add_OrdersServicer_to_server)
        orders.Get.inject(latency(0.01))
        with grpc.insecure_channel(fake_grpc.target) as channel:
            get = channel.unary_unary("/Orders/Get", Order.SerializeToString, Order.FromString)
            assert get(Order(id="o1"), timeout=5).id == "O1"
        ```
        """
        __tracebackhide__ = True
        from .answers import Answer
        from .host import Host, Registration
        from .schema import service_named

        self._must_run()
        registration = Registration(servicer, add_to_server)
        services = [self.services.get(name) or service_named(name) for name in registration.services]
        host = Host(servicer, registration, services, interceptors=interceptors, options=options, ledger=self.ledger)
        self._hosts.append(host)
        added = [self.add(service) for service in services]
        methods = [method for service in added for method in service]
        for method in methods:
            method.hosted = Answer(host=host)
        return added[0] if len(added) == 1 else Service(", ".join(registration.services), methods)

    def _stop_hosts(self) -> None:
        for method in self.methods.values():
            method.hosted = None
        while self._hosts:
            self._hosts.pop().stop()

    def health(self, service: str = "", status: str = "SERVING") -> None:
        """Have the health service call *service* (`""`: the server as a whole) so, and tell those who watch it.

        *status* is `"SERVING"`, `"NOT_SERVING"`, `"UNKNOWN"` or `"SERVICE_UNKNOWN"`. Until then the server and all its
        services are SERVING.
        """
        __tracebackhide__ = True
        from .health import check_status

        check_status(status)
        shared_loop().call(lambda: self._health.say(service, status))

    # -- faults

    @property
    def scripts(self) -> tuple[Script, ...]:
        """What the test scripted: for the fake as a whole first, then for its methods."""
        return (self.script, *(rule.script for method in self.methods.values() for rule in method.rules))

    def inject_into(self, rule: MethodRule, faults: tuple[Fault, ...], when: dict[str, Any]) -> Rule:
        """Script *faults* for the calls of one *rule*."""
        __tracebackhide__ = True
        for fault in faults:
            if getattr(fault, "scope", None) in {"connection", "listener"}:
                msg = (
                    f"{fault!r} happens before it is known which method is called: "
                    f"inject it into the fake, {self.name}.inject(...)"
                )
                raise ScriptingError(msg)
        if rule.conditions.count and rule.schema.wire.streams_requests:
            msg = (
                f"what goes wrong with {rule.schema.path} is decided when it begins, before there is a request to ask: "
                "inject it into the method, without when()"
            )
            raise ScriptingError(msg)
        return self._inject(rule.script, faults, when)
