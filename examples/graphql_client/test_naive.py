"""What the naive client does wrong, and which assertion tells it."""

from __future__ import annotations

from contextlib import suppress

import pybreaker
import pytest
import requests

from examples.graphql_client.naive import GraphQLClient, GraphQLError
from pytest_integrations import (
    ClientCalls,
    FakeGraphQL,
    ResilienceError,
    assert_attempts,
    assert_breaker_counts,
    assert_gives_up,
    assert_no_unsafe_retry,
    assert_partial_data_preserved,
)
from pytest_integrations.faults import field_error, html_502, lost_response, request_error, throttled

pytestmark = [
    pytest.mark.virtual_time,  # so that nobody waits for its backoffs
    pytest.mark.no_faults,  # but those of the test: it shows one flaw at a time
]

SCHEMA = """
type Query { book(id: ID!): Book }
type Mutation { order(book: ID!): Order }
type Book { id: ID! title: String price: Float reviews: [String!] }
type Order { id: ID! }
"""
BOOK = "query Book($id: ID!) { book(id: $id) { title price reviews } }"
ORDER = "mutation Order($book: ID!) { order(book: $book) { id } }"


@pytest.fixture
def shop(fake_graphql: FakeGraphQL) -> FakeGraphQL:
    fake_graphql.schema(SCHEMA)
    fake_graphql.query("Book").reply({"book": {"title": "Dune", "price": 9.5, "reviews": ["Vast."]}})
    fake_graphql.mutation("Order").reply({"order": {"id": "o1"}})
    return fake_graphql


@pytest.fixture
def client(shop: FakeGraphQL) -> GraphQLClient:
    return GraphQLClient(shop.url, "secret")


def test_one_field_that_fails_costs_the_whole_page(shop: FakeGraphQL, client: GraphQLClient) -> None:
    shop.inject(field_error("Book.reviews", "the review service is down"))

    with pytest.raises(GraphQLError) as caught:
        client.query(BOOK, {"id": "7"})
    with pytest.raises(ResilienceError, match="the caller did not get 2 of 2 values of its data"):
        assert_partial_data_preserved(shop.calls, caught.value)


def test_a_refusal_with_status_200_is_not_retried(shop: FakeGraphQL, client: GraphQLClient) -> None:
    shop.inject(throttled())

    with suppress(GraphQLError):
        client.query(BOOK, {"id": "7"})
    with pytest.raises(ResilienceError, match="expected exactly 2 attempts of query Book, saw 1"):
        assert_attempts(shop.calls, exactly=2)


def test_the_breaker_is_not_told_of_errors_with_status_200(shop: FakeGraphQL, client: GraphQLClient) -> None:
    shop.inject(request_error(), every=1)
    asked = ClientCalls(shop.ledger)

    asked.repeat(8, client.query, BOOK, {"id": "7"})

    with pytest.raises(ResilienceError, match="the breaker does not count errors: after 5 failures in a row, 3 more"):
        assert_breaker_counts(shop.calls, "errors", after=5, demand=asked)


def test_an_order_is_sent_twice(shop: FakeGraphQL, client: GraphQLClient) -> None:
    shop.inject(lost_response())

    client.mutate(ORDER, {"book": "7"})

    with pytest.raises(ResilienceError, match="mutation Order"):
        assert_no_unsafe_retry(shop.calls)


def test_an_error_page_is_told_as_another_error_than_errors(shop: FakeGraphQL, client: GraphQLClient) -> None:
    shop.inject(html_502(), every=1)

    with pytest.raises((requests.RequestException, pybreaker.CircuitBreakerError)) as caught:
        client.query(BOOK, {"id": "7"})
    with pytest.raises(ResilienceError, match=r"the caller saw requests\.exceptions\.HTTPError, expected GraphQLError"):
        assert_gives_up(shop.calls, after=3, error=caught.value, declared=GraphQLError)
