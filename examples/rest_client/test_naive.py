"""What the naive client does wrong, and which assertion tells it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest
import requests

from examples.rest_client.naive import RestClient
from pytest_integrations import (
    FakeRest,
    ResilienceError,
    assert_attempts,
    assert_gives_up,
    assert_jittered,
    assert_respects_retry_after,
    no_hang,
)
from pytest_integrations.faults import corrupt_body, hang, rate_limited, status, truncate_body

pytestmark = [
    pytest.mark.virtual_time,  # so that nobody waits for backoffs of seconds and for what never comes
    pytest.mark.no_faults,  # but those of the test: it shows one flaw at a time
]


@pytest.fixture
def api(fake_rest: FakeRest) -> FakeRest:
    fake_rest.get("/users").reply(json=["ada", "grace"])
    fake_rest.post("/users").reply(201, json={"id": 7})
    return fake_rest


@pytest.fixture
def client(api: FakeRest) -> RestClient:
    return RestClient(api.url, "secret")


@pytest.mark.parametrize("refusal", [status(503), rate_limited(None)], ids=["503", "429"])
def test_its_posts_are_not_retried_and_nobody_is_told(api: FakeRest, client: RestClient, refusal: Any) -> None:
    api.inject(refusal)

    with pytest.raises(requests.HTTPError):
        client.post("/users", {"name": "ada"})
    with pytest.raises(ResilienceError, match="expected exactly 2 attempts of POST /users, saw 1") as caught:
        assert_attempts(api.calls, exactly=2)
    assert "do not retry POST and PATCH unless allowed_methods names them" in str(caught.value)


def test_a_body_that_breaks_off_is_not_retried(api: FakeRest, client: RestClient) -> None:
    api.inject(truncate_body())

    with suppress(requests.RequestException):
        client.get("/users")
    with pytest.raises(ResilienceError, match="expected exactly 2 attempts of GET /users, saw 1"):
        assert_attempts(api.calls, exactly=2)


def test_a_503_is_told_as_another_error_than_a_404(api: FakeRest, client: RestClient) -> None:
    api.inject(status(503), every=1)

    with pytest.raises(requests.RequestException) as caught:
        client.get("/users")
    with pytest.raises(ResilienceError, match=r"the caller saw requests\.exceptions\.RetryError, expected HTTPError"):
        assert_gives_up(api.calls, after=4, error=caught.value, declared=requests.HTTPError)


def test_an_error_page_in_place_of_json_is_told_as_a_third_one(api: FakeRest, client: RestClient) -> None:
    api.inject(corrupt_body("html_error_page"))

    with pytest.raises(requests.RequestException) as caught:
        client.get("/users")
    with pytest.raises(
        ResilienceError, match=r"the caller saw requests\.exceptions\.JSONDecodeError, expected HTTPErr"
    ):
        assert_gives_up(api.calls, after=1, error=caught.value, declared=requests.HTTPError)


def test_it_waits_for_ever(api: FakeRest, client: RestClient) -> None:
    api.inject(hang())

    too_long = pytest.raises(ResilienceError, match=r"the block was not done after 60\.0\d+ s, 60 s is the limit")
    with too_long, no_hang(api.calls, limit=60):
        client.get("/users")


def test_it_waits_as_long_as_it_is_told(api: FakeRest, client: RestClient) -> None:
    api.inject(rate_limited(120))
    client.get("/users")

    with pytest.raises(ResilienceError, match=r"'Retry-After: 120' and #2 came after 120\.\d+ s; 30 s is the longest"):
        assert_respects_retry_after(api.calls, cap=30)


def test_its_callers_come_back_together(api: FakeRest, client: RestClient) -> None:
    api.get("/users/<name>").reply(json={"id": 7})
    api.inject(status(503), times=2, per=lambda call: call.target)  # the first two attempts of each caller

    with ThreadPoolExecutor(8) as callers:
        list(callers.map(lambda name: client.get(f"/users/{name}"), range(8)))

    with pytest.raises(ResilienceError, match="8 callers retry in lockstep"):
        assert_jittered(api.calls)
