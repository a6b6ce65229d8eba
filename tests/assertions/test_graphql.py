"""The assertions on retries and breakers, asked about GraphQL: what came decides, not the status."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pybreaker
import pytest
import requests

from pytest_integrations import FakeGraphQL, NothingToCheck, ResilienceError
from pytest_integrations.assertions import (
    ClientCalls,
    assert_attempts,
    assert_breaker_counts,
    assert_no_unsafe_retry,
    assert_not_retried,
    logical_calls,
)
from pytest_integrations.faults import (
    data_null,
    field_error,
    html_502,
    lost_response,
    partial,
    request_error,
    throttled,
    unauthenticated,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

SCHEMA = """
type Query { user: User }
type Mutation { rename(name: String!): User }
type User { id: ID! name: String email: String }
"""
QUERY = "query GetUser { user { name email } }"
MUTATION = 'mutation Rename { rename(name: "ada") { name } }'
KEY = {"Idempotency-Key": "k1"}


@pytest.fixture
def api() -> Iterator[FakeGraphQL]:
    with FakeGraphQL(SCHEMA) as fake:
        yield fake


def ask(api: FakeGraphQL, document: str, headers: dict[str, str] | None = None) -> dict[str, Any]:
    answer: dict[str, Any] = requests.post(api.url, json={"query": document}, headers=headers, timeout=5).json()
    return answer


def insist(api: FakeGraphQL, document: str, headers: dict[str, str] | None = None) -> None:
    """Ask until there is data, three times at most."""
    for _ in range(3):
        try:
            if ask(api, document, headers).get("data"):
                return
        except requests.RequestException:
            continue


@pytest.mark.parametrize("fault", [request_error(), throttled(), data_null(), html_502()], ids=lambda each: each.name)
def test_errors_without_data_are_a_failed_attempt(api: FakeGraphQL, fault: Any) -> None:
    api.inject(fault)
    insist(api, QUERY)
    assert_attempts(api.calls, exactly=2)


@pytest.mark.parametrize("fault", [field_error("User.email"), partial(1)], ids=lambda each: each.name)
def test_partial_data_is_none(api: FakeGraphQL, fault: Any) -> None:
    api.inject(fault, times=2)
    ask(api, QUERY)
    ask(api, QUERY)
    assert [call.result for call in api.calls] == ["partial", "partial"]
    assert [len(attempts) for attempts in logical_calls(api.calls)] == [1, 1]


def test_a_refusal_for_good_that_is_asked_again_is_caught(api: FakeGraphQL) -> None:
    api.inject(unauthenticated())
    insist(api, QUERY)
    with pytest.raises(ResilienceError, match="query GetUser was tried again after 200 UNAUTHENTICATED"):
        assert_not_retried(api.calls)


def test_one_that_is_not_asked_again_passes_by_its_code_too(api: FakeGraphQL) -> None:
    api.inject(unauthenticated())
    ask(api, QUERY)
    assert_not_retried(api.calls)
    assert_not_retried(api.calls, after="UNAUTHENTICATED")


def test_a_throttled_one_may_be_asked_again(api: FakeGraphQL) -> None:
    api.inject(throttled())
    insist(api, QUERY)
    with pytest.raises(NothingToCheck):
        assert_not_retried(api.calls)


@pytest.mark.parametrize("fault", [lost_response(), data_null()], ids=lambda each: each.name)
def test_a_mutation_that_may_have_been_done_is_not_to_be_repeated(api: FakeGraphQL, fault: Any) -> None:
    api.inject(fault)
    insist(api, MUTATION)
    with pytest.raises(ResilienceError, match="mutation Rename"):
        assert_no_unsafe_retry(api.calls)


def test_with_a_key_it_may(api: FakeGraphQL) -> None:
    api.inject(lost_response())
    insist(api, MUTATION, KEY)
    assert_no_unsafe_retry(api.calls)


def test_or_where_the_test_says_so(api: FakeGraphQL) -> None:
    api.inject(lost_response())
    insist(api, MUTATION)
    with pytest.raises(NothingToCheck, match="all calls are idempotent"):
        assert_no_unsafe_retry(api.calls, idempotent=["mutation Rename"])


@pytest.mark.parametrize("fault", [request_error(), throttled()], ids=lambda each: each.name)
def test_without_a_data_key_nothing_was_done(api: FakeGraphQL, fault: Any) -> None:
    """A mutation may be repeated after it, and nothing is proved by that."""
    api.inject(fault)
    insist(api, MUTATION)
    with pytest.raises(
        NothingToCheck, match="no call that is unsafe to repeat failed so that it may have been applied"
    ):
        assert_no_unsafe_retry(api.calls)


def test_a_query_may_be_repeated(api: FakeGraphQL) -> None:
    api.inject(lost_response())
    insist(api, QUERY)
    with pytest.raises(NothingToCheck, match="all calls are idempotent"):
        assert_no_unsafe_retry(api.calls)


class Told(Exception):
    """What the breaker is told of an answer."""


def through(breaker: pybreaker.CircuitBreaker, api: FakeGraphQL, *, reads: bool) -> None:
    def post() -> None:
        response = requests.post(api.url, json={"query": QUERY}, timeout=5)
        response.raise_for_status()
        if reads and response.json().get("errors"):
            raise Told

    breaker.call(post)


@pytest.mark.parametrize(
    ("fault", "kind"), [(request_error(), "errors"), (partial(1), "partial")], ids=["errors", "partial"]
)
def test_a_breaker_that_reads_the_answer_passes(api: FakeGraphQL, fault: Any, kind: str) -> None:
    api.inject(fault, every=1)
    client = ClientCalls(api.ledger)
    client.repeat(8, through, pybreaker.CircuitBreaker(fail_max=3), api, reads=True)
    assert_breaker_counts(api.calls, kind, after=3, demand=client)


@pytest.mark.parametrize(
    ("fault", "kind"), [(request_error(), "errors"), (partial(1), "partial")], ids=["errors", "partial"]
)
def test_one_that_trusts_the_status_is_caught(api: FakeGraphQL, fault: Any, kind: str) -> None:
    api.inject(fault, every=1)
    client = ClientCalls(api.ledger)
    client.repeat(8, through, pybreaker.CircuitBreaker(fail_max=3), api, reads=False)
    with pytest.raises(ResilienceError, match=f"the breaker does not count {kind}: after 3 failures in a row"):
        assert_breaker_counts(api.calls, kind, after=3, demand=client)


def test_without_such_answers_there_is_nothing_to_check(api: FakeGraphQL) -> None:
    client = ClientCalls(api.ledger)
    client.repeat(8, through, pybreaker.CircuitBreaker(fail_max=3), api, reads=True)
    with pytest.raises(NothingToCheck):
        assert_breaker_counts(api.calls, "errors", after=3, demand=client)
