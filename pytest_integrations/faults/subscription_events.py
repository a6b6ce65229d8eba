"""Events of a subscription that are not what they should be, or come when they should not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from .streams import EVENTS, WEBSOCKETS, LaterFault, StreamFault

__all__ = [
    "duplicate_next",
    "malformed_frame",
    "malformed_json",
    "next_after_complete",
    "out_of_order",
    "sse_bad_field",
    "unknown_type",
    "wrong_id",
]


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class malformed_json(LaterFault):  # noqa: N801 -- a word in a script
    """Send an event whose JSON is cut off.

    Wire definition: the event after the first *after* is sent with the first half of the bytes of its JSON, in a
    sound frame, event or part. On every transport.

    ```python
    import asyncio, pytest
    from gql import Client, gql
    from gql.transport.exceptions import TransportProtocolError
    from gql.transport.websockets import WebsocketsTransport

    fake_graphql.schema("type Query { a: Int } type Subscription { tick: Int }")
    fake_graphql.subscription().replies([{"tick": 1}, {"tick": 2}])
    fake_graphql.inject(malformed_json(after=1))

    async def ticks():
        async with Client(transport=WebsocketsTransport(url=fake_graphql.ws_url)) as session:
            return [event["tick"] async for event in session.subscribe(gql("subscription { tick }"))]

    with pytest.raises(TransportProtocolError):
        asyncio.run(ticks())
    ```
    """

    does: ClassVar[str] = "malformed_json"


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class malformed_frame(LaterFault):  # noqa: N801 -- a word in a script
    """Send a WebSocket frame that breaks the rules.

    Wire definition: in place of the event after the first *after*, the bytes F1 02 7B 7D: a text frame with all
    three reserved bits set, which no extension has given a meaning. A client must fail the connection (RFC 6455
    section 5.2), and closes with 1002. On both protocols over WebSocket.

    ```python
    import asyncio, pytest
    from gql import Client, gql
    from gql.transport.exceptions import TransportConnectionFailed
    from gql.transport.websockets import WebsocketsTransport

    fake_graphql.schema("type Query { a: Int } type Subscription { tick: Int }")
    fake_graphql.subscription().replies([{"tick": 1}, {"tick": 2}])
    fake_graphql.inject(malformed_frame(after=1))

    async def ticks():
        async with Client(transport=WebsocketsTransport(url=fake_graphql.ws_url)) as session:
            return [event["tick"] async for event in session.subscribe(gql("subscription { tick }"))]

    with pytest.raises(TransportConnectionFailed):
        asyncio.run(ticks())
    ```
    """

    transports: ClassVar[frozenset[str]] = WEBSOCKETS
    does: ClassVar[str] = "malformed_frame"


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class unknown_type(LaterFault):  # noqa: N801 -- a word in a script
    """Send an event of a type that there is not.

    Wire definition: the event after the first *after* is sent with the type, or the event name, `surprise`, and is
    else as it should be. On both protocols over WebSocket, and server-sent events. Clients of WebSocket fail; of
    unknown events nobody is told.

    ```python
    import asyncio, pytest
    from gql import Client, gql
    from gql.transport.exceptions import TransportProtocolError
    from gql.transport.websockets import WebsocketsTransport

    fake_graphql.schema("type Query { a: Int } type Subscription { tick: Int }")
    fake_graphql.subscription().replies([{"tick": 1}, {"tick": 2}])
    fake_graphql.inject(unknown_type(after=1))

    async def ticks():
        async with Client(transport=WebsocketsTransport(url=fake_graphql.ws_url)) as session:
            return [event["tick"] async for event in session.subscribe(gql("subscription { tick }"))]

    with pytest.raises(TransportProtocolError):
        asyncio.run(ticks())
    ```
    """

    transports: ClassVar[frozenset[str]] = WEBSOCKETS | EVENTS
    does: ClassVar[str] = "unknown_type"


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class wrong_id(LaterFault):  # noqa: N801 -- a word in a script
    """Send an event to an operation that there is not.

    Wire definition: the event after the first *after* is sent with the id of its operation followed by `999`. On
    transports that share a connection: both protocols over WebSocket, and server-sent events in single connection
    mode. Most clients drop it without a word.

    ```python
    import asyncio
    from gql import Client, gql
    from gql.transport.websockets import WebsocketsTransport

    fake_graphql.schema("type Query { a: Int } type Subscription { tick: Int }")
    fake_graphql.subscription().replies([{"tick": 1}, {"tick": 2}])
    fake_graphql.inject(wrong_id())

    async def ticks():
        async with Client(transport=WebsocketsTransport(url=fake_graphql.ws_url)) as session:
            return [event["tick"] async for event in session.subscribe(gql("subscription { tick }"))]

    assert asyncio.run(ticks()) == [2]
    ```
    """

    transports: ClassVar[frozenset[str]] = WEBSOCKETS | {"sse-single"}
    does: ClassVar[str] = "wrong_id"


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class duplicate_next(LaterFault):  # noqa: N801 -- a word in a script
    """Send an event twice.

    Wire definition: the event after the first *after* is sent once more, byte for byte the same, right after it. On
    every transport. Only who looks at the data can tell.

    ```python
    import asyncio
    from gql import Client, gql
    from gql.transport.websockets import WebsocketsTransport

    fake_graphql.schema("type Query { a: Int } type Subscription { tick: Int }")
    fake_graphql.subscription().replies([{"tick": 1}, {"tick": 2}])
    fake_graphql.inject(duplicate_next())

    async def ticks():
        async with Client(transport=WebsocketsTransport(url=fake_graphql.ws_url)) as session:
            return [event["tick"] async for event in session.subscribe(gql("subscription { tick }"))]

    assert asyncio.run(ticks()) == [1, 1, 2]
    ```
    """

    does: ClassVar[str] = "duplicate"


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class out_of_order(LaterFault):  # noqa: N801 -- a word in a script
    """Send two events in the wrong order.

    Wire definition: the event after the first *after* is held back and sent after the one that follows it; before
    the end, if none does. On every transport. Only who looks at the data can tell.

    ```python
    import asyncio
    from gql import Client, gql
    from gql.transport.websockets import WebsocketsTransport

    fake_graphql.schema("type Query { a: Int } type Subscription { tick: Int }")
    fake_graphql.subscription().replies([{"tick": 1}, {"tick": 2}])
    fake_graphql.inject(out_of_order())

    async def ticks():
        async with Client(transport=WebsocketsTransport(url=fake_graphql.ws_url)) as session:
            return [event["tick"] async for event in session.subscribe(gql("subscription { tick }"))]

    assert asyncio.run(ticks()) == [2, 1]
    ```
    """

    does: ClassVar[str] = "out_of_order"


@dataclass(frozen=True, slots=True, repr=False)
class next_after_complete(StreamFault):  # noqa: N801 -- a word in a script
    """Send one more event after the end.

    Wire definition: after `complete` (of `multipart/mixed`: after the last delimiter), the last event once more. On
    every transport. Most clients drop it without a word.

    ```python
    import requests

    fake_graphql.schema("type Query { a: Int } type Subscription { tick: Int }")
    fake_graphql.subscription().replies([{"tick": 1}])
    fake_graphql.inject(next_after_complete())
    request = {"query": "subscription { tick }"}
    answer = requests.post(fake_graphql.url, json=request, headers={"Accept": "text/event-stream"})
    assert answer.text.count("event: next") == 2 and answer.text.splitlines()[8] == "event: next"
    ```
    """

    does: ClassVar[str] = "next_after_complete"


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class sse_bad_field(LaterFault):  # noqa: N801 -- a word in a script
    """Misspell the fields of an event.

    Wire definition: the event after the first *after* is sent as `evnt: next` and `date: ...`. By the rules of
    server-sent events unknown fields are ignored, and an event without data is none. On server-sent events.

    ```python
    import requests

    fake_graphql.schema("type Query { a: Int } type Subscription { tick: Int }")
    fake_graphql.subscription().replies([{"tick": 1}])
    fake_graphql.inject(sse_bad_field())
    request = {"query": "subscription { tick }"}
    answer = requests.post(fake_graphql.url, json=request, headers={"Accept": "text/event-stream"})
    assert answer.text.splitlines()[2:4] == ["evnt: next", 'date: {"data":{"tick":1}}']
    ```
    """

    transports: ClassVar[frozenset[str]] = EVENTS
    does: ClassVar[str] = "bad_field"
