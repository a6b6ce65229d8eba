"""Which service a servicer is of, and what cannot be run or called."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_integrations.backends.grpc.servicer.servicer import GrpcServicer
from pytest_integrations.core.errors import ScriptingError, UnknownName
from tests.backends.grpc.hosting import Awaited, generated
from tests.backends.grpc.serviced import Orders

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def orders() -> Iterator[GrpcServicer]:
    with GrpcServicer(Orders()) as made:
        yield made


class Alone:
    """A servicer that is made from nothing."""

    Get = Upload = List = Chat = staticmethod(lambda request, _context: request)


class Counting:
    """A servicer of the other service."""

    def Count(self, request: Any, context: Any) -> Any:  # noqa: N802 -- the name of the method
        return generated()[0].Summary(count=request.qty)


@pytest.mark.parametrize(
    "schema",
    [
        generated()[0],
        generated()[1].add_OrdersServicer_to_server,
        generated()[0].DESCRIPTOR.services_by_name["Orders"],
        generated()[0].DESCRIPTOR,
    ],
    ids=["module", "function", "service", "file"],
)
def test_a_service_that_is_named(schema: Any) -> None:
    with GrpcServicer(Alone(), schema) as orders:
        assert orders.Get({"id": "o1"}).response.id == "o1"
        assert "Upload" in dir(orders)


def test_the_only_service_that_fits() -> None:
    with GrpcServicer(Counting(), generated()[0]) as stock:
        assert stock.Count({"qty": 5}).response.count == 5


def add_Strange_to_server(_servicer: Any, server: Any) -> None:  # noqa: N802 -- as the compiler names it
    """Be of a service that nobody has imported."""
    server.add_registered_method_handlers("strange.v1.Strange", {})


@pytest.mark.parametrize(
    ("servicer", "schema", "message"),
    [
        (Alone(), None, r"not made from a generated .*grpc_servicer\(servicer, orders_pb2\)"),
        (Orders, None, r"is a class: give a servicer, Orders\(\.\.\.\)"),
        (object(), generated()[0], r"which of the services hosted.v1.Orders, hosted.v1.Stock .* not all methods"),
        (Alone(), "orders.proto", "is not a schema"),
        (Counting(), generated()[1].add_OrdersServicer_to_server, "does not take"),
        (Alone(), lambda _servicer, _server: None, "adds no service"),
        (Alone(), add_Strange_to_server, "strange.v1.Strange, whose generated messages are not imported"),
        (Awaited(), generated()[0], r"Awaited.Get is `async def`.*fake_grpc\.host"),
    ],
    ids=["unnamed", "class", "none fits", "no schema", "another function", "no function", "not imported", "async"],
)
def test_what_cannot_be_run(servicer: Any, schema: Any, message: str) -> None:
    with pytest.raises(ScriptingError, match=message):
        GrpcServicer(servicer, schema)


def test_what_cannot_be_called(orders: GrpcServicer) -> None:
    with pytest.raises(UnknownName, match="Did you mean 'Get'"):
        orders.Gett({})
    with pytest.raises(ScriptingError, match="has no field 'nope'"):
        orders.Get({"nope": 1})
    with pytest.raises(ScriptingError, match="timeout=-1"):
        orders.Get({}, timeout=-1)
    with pytest.raises(ScriptingError, match="has one request"):
        orders.Get({"id": "o1"}).send({})
    call = orders.Upload([])
    with pytest.raises(ScriptingError, match="no more"):
        call.send({})
    with pytest.raises(ScriptingError, match=r"ask for \.responses"):
        _ = orders.List({}).response
    with pytest.raises(ScriptingError, match=r"Get has one reply: ask for \.response"):
        _ = orders.Get({"id": "o1"}).responses
    with pytest.raises(ScriptingError, match=r"Get has one reply: ask for \.response"):
        list(orders.Get({"id": "o1"}))
    for one in ({"id": "o1"}, generated()[0].Order(id="o1"), b""):
        with pytest.raises(ScriptingError, match=r"(?s)Upload streams requests, and .* is one: give a list of them"):
            orders.Upload(one)
    assert not hasattr(orders, "Nope")
