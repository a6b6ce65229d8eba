"""Subscriptions as a test drives them: the same on every transport."""

from __future__ import annotations

import json
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from websockets.sync.client import connect

from pytest_integrations.backends.graphql.answered import answer
from pytest_integrations.backends.graphql.errors import FieldError
from pytest_integrations.backends.graphql.fake import FakeGraphQL
from pytest_integrations.core.errors import HandlerFailed, ScriptingError, UnexpectedCall
from pytest_integrations.faults import field_error, status

from .stream_reader import ON_MESSAGE, SCHEMA, TRANSPORTS, Reader, message

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


pytestmark = pytest.mark.usefixtures("no_leaks")


@pytest.fixture
def api() -> Iterator[FakeGraphQL]:
    with FakeGraphQL(SCHEMA, "api") as fake:
        yield fake


@pytest.fixture(params=TRANSPORTS)
def reader(api: FakeGraphQL, request: pytest.FixtureRequest) -> Iterator[Reader]:
    """A subscriber on each transport."""
    with ExitStack() as stack:
        yield Reader(api, stack, request.param)


# -- what a test sends


def test_events_go_to_whoever_has_subscribed(api: FakeGraphQL, reader: Reader) -> None:
    """What comes before the first subscriber is kept for it; each event is one of the call's."""
    sub = api.subscription("OnMessage").next(message(1))
    reader.subscribe()
    assert reader.read() == ("next", {"data": message(1)})
    assert sub.subscribers == 1
    sub.next(message(2)).complete()
    assert reader.read() == ("next", {"data": message(2)})
    assert reader.read()[0] == "complete"
    assert sub.subscribers == 0
    call = sub.received[0]
    assert (call.kind, call.outcome, call.failed, call.handled) == ("subscription", "answered", False, True)
    assert [(event.kind, event.payload) for event in call.events] == [  # type: ignore[attr-defined]
        ("next", {"data": message(1)}),
        ("next", {"data": message(2)}),
        ("complete", None),
    ]
    assert call.transport == reader.transport  # type: ignore[attr-defined]
    assert call.operation == "subscription OnMessage"


def test_an_error_ends_it(api: FakeGraphQL, reader: Reader) -> None:
    """As a message where there is one for it, else as a result without data."""
    api.subscription("OnMessage").next(message(1)).error("no more", {"message": "really"})
    reader.subscribe()
    assert reader.read() == ("next", {"data": message(1)})
    kind, payload = reader.read()
    if reader.transport == "graphql-ws":  # which knows one error
        assert (kind, payload) == ("error", {"message": "no more"})
    elif reader.transport.startswith("sse"):
        assert (kind, payload) == ("next", {"errors": [{"message": "no more"}, {"message": "really"}]})
        assert reader.read()[0] == "complete"
    else:
        assert (kind, payload) == ("error", [{"message": "no more"}, {"message": "really"}])
    call = api.subscription("OnMessage").received[0]
    assert (call.outcome, call.failed) == ("answered", True)
    assert [error["message"] for error in call.errors] == ["no more", "really"]  # type: ignore[attr-defined]


def test_a_result_has_what_is_missing_and_only_what_was_asked(api: FakeGraphQL, reader: Reader) -> None:
    """Default data, the client's aliases, nulls propagated, errors beside data."""
    sub = api.subscription()
    sub.next({"messageAdded": {"id": "7", "text": FieldError("hidden", code="FORBIDDEN")}})
    sub.next({"messageAdded": {"author": {"name": None}}}, extensions={"cost": 1})
    sub.complete()
    reader.subscribe("subscription { added: messageAdded { id text author { called: name } } }")
    kind, result = reader.read()
    assert kind == "next"
    assert result["data"] == {"added": {"id": "7", "text": None, "author": {"called": "User.name 1"}}} or (
        result["data"]["added"]["id"] == "7" and result["data"]["added"]["text"] is None
    )
    assert result["errors"][0]["extensions"] == {"code": "FORBIDDEN"}
    _, result = reader.read()
    assert result["data"]["added"]["author"] is None
    assert result["errors"][0]["path"] == ["added", "author", "called"]
    assert result["extensions"] == {"cost": 1}
    assert sub.received[0].result == "partial"  # type: ignore[attr-defined]


def test_what_is_sent_while_nobody_is_there_is_lost(api: FakeGraphQL, reader: Reader) -> None:
    """But for what is sent before anybody was."""
    sub = api.subscription("OnMessage").next(message(1))
    reader.subscribe()
    reader.read()
    reader.leave()
    while sub.subscribers:
        time.sleep(0.01)
    sub.next(message(2))
    with ExitStack() as stack:
        again = Reader(api, stack, reader.transport).subscribe()
        sub.next(message(3)).complete()
        assert again.read() == ("next", {"data": message(3)})
    first = next(call for call in api.calls if call.kind == "subscription")
    expected = "answered" if reader.transport == "sse-single" else "abandoned"  # of that, the POST was answered
    assert first.outcome == expected


def test_every_subscriber_gets_its_own_selection(api: FakeGraphQL) -> None:
    """And rules choose by name and variables."""
    with ExitStack() as stack:
        red = api.subscription("OnMessage", variables={"room": "red"})
        blue = api.subscription("OnMessage", variables={"room": "blue"})
        readers = [Reader(api, stack, name) for name in ("graphql-transport-ws", "sse")]
        readers[0].subscribe(room="red")
        readers[1].subscribe("subscription OnMessage($room: String) { messageAdded(room: $room) { id } }", room="blue")
        red.next({"messageAdded": {"id": "1"}}).complete()
        blue.next({"messageAdded": {"id": "2"}}).complete()
        assert readers[0].read()[1]["data"]["messageAdded"] == {"id": "1", "text": "Message.text 1"}
        assert readers[1].read()[1]["data"]["messageAdded"] == {"id": "2"}


def test_several_subscriptions_on_one_connection(api: FakeGraphQL) -> None:
    """Each with its id; one that is stopped leaves the others alone."""
    sub = api.subscription("OnMessage")
    with connect(api.ws_url, subprotocols=["graphql-transport-ws"], proxy=None) as socket:  # type: ignore[list-item]
        socket.send('{"type": "connection_init"}')
        socket.recv(5)
        for id in ("a", "b"):  # noqa: A001
            socket.send(json.dumps({"id": id, "type": "subscribe", "payload": {"query": ON_MESSAGE}}))
        while sub.subscribers < 2:
            time.sleep(0.01)
        socket.send('{"id": "a", "type": "complete"}')
        while sub.subscribers > 1:
            time.sleep(0.01)
        sub.next(message(1))
        assert json.loads(socket.recv(5)) == {"id": "b", "type": "next", "payload": {"data": message(1)}}
    stopped, left = sub.received
    assert (stopped.outcome, stopped.verdict, stopped.failed, stopped.gone is not None) == (
        "answered",
        "stopped",
        False,
        True,
    )
    assert (left.outcome, left.gone is not None) == ("abandoned", True)


# -- said beforehand


def test_a_script_begins_anew_for_everybody(api: FakeGraphQL, reader: Reader) -> None:
    """And ends in order, if it is to."""
    api.subscription("OnMessage").replies([message(1), answer(errors=["two"])])
    for _ in range(2):
        with ExitStack() as stack:
            each = Reader(api, stack, reader.transport).subscribe()
            assert each.read() == ("next", {"data": message(1)})
            assert each.read() == ("next", {"errors": [{"message": "two"}]})
            assert each.read()[0] == "complete"


@pytest.mark.virtual_time
@pytest.mark.usefixtures("virtual_clock")
@pytest.mark.parametrize("transport", ["graphql-transport-ws", "graphql-ws", "sse"])
def test_a_script_with_pauses_takes_virtual_time(transport: str) -> None:
    """Minutes between two events are no time at all."""
    with FakeGraphQL(SCHEMA, "api") as api, ExitStack() as stack:
        api.subscription("OnMessage").replies([message(1), message(2)], every=600)
        reader = Reader(api, stack, transport, patience=None).subscribe()
        assert [reader.read()[0] for _ in range(3)] == ["next", "next", "complete"]
        first, second, end = api.subscription("OnMessage").received[0].events  # type: ignore[attr-defined]
        assert (second.at - first.at, end.at - second.at) == (600, 0)


@pytest.mark.parametrize(
    ("script", "message"),
    [
        (lambda sub: sub.replies({"messageAdded": {}}), "no list of events"),
        (lambda sub: sub.replies([3]), "no data of an operation"),
        (lambda sub: sub.replies([], then="stop"), "then='stop' is unknown: valid are 'complete', 'open'"),
        (lambda sub: sub.replies([], every=-1), "every=-1 is not a duration"),
        (lambda sub: sub.next("text"), "no data of an operation"),
        (lambda sub: sub.error(), "needs at least one error"),
        (lambda sub: sub.error(3), "is no error"),
        (lambda sub: sub.fake.accept_connections(3), "check=3 is not callable"),
    ],
)
def test_what_is_written_wrong_is_told_at_its_line(
    api: FakeGraphQL, script: Callable[[Any], object], message: str
) -> None:
    """Naming the value and the valid ones."""
    with pytest.raises(ScriptingError, match=message):
        script(api.subscription("OnMessage"))


# -- callables of the test


@pytest.mark.parametrize("kind", ["plain", "async"])
def test_resolvers_run_elsewhere_and_keep_the_order(api: FakeGraphQL, reader: Reader, kind: str) -> None:
    """One that takes its time does not let the next event overtake it."""

    def plain(arguments: Any) -> str:
        time.sleep(0.02)
        return "slowly"

    async def coroutine(arguments: Any) -> str:
        return "slowly"

    api.resolve("Message.text", plain if kind == "plain" else coroutine)
    sub = api.subscription("OnMessage")
    for id in range(3):  # noqa: A001
        sub.next({"messageAdded": {"id": str(id)}})
    sub.complete()
    reader.subscribe()
    expected = [{"data": {"messageAdded": {"id": str(id), "text": "slowly"}}} for id in range(3)]  # noqa: A001
    assert [reader.read()[1] for _ in range(3)] == expected
    assert reader.read()[0] == "complete"


def test_data_that_the_schema_does_not_have_fails_the_test(reader: Reader) -> None:
    """With the fields that are near."""
    with (  # noqa: PT012 -- at the end of the fake
        pytest.raises(HandlerFailed, match="txt"),
        FakeGraphQL(SCHEMA, "api") as api,
        ExitStack() as stack,
    ):
        api.subscription().next({"messageAdded": {"txt": "x"}}).complete()
        each = Reader(api, stack, reader.transport).subscribe()
        assert "errors" in each.read()[1]


# -- other operations, other answers


@pytest.mark.parametrize("transport", ["graphql-transport-ws", "graphql-ws", "sse", "sse-single"])
def test_queries_and_mutations_come_the_same_way(api: FakeGraphQL, transport: str) -> None:
    """One result, and the end."""
    api.query("GetUser").reply({"user": {"name": "Ada"}})
    for query, data in [
        ("query GetUser { user(id: 7) { id name } }", {"user": {"id": "7", "name": "Ada"}}),
        ('mutation { rename(name: "x") { id } }', {"rename": {"id": "User.id"}}),
    ]:
        with ExitStack() as stack:
            reader = Reader(api, stack, transport).subscribe(query)
            kind, result = reader.read()
            assert kind == "next"
            assert result["data"].keys() == data.keys()
            assert "query" not in query or result == {"data": data}
            assert reader.read()[0] == "complete"
        assert api.calls.where(lambda call: call.kind in {"query", "mutation"})[-1].status in {None, 200, 202}


def test_what_is_not_valid_fails_the_test_and_is_told(reader: Reader) -> None:
    """An `error`, or a result with errors."""
    with pytest.raises(UnexpectedCall, match="messageAded"), FakeGraphQL(SCHEMA, "api") as api:  # noqa: PT012, SIM117
        with ExitStack() as stack:
            each = Reader(api, stack, reader.transport)
            if reader.transport in {"sse-single", "multipart"}:  # there the answer is one of HTTP
                answered = httpx.post(api.url, json={"query": "subscription { messageAded { id } }"}, trust_env=False)
                assert "messageAded" in answered.text
            else:
                kind, payload = each.subscribe("subscription { messageAded { id } }").read()
                assert kind == ("next" if reader.transport == "sse" else "error")
                assert "messageAded" in str(payload)


def test_a_subscription_by_plain_http_is_refused() -> None:
    """With the ways that there are."""
    with pytest.raises(UnexpectedCall, match="over WebSocket, or with Accept"), FakeGraphQL(SCHEMA) as api:  # noqa: PT012
        answered = httpx.post(api.url, json={"query": ON_MESSAGE}, trust_env=False)
        assert (answered.status_code, "over WebSocket" in answered.text) == (406, True)


def test_nobody_scripted_it(reader: Reader) -> None:
    """Where that is to fail, it does; by default the subscription is open and silent."""
    with pytest.raises(UnexpectedCall, match="nothing was scripted"):  # noqa: SIM117
        with FakeGraphQL(SCHEMA, "api", unscripted="fail") as api, ExitStack() as stack:
            assert "nothing was scripted" in str(Reader(api, stack, reader.transport).subscribe().read()[1])


# -- faults that are not of streams alone


def test_a_field_fails_in_each_event(api: FakeGraphQL, reader: Reader) -> None:
    """Faults of fields happen to a subscription as a whole."""
    api.subscription("OnMessage").inject(field_error("Message.text", "down"))
    api.subscription("OnMessage").replies([message(1), message(2)])
    reader.subscribe()
    for id in (1, 2):  # noqa: A001
        _, result = reader.read()
        assert result["data"] == {"messageAdded": {"id": str(id), "text": None}}
        assert result["errors"][0]["message"] == "down"


@pytest.mark.parametrize("transport", ["graphql-transport-ws", "sse", "multipart"])
def test_a_fault_of_http_happens_to_the_request(api: FakeGraphQL, transport: str) -> None:
    """Of a WebSocket to its handshake; what is inside of it is not a request, and is left alone."""
    rule = api.inject(status(503))
    with ExitStack() as stack:
        if transport.startswith("graphql"):
            with pytest.raises(Exception, match="503"):
                Reader(api, stack, transport).subscribe()
        else:
            accept = "text/event-stream" if transport == "sse" else "multipart/mixed"
            answered = httpx.post(api.url, json={"query": ON_MESSAGE}, headers={"Accept": accept}, trust_env=False)
            assert answered.status_code == 503
        assert rule.fired == 1
        sub = api.subscription("OnMessage").next(message(1))
        rule = api.inject(status(503), skip=1)  # not for the handshake, and so for none of its operations
        reader = Reader(api, stack, transport).subscribe()
        sub.complete()
        assert reader.read() == ("next", {"data": message(1)})
        api.heal()
