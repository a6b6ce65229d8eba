"""Clients that subscribe, and what each of them makes of it: the events, and how it ends."""

from __future__ import annotations

import asyncio
import gc
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx
from gql import Client, gql
from gql.transport.aiohttp import AIOHTTPTransport
from gql.transport.aiohttp_websockets import AIOHTTPWebsocketsTransport
from gql.transport.websockets import WebsocketsTransport

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import Self

    from pytest_integrations.backends.graphql.fake import FakeGraphQL

SUBSCRIPTION = "subscription OnTick { tick }"
_PATIENCE = 2.0
"""Seconds after which a client of a stream that hangs is taken to wait for ever."""
_MOST = 30.0
_HEARTBEAT = 0.3


@dataclass(frozen=True)
class Observed:
    """What a client was given, and how it ended: `"end"`, `"waits for ever"`, or what it raised with a detail."""

    events: tuple[int, ...]
    end: str


@dataclass(frozen=True)
class Subscribing:
    """A client by its name, the transport that it subscribes by, and how."""

    name: str
    transport: str
    subscribe: Callable[[FakeGraphQL, list[int]], Awaitable[str]]

    def observe(self, fake: FakeGraphQL) -> Observed:
        """Subscribe, with a bound on the time."""
        events: list[int] = []
        end = asyncio.run(self._bounded(fake, events))
        gc.collect()  # what a client leaves behind is told here, and not in another test
        return Observed(tuple(events), end)

    async def _bounded(self, fake: FakeGraphQL, events: list[int]) -> str:
        task = asyncio.ensure_future(self.subscribe(fake, events))
        loop = asyncio.get_running_loop()
        end = loop.time() + _MOST
        has_hung = False
        while not task.done() and loop.time() < end:
            await asyncio.wait([task], timeout=0.1)
            if not has_hung and any(call.outcome == "hung" for call in fake.calls):
                has_hung = True
                end = loop.time() + _PATIENCE
        if task.done():
            return task.result()
        task.cancel()
        await asyncio.wait([task], timeout=5)
        return "waits for ever"

    def __repr__(self) -> str:
        return self.name


class _Sockets:
    """One of gql's two transports over WebSocket, with either protocol."""

    def __init__(self, kind: Any, subprotocol: str) -> None:
        self._kind = kind
        self._subprotocol = subprotocol

    def _settings(self, faults: set[str]) -> dict[str, Any]:
        """Return how it is made to meet *faults*: short of time only where that is what is wrong.

        What is closed without an answer is given up soon.
        """
        is_of_websockets = self._kind is WebsocketsTransport
        settings: dict[str, Any] = {"subprotocols": [self._subprotocol]}
        settings["close_timeout" if is_of_websockets else "websocket_close_timeout"] = _HEARTBEAT
        settings["ack_timeout"] = _HEARTBEAT if "no_ack" in faults else _MOST
        if not faults & {"no_pong", "stream_hang"}:
            return settings
        if self._subprotocol == "graphql-transport-ws":
            return settings | {"ping_interval": _HEARTBEAT, "pong_timeout": _HEARTBEAT}
        if is_of_websockets:  # the legacy protocol has no pings of its own: those of WebSocket are asked
            return settings | {"connect_args": {"ping_interval": _HEARTBEAT, "ping_timeout": _HEARTBEAT}}
        return settings | {"heartbeat": 2 * _HEARTBEAT}

    async def __call__(self, fake: FakeGraphQL, events: list[int]) -> str:
        faults = {fault.name for rule in fake.script.rules for fault in rule.faults}
        transport = self._kind(url=fake.ws_url, **self._settings(faults))
        socket = None
        try:
            async with Client(transport=transport) as session:
                socket = transport.adapter.websocket
                async for result in session.subscribe(gql(SUBSCRIPTION)):
                    events.append(result["tick"])  # noqa: PERF401 -- what came before it raised counts
        except Exception as error:  # noqa: BLE001 -- what it raises is what is asked
            return _told(error, socket)
        return "end"


def _told(error: Exception, socket: Any) -> str:
    """Return the class of *error* and what it tells: the codes of the close frames, or its first words."""
    name, cause = type(error).__name__, error.__cause__
    if hasattr(cause, "rcvd") and hasattr(cause, "sent"):  # of websockets
        codes = [f"{word} {frame.code}" for word, frame in (("got", cause.rcvd), ("sent", cause.sent)) if frame]
        return f"{name}: {', '.join(codes) or 'no close frame'}"
    if name == "TransportConnectionFailed" and socket is not None:
        happened = socket.exception()
        return f"{name}: {socket.close_code}{f' {type(happened).__name__}' if happened else ''}"
    words = str(error)
    for mark in ("'type': 'surprise'", "No pong", "did not return a GraphQL result"):
        if mark in words:
            return f"{name}: {mark.replace('GraphQL ', '')}"
    return name + (f": {words[:40]}" if words else "")


async def _parts(fake: FakeGraphQL, events: list[int]) -> str:
    transport = AIOHTTPTransport(url=fake.url)
    try:
        async with Client(transport=transport) as session:
            async for result in session.subscribe(gql(SUBSCRIPTION)):
                events.append(result["tick"])  # noqa: PERF401 -- what came before it raised counts
    except Exception as error:  # noqa: BLE001 -- what it raises is what is asked
        return _told(error, None)
    return "end"


class _Events:
    """A careful reader of server-sent events on httpx, as the protocol asks for: the end is an event, too."""

    def __init__(self) -> None:
        self._name = self._data = ""

    @classmethod
    async def subscribe(cls, fake: FakeGraphQL, events: list[int]) -> str:
        try:
            return await cls()._read(fake, events)
        except (httpx.HTTPError, ValueError, LookupError) as error:
            return f"{type(error).__name__}"

    async def _read(self: Self, fake: FakeGraphQL, events: list[int]) -> str:
        request = {"query": SUBSCRIPTION}
        headers = {"Accept": "text/event-stream"}
        async with (
            httpx.AsyncClient(trust_env=False, timeout=None, verify=False) as client,
            client.stream("POST", fake.url, json=request, headers=headers) as answer,
        ):
            async for line in answer.aiter_lines():
                field, _, value = line.partition(": ")
                if field == "event":
                    self._name = value
                elif field == "data":
                    self._data = value
                elif not line and self._name:
                    if self._name == "complete":
                        return "end"
                    if self._name == "next":
                        events.append(json.loads(self._data)["data"]["tick"])
                    self._name = self._data = ""
        return "the end of the body"


_NEW, _OLD = "graphql-transport-ws", "graphql-ws"
WEBSOCKETS = Subscribing("gql WebsocketsTransport", _NEW, _Sockets(WebsocketsTransport, _NEW))
WEBSOCKETS_LEGACY = Subscribing("gql WebsocketsTransport, legacy", _OLD, _Sockets(WebsocketsTransport, _OLD))
AIOHTTP = Subscribing("gql AIOHTTPWebsocketsTransport", _NEW, _Sockets(AIOHTTPWebsocketsTransport, _NEW))
AIOHTTP_LEGACY = Subscribing("gql AIOHTTPWebsocketsTransport, legacy", _OLD, _Sockets(AIOHTTPWebsocketsTransport, _OLD))
PARTS = Subscribing("gql AIOHTTPTransport", "multipart", _parts)
EVENTS = Subscribing("httpx, server-sent events", "sse", _Events.subscribe)
CLIENTS = (WEBSOCKETS, WEBSOCKETS_LEGACY, AIOHTTP, AIOHTTP_LEGACY, PARTS, EVENTS)
