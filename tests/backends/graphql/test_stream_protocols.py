"""The protocols over WebSocket and server-sent events, message by message, and what clients get that break them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from pytest_integrations.backends.graphql.fake import FakeGraphQL
from pytest_integrations.backends.graphql.limits import Limits
from pytest_integrations.core.errors import UnexpectedCall

if TYPE_CHECKING:
    from collections.abc import Iterator

    from websockets.sync.client import ClientConnection

SCHEMA = "type Query { a: Int } type Subscription { tick: Int }"
TICK = {"query": "subscription OnTick { tick }"}
INIT = {"type": "connection_init"}
SUBSCRIBE = {"id": "1", "type": "subscribe", "payload": TICK}
START = {"id": "1", "type": "start", "payload": TICK}

pytestmark = pytest.mark.usefixtures("no_leaks")


@pytest.fixture
def api() -> Iterator[FakeGraphQL]:
    """A fake that lets clients break the rules."""
    with FakeGraphQL(SCHEMA, "api", invalid="allow", limits=Limits(body=1000)) as fake:
        fake.subscription("OnTick")
        yield fake


def _open(api: FakeGraphQL, *protocols: str) -> ClientConnection:
    return connect(api.ws_url, subprotocols=protocols or None, proxy=None)  # type: ignore[arg-type]


def _say(socket: ClientConnection, *messages: Any) -> None:
    for message in messages:
        socket.send(message if isinstance(message, str | bytes) else json.dumps(message))


def _hear(socket: ClientConnection) -> Any:
    return json.loads(socket.recv(5))


def _end(socket: ClientConnection) -> tuple[int, str]:
    """Return the code and reason that the server closes with, after whatever it still says."""
    with pytest.raises(ConnectionClosed) as closed:  # noqa: PT012 -- whichever message it is
        while True:
            socket.recv(5)
    assert closed.value.rcvd is not None
    return closed.value.rcvd.code, closed.value.rcvd.reason


# -- graphql-transport-ws


@pytest.mark.parametrize(
    ("messages", "code", "reason"),
    [
        (["no JSON"], 4400, "Invalid message: a message is a JSON object with a type"),
        (["[1]"], 4400, "Invalid message: a message is a JSON object with a type"),
        (['{"id": 1}'], 4400, "Invalid message: a message is a JSON object with a type"),
        (["[" * 900], 4400, "Invalid message: a message is a JSON object with a type"),
        ([b"bytes"], 4400, "Invalid message: a message is text"),
        ([INIT, {"type": "surprise"}], 4400, "Invalid message: a message of type 'surprise'"),
        ([INIT, {"type": "subscribe"}], 4400, "Invalid message: subscribe needs an id and a payload"),
        ([INIT, {**SUBSCRIBE, "id": ""}], 4400, "Invalid message: subscribe needs an id and a payload"),
        ([INIT, {**SUBSCRIBE, "payload": "x"}], 4400, "Invalid message: subscribe needs an id and a payload"),
        ([SUBSCRIBE], 4401, "Unauthorized"),
        ([INIT, SUBSCRIBE, SUBSCRIBE], 4409, "Subscriber for 1 already exists"),
        ([INIT, INIT], 4429, "Too many initialisation requests"),
        (["x" * 1001], 1009, "a message is longer than 1000 bytes"),
    ],
)
def test_codes_of_graphql_transport_ws(api: FakeGraphQL, messages: list[Any], code: int, reason: str) -> None:
    """As PROTOCOL.md of the library graphql-ws has them."""
    with _open(api, "graphql-transport-ws") as socket:
        _say(socket, *messages)
        assert _end(socket) == (code, reason)


def test_a_client_that_does_not_say_hello_is_closed_on(api: FakeGraphQL, virtual_clock: Any) -> None:
    """After three seconds, with 4408."""
    before = virtual_clock.monotonic()
    with _open(api, "graphql-transport-ws") as socket:
        with pytest.raises(ConnectionClosed, match="4408"):
            socket.recv()
        assert 3 <= virtual_clock.monotonic() - before < 4
        assert api.connections[0].closed_by == "fake"


@pytest.mark.parametrize("offer", [(), ("mqtt",)])
def test_a_client_of_another_protocol_is_closed_on(api: FakeGraphQL, offer: tuple[str, ...]) -> None:
    """With 4406."""
    with _open(api, *offer) as socket:
        assert socket.subprotocol is None
        assert _end(socket) == (4406, "Subprotocol not acceptable")


def test_pings_either_way(api: FakeGraphQL) -> None:
    """Those of the protocol with their payload; a pong that nobody asked for is taken."""
    with _open(api, "graphql-transport-ws") as socket:
        _say(socket, {"type": "ping"}, {"type": "ping", "payload": {"n": 1}}, {"type": "pong"})
        assert [_hear(socket), _hear(socket)] == [{"type": "pong"}, {"type": "pong", "payload": {"n": 1}}]


def test_an_id_may_be_used_again(api: FakeGraphQL) -> None:
    """After its end; completing what has ended is harmless."""
    api.subscription("OnTick").replies([{"tick": 1}])
    with _open(api, "graphql-transport-ws") as socket:
        _say(socket, INIT, SUBSCRIBE, {"id": "1", "type": "complete"}, SUBSCRIBE)
        kinds = [_hear(socket)["type"] for _ in range(5)]
    assert kinds == ["connection_ack", "next", "complete", "next", "complete"]


def test_breaking_the_rules_fails_the_test() -> None:
    """Unless it allows that."""
    match = "api: a client breaks the rules of graphql-transport-ws: Unauthorized .close code 4401."
    with pytest.raises(UnexpectedCall, match=match), FakeGraphQL(SCHEMA, "api") as api:  # noqa: PT012, SIM117
        with _open(api, "graphql-transport-ws") as socket:
            _say(socket, SUBSCRIBE)
            assert _end(socket)[0] == 4401


@pytest.mark.parametrize(
    ("offer", "chosen"),
    [
        (("graphql-ws", "graphql-transport-ws"), "graphql-transport-ws"),  # as gql offers them
        (("mqtt", "graphql-ws"), "graphql-ws"),
    ],
)
def test_the_newest_protocol_is_chosen(api: FakeGraphQL, offer: tuple[str, ...], chosen: str) -> None:
    """Of those that the client offers."""
    with _open(api, *offer) as socket:
        assert socket.subprotocol == chosen
    assert api.calls[0].transport == chosen  # type: ignore[attr-defined]


def test_what_is_no_handshake_is_refused(api: FakeGraphQL) -> None:
    """As a request of HTTP."""
    headers = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "8"}
    answered = httpx.get(api.url, headers=headers, trust_env=False)
    assert (answered.status_code, answered.headers["Sec-WebSocket-Version"]) == (426, "13")


# -- the legacy protocol


def test_the_legacy_protocol_word_for_word(api: FakeGraphQL) -> None:
    """Init, start, data, stop, terminate."""
    sub = api.subscription("OnTick").next({"tick": 1})
    with _open(api, "graphql-ws") as socket:
        _say(socket, INIT, START)
        assert [_hear(socket) for _ in range(3)] == [
            {"type": "connection_ack"},
            {"type": "ka"},
            {"id": "1", "type": "data", "payload": {"data": {"tick": 1}}},
        ]
        _say(socket, {"id": "1", "type": "stop"})
        assert _hear(socket) == {"id": "1", "type": "complete"}
        assert sub.subscribers == 0
        _say(socket, {"id": "1", "type": "stop"}, {"type": "connection_terminate"})
        assert _end(socket) == (1000, "")
    assert sub.received[0].verdict == "stopped"


def test_what_the_legacy_protocol_does_not_know_is_an_error(api: FakeGraphQL) -> None:
    """And the connection goes on; an id that is used again ends what had it."""
    with _open(api, "graphql-ws") as socket:
        _say(socket, START, "no JSON", {"type": "surprise"}, {**START, "id": 1}, INIT)
        errors = [_hear(socket)["payload"]["message"] for _ in range(4)]
        assert errors == [
            "connection_init comes first",
            "a message is a JSON object with a type",
            "Invalid message type!",
            "connection_init comes first",
        ]
        assert [_hear(socket)["type"] for _ in range(2)] == ["connection_ack", "ka"]
        _say(socket, {**START, "payload": None}, START, START)
        assert _hear(socket)["payload"]["message"] == "start needs an id and a payload"
        api.subscription("OnTick").next({"tick": 1}).complete()
        assert _hear(socket) == {"id": "1", "type": "data", "payload": {"data": {"tick": 1}}}
        assert _hear(socket) == {"id": "1", "type": "complete"}
    assert [call.verdict for call in api.subscription("OnTick").received] == ["stopped", "complete"]


# -- server-sent events, one connection for all


def _token(api: FakeGraphQL) -> str:
    answered = httpx.put(api.stream_url, trust_env=False)
    assert (answered.status_code, answered.headers["content-type"]) == (201, "text/plain; charset=utf-8")
    return answered.text


def _post(api: FakeGraphQL, token: str, id: Any, **request: Any) -> int:  # noqa: A002 -- as the protocol calls it
    body = {**TICK, "extensions": {"operationId": id}, **request}
    headers = {"X-GraphQL-Event-Stream-Token": token}
    return httpx.post(api.stream_url, json=body, headers=headers, trust_env=False).status_code


def test_reservations(api: FakeGraphQL) -> None:
    """Results wait for the stream; one that is stopped sends no more; ids and tokens must be right."""
    sub = api.subscription("OnTick")
    token = _token(api)
    assert _post(api, token, "a") == 202
    sub.next({"tick": 1})
    assert (_post(api, token, "a"), _post(api, token, None), _post(api, "wrong", "b")) == (409, 400, 404)
    assert _post(api, token, "b", query="{ nothing }") == 200  # as application/json has it: errors, and no stream
    with httpx.Client(trust_env=False, timeout=5) as client:  # noqa: SIM117 -- it outlives the stream
        with client.stream("GET", f"{api.stream_url}?token={token}") as stream:
            lines = stream.iter_lines()
            assert [next(lines) for _ in range(5)] == [":", "", "event: next", _data("a", tick=1), ""]
            assert client.get(f"{api.stream_url}?token={token}").status_code == 409
            assert client.get(f"{api.stream_url}?token=wrong").status_code == 404
            assert _post(api, token, "b") == 202
            stopped = client.delete(f"{api.stream_url}?token={token}&operationId=a")
            assert stopped.status_code == 200
            assert client.delete(f"{api.stream_url}?token=wrong&operationId=a").status_code == 404
            sub.next({"tick": 2}).complete()
            assert [next(lines) for _ in range(2)] == ["event: next", _data("b", tick=2)]
            assert [next(lines) for _ in range(3)] == ["", "event: complete", 'data: {"id":"b"}']
    assert _post(api, token, "c") == 404  # the stream was left, and the token with it
    assert sub.subscribers == 0


def _data(id: str, **data: Any) -> str:  # noqa: A002 -- as the protocol calls it
    return "data: " + json.dumps({"id": id, "payload": {"data": data}}, separators=(",", ":"))


def test_the_first_token_is_always_the_same(api: FakeGraphQL) -> None:
    """Nothing is drawn."""
    assert [_token(api), _token(api)] == ["stream-1", "stream-2"]
