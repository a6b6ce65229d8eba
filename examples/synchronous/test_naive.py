"""What the naive client does wrong, and which assertion tells it."""

from __future__ import annotations

from typing import Any

import pytest

from examples.synchronous.naive import CircuitBreakerOpenError, ServiceClient
from pytest_integrations import (
    ClientCalls,
    FakeRest,
    ResilienceError,
    assert_attempts,
    assert_backoff,
    assert_breaker_closes,
    assert_breaker_counts,
    assert_breaker_ignores,
    assert_breaker_sheds,
    assert_no_unsafe_retry,
    exponential,
)
from pytest_integrations.faults import connection_reset, hang, lost_response, rate_limited, status, truncate_body

pytestmark = [
    pytest.mark.virtual_time,  # so that nobody waits for timeouts of 30 s and breakers of a minute
    pytest.mark.no_faults,  # but those of the test: it shows one flaw at a time
]


@pytest.fixture
def service(fake_rest: FakeRest) -> FakeRest:
    fake_rest.get("/stock").reply(json={"left": 3})
    fake_rest.post("/orders").reply(201, json={"id": 7})
    return fake_rest


@pytest.fixture
def client(service: FakeRest) -> ServiceClient:
    return ServiceClient(service.url)


def test_timeouts_never_open_its_breaker(service: FakeRest, client: ServiceClient) -> None:
    service.inject(hang(), every=1)
    demand = ClientCalls(service.ledger)
    demand.repeat(2, client.get, "/stock")

    with pytest.raises(ResilienceError, match="the breaker does not count timeout: after 5 failures in a row, 1 more"):
        assert_breaker_counts(service.calls, "timeout", after=5, demand=demand)


def test_its_retries_come_without_a_pause(service: FakeRest, client: ServiceClient) -> None:
    service.inject(hang(), hang())
    client.get("/stock")

    with pytest.raises(ResilienceError, match=r"wait 1 of GET /stock was 0\.0\d+ s, 0.25 to 0\.5 s was due"):
        assert_backoff(service.calls, exponential(base=0.5, jitter="equal"))


@pytest.mark.parametrize(
    ("fault", "seen"),
    [
        (status(503), "503"),
        (rate_limited(None), "429"),
        (connection_reset(), "reset"),
        (truncate_body(), "truncated"),
    ],
    ids=["503", "429", "reset", "truncated"],
)
def test_it_retries_nothing_but_timeouts(service: FakeRest, client: ServiceClient, fault: Any, seen: str) -> None:
    service.inject(fault)

    with pytest.raises(RuntimeError):
        client.get("/stock")
    with pytest.raises(ResilienceError, match="expected exactly 2 attempts of GET /stock, saw 1") as caught:
        assert_attempts(service.calls, exactly=2)
    assert f"The client did not try again after {seen}" in str(caught.value)


def test_its_shed_calls_look_like_failed_ones(service: FakeRest, client: ServiceClient) -> None:
    service.inject(status(503), every=1)
    demand = ClientCalls(service.ledger)
    demand.repeat(8, client.get, "/stock")

    with pytest.raises(ResilienceError, match="3 shed calls of 3 ended in RuntimeError, not in CircuitBreakerOpenErr"):
        assert_breaker_sheds(service.calls, after=5, recovery=60, demand=demand, raises=CircuitBreakerOpenError)


def test_its_breaker_stays_open_as_long_as_it_is_asked(service: FakeRest, client: ServiceClient) -> None:
    service.inject(status(503), times=5)
    demand = ClientCalls(service.ledger)
    demand.repeat(25, client.get, "/stock", every=5)

    with pytest.raises(ResilienceError, match=r"the breaker is still open 100\.\d+ s after it opened, and should try"):
        assert_breaker_closes(service.calls, after=5, recovery=60, demand=demand)


def test_a_missing_item_opens_its_breaker(service: FakeRest, client: ServiceClient) -> None:
    service.get("/stock/unknown").reply(404)
    demand = ClientCalls(service.ledger)
    demand.repeat(8, client.get, "/stock/unknown")

    with pytest.raises(ResilienceError, match="the breaker counts 404: after 5 of them, 3 calls by the client did not"):
        assert_breaker_ignores(service.calls, 404, times=6, demand=demand)


def test_an_order_that_timed_out_is_placed_twice(service: FakeRest, client: ServiceClient) -> None:
    service.inject(lost_response(then="hang"))
    client.post("/orders", json={"item": "tea"})

    with pytest.raises(ResilienceError, match=r"POST /orders was sent again .* which had been applied"):
        assert_no_unsafe_retry(service.calls)
