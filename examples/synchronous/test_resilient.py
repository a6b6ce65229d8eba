"""The resilient client, under the same scripts and a few more."""

from __future__ import annotations

import contextlib
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from examples.synchronous.resilient import RequestRejected, ServiceClient, ServiceShed, ServiceUnavailable
from pytest_integrations import (
    ClientCalls,
    FakeRest,
    VirtualClock,
    assert_attempts,
    assert_backoff,
    assert_breaker_closes,
    assert_breaker_counts,
    assert_breaker_ignores,
    assert_breaker_opens,
    assert_breaker_sheds,
    assert_gives_up,
    assert_idempotency_key,
    assert_jittered,
    assert_no_unsafe_retry,
    assert_respects_retry_after,
    assert_same_request,
    exponential,
)
from pytest_integrations.faults import (
    connection_reset,
    hang,
    latency,
    lost_response,
    rate_limited,
    status,
    truncate_body,
)

pytestmark = pytest.mark.virtual_time  # so that nobody waits for timeouts of 30 s and breakers of a minute


@pytest.fixture
def service(fake_rest: FakeRest) -> FakeRest:
    fake_rest.get("/stock").reply(json={"left": 3})
    fake_rest.post("/orders").reply(201, json={"id": 7})
    return fake_rest


@pytest.fixture
def client(service: FakeRest) -> ServiceClient:
    return ServiceClient(service.url)


def test_timeouts_open_its_breaker(service: FakeRest, client: ServiceClient) -> None:
    service.inject(hang(), every=1)
    demand = ClientCalls(service.ledger)
    demand.repeat(3, client.get, "/stock")

    assert_breaker_counts(service.calls, "timeout", after=5, demand=demand)


def test_its_retries_back_off(service: FakeRest, client: ServiceClient) -> None:
    service.inject(hang(), hang())
    client.get("/stock")

    assert_backoff(service.calls, exponential(base=0.5, jitter="equal"))


@pytest.mark.parametrize(
    "fault",
    [status(503), rate_limited(None), connection_reset(), truncate_body()],
    ids=["503", "429", "reset", "truncated"],
)
def test_it_retries_what_passes(service: FakeRest, client: ServiceClient, fault: Any) -> None:
    service.inject(fault)

    assert client.get("/stock") == {"left": 3}
    assert_attempts(service.calls, exactly=2)


def test_its_callers_come_back_at_different_times(service: FakeRest) -> None:
    service.get("/stock/<item>").reply(json={"left": 3})
    service.inject(status(503), per=lambda call: call.target)  # the first attempt of each caller
    client = ServiceClient(service.url, failure_threshold=100)

    with ThreadPoolExecutor(16) as callers:
        list(callers.map(lambda item: client.get(f"/stock/{item}"), range(16)))

    assert_jittered(service.calls)


def test_its_shed_calls_say_so_at_once(service: FakeRest, client: ServiceClient) -> None:
    service.inject(status(503), every=1)
    demand = ClientCalls(service.ledger)
    demand.repeat(6, client.get, "/stock")

    assert_breaker_opens(service.calls, after=5, recovery=60, demand=demand)
    assert_breaker_sheds(service.calls, after=5, recovery=60, demand=demand, raises=ServiceShed)


def test_what_was_sent_is_not_told_as_shed(service: FakeRest) -> None:
    """Each order fails once, and the second failure opens the breaker before the first order is sent again."""
    service.inject(status(503), every=1)
    demand = ClientCalls(service.ledger)
    demand.together(2, ServiceClient(service.url, failure_threshold=2).post, "/orders", {"item": "tea"})

    assert_attempts(service.calls, exactly=1)
    assert [type(error) for error in demand.errors] == [ServiceUnavailable] * 2


def test_its_breaker_closes_while_it_is_asked_all_the_time(service: FakeRest, client: ServiceClient) -> None:
    service.inject(status(503), times=5)
    demand = ClientCalls(service.ledger)
    demand.repeat(20, client.get, "/stock", every=5)

    assert_breaker_closes(service.calls, after=5, recovery=60, demand=demand)


@pytest.mark.no_faults  # but its own: the numbers are exact
def test_a_missing_item_does_not_open_its_breaker(service: FakeRest, client: ServiceClient) -> None:
    service.get("/stock/unknown").reply(404)
    demand = ClientCalls(service.ledger)
    demand.repeat(8, client.get, "/stock/unknown")

    assert_breaker_ignores(service.calls, 404, times=6, demand=demand)
    assert all(isinstance(error, RequestRejected) for error in demand.errors)


def test_an_order_that_timed_out_is_placed_once(service: FakeRest, client: ServiceClient) -> None:
    service.inject(lost_response(then="hang"))
    client.post("/orders", json={"item": "tea"})

    assert_no_unsafe_retry(service.calls)
    assert_idempotency_key(service.calls)
    assert_same_request(service.calls)


@pytest.mark.no_faults  # but its own: the numbers are exact
def test_what_is_done_and_has_nothing_to_say_is_done_once(service: FakeRest, client: ServiceClient) -> None:
    service.post("/orders").reply(204)

    assert client.post("/orders", json={"item": "tea"}) is None
    assert len(service.calls) == 1


def test_it_waits_as_it_is_asked_to(service: FakeRest, client: ServiceClient) -> None:
    service.inject(rate_limited(45))
    client.get("/stock")

    assert_respects_retry_after(service.calls)


def test_it_gives_up_rather_than_wait_for_an_hour(service: FakeRest, client: ServiceClient) -> None:
    service.inject(rate_limited(3600))

    with pytest.raises(ServiceUnavailable):
        client.get("/stock")
    assert_respects_retry_after(service.calls, cap=client.patience)
    assert_attempts(service.calls, exactly=1)


@pytest.mark.parametrize(
    "fault", [status(503), hang(), connection_reset(), truncate_body()], ids=["503", "hang", "reset", "truncated"]
)
def test_it_gives_up_with_its_own_error(service: FakeRest, client: ServiceClient, fault: Any) -> None:
    service.inject(fault, every=1)

    with pytest.raises(Exception) as caught:  # noqa: PT011 -- which one it is, the assertion says
        client.get("/stock")
    assert_gives_up(service.calls, after=3, error=caught.value, declared=ServiceUnavailable)


def test_a_slow_answer_does_not_hold_up_the_other_callers(service: FakeRest, client: ServiceClient) -> None:
    """pybreaker's `call` and decorator hold a lock for the length of the call; `calling` does not."""
    service.inject(latency(20), every=1)

    ClientCalls(service.ledger).together(2, client.get, "/stock")

    first, second = service.calls
    assert second.started < (first.ended or 0.0)


# -- every profile

PROFILES = ("calm", "slow", "flaky", "lossy", "rate-limited", "outage", "brownout", "hostile")


@pytest.mark.fault_profile(*PROFILES)
def test_in_every_weather_it_is_the_answer_or_its_own_error(client: ServiceClient, virtual_clock: VirtualClock) -> None:
    stock = []
    for _ in range(20):
        virtual_clock.sleep(30)
        with contextlib.suppress(ServiceUnavailable):
            stock.append(client.get("/stock"))
        with contextlib.suppress(ServiceUnavailable):
            client.post("/orders", {"tea": 1})

    assert stock
    assert all(each == {"left": 3} for each in stock)
