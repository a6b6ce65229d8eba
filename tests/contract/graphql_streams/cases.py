"""Which fault shows how in which client: declared here, checked by `test_stream_clients`, and shown in the docs.

Each subscription is `tick` with 1, 2, 3, and then complete.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_integrations.backends.graphql.fake import FakeGraphQL
from pytest_integrations.faults.subscription import (
    close_socket,
    close_without_complete,
    multipart_no_terminator,
    no_ack,
    no_pong,
    sse_no_complete,
    stream_hang,
    stream_reset,
)
from pytest_integrations.faults.subscription_events import (
    duplicate_next,
    malformed_frame,
    malformed_json,
    next_after_complete,
    out_of_order,
    sse_bad_field,
    unknown_type,
    wrong_id,
)
from pytest_integrations.timekeeping import VirtualClock

from .clients import AIOHTTP, AIOHTTP_LEGACY, CLIENTS, EVENTS, PARTS, WEBSOCKETS, WEBSOCKETS_LEGACY

if TYPE_CHECKING:
    from pytest_integrations.faults.streams import StreamFault

    from .clients import Observed, Subscribing

SCHEMA = "type Query { a: Int } type Subscription { tick: Int }"


@dataclass(frozen=True)
class Case:
    """What some clients observe of one fault."""

    fault: StreamFault | None
    clients: tuple[Subscribing, ...]
    events: tuple[int, ...]
    end: str


SOCKETS = (WEBSOCKETS, WEBSOCKETS_LEGACY, AIOHTTP, AIOHTTP_LEGACY)
PYTHON = (WEBSOCKETS, WEBSOCKETS_LEGACY)
FAILED = "TransportConnectionFailed"

CASES = (
    Case(None, CLIENTS, (1, 2, 3), "end"),
    Case(no_ack(), SOCKETS, (), "TimeoutError"),
    Case(no_pong(), (WEBSOCKETS, AIOHTTP), (1, 2, 3), "TransportServerError: No pong"),
    Case(no_pong(), (WEBSOCKETS_LEGACY,), (1, 2, 3), "TransportConnectionFailed: sent 1011"),
    Case(no_pong(), (AIOHTTP_LEGACY,), (1, 2, 3), "TransportConnectionFailed: 1006 ServerTimeoutError"),
    Case(
        close_socket(1012, "Service restart", 1),
        PYTHON,
        (1,),
        f"{FAILED}: got 1012, sent 1012",
    ),
    Case(close_socket(1012, "Service restart", 1), (AIOHTTP, AIOHTTP_LEGACY), (1,), "TransportConnectionFailed: 1012"),
    Case(
        close_socket(4403, "Forbidden"),
        PYTHON,
        (),
        f"{FAILED}: got 4403, sent 4403",
    ),
    Case(close_socket(4403, "Forbidden"), (AIOHTTP, AIOHTTP_LEGACY), (), "TransportConnectionFailed: 4403"),
    Case(stream_reset(after=1), PYTHON, (1,), "TransportConnectionFailed: no close frame"),
    Case(
        stream_reset(after=1),
        (AIOHTTP, AIOHTTP_LEGACY),
        (1,),
        "TransportConnectionFailed: 1006 ClientConnectionResetError",
    ),
    Case(stream_reset(after=1), (PARTS,), (), "TransportConnectionFailed: Response payload is not completed: <Tran"),
    Case(stream_reset(after=1), (EVENTS,), (1,), "ReadError"),
    Case(stream_hang(after=1), (WEBSOCKETS, AIOHTTP), (1,), "TransportServerError: No pong"),
    Case(stream_hang(after=1), (WEBSOCKETS_LEGACY, EVENTS), (1,), "waits for ever"),
    Case(stream_hang(after=1), (AIOHTTP_LEGACY,), (1,), "TransportConnectionFailed: 1006 ServerTimeoutError"),
    Case(stream_hang(after=1), (PARTS,), (), "waits for ever"),
    Case(
        close_without_complete(),
        PYTHON,
        (1, 2, 3),
        f"{FAILED}: got 1000, sent 1000",
    ),
    Case(close_without_complete(), (AIOHTTP, AIOHTTP_LEGACY), (1, 2, 3), "TransportConnectionFailed: 1000"),
    Case(
        malformed_json(after=1),
        SOCKETS,
        (1,),
        "TransportProtocolError: did not return a result",
    ),
    Case(malformed_json(after=1), (PARTS,), (1, 3), "end"),
    Case(malformed_json(after=1), (EVENTS,), (1,), "JSONDecodeError"),
    Case(malformed_frame(after=1), PYTHON, (1,), "TransportConnectionFailed: sent 1002"),
    Case(malformed_frame(after=1), (AIOHTTP, AIOHTTP_LEGACY), (1,), "TransportConnectionFailed: 1002"),
    Case(
        unknown_type(after=1),
        SOCKETS,
        (1,),
        "TransportProtocolError: 'type': 'surprise'",
    ),
    Case(unknown_type(after=1), (EVENTS,), (1, 3), "end"),
    Case(wrong_id(after=1), SOCKETS, (1, 3), "end"),
    Case(
        duplicate_next(after=1),
        CLIENTS,
        (1, 2, 2, 3),
        "end",
    ),
    Case(out_of_order(after=1), CLIENTS, (1, 3, 2), "end"),
    Case(next_after_complete(), CLIENTS, (1, 2, 3), "end"),
    Case(sse_no_complete(), (EVENTS,), (1, 2, 3), "the end of the body"),
    Case(sse_bad_field(after=1), (EVENTS,), (1, 3), "end"),
    Case(multipart_no_terminator(), (PARTS,), (1, 2, 3), "TransportConnectionFailed: Reading after EOF"),
)
"""Every fault in every client whose transport it can happen on; None is a healthy subscription."""


def run(fault: StreamFault | None, client: Subscribing) -> tuple[Observed, FakeGraphQL]:
    """Let *client* meet *fault*, in virtual time; return what it observes, and the fake, which is stopped by then."""
    with VirtualClock(), FakeGraphQL(SCHEMA) as fake:
        ticks = [{"tick": 1}, {"tick": 2}, {"tick": 3}]
        is_slow = isinstance(fault, no_pong) and client.transport in fault.transports  # until a pong is missed
        fake.subscription("OnTick").replies(ticks, then="open" if is_slow else "complete")
        if fault is not None:
            fake.inject(fault)
        return client.observe(fake), fake
