"""What a test may write for a hosted servicer, what it gets for it, and what it is told when it is wrong."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from pytest_integrations.backends.grpc.fake import FakeGrpc
from pytest_integrations.core.errors import FakeStopped, ScriptingError, UnknownName
from pytest_integrations.faults import connection_refused
from tests.backends.grpc.conftest import told
from tests.backends.grpc.hosting import SERVICERS, Threaded, generated, hosted
from tests.backends.grpc.orders import call, error_of

if TYPE_CHECKING:
    from pytest_integrations.backends.grpc.services import Service


def test_the_methods_are_attributes(shop: FakeGrpc) -> None:
    orders = hosted(shop, Threaded())
    assert [method.schema.path for method in orders] == [
        "/hosted.v1.Orders/Get",
        "/hosted.v1.Orders/Upload",
        "/hosted.v1.Orders/List",
        "/hosted.v1.Orders/Chat",
    ]
    assert repr(shop.service("hosted.v1.Orders")) == repr(orders) == "<hosted.v1.Orders: Get, Upload, List, Chat>"
    with pytest.raises(UnknownName, match=r"unknown method 'Gett'\. Did you mean 'Get'"):
        orders.Gett  # noqa: B018 -- asking is the test


def test_messages_are_those_of_the_generated_code(shop: FakeGrpc) -> None:
    orders = hosted(shop, Threaded())
    answer = call(shop.target, orders.Get, {"id": "o1", "qty": 2})
    assert answer == generated()[0].Order(id="o1", qty=2)
    assert orders.Get.requests == [generated()[0].Order(id="o1", qty=2)]


def test_a_hosted_service_beside_a_scripted_one(shop: FakeGrpc, orders: Service) -> None:
    real = hosted(shop, Threaded())
    orders.Get.reply(id="scripted")
    assert call(shop.target, orders.Get).id == "scripted"
    assert call(shop.target, real.Get, {"id": "o1"}).id == "o1"
    assert error_of(shop.target, orders.List)[0] == "UNIMPLEMENTED"
    assert "shop.v1.Orders/List" in told(shop)[0]


def test_what_was_loaded_before_is_hosted(shop: FakeGrpc) -> None:
    before = shop.add(generated()[0])
    after = hosted(shop, Threaded())
    assert before.Get is after.Get


def test_two_services_of_one_servicer(shop: FakeGrpc) -> None:
    def add(servicer: Any, server: Any) -> None:
        generated()[1].add_OrdersServicer_to_server(servicer, server)
        generated()[1].add_StockServicer_to_server(servicer, server)

    class Both(Threaded):
        def Count(self, request: Any, context: Any) -> Any:  # noqa: N802 -- the name of the method
            return generated()[0].Summary(count=7)

    both = shop.host(Both(), add)
    assert call(shop.target, both.Count).count == 7
    assert call(shop.target, both.Get, {"id": "o1"}).id == "o1"


def test_code_generated_by_an_older_compiler(shop: FakeGrpc) -> None:
    class Older:
        """A server that does not know of methods that are registered, as grpcio before 1.66 has none."""

        def __init__(self, server: Any) -> None:
            self.add_generic_rpc_handlers = server.add_generic_rpc_handlers

        def add_registered_method_handlers(self, *_: Any) -> None:
            """Forget them."""

    orders = shop.host(
        Threaded(), lambda servicer, server: generated()[1].add_OrdersServicer_to_server(servicer, Older(server))
    )
    assert call(shop.target, orders.Get, {"id": "o1"}).id == "o1"


@pytest.mark.parametrize(
    ("add", "words"),
    [
        (None, "add_to_server=None is no function: give add_OrdersServicer_to_server of orders_pb2_grpc"),
        (lambda _servicer, _server: None, "registers no service: give add_OrdersServicer_to_server"),
        (lambda _servicer: None, r"does not take <.*>: .* takes 1 positional argument"),
    ],
)
def test_a_wrong_function(shop: FakeGrpc, add: Any, words: str) -> None:
    with pytest.raises(ScriptingError, match=words):
        shop.host(Threaded(), add)


def test_a_wrong_servicer(shop: FakeGrpc) -> None:
    with pytest.raises(ScriptingError, match="does not take 'orders': 'str' object has no attribute 'Get'"):
        hosted(shop, "orders")


def test_a_service_whose_schema_nobody_knows(shop: FakeGrpc) -> None:
    class Handlers:
        def service_name(self) -> str:
            return "un.Known"

    with pytest.raises(ScriptingError, match=r"no schema of un\.Known is known: import its orders_pb2"):
        shop.host(None, lambda _, server: server.add_generic_rpc_handlers((Handlers(),)))


def test_a_fake_that_does_not_run_hosts_nothing() -> None:
    shop = FakeGrpc("shop")
    with pytest.raises(FakeStopped):
        hosted(shop, Threaded())


@pytest.mark.parametrize("servicer", SERVICERS.values(), ids=SERVICERS)
def test_options_that_grpcio_does_not_take(shop: FakeGrpc, servicer: Any) -> None:
    with pytest.raises(ScriptingError, match=r"interceptors=\(\), options=\['age'\]: too many values"):
        hosted(shop, servicer(), options=["age"])
    with pytest.raises(ScriptingError, match=r"interceptors=\['noting'\]"):
        hosted(shop, servicer(), interceptors=["noting"])


def test_faults_of_the_port_are_the_fakes(shop: FakeGrpc) -> None:
    orders = hosted(shop, Threaded())
    with pytest.raises(ScriptingError, match="before it is known which method is called"):
        orders.Get.inject(connection_refused())
    with shop.injected(connection_refused()):
        assert error_of(shop.target, orders.Get)[0] == "UNAVAILABLE"
    assert call(shop.target, orders.Get, {"id": "o1"}).id == "o1"


def test_a_fake_that_is_started_again_hosts_no_more(shop: FakeGrpc) -> None:
    orders = hosted(shop, Threaded())
    assert call(shop.target, orders.Get, {"id": "o1"}).id == "o1"
    shop.stop()
    shop.start()
    assert error_of(shop.target, orders.Get)[0] == "UNIMPLEMENTED"
    assert "hosted.v1.Orders/Get" in told(shop)[0]


def test_importing_the_fake_imports_no_grpcio() -> None:
    program = "import sys, pytest_integrations.backends.grpc.fake as f; f.FakeGrpc(); print('grpc' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=50)
    assert done.stdout == "False\n"
