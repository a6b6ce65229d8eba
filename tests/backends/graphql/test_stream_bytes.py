"""Each fault of a subscription by its bytes, on a raw socket, and what the ledger says of it."""

from __future__ import annotations

import json
import struct
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

from pytest_integrations.backends.graphql.fake import FakeGraphQL
from pytest_integrations.core.errors import ScriptingError
from pytest_integrations.core.message import unchunked
from pytest_integrations.faults.subscription import (
    close_socket,
    close_without_complete,
    defer_never_completes,
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
from tests.wire.raw import Raw

from .stream_wire import SOCKETS, TICK, Wire

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_integrations.core.graphql_call import GraphQLCall
    from pytest_integrations.faults.streams import StreamFault

SCHEMA = "type Query { a: String b: String } type Subscription { tick: Int }"
BODIES = ("sse", "multipart")
ALL = (*SOCKETS, *BODIES)

pytestmark = pytest.mark.usefixtures("no_leaks")


@pytest.fixture
def api() -> Iterator[FakeGraphQL]:
    with FakeGraphQL(SCHEMA, "api") as fake:
        fake.subscription("OnTick").replies([{"tick": 1}, {"tick": 2}])
        yield fake


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def _event(tick: int, **changes: Any) -> dict[str, Any]:
    return {"id": "1", "type": "next", "payload": {"data": {"tick": tick}}, **changes}


def _call(api: FakeGraphQL) -> GraphQLCall:
    return api.subscription("OnTick").received[0]  # type: ignore[return-value]


def _typed(transport: str, message: dict[str, Any]) -> dict[str, Any]:
    return {**message, "type": "data"} if transport == "graphql-ws" and message["type"] == "next" else message


# -- connections


@pytest.mark.parametrize("transport", SOCKETS)
def test_no_ack(api: FakeGraphQL, stack: ExitStack, transport: str) -> None:
    """Nothing after the init; the next connection is healthy."""
    api.inject(no_ack())
    wire = Wire(api, stack, transport)
    assert wire.is_silent()
    assert (api.calls[0].kind, api.calls[0].fault) == ("connect", no_ack())
    assert Wire(api, stack, transport).subscribe().hear() == _typed(transport, _event(1))


@pytest.mark.parametrize("transport", SOCKETS)
def test_no_pong(api: FakeGraphQL, stack: ExitStack, transport: str) -> None:
    """Neither to the frame nor to the message; everything else is answered."""
    api.inject(no_pong())
    wire = Wire(api, stack, transport)
    wire.frame(0x89, b"?")
    if transport == "graphql-transport-ws":
        wire.say({"type": "ping"})
    assert wire.subscribe().hear() == _typed(transport, _event(1))
    healthy = Wire(api, stack, transport)
    healthy.frame(0x89, b"?")
    assert healthy.hear() == {"type": "connection_ack"}
    assert healthy.take() == ((0x8A, b"?") if transport == "graphql-transport-ws" else (0x81, b'{"type":"ka"}'))


# -- ends


@pytest.mark.parametrize("transport", SOCKETS)
def test_close_socket(api: FakeGraphQL, stack: ExitStack, transport: str) -> None:
    """The frame to the byte; then FIN once the client has answered."""
    api.inject(close_socket(4500, "Internal", after=1))
    wire = Wire(api, stack, transport).subscribe()
    assert wire.hear() == _typed(transport, _event(1))
    assert wire.take() == (0x88, struct.pack("!H", 4500) + b"Internal")
    wire.frame(0x88, struct.pack("!H", 4500))
    assert wire.raw.rest() == b""
    call = _call(api)
    assert (call.outcome, call.failed, [event.kind for event in call.events]) == ("truncated", True, ["next"])
    assert api.connections[0].closed_by == "fake"


@pytest.mark.parametrize("transport", ALL)
@pytest.mark.parametrize("after", [0, 1])
def test_stream_reset(api: FakeGraphQL, stack: ExitStack, transport: str, after: int) -> None:
    """What was sent arrives, then RST."""
    api.inject(stream_reset(after=after))
    wire = Wire(api, stack, transport).subscribe()
    if transport in SOCKETS and after:
        assert wire.hear() == _typed(transport, _event(1))
    elif transport in BODIES:
        wire.raw._until(b"\r\n\r\n")
    with pytest.raises(ConnectionResetError):  # noqa: PT012 -- whichever piece it is
        while True:
            wire.raw.receive()
    assert (b'"tick":1' in bytes(wire.raw._came)) is (transport in BODIES and after == 1)
    call = _call(api)
    assert (call.outcome, call.failed, len(call.events)) == ("reset", True, after)
    assert api.subscription("OnTick").subscribers == 0


@pytest.mark.parametrize("transport", ALL)
def test_stream_hang(api: FakeGraphQL, stack: ExitStack, transport: str) -> None:
    """One event, and nothing more: no pong, no FIN; other subscriptions of the connection hang with it."""
    api.inject(stream_hang(after=1))
    wire = Wire(api, stack, transport).subscribe()
    if transport in SOCKETS:
        assert wire.hear() == _typed(transport, _event(1))
        wire.frame(0x89, b"?")
    else:
        wire.raw._until(b'"tick":1')
        wire.is_silent()
    assert wire.is_silent()
    call = _call(api)
    assert (call.outcome, call.ended, len(call.events)) == ("hung", None, 1)
    wire.raw.close()
    api.ledger.settle()
    assert api.connections[0].closed_by == "client"


@pytest.mark.parametrize("transport", SOCKETS)
def test_close_without_complete(api: FakeGraphQL, stack: ExitStack, transport: str) -> None:
    """1000 in place of the end."""
    api.inject(close_without_complete())
    wire = Wire(api, stack, transport).subscribe()
    assert [wire.hear() for _ in range(2)] == [_typed(transport, _event(1)), _typed(transport, _event(2))]
    assert wire.take() == (0x88, struct.pack("!H", 1000))
    assert (_call(api).outcome, _call(api).spoiled) == ("truncated", True)


def test_sse_no_complete(api: FakeGraphQL, stack: ExitStack) -> None:
    """The body is whole, and its last event is a result."""
    api.inject(sse_no_complete())
    body = Wire(api, stack, "sse").body()
    assert body == b":\n\n" + _sse(1) + _sse(2)
    assert (_call(api).verdict, _call(api).failed) == ("200 spoiled", True)


def test_multipart_no_terminator(api: FakeGraphQL, stack: ExitStack) -> None:
    """The last delimiter lacks its two dashes."""
    assert Wire(api, stack, "multipart").body() == b"\r\n--graphql" + _part(1) + _part(2) + b"--\r\n"
    api.inject(multipart_no_terminator())
    assert Wire(api, stack, "multipart").body() == b"\r\n--graphql" + _part(1) + _part(2)


def _sse(tick: int, name: str = "next", fields: tuple[str, str] = ("event", "data")) -> bytes:
    return f'{fields[0]}: {name}\n{fields[1]}: {{"data":{{"tick":{tick}}}}}\n\n'.encode()


def _part(tick: int) -> bytes:
    content = f'{{"payload":{{"data":{{"tick":{tick}}}}}}}'
    return f"\r\nContent-Type: application/json\r\n\r\n{content}\r\n--graphql".encode()


END = b"event: complete\ndata: \n\n"


# -- events


@pytest.mark.parametrize("transport", SOCKETS)
@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (unknown_type(after=1), [_event(1), _event(2, type="surprise"), {"id": "1", "type": "complete"}]),
        (wrong_id(), [_event(1, id="1999"), _event(2), {"id": "1", "type": "complete"}]),
        (duplicate_next(after=1), [_event(1), _event(2), _event(2), {"id": "1", "type": "complete"}]),
        (out_of_order(), [_event(2), _event(1), {"id": "1", "type": "complete"}]),
        (out_of_order(after=1), [_event(1), _event(2), {"id": "1", "type": "complete"}]),  # none follows it
        (next_after_complete(), [_event(1), _event(2), {"id": "1", "type": "complete"}, _event(2)]),
    ],
)
def test_events_over_websocket(
    api: FakeGraphQL, stack: ExitStack, transport: str, fault: StreamFault, expected: list[dict[str, Any]]
) -> None:
    """Message by message."""
    api.inject(fault)
    wire = Wire(api, stack, transport).subscribe()
    assert [wire.hear() for _ in expected] == [_typed(transport, each) for each in expected]
    assert wire.is_silent()
    call = _call(api)
    assert (call.fault, call.outcome, len(call.events)) == (fault, "answered", len(expected))
    assert call.spoiled is (fault.name in {"unknown_type", "wrong_id"})


@pytest.mark.parametrize("transport", SOCKETS)
def test_malformed_messages(api: FakeGraphQL, stack: ExitStack, transport: str) -> None:
    """Half of the JSON in a sound frame; a frame that no client may take."""
    api.inject(malformed_json(), malformed_frame())
    whole = json.dumps(_typed(transport, _event(1)), separators=(",", ":")).encode()
    wire = Wire(api, stack, transport).subscribe()
    assert wire.take() == (0x81, whole[: len(whole) // 2])
    wire = Wire(api, stack, transport).subscribe()
    assert wire.raw.take(4) == b"\xf1\x02{}"
    assert wire.hear() == _typed(transport, _event(2))
    assert all(call.spoiled and call.failed for call in api.subscription("OnTick").received)


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (malformed_json(after=1), _sse(1) + b'event: next\ndata: {"data":{\n\n' + END),
        (unknown_type(), _sse(1, "surprise") + _sse(2) + END),
        (sse_bad_field(after=1), _sse(1) + _sse(2, "next", ("evnt", "date")) + END),
        (duplicate_next(), _sse(1) + _sse(1) + _sse(2) + END),
        (out_of_order(), _sse(2) + _sse(1) + END),
        (next_after_complete(), _sse(1) + _sse(2) + END + _sse(2)),
        (wrong_id(), _sse(1) + _sse(2) + END),  # there are no ids here
    ],
)
@pytest.mark.filterwarnings("ignore::pytest_integrations.FaultNeverFired")
def test_events_of_server_sent_events(api: FakeGraphQL, stack: ExitStack, fault: StreamFault, expected: bytes) -> None:
    """Byte by byte."""
    rule = api.inject(fault)
    assert Wire(api, stack, "sse").body() == b":\n\n" + expected
    assert rule.fired == (0 if fault.name == "wrong_id" else 1)


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (
            malformed_json(),
            _part(1).replace(b'{"payload":{"data":{"tick":1}}}', b'{"payload":{"da') + _part(2) + b"--\r\n",
        ),
        (duplicate_next(), _part(1) + _part(1) + _part(2) + b"--\r\n"),
        (out_of_order(), _part(2) + _part(1) + b"--\r\n"),
        (next_after_complete(), _part(1) + _part(2) + b"--\r\n" + _part(2)),
    ],
)
def test_events_in_parts(api: FakeGraphQL, stack: ExitStack, fault: StreamFault, expected: bytes) -> None:
    """Byte by byte."""
    api.inject(fault)
    assert Wire(api, stack, "multipart").body() == b"\r\n--graphql" + expected


def test_two_faults_in_one_subscription(api: FakeGraphQL, stack: ExitStack) -> None:
    """They add up."""
    api.inject(duplicate_next() + stream_reset(after=3))
    wire = Wire(api, stack, "graphql-transport-ws").subscribe()
    assert [wire.hear() for _ in range(3)] == [_event(1), _event(1), _event(2)]
    with pytest.raises(ConnectionResetError):
        wire.raw.rest()


@pytest.mark.parametrize("fault", [close_socket(after=0), stream_reset(after=0)])
def test_other_operations_of_the_connection_end_with_it(api: FakeGraphQL, stack: ExitStack, fault: StreamFault) -> None:
    """All are recorded as ended by the fake."""
    api.subscription("OnTick").replies([{"tick": 1}], then="open")
    api.inject(fault, skip=1)
    wire = Wire(api, stack, "graphql-transport-ws").subscribe()
    assert wire.hear() == _event(1)
    wire.say({"id": "2", "type": "subscribe", "payload": TICK})
    if fault.name == "close_socket":
        assert wire.take()[0] == 0x88
    else:
        with pytest.raises(ConnectionResetError):
            wire.raw.rest()
    first, second = api.subscription("OnTick").received
    expected = ("truncated", "closed") if fault.name == "close_socket" else ("reset", "reset")
    assert (first.outcome, second.outcome) == expected
    assert api.subscription("OnTick").subscribers == 0


def test_a_query_over_websocket_is_disrupted_as_well(api: FakeGraphQL, stack: ExitStack) -> None:
    """Its result is an event like any other."""
    api.inject(unknown_type())
    wire = Wire(api, stack, "graphql-transport-ws")
    wire.hear()
    wire.say({"id": "1", "type": "subscribe", "payload": {"query": "{ a }"}})
    assert [wire.hear()["type"] for _ in range(2)] == ["surprise", "complete"]


def test_defer_never_completes(api: FakeGraphQL, stack: ExitStack) -> None:
    """All parts but the last, which says that it is, and silence."""
    query = json.dumps({"query": "{ a ... @defer { b } }"}).encode()
    fields = ("Content-Type: application/json", "Accept: multipart/mixed")
    whole = stack.enter_context(Raw(api)).ask(api.path, "POST", query, *fields).answer("POST").body  # type: ignore[arg-type]
    api.inject(defer_never_completes())
    wire = stack.enter_context(Raw(api)).ask(api.path, "POST", query, *fields)  # type: ignore[arg-type]
    wire._until(b"\r\n\r\n")
    wire.sock.settimeout(0.2)
    with pytest.raises(TimeoutError):  # noqa: PT012 -- whichever piece it is
        while True:
            wire.receive()
    came = unchunked(bytes(wire._came))
    assert whole.startswith(came)
    assert (b'"hasNext":true' in came, b'"hasNext":false' in came) == (True, False)
    assert api.calls[-1].outcome == "hung"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: close_socket(1005), "code=1005 is not sent in a close frame: valid are 1000 to 1003"),
        (lambda: close_socket(200), "code=200 is not sent"),
        (lambda: close_socket(reason="x" * 124), "does not fit into a close frame"),
        (lambda: close_socket(after=-1), "after=-1 is not a count"),
        (lambda: stream_hang(after=1.5), "after=1.5 is not a count"),
        (lambda: malformed_json(after=-1), "after=-1 is not a count"),
    ],
)
def test_wrong_settings(make: Any, message: str) -> None:
    """One clear error at the line."""
    with pytest.raises(ScriptingError, match=message):
        make()
