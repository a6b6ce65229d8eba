"""A subscription that was interrupted goes on, without a gap and without saying anything twice."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

import pytest
from gql import Client, GraphQLRequest
from gql.transport.exceptions import TransportError
from gql.transport.websockets import WebsocketsTransport

from pytest_integrations import FakeGraphQL, NothingToCheck, ResilienceError
from pytest_integrations.assertions import assert_subscription_resumed
from pytest_integrations.faults import close_socket, stream_reset, unauthenticated

if TYPE_CHECKING:
    from collections.abc import Iterator

SCHEMA = """
type Query { a: Int }
type Subscription { price(after: Int): Price tick: Int }
type Price { id: Int! amount: Float! }
"""
DOCUMENT = "subscription Prices($after: Int) { price(after: $after) { id amount } }"
PRICES = [{"id": number, "amount": number * 1.5} for number in range(1, 6)]
EVENTS = [{"price": price} for price in PRICES]


@pytest.fixture
def api() -> Iterator[FakeGraphQL]:
    with FakeGraphQL(SCHEMA) as fake:
        fake.subscription("Prices").replies(EVENTS)
        for after in range(1, 5):
            fake.subscription("Prices", variables={"after": after}).replies(EVENTS[after:])
        yield fake


def listen(api: FakeGraphQL, after: int | None = None) -> list[Any]:
    """Return what came until it ended, well or not."""
    request = GraphQLRequest(DOCUMENT, variable_values={} if after is None else {"after": after})
    received = []

    async def run() -> None:
        async with Client(transport=WebsocketsTransport(url=api.ws_url)) as session:
            async for event in session.subscribe(request):
                received.append(event["price"])  # noqa: PERF401 -- what came before it broke is wanted

    with contextlib.suppress(TransportError):
        asyncio.run(run())
    return received


def careful(api: FakeGraphQL) -> list[Any]:
    """Ask from the last event on, again and again."""
    received: list[Any] = []
    for _ in range(3):
        for price in listen(api, received[-1]["id"] if received else None):
            if not any(price["id"] == each["id"] for each in received):
                received.append(price)
    return received


@pytest.mark.parametrize("fault", [stream_reset(after=2), close_socket(1012, after=3)], ids=lambda each: each.name)
def test_one_that_asks_from_where_it_was_passes(api: FakeGraphQL, fault: Any) -> None:
    api.inject(fault)
    received = careful(api)
    assert received == PRICES
    assert_subscription_resumed(api.calls, received, key=lambda price: price["id"])
    assert_subscription_resumed(api.calls, received, published=PRICES)


def test_one_that_begins_anew_and_tells_all_again_is_caught(api: FakeGraphQL) -> None:
    api.inject(stream_reset(after=2))
    received = [*listen(api), *listen(api)]
    with pytest.raises(ResilienceError) as caught:
        assert_subscription_resumed(api.calls, received)
    text = str(caught.value)
    assert text.startswith("of 5 events of subscription Prices the caller got 7: 2 handed over twice\n")
    assert "Twice: {'id': 1, 'amount': 1.5}, {'id': 2, 'amount': 3.0}." in text
    assert "^ interrupted" in text


def test_one_that_goes_on_from_the_end_and_misses_what_was_between_is_caught(api: FakeGraphQL) -> None:
    api.inject(stream_reset(after=2))
    received = [*listen(api), *listen(api, 4)]
    with pytest.raises(ResilienceError, match="of 5 events of subscription Prices the caller got 3: 2 lost"):
        assert_subscription_resumed(api.calls, received, published=PRICES)


def test_one_that_does_not_subscribe_again_is_caught(api: FakeGraphQL) -> None:
    api.inject(stream_reset(after=2))
    received = listen(api)
    with pytest.raises(ResilienceError, match="#2 was interrupted, and the client did not subscribe again"):
        assert_subscription_resumed(api.calls, received)


def test_one_that_hands_over_in_another_order_is_caught(api: FakeGraphQL) -> None:
    api.inject(stream_reset(after=2))
    received = careful(api)
    with pytest.raises(ResilienceError, match="the caller got 5: in another order"):
        assert_subscription_resumed(api.calls, received[::-1])


def test_one_that_makes_events_up_is_caught(api: FakeGraphQL) -> None:
    api.inject(stream_reset(after=2))
    received = [*careful(api), {"id": 9, "amount": 1.0}]
    with pytest.raises(ResilienceError, match=r"1 never sent(.|\n)*Never sent: {'id': 9, 'amount': 1.0}"):
        assert_subscription_resumed(api.calls, received)


def test_without_a_subscription_there_is_nothing_to_check(api: FakeGraphQL) -> None:
    with pytest.raises(NothingToCheck, match="no subscription was made"):
        assert_subscription_resumed(api.calls, [])


@pytest.mark.parametrize("fault", [None, unauthenticated()], ids=["whole", "refused"])
def test_without_an_interruption_there_is_nothing_to_check(api: FakeGraphQL, fault: Any) -> None:
    if fault is not None:
        api.inject(fault)
    received = listen(api)
    with pytest.raises(NothingToCheck, match="no subscription was interrupted"):
        assert_subscription_resumed(api.calls, received)


def test_nor_where_no_event_was_sent(api: FakeGraphQL) -> None:
    api.inject(stream_reset(), times=2)
    received = [*listen(api), *listen(api)]
    with pytest.raises(NothingToCheck, match="no event of subscription Prices was sent"):
        assert_subscription_resumed(api.calls, received)
