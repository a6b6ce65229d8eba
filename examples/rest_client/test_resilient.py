"""The resilient client, under the same scripts and a few more."""

from __future__ import annotations

import contextlib
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from examples.rest_client.resilient import ApiError, RestClient
from pytest_integrations import (
    FakeRest,
    VirtualClock,
    additive,
    assert_attempts,
    assert_backoff,
    assert_connections_at_most,
    assert_gives_up,
    assert_idempotency_key,
    assert_jittered,
    assert_no_unsafe_retry,
    assert_not_retried,
    assert_respects_retry_after,
    assert_same_request,
    assert_times_out,
    exponential,
    no_hang,
)
from pytest_integrations.faults import corrupt_body, hang, lost_response, rate_limited, status, truncate_body

pytestmark = pytest.mark.virtual_time  # so that nobody waits for timeouts of 10 s and a `Retry-After` of a minute


@pytest.fixture
def api(fake_rest: FakeRest) -> FakeRest:
    fake_rest.get("/users").reply(json=["ada", "grace"])
    fake_rest.post("/users").reply(201, json={"id": 7})
    return fake_rest


@pytest.fixture
def client(api: FakeRest) -> RestClient:
    return RestClient(api.url, "secret")


@pytest.mark.parametrize("refusal", [status(503), rate_limited(None)], ids=["503", "429"])
def test_its_posts_with_a_key_are_retried(api: FakeRest, client: RestClient, refusal: Any) -> None:
    api.inject(refusal)

    assert client.post("/users", {"name": "ada"}, idempotency_key="signup-ada") == {"id": 7}
    assert_attempts(api.calls, exactly=2)
    assert_idempotency_key(api.calls)
    assert_same_request(api.calls)


@pytest.mark.parametrize(("key", "attempts"), [(None, 1), ("signup-ada", 2)], ids=["no key", "key"])
def test_nobody_is_signed_up_twice(api: FakeRest, client: RestClient, key: str | None, attempts: int) -> None:
    api.inject(lost_response())
    try:
        client.post("/users", {"name": "ada"}, idempotency_key=key)
    except ApiError:
        assert key is None

    assert_no_unsafe_retry(api.calls)
    assert_attempts(api.calls, exactly=attempts)


@pytest.mark.no_faults  # without a key it tells of each
def test_what_is_done_and_has_nothing_to_say_is_done(api: FakeRest, client: RestClient) -> None:
    api.post("/users").reply(204)

    assert client.post("/users", {"name": "ada"}) is None


def test_a_body_that_breaks_off_is_retried(api: FakeRest, client: RestClient) -> None:
    api.inject(truncate_body())

    assert client.get("/users") == ["ada", "grace"]
    assert_attempts(api.calls, exactly=2)
    assert_connections_at_most(api.calls, 1)


@pytest.mark.parametrize(
    ("fault", "attempts"),
    [(status(503), 4), (truncate_body(), 4), (corrupt_body("html_error_page"), 1), (status(404), 1)],
    ids=["503", "truncated", "error page", "404"],
)
def test_whatever_happens_is_told_by_its_own_error(
    api: FakeRest, client: RestClient, fault: Any, attempts: int
) -> None:
    api.inject(fault, every=1)

    with pytest.raises(Exception) as caught:  # noqa: PT011 -- which one it is, the assertion says
        client.get("/users")
    assert_gives_up(api.calls, after=attempts, error=caught.value, declared=ApiError)


def test_what_was_refused_for_good_is_not_asked_again(api: FakeRest, client: RestClient) -> None:
    api.inject(status(404))

    with pytest.raises(ApiError) as caught:
        client.get("/users")
    assert caught.value.status == 404
    assert_not_retried(api.calls)


def test_it_does_not_wait_for_ever(api: FakeRest, client: RestClient) -> None:
    api.inject(hang())

    with no_hang(api.calls, limit=20):
        assert client.get("/users") == ["ada", "grace"]
    assert_times_out(api.calls, within=10)


def test_it_waits_as_long_as_it_chose_to(api: FakeRest, client: RestClient) -> None:
    api.inject(rate_limited(60))
    client.get("/users")

    assert_respects_retry_after(api.calls, cap=30)


def test_it_backs_off(api: FakeRest, client: RestClient) -> None:
    api.inject(status(503), times=3)
    client.get("/users")

    # 0, 2 and 4 times the factor: urllib3 makes its first retry at once.
    assert_backoff(api.calls, exponential(base=1, first=0, jitter=additive(2)))


def test_its_callers_come_back_at_different_times(api: FakeRest, client: RestClient) -> None:
    api.get("/users/<name>").reply(json={"id": 7})
    api.inject(status(503), times=2, per=lambda call: call.target)  # the first two attempts of each caller

    with ThreadPoolExecutor(16) as callers:
        list(callers.map(lambda name: client.get(f"/users/{name}"), range(16)))

    assert_jittered(api.calls)


# -- every profile

PROFILES = ("calm", "slow", "flaky", "lossy", "rate-limited", "outage", "brownout", "hostile")


@pytest.mark.fault_profile(*PROFILES)
def test_in_every_weather_it_is_the_answer_or_its_own_error(client: RestClient, virtual_clock: VirtualClock) -> None:
    users: list[Any] = []
    for _ in range(20):
        virtual_clock.sleep(10)
        with contextlib.suppress(ApiError):
            users.append(client.get("/users"))
        with contextlib.suppress(ApiError):
            users.append([client.post("/users", {"name": "ada"}, idempotency_key=f"at {virtual_clock.now}")])

    assert ["ada", "grace"] in users
    assert all(each in (["ada", "grace"], [{"id": 7}]) for each in users)
