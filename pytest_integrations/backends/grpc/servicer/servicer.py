"""A servicer under test, without a server."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Self

from pytest_integrations.backends.grpc.schema import MethodSchema
from pytest_integrations.core.clock import IN_FORCE
from pytest_integrations.core.errors import UnknownName
from pytest_integrations.core.grpc_call import GrpcCall
from pytest_integrations.core.grpc_metadata import metadata_pairs
from pytest_integrations.core.ledger import Ledger
from pytest_integrations.core.settings import seconds
from pytest_integrations.core.watch import announce
from pytest_integrations.wire.loop import shared_loop

from .call import ServicerCall
from .finding import refuse_async, service_of

if TYPE_CHECKING:
    from datetime import timedelta

    from pytest_integrations.core.grpc_metadata import MetadataLike
    from pytest_integrations.core.ledger import Calls

__all__ = ["GrpcServicer"]


class GrpcServicer:
    """Runs a servicer of yours by grpcio-testing, with its deadlines on the clock in force; its methods are attributes.

    A call (`orders.Get(request, timeout=20, metadata=...)`) returns at once. Its `code`, `details`,
    `trailing_metadata`, `response` and `responses` wait for its end: in virtual time, a method that sleeps longer than
    its deadline is DEADLINE_EXCEEDED at that very moment, in milliseconds. Requests are messages, or dicts of their
    fields, and go to the servicer by their bytes, as by a wire. Of a method that streams requests, give an iterable of
    them, or nothing and then `call.send(request)`, `call.complete()`; of one that streams replies, iterate over the
    call, or take `call.responses`. Whether a servicer is right about `abort`, metadata, codes and deadlines shows as on
    grpcio's own server. `calls` is what was called, for assertions.

    ```python
    import grpc
    from pytest_integrations import GrpcServicer

    shop = 'syntax = "proto3"; message Order { string id = 1; } service Orders { rpc Get(Order) returns (Order); }'
    Order = fake_grpc.load(shop).Get.schema.reply

    class OrdersServicer:  # better: made from the generated orders_pb2_grpc.OrdersServicer, which tells its service
        def Get(self, request, context):
            if request.id == "o9":
                context.abort(grpc.StatusCode.NOT_FOUND, "no such order")
            return Order(id=request.id)

    with GrpcServicer(OrdersServicer(), fake_grpc.services["Orders"]) as orders:
        assert orders.Get(Order(id="o1"), timeout=20).response.id == "o1"
        assert orders.Get({"id": "o9"}).code is grpc.StatusCode.NOT_FOUND
    ```
    """

    def __init__(
        self, servicer: Any, schema: Any = None, *, name: str = "grpc_servicer", ledger: Ledger | None = None
    ) -> None:
        """Run *servicer*, whose service is that of *schema*, or of the generated class that it is made from.

        *schema* is `add_OrdersServicer_to_server`, generated code (`orders_pb2`), or a descriptor. *name* is that of
        its calls in the *ledger*.
        """
        __tracebackhide__ = True
        service = service_of(servicer, schema)
        refuse_async(servicer, service)
        self.ledger: Ledger = Ledger(IN_FORCE, lambda: shared_loop().settle()) if ledger is None else ledger
        self.name: str = name
        self._servicer = servicer
        self._methods = {method.name: MethodSchema(method) for method in service.methods}
        self._running: list[ServicerCall] = []
        self._connection = shared_loop().call(lambda: self.ledger.connect(name))
        announce(self)

    def __getattr__(self, name: str) -> Any:
        """Return what calls the method called *name*."""
        __tracebackhide__ = True
        if name.startswith("_"):
            raise AttributeError(name)
        if name not in self._methods:
            raise _NoSuchMethod(kind="method", name=name, known=self._methods)
        return partial(self._call, self._methods[name])

    def __dir__(self) -> list[str]:
        """Return the names of the methods too, for completion."""
        return sorted({*super().__dir__(), *self._methods})

    def _call(
        self,
        schema: MethodSchema,
        request: Any = None,
        /,
        *,
        timeout: float | timedelta | None = None,
        metadata: MetadataLike = (),
    ) -> ServicerCall:
        """Begin a call of the method of *schema*; *timeout* in seconds."""
        __tracebackhide__ = True
        patience = None if timeout is None else seconds("timeout", timeout)
        pairs = metadata_pairs("metadata", metadata)
        record = GrpcCall(self.name, self._connection, b"", schema.path)
        record.method, record.metadata, record.timeout = schema.wire, pairs, patience
        call = ServicerCall(self._servicer, schema, record, self.ledger, timeout=patience, metadata=pairs)
        shared_loop().call(lambda: self._record(record))
        self._running.append(call)
        call.begin(request)
        return call

    def _record(self, record: GrpcCall) -> None:
        self._connection.calls += 1
        record.number = self._connection.calls
        self.ledger.add(record)

    @property
    def calls(self) -> Calls:
        """What was called so far, oldest first."""
        return self.ledger.calls_to(self.name)

    def close(self) -> None:
        """Cancel the calls that go on; a method that does not end by that is waited for a second, and then left."""
        running, self._running = self._running, []
        for call in running:
            call.close()
        if self._connection.closed is None:
            self._connection.closed, self._connection.closed_by = self.ledger.now(), "client"

    def __enter__(self) -> Self:
        """Begin a `with` block."""
        return self

    def __exit__(self, *_: object) -> None:
        """End it: close."""
        self.close()

    def __repr__(self) -> str:
        """Show the servicer and its methods."""
        return f"<GrpcServicer of {type(self._servicer).__name__}: {', '.join(self._methods)}>"


class _NoSuchMethod(UnknownName, AttributeError):  # type: ignore[misc]  # both have a `name`: the same
    """A method that the service has not; an AttributeError as well, so that `hasattr` and the like work."""
