"""The resilient client, under the same scripts and a few more."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest

from examples.graphql_client.resilient import GraphQLClient, OperationFailed, Rejected, Unavailable
from pytest_integrations import (
    Call,
    ClientCalls,
    FakeGraphQL,
    FakeRest,
    GraphQLCall,
    VirtualClock,
    assert_attempts,
    assert_breaker_counts,
    assert_breaker_ignores,
    assert_gives_up,
    assert_idempotency_key,
    assert_no_unsafe_retry,
    assert_not_retried,
    assert_partial_data_preserved,
    assert_same_request,
)
from pytest_integrations.faults import (
    connection_reset,
    data_null,
    errors_not_list,
    field_error,
    hang,
    html_502,
    latency,
    lost_response,
    missing_data_key,
    non_json,
    partial,
    request_error,
    status,
    throttled,
    unauthenticated,
)

pytestmark = pytest.mark.virtual_time  # so that nobody waits for timeouts of 10 s and backoffs

SCHEMA = """
type Query { book(id: ID!): Book }
type Mutation { order(book: ID!): Order }
type Book { id: ID! title: String price: Float reviews: [String!] }
type Order { id: ID! }
"""
BOOK = "query Book($id: ID!) { book(id: $id) { title price reviews } }"
ORDER = "mutation Order($book: ID!) { order(book: $book) { id } }"
DUNE = {"book": {"title": "Dune", "price": 9.5, "reviews": ["Vast."]}}


@pytest.fixture
def shop(fake_graphql: FakeGraphQL) -> FakeGraphQL:
    fake_graphql.schema(SCHEMA)
    fake_graphql.query("Book").reply(DUNE)
    fake_graphql.mutation("Order").reply({"order": {"id": "o1"}})
    return fake_graphql


@pytest.fixture
def client(shop: FakeGraphQL) -> GraphQLClient:
    return GraphQLClient(shop.url, "secret")


def test_one_field_that_fails_costs_that_field(shop: FakeGraphQL, client: GraphQLClient) -> None:
    shop.inject(field_error("Book.reviews", "the review service is down"))

    page = client.query(BOOK, {"id": "7"})

    assert page.data["book"] == {"title": "Dune", "price": 9.5, "reviews": None}
    assert_partial_data_preserved(shop.calls, page)


@pytest.mark.parametrize("ratio", [0.3, 1])
def test_whatever_part_fails(shop: FakeGraphQL, client: GraphQLClient, ratio: float) -> None:
    shop.query("Book").reply({"book": {"id": "7", **DUNE["book"]}})
    shop.inject(partial(ratio))

    page = client.query(BOOK.replace("{ title", "{ id title"), {"id": "7"})

    assert page.data["book"]["id"] == "7"
    if page.errors:
        assert_partial_data_preserved(shop.calls, page)


@pytest.mark.parametrize(
    "fault",
    [
        throttled(),
        request_error(),
        data_null(),
        html_502(),
        non_json(),
        missing_data_key(),
        errors_not_list(),
        status(503),
        connection_reset(),
        hang(),
    ],
    ids=lambda fault: fault.name,
)
def test_what_brings_no_data_is_asked_again(shop: FakeGraphQL, client: GraphQLClient, fault: Any) -> None:
    shop.inject(fault)

    assert client.query(BOOK, {"id": "7"}).data == DUNE
    assert_attempts(shop.calls, exactly=2)
    assert_same_request(shop.calls)


def test_it_waits_until_there_is_enough_left(shop: FakeGraphQL, client: GraphQLClient) -> None:
    shop.inject(throttled(cost=502, available=2, rate=100))

    client.query(BOOK, {"id": "7"})

    refused, answered = shop.calls
    assert 5 <= answered.started - refused.started < 5.2  # (502 - 2) / 100 s, and a little of its own


def test_its_breaker_goes_by_the_answer(shop: FakeGraphQL, client: GraphQLClient) -> None:
    shop.inject(request_error(), every=1)
    asked = ClientCalls(shop.ledger)

    asked.repeat(8, client.mutate, ORDER, {"book": "7"}, idempotency_key="order-7")

    assert_breaker_counts(shop.calls, "errors", after=5, demand=asked)


def test_its_own_faults_do_not_open_it(shop: FakeGraphQL, client: GraphQLClient) -> None:
    shop.inject(request_error("UNAUTHENTICATED"), every=1)
    asked = ClientCalls(shop.ledger)

    asked.repeat(12, client.query, BOOK, {"id": "7"})

    def is_own_fault(call: Call) -> bool:
        return isinstance(call, GraphQLCall) and "UNAUTHENTICATED" in call.codes

    assert_breaker_ignores(shop.calls, is_own_fault, times=6, demand=asked)


def test_what_opens_it_is_told_as_what_it_is(shop: FakeGraphQL, client: GraphQLClient) -> None:
    """The order whose failure opens the breaker may have been taken: nobody says of it that it was not sent."""
    shop.inject(html_502(), every=1)
    asked = ClientCalls(shop.ledger)

    asked.repeat(6, client.mutate, ORDER, {"book": "7"})

    assert len(shop.calls) == 5
    assert [type(error) for error in asked.errors] == [Unavailable] * 5 + [OperationFailed]


def test_a_slow_answer_does_not_hold_up_the_other_callers(shop: FakeGraphQL, client: GraphQLClient) -> None:
    shop.inject(latency(5), every=1)

    ClientCalls(shop.ledger).together(2, client.query, BOOK, {"id": "7"})

    first, second = shop.calls
    assert second.started < (first.ended or 0.0)


def test_what_is_its_own_fault_is_not_asked_again(shop: FakeGraphQL, client: GraphQLClient) -> None:
    shop.inject(unauthenticated())

    with pytest.raises(Rejected):
        client.query(BOOK, {"id": "7"})

    assert_not_retried(shop.calls)


@pytest.mark.parametrize(("key", "attempts"), [(None, 1), ("order-7", 2)], ids=["no key", "key"])
def test_nothing_is_ordered_twice(shop: FakeGraphQL, client: GraphQLClient, key: str | None, attempts: int) -> None:
    shop.inject(lost_response())
    try:
        client.mutate(ORDER, {"book": "7"}, idempotency_key=key)
    except OperationFailed:
        assert key is None

    assert_no_unsafe_retry(shop.calls)
    assert_attempts(shop.calls, exactly=attempts)


def test_an_order_that_was_not_begun_is_sent_again(shop: FakeGraphQL, client: GraphQLClient) -> None:
    shop.inject(throttled())

    assert client.mutate(ORDER, {"book": "7"}).data == {"order": {"id": "o1"}}
    assert_attempts(shop.calls, exactly=2)


def test_its_key_stays_the_same(shop: FakeGraphQL, client: GraphQLClient) -> None:
    shop.inject(status(503))

    client.mutate(ORDER, {"book": "7"}, idempotency_key="order-7")

    assert_idempotency_key(shop.calls)


@pytest.mark.parametrize(
    ("fault", "attempts"),
    [(html_502(), 4), (request_error(), 4), (unauthenticated(), 1)],
    ids=["error page", "errors", "unauthenticated"],
)
def test_whatever_happens_is_told_by_its_own_error(
    shop: FakeGraphQL, client: GraphQLClient, fault: Any, attempts: int
) -> None:
    shop.inject(fault, every=1)

    with pytest.raises(OperationFailed) as caught:
        client.query(BOOK, {"id": "7"})

    assert_gives_up(shop.calls, after=attempts, error=caught.value, declared=OperationFailed)
    assert isinstance(caught.value, Rejected) == (attempts == 1)


@pytest.mark.parametrize(
    "answer",
    [
        {"errors": [None]},
        {"errors": [{"message": None, "extensions": None}]},
        {"errors": [{"message": "busy"}], "extensions": {"cost": 502}},
        {"errors": [{"message": "busy"}], "extensions": None},
    ],
    ids=["no error", "no code", "another cost", "no extensions"],
)
def test_an_answer_of_another_shape_is_told_by_its_own_error(fake_rest: FakeRest, answer: Any) -> None:
    fake_rest.post("/").reply(json=answer)

    with pytest.raises(Unavailable):
        GraphQLClient(fake_rest.url, "secret").query(BOOK, {"id": "7"})


@pytest.mark.no_faults  # an outage is another answer
def test_nothing_that_was_asked_for_is_an_answer(client: GraphQLClient) -> None:
    skipped = "query Book($id: ID!) { book(id: $id) @skip(if: true) { title } }"

    assert client.query(skipped, {"id": "7"}).data == {}


# -- every profile

PROFILES = ("calm", "slow", "flaky", "lossy", "rate-limited", "outage", "brownout", "hostile")


@pytest.mark.fault_profile(*PROFILES)
def test_in_every_weather_it_is_the_answer_or_its_own_error(client: GraphQLClient, virtual_clock: VirtualClock) -> None:
    pages = []
    for _ in range(20):
        virtual_clock.sleep(10)
        with contextlib.suppress(OperationFailed):
            pages.append(client.query(BOOK, {"id": "7"}))
        with contextlib.suppress(OperationFailed):
            client.mutate(ORDER, {"book": "7"}, idempotency_key=f"at {virtual_clock.now}")

    assert pages
    assert all(page.data == DUNE for page in pages)
