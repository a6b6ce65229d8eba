"""Every fault against every client: what a program sees of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from pytest_integrations.backends.amqp.fake import FakeAmqp
from pytest_integrations.faults.amqp import (
    auth_refused,
    blocked,
    cancel_consumer,
    channel_close,
    connection_close,
    frame_error,
    missed_heartbeats,
    unroutable,
    vhost_missing,
)
from pytest_integrations.faults.connection import (
    close_on_accept,
    connection_refused,
    connection_reset,
    empty_response,
    lost_request,
    lost_response,
    reset_on_accept,
)
from pytest_integrations.faults.delay import latency
from pytest_integrations.faults.queue import (
    duplicate,
    empty_receive,
    garbage,
    lost_ack,
    lost_confirm,
    lost_message,
    poison,
    queue_full,
    redeliver,
    refused_publish,
    reorder,
)
from pytest_integrations.faults.timing import bandwidth, hang, slow_accept

from .clients import CLIENTS, WAITS, outcome

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_integrations.core.fault import Fault
    from pytest_integrations.timekeeping import VirtualClock

_PIKA_RESET = "ConnectionResetError StreamLostError StreamLostError AMQPConnectionError"


@dataclass(frozen=True)
class Case:
    """A fault in one attempt, and what each client makes of it, in the order of CLIENTS."""

    what: str
    fault: Fault | None
    expected: str
    on: str = "*"

    def __repr__(self) -> str:
        return f"{self.what}-{self.fault!r}"

    def of(self, client: str) -> set[str]:
        """What may come out; several where it is a race in the client."""
        words = self.expected.split()
        return set((words * len(CLIENTS) if len(words) == 1 else words)[list(CLIENTS).index(client)].split("|"))


CASES = [
    Case("connect", None, "ok"),
    Case("publish", None, "ok"),
    Case("get", None, "one"),
    Case("consume", None, "one"),
    Case("ack", None, "one"),
    # publications
    Case("publish", queue_full(), "nack NackError nack DeliveryError"),
    Case("publish", queue_full("drop-head"), "ok"),
    Case("publish", queue_full("reject-publish-dlx"), "nack NackError nack DeliveryError"),
    Case("publish", queue_full("block"), WAITS),
    Case("publish", blocked(0.05), "ok"),
    Case("publish", refused_publish(), "nack NackError nack DeliveryError"),
    Case("publish", lost_confirm(), WAITS),
    Case("publish", lost_message(), "ok"),
    Case("publish", poison(), "ok"),
    Case("publish", unroutable(), "returned UnroutableError returned PublishError"),
    Case("publish", channel_close(), "406 ChannelClosedByBroker ChannelClosedByBroker ChannelPreconditionFailed"),
    Case(
        "publish",
        connection_close(),
        "320 ConnectionClosedByBroker ConnectionClosedByBroker ConnectionClosed",
        "publish",
    ),
    Case("publish", connection_reset(), _PIKA_RESET, "publish"),
    Case("publish", lost_response(), _PIKA_RESET, "publish"),
    Case("publish", lost_request(), _PIKA_RESET, "publish"),
    Case("publish", hang(), WAITS, "publish"),
    Case("publish", latency(0.05), "ok", "publish"),
    # deliveries
    Case("consume", duplicate(), "one"),
    Case("consume", redeliver(0.02), "one"),
    Case("consume", reorder(), "two"),
    Case(
        "consume", cancel_consumer(), "cancelled cancelled cancelled TimeoutError"
    ),  # aio-pika does not look out for it
    Case("consume", connection_reset(), "ConnectionResetError StreamLostError StreamLostError cancelled", "deliver"),
    Case("consume", latency(0.05), "one", "deliver"),
    Case("get", empty_receive(), "nothing"),
    Case("ack", lost_ack(), "one"),
    Case("ack", connection_reset(), "ConnectionResetError one one one", "ack"),  # nobody waits for an answer
    # answers
    Case("get", channel_close(404), "404 ChannelClosedByBroker ChannelClosedByBroker ChannelNotFoundEntity"),
    Case(
        "get",
        connection_close(541),
        "541 ConnectionClosedByBroker ConnectionClosedByBroker ConnectionInternalError",
        "receive",
    ),
    Case("get", garbage(), WAITS, "receive"),  # the head of a frame whose rest does not come
    Case("get", frame_error("end"), "AssertionError StreamLostError StreamLostError InvalidFrameError", "receive"),
    Case("get", frame_error("type"), "AssertionError StreamLostError StreamLostError InvalidFrameError", "receive"),
    Case("get", frame_error("size"), WAITS, "receive"),
    Case("get", frame_error("method"), "KeyError StreamLostError StreamLostError InvalidFrameError", "receive"),
    Case("get", empty_response(), "EOFError StreamLostError StreamLostError AMQPConnectionError", "receive"),
    Case("get", bandwidth(1), "one", "receive"),
    Case("get", missed_heartbeats(), "one"),
    # connections
    Case(
        "connect",
        auth_refused(),
        "403 ProbableAuthenticationError ProbableAuthenticationError ProbableAuthenticationError",
    ),
    Case("connect", vhost_missing(), "530 ProbableAccessDeniedError ProbableAccessDeniedError InvalidFrameError"),
    Case(
        "connect",
        reset_on_accept(),
        "ConnectionResetError AMQPConnectionError|IncompatibleProtocolError|ValueError "
        "AMQPConnectionError|IncompatibleProtocolError|ValueError AMQPConnectionError",
    ),
    Case(
        "connect", close_on_accept(), "EOFError IncompatibleProtocolError IncompatibleProtocolError AMQPConnectionError"
    ),
    Case(
        "connect",
        connection_refused(),
        "ConnectionRefusedError AMQPConnectionError AMQPConnectionError AMQPConnectionError",
    ),
    Case("connect", slow_accept(0.05), "ok"),
    Case("connect", hang(), WAITS, "connect"),
]


@pytest.fixture
def broker(virtual_clock: VirtualClock) -> Iterator[FakeAmqp]:
    with FakeAmqp("broker") as broker:
        queue = broker.queue("q", dead_letter=True)
        for body in (b"one", b"two"):
            queue.publish(body)
        yield broker


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("case", CASES, ids=repr)
def test_what_a_client_sees(broker: FakeAmqp, case: Case, client: str) -> None:
    rule: Any = None
    if case.fault is not None:
        rule = broker.inject(case.fault) if case.on == "*" else broker.on(case.on).inject(case.fault)
    assert outcome(CLIENTS[client], broker, case.what) in case.of(client)
    assert rule is None or rule.fired


@pytest.mark.parametrize("client", CLIENTS)
def test_the_handshake_is_spared_unless_it_is_meant(broker: FakeAmqp, client: str) -> None:
    broker.inject(connection_reset())
    outcome(CLIENTS[client], broker, "get")
    (hit,) = [call for call in broker.calls if call.fault is not None]
    greetings = [call for call in broker.calls if call.kind == "connect"]
    assert hit.kind in {"receive", "declare", "other"}
    assert [call.outcome for call in greetings] == ["answered"] * 3
    assert hit.number == 4  # the first that comes after them

    rule = broker.on("connect").inject(connection_reset())
    outcome(CLIENTS[client], broker, "get")
    assert (rule.fired, [call.operation for call in broker.calls if call.fault][1:]) == (1, ["connection.start-ok"])


def test_every_fault_of_amqp_is_under_contract() -> None:
    from pytest_integrations.faults import amqp, queue

    tested = {type(case.fault).__name__ for case in CASES}
    assert set(amqp.__all__) | set(queue.__all__) <= tested
