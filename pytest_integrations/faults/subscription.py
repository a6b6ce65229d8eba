"""Subscriptions that end, or do not end, otherwise than they should; and connections that do not come to be."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from pytest_integrations.core.effect import Cut, Disrupt, Tamper
from pytest_integrations.core.errors import ScriptingError
from pytest_integrations.core.fault import Fault
from pytest_integrations.core.settings import whole

from .streams import EVENTS, WEBSOCKETS, LaterFault, StreamFault

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_integrations.core.call import Call
    from pytest_integrations.core.effect import Effect
    from pytest_integrations.core.fault import Occasion
    from pytest_integrations.core.message import Message

__all__ = [
    "close_socket",
    "close_without_complete",
    "defer_never_completes",
    "multipart_no_terminator",
    "no_ack",
    "no_pong",
    "sse_no_complete",
    "stream_hang",
    "stream_reset",
]

_LONGEST = 123
"""Bytes of a reason: a control frame has 125, of which the code takes two."""
_CODES = (*range(1000, 1015), *range(3000, 5000))
_NOT_SENT = {1004, 1005, 1006}
"""Reserved, or for what happened without a close frame (RFC 6455 section 7.4.1)."""


@dataclass(frozen=True, slots=True, repr=False)
class no_ack(StreamFault):  # noqa: N801 -- a word in a script
    """Do not acknowledge a WebSocket.

    Wire definition: the handshake of WebSocket is sound; `connection_init` gets no `connection_ack`, and no other
    answer. The connection stays open. On both protocols over WebSocket. The client of the library graphql-ws closes
    with 4504 after its `connectionAckWaitTimeout`, if it has one.

    ```python
    import asyncio, pytest
    from gql import Client, gql
    from gql.transport.websockets import WebsocketsTransport

    fake_graphql.schema("type Query { a: Int } type Subscription { tick: Int }")
    fake_graphql.subscription().replies([{"tick": 1}, {"tick": 2}])
    fake_graphql.inject(no_ack())

    async def ticks():
        async with Client(transport=WebsocketsTransport(url=fake_graphql.ws_url, ack_timeout=0.1)) as session:
            return [event["tick"] async for event in session.subscribe(gql("subscription { tick }"))]

    with pytest.raises(TimeoutError):
        asyncio.run(ticks())
    ```
    """

    kinds: ClassVar[frozenset[str]] = frozenset({"connect"})
    transports: ClassVar[frozenset[str]] = WEBSOCKETS
    does: ClassVar[str] = "no_ack"


@dataclass(frozen=True, slots=True, repr=False)
class no_pong(StreamFault):  # noqa: N801 -- a word in a script
    """Do not answer pings.

    Wire definition: neither the ping frames of WebSocket nor the `ping` messages of graphql-transport-ws are
    answered; everything else is. On both protocols over WebSocket. A client that looks after its connection takes
    it for dead.

    ```python
    import asyncio, pytest
    from gql import Client, gql
    from gql.transport.exceptions import TransportConnectionFailed
    from gql.transport.websockets import WebsocketsTransport

    fake_graphql.schema("type Query { a: Int } type Subscription { tick: Int }")
    fake_graphql.subscription().next({"tick": 1})
    fake_graphql.inject(no_pong())
    heartbeat = {"ping_interval": 0.05, "ping_timeout": 0.05}

    async def ticks():
        async with Client(transport=WebsocketsTransport(url=fake_graphql.ws_url, connect_args=heartbeat)) as session:
            return [event["tick"] async for event in session.subscribe(gql("subscription { tick }"))]

    with pytest.raises(TransportConnectionFailed):
        asyncio.run(ticks())
    ```
    """

    kinds: ClassVar[frozenset[str]] = frozenset({"connect"})
    transports: ClassVar[frozenset[str]] = WEBSOCKETS
    does: ClassVar[str] = "no_pong"


@dataclass(frozen=True, slots=True, repr=False)
class close_socket(StreamFault):  # noqa: N801 -- a word in a script
    """Close a WebSocket in the middle of a subscription.

    Wire definition: as soon as *after* events went out, a close frame with *code* and *reason*, and then nothing
    but the answer to the client's; FIN. The other operations of the connection end with it. On both protocols over
    WebSocket. Codes of graphql-transport-ws: 4400 invalid message, 4401 unauthorized, 4403 forbidden, 4409
    duplicate id, 4429 too many inits, 4500 internal error; of WebSocket: 1001 going away, 1011 internal error, 1012
    restart, 1013 try again later.

    ```python
    import asyncio, pytest
    from gql import Client, gql
    from gql.transport.exceptions import TransportConnectionFailed
    from gql.transport.websockets import WebsocketsTransport

    fake_graphql.schema("type Query { a: Int } type Subscription { tick: Int }")
    fake_graphql.subscription().replies([{"tick": 1}, {"tick": 2}])
    fake_graphql.inject(close_socket(1012, "Service restart", after=1))

    async def ticks():
        async with Client(transport=WebsocketsTransport(url=fake_graphql.ws_url)) as session:
            return [event["tick"] async for event in session.subscribe(gql("subscription { tick }"))]

    with pytest.raises(TransportConnectionFailed):
        asyncio.run(ticks())
    ```
    """

    transports: ClassVar[frozenset[str]] = WEBSOCKETS
    code: int = 1011
    reason: str = ""
    after: int = 0

    def __post_init__(self) -> None:
        """Check the settings."""
        if whole("code", self.code) not in _CODES or self.code in _NOT_SENT:
            msg = f"code={self.code!r} is not sent in a close frame: valid are 1000 to 1003, 1007 to 1014, 3000 to 4999"
            raise ScriptingError(msg)
        if not isinstance(self.reason, str) or len(self.reason.encode()) > _LONGEST:
            msg = f"reason={self.reason!r} does not fit into a close frame: valid is text of up to {_LONGEST} bytes"
            raise ScriptingError(msg)
        whole("after", self.after)

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        """Yield it."""
        yield Disrupt("close", self.after, self.code, self.reason)


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class stream_reset(LaterFault):  # noqa: N801 -- a word in a script
    """Reset the connection in the middle of a subscription.

    Wire definition: as soon as *after* events went out, RST; what was sent before it arrives. On every transport;
    the other operations of the connection end with it.

    ```python
    import asyncio, pytest
    from gql import Client, gql
    from gql.transport.exceptions import TransportConnectionFailed
    from gql.transport.websockets import WebsocketsTransport

    fake_graphql.schema("type Query { a: Int } type Subscription { tick: Int }")
    fake_graphql.subscription().replies([{"tick": 1}, {"tick": 2}])
    fake_graphql.inject(stream_reset(after=1))

    async def ticks():
        async with Client(transport=WebsocketsTransport(url=fake_graphql.ws_url)) as session:
            return [event["tick"] async for event in session.subscribe(gql("subscription { tick }"))]

    with pytest.raises(TransportConnectionFailed):
        asyncio.run(ticks())
    ```
    """

    does: ClassVar[str] = "reset"


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class stream_hang(LaterFault):  # noqa: N801 -- a word in a script
    """Send nothing more in the middle of a subscription, and leave the connection open.

    Wire definition: as soon as *after* events went out, nothing more: no events, no end, no pongs, no FIN, until
    the client leaves or the fake stops. On every transport; the other operations of the connection hang with it. A
    client without a heartbeat or a timeout waits for ever.

    ```python
    import pytest, requests

    fake_graphql.schema("type Query { a: Int } type Subscription { tick: Int }")
    fake_graphql.subscription().replies([{"tick": 1}])
    fake_graphql.inject(stream_hang(after=1))
    request = {"query": "subscription { tick }"}
    with pytest.raises(requests.ConnectionError):
        requests.post(fake_graphql.url, json=request, headers={"Accept": "text/event-stream"}, timeout=0.1)
    ```
    """

    does: ClassVar[str] = "hang"


@dataclass(frozen=True, slots=True, repr=False)
class close_without_complete(StreamFault):  # noqa: N801 -- a word in a script
    """Close a WebSocket where a subscription should complete.

    Wire definition: in place of `complete`, a close frame with 1000, which says that all is well. On both protocols
    over WebSocket. A client that takes the end of the connection for the end of the subscription believes that it
    has everything.

    ```python
    import asyncio, pytest
    from gql import Client, gql
    from gql.transport.exceptions import TransportConnectionFailed
    from gql.transport.websockets import WebsocketsTransport

    fake_graphql.schema("type Query { a: Int } type Subscription { tick: Int }")
    fake_graphql.subscription().replies([{"tick": 1}, {"tick": 2}])
    fake_graphql.inject(close_without_complete())

    async def ticks():
        async with Client(transport=WebsocketsTransport(url=fake_graphql.ws_url)) as session:
            return [event["tick"] async for event in session.subscribe(gql("subscription { tick }"))]

    with pytest.raises(TransportConnectionFailed):
        asyncio.run(ticks())
    ```
    """

    transports: ClassVar[frozenset[str]] = WEBSOCKETS
    does: ClassVar[str] = "no_complete"


@dataclass(frozen=True, slots=True, repr=False)
class sse_no_complete(StreamFault):  # noqa: N801 -- a word in a script
    """End a stream of events without the event for the end.

    Wire definition: after the last event, the body ends as its framing has it, without `event: complete`; in single
    connection mode the stream goes on, and that event never comes. On server-sent events.

    ```python
    import requests

    fake_graphql.schema("type Query { a: Int } type Subscription { tick: Int }")
    fake_graphql.subscription().replies([{"tick": 1}])
    fake_graphql.inject(sse_no_complete())
    request = {"query": "subscription { tick }"}
    answer = requests.post(fake_graphql.url, json=request, headers={"Accept": "text/event-stream"})
    assert "event: complete" not in answer.text
    ```
    """

    transports: ClassVar[frozenset[str]] = EVENTS
    does: ClassVar[str] = "no_complete"


@dataclass(frozen=True, slots=True, repr=False)
class multipart_no_terminator(StreamFault):  # noqa: N801 -- a word in a script
    """End a subscription in parts without the delimiter that ends the last part.

    Wire definition: after the last part and the delimiter `--graphql`, the body ends as its framing has it, without
    the `--` that tells that no part follows (RFC 2046 section 5.1.1). On `multipart/mixed`.

    ```python
    import requests

    fake_graphql.schema("type Query { a: Int } type Subscription { tick: Int }")
    fake_graphql.subscription().replies([{"tick": 1}])
    fake_graphql.inject(multipart_no_terminator())
    request = {"query": "subscription { tick }"}
    answer = requests.post(fake_graphql.url, json=request, headers={"Accept": "multipart/mixed;subscriptionSpec=1.0"})
    assert answer.text.endswith("--graphql")
    ```
    """

    transports: ClassVar[frozenset[str]] = frozenset({"multipart"})
    does: ClassVar[str] = "no_complete"


@dataclass(frozen=True, slots=True, repr=False)
class defer_never_completes(Fault):  # noqa: N801 -- a word in a script
    """Never send the last part of a result that comes in parts.

    Wire definition: of an answer to `@defer` or `@stream`, which is `multipart/mixed` and chunked, everything before
    the last part, which is the one with `"hasNext": false`; then nothing more, and the connection stays open. A client
    shows what it has and waits for the rest for ever.

    ```python
    import pytest, requests

    fake_graphql.schema("type Query { a: String b: String }")
    fake_graphql.inject(defer_never_completes())
    request = {"query": "{ a ... @defer { b } }"}
    answer = requests.post(
        fake_graphql.url, json=request, headers={"Accept": "multipart/mixed"}, stream=True, timeout=1
    )
    with pytest.raises(requests.ConnectionError):
        answer.content
    ```
    """

    kinds: ClassVar[frozenset[str]] = frozenset({"query", "mutation"})

    def acts_on(self, call: Call) -> bool:
        """Tell whether *call* leaves something for later, and its client can take that."""
        document = getattr(call, "document", "")
        is_in_parts = "@defer" in document or "@stream" in document
        return Fault.acts_on(self, call) and is_in_parts and "multipart/mixed" in call.headers.get("accept", "")

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        """Yield all parts but the last, and silence."""
        yield Tamper(_without_the_last_chunk)
        yield Cut("stall", "answer", 1.0)


def _without_the_last_chunk(message: Message) -> Message:
    """Return *message* up to its last chunk with something in it."""
    content, position, starts = message.content, 0, []
    while position < len(content):
        starts.append(position)
        line = content.index(b"\r\n", position)
        position = line + 2 + int(content[position:line], 16) + 2
    return replace(message, content=content[: starts[-2]] if len(starts) > 2 else content)
