"""Calls that are passed on to a server that is not what it should be: another fake, at which things go wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_integrations.backends.grpc.answers import Answer
from pytest_integrations.backends.grpc.fake import FakeGrpc
from pytest_integrations.faults import connection_reset, dribble, empty_response, h2_goaway, latency, reset_on_accept
from pytest_integrations.faults.grpc import (
    break_stream,
    goaway,
    grpc_status,
    http_status,
    no_trailers,
    reset_stream,
    window_stall,
)
from pytest_integrations.faults.grpc_messages import bad_flag, truncated_message, two_messages
from pytest_integrations.wire.grpc.forwarding import Forwarding
from pytest_integrations.wire.http2.client import Http2Client
from pytest_integrations.wire.loop import shared_loop
from pytest_integrations.wire.transport import TcpTransport
from pytest_integrations.wire.upstream import Dial, resolve
from tests.backends.grpc.orders import PROTO, call, error_of
from tests.contract.grpc.clients import CLIENTS, until

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator

    from pytest_integrations.backends.grpc.services import Service
    from pytest_integrations.core.fault import Fault
    from pytest_integrations.wire.grpc.service import Answering


class Relay:
    """Passes calls on to a port of somebody else's, on one connection for as long as that is usable."""

    def __init__(self, fake: FakeGrpc, port: int) -> None:
        self.fake = fake
        self.addresses = resolve("127.0.0.1", port)
        self.clients: list[Http2Client] = []
        self.transports: set[TcpTransport] = set()

    def converse(self, answering: Answering) -> Forwarding:
        if not self.clients or not self.clients[-1].is_usable:
            client = Http2Client(shared_loop(), self.fake.ledger)
            self.clients.append(client)

            def connected(sock: socket.socket) -> None:
                self.transports.add(TcpTransport(shared_loop(), sock, client, self.transports.discard))

            Dial(shared_loop(), self.addresses, 5.0, connected, lambda _: client.fail()).start()
        return Forwarding(answering, self.clients[-1], set())

    def drop(self) -> None:
        for transport in tuple(self.transports):
            transport.drop()


@pytest.fixture
def back(no_leaks: None) -> Iterator[FakeGrpc]:
    with FakeGrpc("back") as fake:
        orders = fake.load(PROTO)
        service = fake.service("shop.v1.Orders")
        service.Get.reply(lambda request: {"id": request.id})
        service.List.reply_stream([{"id": "a"}, {"id": "b"}, {"id": "c"}])
        service.Upload.reply(lambda requests: {"count": len(requests)})
        service.Chat.reply(lambda note: {"text": note.text.upper()})
        assert orders is not None
        yield fake


@pytest.fixture
def front(back: FakeGrpc) -> Iterator[FakeGrpc]:
    with FakeGrpc("front") as fake:
        fake.load(PROTO)
        yield fake


@pytest.fixture
def relay(front: FakeGrpc, back: FakeGrpc) -> Iterator[Relay]:
    relay = Relay(front, back.port)
    for method in front.methods.values():
        made: Any = relay
        method.hosted = Answer(host=made)
    yield relay
    shared_loop().call(relay.drop)


@pytest.fixture
def orders(front: FakeGrpc, relay: Relay) -> Service:
    return front.service("shop.v1.Orders")


def test_calls_are_passed_on(front: FakeGrpc, back: FakeGrpc, orders: Service, relay: Relay) -> None:
    assert call(front.target, orders.Get, {"id": "o1"}).id == "o1"
    assert [each.id for each in call(front.target, orders.List)] == ["a", "b", "c"]
    assert call(front.target, orders.Upload, [{}, {}]).count == 2
    assert [each.text for each in call(front.target, orders.Chat, [{"text": "a"}])] == ["A"]
    assert [each.operation for each in back.calls] == [each.operation for each in front.calls]
    assert len(back.connections) == len(relay.clients) == 1
    ahead: Any
    behind: Any
    for ahead, behind in zip(front.calls, back.calls, strict=True):
        assert ahead.metadata == behind.metadata
        assert (ahead.raw_requests, ahead.raw_replies) == (behind.raw_requests, behind.raw_replies)


@pytest.mark.parametrize(
    ("fault", "code", "text"),
    [
        (grpc_status("NOT_FOUND", "no such order", retry_after=1), "NOT_FOUND", "no such order"),
        (grpc_status("UNAVAILABLE"), "UNAVAILABLE", ""),
        (reset_stream("ENHANCE_YOUR_CALM"), "RESOURCE_EXHAUSTED", ""),
        (reset_stream("CANCEL"), "CANCELLED", ""),
        (no_trailers(), "UNKNOWN", "the hosted service has told no status"),
        (http_status(502), "INTERNAL", "the hosted service: it does not speak gRPC"),
        (bad_flag(7), "INTERNAL", "the hosted service: a message begins with the flag 7"),
        (connection_reset(), "UNAVAILABLE", "the hosted service has gone"),
        (connection_reset(at="mid_body"), "UNAVAILABLE", "the hosted service has gone"),
        (empty_response(), "UNAVAILABLE", "the hosted service has gone"),
        (reset_on_accept(), "UNAVAILABLE", "the hosted service has gone"),
    ],
    ids=repr,
)
def test_what_goes_wrong_there_is_told_here(  # noqa: PLR0917 -- two fakes, and what is expected
    front: FakeGrpc, back: FakeGrpc, orders: Service, fault: Fault, code: str, text: str
) -> None:
    back.inject(fault)
    seen = error_of(front.target, orders.Get, {"id": "o1"})
    assert seen[0] == code
    assert seen[1].startswith(text)
    assert call(front.target, orders.Get, {"id": "o2"}).id == "o2"


@pytest.mark.parametrize("fault", [goaway(), latency(0.05), dribble(chunks=5, duration=0.05)])
def test_what_does_no_harm(front: FakeGrpc, back: FakeGrpc, orders: Service, relay: Relay, fault: Fault) -> None:
    back.inject(fault)
    for number in range(3):
        assert call(front.target, orders.Get, {"id": str(number)}).id == str(number)
    assert len(relay.clients) == (2 if fault.name == "goaway" else 1)


@pytest.mark.parametrize("fault", [goaway(processed=False), h2_goaway("none", "ENHANCE_YOUR_CALM")])
def test_what_was_not_processed_there_was_not_here(
    front: FakeGrpc, back: FakeGrpc, orders: Service, relay: Relay, fault: Fault
) -> None:
    """Which clients take for leave to send it again, whatever it asks for."""
    back.inject(fault)
    seen = CLIENTS["grpcio"](front.target, orders.Get, [{"id": "o1"}], options=[("grpc.enable_retries", 1)])
    assert [each.id for each in seen.messages] == ["o1"]
    assert [each.verdict for each in front.calls] == ["goaway", "OK"]
    assert len(relay.clients) == len(front.connections) == 2


def test_half_a_message_is_none(front: FakeGrpc, back: FakeGrpc, orders: Service) -> None:
    back.inject(truncated_message(), two_messages())
    assert call(front.target, orders.Get) is None
    assert error_of(front.target, orders.Get, timeout=0.3)[0] == "DEADLINE_EXCEEDED"  # as it would be without us


def test_a_stream_that_breaks_there(front: FakeGrpc, back: FakeGrpc, orders: Service) -> None:
    back.inject(break_stream(after=2, code="DATA_LOSS"))
    assert error_of(front.target, orders.List)[0] == "DATA_LOSS"
    recorded: Any = front.calls[0]
    assert len(recorded.replies) == 2


def test_a_server_that_takes_no_body(front: FakeGrpc, back: FakeGrpc, orders: Service) -> None:
    back.inject(window_stall())
    assert call(front.target, orders.Get, {"id": "o1"}).id == "o1"  # sent before the server has said so
    assert error_of(front.target, orders.Get, timeout=0.3)[0] == "DEADLINE_EXCEEDED"
    until(lambda: len(back.calls) == 2)  # the client tells its caller first, then the server
    told: Any = back.calls[1]
    assert told.cancelled


def test_a_server_that_is_not_there(front: FakeGrpc, back: FakeGrpc, orders: Service, relay: Relay) -> None:
    back.stop()
    assert error_of(front.target, orders.Get) == ("UNAVAILABLE", "the hosted service has gone")
    back.start()
    assert call(front.target, orders.Get, {"id": "o1"}).id == "o1"
    assert len(relay.clients) == 2
