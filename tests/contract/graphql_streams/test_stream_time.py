"""Subscriptions of asyncio clients in virtual time: pauses, deadlines and heartbeats take none."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import pytest
from gql import Client, gql
from gql.transport.aiohttp import AIOHTTPTransport
from gql.transport.aiohttp_websockets import AIOHTTPWebsocketsTransport
from gql.transport.exceptions import TransportServerError
from gql.transport.websockets import WebsocketsTransport

from pytest_integrations.backends.graphql.fake import FakeGraphQL
from pytest_integrations.faults.subscription import no_ack, stream_hang

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SCHEMA = "type Query { a: Int } type Subscription { tick: Int }"

pytestmark = [pytest.mark.virtual_time, pytest.mark.usefixtures("virtual_clock")]


@pytest.fixture
def api() -> Iterator[FakeGraphQL]:
    with FakeGraphQL(SCHEMA, "api") as fake:
        yield fake


async def _ticks(make: Callable[..., Any], api: FakeGraphQL, **settings: Any) -> list[tuple[int, float]]:
    """Return the events, and when each came; gql's transports want to be made where they are used."""
    begin = time.monotonic()
    async with Client(transport=make(api, **settings)) as session:
        found = session.subscribe(gql("subscription OnTick { tick }"))
        return [(result["tick"], round(time.monotonic() - begin)) async for result in found]


MAKERS = {
    "websockets": lambda api, **settings: WebsocketsTransport(
        url=api.ws_url, connect_args={"ping_interval": None}, **settings
    ),
    "aiohttp websockets": lambda api, **settings: AIOHTTPWebsocketsTransport(url=api.ws_url, **settings),
}


@pytest.mark.parametrize("make", [*MAKERS.values(), lambda api: AIOHTTPTransport(url=api.url)])
def test_pauses_between_events(api: FakeGraphQL, make: Callable[[FakeGraphQL], Any]) -> None:
    """A minute each, to the second."""
    api.subscription("OnTick").replies([{"tick": 1}, {"tick": 2}, {"tick": 3}], every=60)
    assert asyncio.run(_ticks(make, api)) == [(1, 60), (2, 120), (3, 180)]


@pytest.mark.parametrize("make", MAKERS.values())
def test_a_deadline_for_the_acknowledgement(api: FakeGraphQL, make: Callable[..., Any]) -> None:
    """Ten minutes."""
    api.inject(no_ack())
    begin = time.monotonic()
    with pytest.raises(TimeoutError):
        asyncio.run(_ticks(make, api, ack_timeout=600))
    assert 600 <= time.monotonic() - begin < 630


@pytest.mark.parametrize("make", MAKERS.values())
def test_a_heartbeat_that_finds_a_stream_that_hangs(api: FakeGraphQL, make: Callable[..., Any]) -> None:
    """The ping of the protocol goes unanswered."""
    api.subscription("OnTick").replies([{"tick": 1}, {"tick": 2}])
    api.inject(stream_hang(after=1))
    begin = time.monotonic()
    with pytest.raises(TransportServerError, match="No pong received after 90 seconds"):
        asyncio.run(_ticks(make, api, ping_interval=300, pong_timeout=90))
    assert 390 <= time.monotonic() - begin < 420
    assert [event.payload for event in api.calls[-1].events] == [{"data": {"tick": 1}}]  # type: ignore[attr-defined]
