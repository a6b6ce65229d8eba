"""A servicer without a server: what grpcio's own server would make of it, on the clock in force."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any

import grpc
import pytest

from pytest_integrations.backends.grpc.fake import FakeGrpc
from pytest_integrations.backends.grpc.servicer.call import RpcFailed
from pytest_integrations.backends.grpc.servicer.servicer import GrpcServicer
from pytest_integrations.backends.grpc.servicer.testing import grpc_testing
from pytest_integrations.backends.grpc.servicer.time import clock_time
from pytest_integrations.core.clock import IN_FORCE
from pytest_integrations.timekeeping import VirtualClock
from tests.backends.grpc.hosting import generated
from tests.backends.grpc.orders import OPTIONS
from tests.backends.grpc.serviced import Base, Order, Orders

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture
def clock() -> Iterator[VirtualClock]:
    with VirtualClock() as clock:
        yield clock


@pytest.fixture
def orders() -> Iterator[GrpcServicer]:
    with GrpcServicer(Orders()) as made:
        yield made


# -- all kinds


def test_unary(orders: GrpcServicer) -> None:
    call = orders.Get(Order(id="o1", qty=3), timeout=20, metadata={"x-tenant": "t1"})
    assert (call.response.id, call.response.qty) == ("o1", 3)
    assert (call.code, call.details, call.is_running) == (grpc.StatusCode.OK, "", False)
    assert call.trailing_metadata == (("after", "2"), ("after-bin", b"\xff"))
    assert call.trailing_metadata[0].key == "after"


def test_a_server_that_streams(orders: GrpcServicer) -> None:
    call = orders.List({"qty": 3})
    assert [each.id for each in call.responses] == ["0", "1", "2"]
    assert [each.id for each in call] == ["0", "1", "2"]
    assert call.code is grpc.StatusCode.OK


def test_a_client_that_streams(orders: GrpcServicer) -> None:
    assert orders.Upload([{"id": "a"}, Order(id="b")]).response.count == 2
    call = orders.Upload()
    call.send({"id": "a"})
    assert call.is_running
    call.complete()
    assert call.response.count == 1


def test_both_stream(orders: GrpcServicer) -> None:
    assert [each.id for each in orders.Chat([{"id": "a"}, {"id": "b"}]).responses] == ["hello", "A", "B"]
    call = orders.Chat()
    heard = iter(call)
    assert next(heard).id == "hello"
    for letter in "abc":
        call.send({"id": letter})
        assert next(heard).id == letter.upper()
    call.complete()
    assert list(heard) == []


def test_a_request_is_what_a_wire_would_bring() -> None:
    servicer: Any = Orders()
    with GrpcServicer(servicer) as orders:
        request = Order(id="o1")
        assert orders.Get(request).response.id == "o1"
        assert servicer.seen == [request]
        assert servicer.seen[0] is not request


# -- deadlines, on the clock in force


@pytest.mark.parametrize("what", ["sleep", "hang"])
def test_a_deadline_comes_by_itself(clock: VirtualClock, orders: GrpcServicer, what: str) -> None:
    began = time.clock_gettime(time.CLOCK_MONOTONIC)
    call = orders.Get({"id": what}, timeout=20)
    assert (call.code, call.details) == (grpc.StatusCode.DEADLINE_EXCEEDED, "Deadline Exceeded")
    assert clock.now == 20
    assert time.clock_gettime(time.CLOCK_MONOTONIC) - began < 1
    with pytest.raises(RpcFailed, match="DEADLINE_EXCEEDED"):
        _ = call.response


def test_a_test_may_let_time_pass_by_hand(clock: VirtualClock, orders: GrpcServicer) -> None:
    call = orders.Get({"id": "sleep"}, timeout=20)
    clock.sleep(19)
    assert call.is_running
    clock.sleep(2)
    assert not call.is_running
    assert call.code is grpc.StatusCode.DEADLINE_EXCEEDED


def test_a_servicer_that_is_in_time(clock: VirtualClock, orders: GrpcServicer) -> None:
    call = orders.Get({"id": "sleep"}, timeout=31)
    assert (call.response.id, clock.now) == ("sleep", 30)
    clock.sleep(5)
    assert call.code is grpc.StatusCode.OK


def test_a_servicer_that_ends_with_its_deadline_is_late(clock: VirtualClock, orders: GrpcServicer) -> None:
    assert orders.Get({"id": "sleep"}, timeout=30).code is grpc.StatusCode.DEADLINE_EXCEEDED
    assert clock.now == 30
    assert orders.calls[0].verdict == "cancelled"


def test_a_servicer_sees_how_much_is_left(clock: VirtualClock) -> None:
    servicer: Any = Orders()
    with GrpcServicer(servicer) as orders:
        assert orders.Get({"id": "a"}, timeout=20).response.id == "a"
        assert orders.Get({"id": "a"}).response.id == "a"
    assert servicer.left == [20, pytest.approx(2**63)]


def test_a_stream_is_cut_by_its_deadline(clock: VirtualClock) -> None:
    servicer: Any = Orders()
    with GrpcServicer(servicer) as orders:
        call = orders.List({"id": "slow", "qty": 100}, timeout=25)
        heard = iter(call)
        assert [(next(heard).id, clock.now) for _ in range(2)] == [("0", 10), ("1", 20)]
        with pytest.raises(RpcFailed, match="DEADLINE_EXCEEDED"):
            next(heard)
        assert (len(call.responses), clock.now) == (2, 25)
        assert servicer.over.wait(20)  # it yields into the void once, and is closed


def test_no_time_at_all(clock: VirtualClock, orders: GrpcServicer) -> None:
    assert orders.Get({"id": "sleep"}, timeout=0).code is grpc.StatusCode.DEADLINE_EXCEEDED
    call: Any = orders.calls[0]
    assert (call.handled, call.verdict) == (False, "cancelled")


def test_real_time() -> None:
    servicer: Any = Orders()
    with GrpcServicer(servicer) as orders:
        began = time.monotonic()
        assert orders.Get({"id": "hang"}, timeout=0.05).code is grpc.StatusCode.DEADLINE_EXCEEDED
        assert 0.04 < time.monotonic() - began < 5
        assert servicer.over.wait(5)


def test_a_call_is_cancelled() -> None:
    servicer: Any = Orders()
    with GrpcServicer(servicer) as orders:
        call = orders.Get({"id": "hang"}, timeout=20)
        call.cancel()
        assert (call.code, call.details) == (grpc.StatusCode.CANCELLED, "Locally cancelled by application!")
        assert servicer.over.wait(5)
        recorded: Any = orders.calls[0]
        assert (recorded.verdict, recorded.reset, recorded.gone is None) == ("cancelled", "CANCEL", False)


# -- as on grpcio's own server


def _hosted(call: Callable[[Any], Any]) -> tuple[Any, ...]:
    """Return what a client of a real server sees."""
    with FakeGrpc("hosted") as fake:
        fake.host(Orders(), generated()[1].add_OrdersServicer_to_server)
        with grpc.insecure_channel(fake.target, options=OPTIONS) as channel:
            return call(generated()[1].OrdersStub(channel))


IDS = ["o1", "abort", "rich", "raise", "coded", "codedraise", "nothing", "cancel", "initial", "echo"]


@pytest.mark.parametrize("what", IDS)
def test_the_same_as_on_a_real_server(orders: GrpcServicer, caplog: pytest.LogCaptureFixture, what: str) -> None:
    caplog.set_level(logging.CRITICAL, "grpc._server")
    metadata = (("x-a", "1"), ("x-b-bin", b"\xff"))

    def ask(stub: Any) -> tuple[Any, ...]:
        future = stub.Get.future(Order(id=what, qty=7), timeout=5, metadata=metadata)
        reply = future.result() if future.code() is grpc.StatusCode.OK else None
        return future.code(), future.details(), future.initial_metadata(), set(future.trailing_metadata()), reply

    code, details, initial, trailing, reply = _hosted(ask)
    call = orders.Get(Order(id=what, qty=7), timeout=5, metadata=metadata)
    assert call.code is code
    if what != "cancel":  # whose text is that of the reset that a client sees
        assert call.details == details
        assert set(call.trailing_metadata) == trailing
    assert call.initial_metadata == tuple(initial)
    assert (call.response if reply is not None else None) == reply


def test_a_message_of_another_type(orders: GrpcServicer, caplog: pytest.LogCaptureFixture) -> None:
    call = orders.Get({"id": "other"})  # grpcio's own server takes any message, and sends its bytes
    assert (call.code, call.details) == (grpc.StatusCode.INTERNAL, "Failed to serialize response!")
    assert "which is no Order" in caplog.text


def test_a_stream_that_is_aborted(orders: GrpcServicer) -> None:
    call = orders.List({"id": "abort", "qty": 9})
    assert [each.id for each in call.responses] == ["0", "1"]
    assert (call.code, call.details) == (grpc.StatusCode.DATA_LOSS, "torn")
    assert call.error is None


def test_what_a_servicer_raised_is_at_hand(orders: GrpcServicer) -> None:
    call = orders.Get({"id": "raise"})
    with pytest.raises(RpcFailed, match="UNKNOWN: Exception calling application: 17") as caught:
        _ = call.response
    assert isinstance(caught.value.__cause__, ValueError)
    assert call.error is caught.value.__cause__
    assert "UNKNOWN" in repr(call)


def test_a_method_that_is_not_written_yet() -> None:
    with GrpcServicer(Base()) as orders:
        call = orders.Get({"id": "o1"})
        assert (call.code, call.details) == (grpc.StatusCode.UNIMPLEMENTED, "Method not implemented!")


class Careless:
    """Lacks most methods, and sets a status that is none."""

    def Get(self, request: Any, context: Any) -> Any:  # noqa: N802 -- the name of the method
        context.set_code("NO_SUCH_CODE")
        context.set_details("what?")
        return request


def test_a_careless_servicer() -> None:
    with GrpcServicer(Careless(), generated()[0].DESCRIPTOR.services_by_name["Orders"]) as orders:
        call = orders.Get({"id": "o1"})
        assert (call.code, call.details) == (grpc.StatusCode.UNKNOWN, "what?")
        call = orders.List({})
        assert (call.code, call.details) == (grpc.StatusCode.UNIMPLEMENTED, "Method not found!")
        assert repr(orders) == "<GrpcServicer of Careless: Get, Upload, List, Chat>"


class Asking(Base):  # type: ignore[misc]
    """Asks its context all there is to ask."""

    def Get(self, request: Any, context: Any) -> Any:  # noqa: N802 -- the name of the method
        assert context.code() is context.details() is None
        assert context.trailing_metadata() == ()
        context.set_code(grpc.StatusCode.OK)
        context.set_details("fine")
        context.set_trailing_metadata([("a", "1")])
        assert (context.code(), context.details()) == (grpc.StatusCode.OK, "fine")
        assert context.trailing_metadata()[0].value == "1"
        assert isinstance(context, grpc.ServicerContext)
        assert (context.peer(), context.auth_context()) == ("inproc:pytest", {})
        assert context.peer_identities() is context.peer_identity_key() is None
        context.set_compression(grpc.Compression.Gzip)
        context.disable_next_message_compression()
        assert context.is_active()
        return request


def test_what_a_context_is_asked() -> None:
    with GrpcServicer(Asking()) as orders:
        call = orders.Get({"id": "o1"})
        assert call.error is None
        assert call.response.id == "o1"


# -- what was called


def test_calls_are_recorded(clock: VirtualClock, orders: GrpcServicer) -> None:
    assert orders.Get({"id": "o1"}, timeout=20, metadata={"x-a": "1"}).code is grpc.StatusCode.OK
    assert orders.Get({"id": "abort"}).code is grpc.StatusCode.NOT_FOUND
    assert orders.Get({"id": "sleep"}, timeout=20).code is grpc.StatusCode.DEADLINE_EXCEEDED
    calls: Any = orders.calls
    assert [call.verdict for call in calls] == ["OK", "NOT_FOUND", "cancelled"]
    first, second, third = calls
    assert (first.operation, first.kind, first.timeout, first.deadline) == ("/hosted.v1.Orders/Get", "unary", 20, 20)
    assert (first.request.id, first.replies[0].id, first.headers["x-a"]) == ("o1", "o1", "1")
    assert (second.details, second.trailers) == ("no such order", (("after", "2"), ("after-bin", b"\xff")))
    assert (third.started, third.gone, third.deadline, third.failed) == (0, 20, 20, True)
    assert all(call.handled for call in calls)
    assert [call.number for call in calls] == [1, 2, 3]


# -- the clock, as grpcio-testing has it


def test_time_of_the_clock_in_force(clock: VirtualClock) -> None:
    fired: list[float] = []
    moments = clock_time(IN_FORCE, lambda: fired.append(clock.now))
    began, seen = moments.time(), []

    def nested() -> None:
        seen.append(clock.now)
        moments.call_in(lambda: seen.append(clock.now), 1)

    moments.call_in(nested, 1)
    moments.call_at(lambda: seen.append(clock.now), began + 3)
    planned = moments.call_in(lambda: seen.append(-1), 2)
    assert (planned.cancel(), planned.cancelled(), planned.done(), planned.running()) == (True, True, True, False)
    moments.sleep_for(2.5)
    assert seen == [1, 2]
    moments.sleep_until(began + 4)
    assert seen == [1, 2, 3]
    assert fired == seen
    assert clock.now == 4
    with pytest.raises(NotImplementedError):
        planned.result()


# -- its life


@pytest.mark.usefixtures("no_leaks")
def test_nothing_is_left() -> None:
    with GrpcServicer(Orders()) as orders:
        call = orders.Get({"id": "hang"}, timeout=60)
        open_one = orders.Upload()
        assert call.is_running
    assert call.code is open_one.code is grpc.StatusCode.CANCELLED


@pytest.mark.usefixtures("no_leaks")
def test_one_that_sleeps_is_let_go_with_the_clock() -> None:
    with VirtualClock() as clock:
        with GrpcServicer(Orders()) as orders:
            assert orders.Get({"id": "sleep"}, timeout=20).code is grpc.StatusCode.DEADLINE_EXCEEDED
        assert clock.now <= 21


def test_logging_is_left_alone() -> None:
    before = list(logging.getLogger().handlers)
    grpc_testing.cache_clear()
    assert grpc_testing().server_from_dictionary
    assert logging.getLogger().handlers == before
