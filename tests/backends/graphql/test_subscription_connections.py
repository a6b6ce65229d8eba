"""Connections of subscribers: who may connect, TLS, and what is left of them."""

from __future__ import annotations

import asyncio
import json
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest
from gql import Client as GqlClient
from gql import gql
from gql.transport.aiohttp import AIOHTTPTransport
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from pytest_integrations.backends.graphql.fake import FakeGraphQL
from pytest_integrations.core.errors import HandlerFailed, ScriptingError
from pytest_integrations.faults.subscription import no_ack

from .stream_reader import ON_MESSAGE, SCHEMA, TRANSPORTS, Reader, message

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.usefixtures("no_leaks")


@pytest.fixture
def api() -> Iterator[FakeGraphQL]:
    with FakeGraphQL(SCHEMA, "api") as fake:
        yield fake


# -- who may connect


def test_the_payload_of_the_init_is_recorded_and_asked(api: FakeGraphQL) -> None:
    """4403 for those who are not welcome; a payload for those who are."""
    api.accept_connections(lambda payload: payload == {"token": "right"}, payload={"hello": "you"})
    for token, welcome in [("wrong", False), ("right", True)]:
        with connect(api.ws_url, subprotocols=["graphql-transport-ws"], proxy=None) as socket:  # type: ignore[list-item]
            socket.send(json.dumps({"type": "connection_init", "payload": {"token": token}}))
            if welcome:
                assert json.loads(socket.recv(5)) == {"type": "connection_ack", "payload": {"hello": "you"}}
            else:
                with pytest.raises(ConnectionClosed, match="4403"):
                    socket.recv(5)
    shown = [call.json()["payload"] for call in api.on("connect").received]  # type: ignore[attr-defined]
    assert shown == [{"token": "wrong"}, {"token": "right"}]


def test_a_check_that_raises_fails_the_test() -> None:
    """And lets nobody in."""
    with pytest.raises(HandlerFailed, match="KeyError"), FakeGraphQL(SCHEMA) as api:  # noqa: PT012
        api.accept_connections(lambda payload: payload["token"])
        with connect(api.ws_url, subprotocols=["graphql-ws"], proxy=None) as socket:  # type: ignore[list-item]
            socket.send('{"type": "connection_init", "payload": {}}')
            assert json.loads(socket.recv(5))["type"] == "connection_error"
            with pytest.raises(ConnectionClosed, match="1011"):
                socket.recv(5)


# -- the rest


def test_over_tls() -> None:
    """The same, at wss://."""
    with FakeGraphQL(SCHEMA, "api", tls=True) as api:
        api.subscription("OnMessage").next(message(1))
        assert api.ws_url.startswith("wss://")
        context = api.client_context()
        with connect(api.ws_url, ssl=context, subprotocols=["graphql-transport-ws"], proxy=None) as socket:  # type: ignore[list-item]
            socket.send('{"type": "connection_init"}')
            socket.send(json.dumps({"id": "1", "type": "subscribe", "payload": {"query": ON_MESSAGE}}))
            assert [json.loads(socket.recv(5))["type"] for _ in range(2)] == ["connection_ack", "next"]


def test_gql_is_handed_an_event_that_nothing_follows(api: FakeGraphQL) -> None:
    """In parts, too, where its library waits for what comes next: a heartbeat comes."""
    sub = api.subscription("OnMessage").next(message(1))

    async def first() -> Any:
        async with GqlClient(transport=AIOHTTPTransport(url=api.url)) as session:
            async for result in session.subscribe(gql(ON_MESSAGE)):
                return result
        return None

    assert asyncio.run(asyncio.wait_for(first(), 5)) == message(1)
    assert len(sub.received[0].events) == 1  # type: ignore[attr-defined]


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_stop_ends_all_and_leaves_nothing(transport: str) -> None:
    """No thread, no socket, and calls that say that it was not the client."""
    with FakeGraphQL(SCHEMA, "other") as other, ExitStack() as stack:
        sub = other.subscription("OnMessage").next(message(1))
        each = Reader(other, stack, transport).subscribe()
        each.read()
        other.stop()
        call = sub.received[0]
        assert (call.outcome, call.gone) == ("answered" if transport == "sse-single" else "abandoned", None)


def test_what_is_of_the_connection_is_not_injected_into_a_subscription(api: FakeGraphQL) -> None:
    """The message names the way out."""
    with pytest.raises(ScriptingError, match=r"happens to a connection as a whole: .*api.inject"):
        api.subscription("OnMessage").inject(no_ack())
