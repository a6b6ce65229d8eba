"""Bugs that were published with real clients, told from their fixes by the assertions, from outside.

Each test runs one script against a fake, once with the release that has the bug and once with the one that has not.
The scripts are in `clients`, the releases come from PyPI. Run them with `pytest -m published_bugs`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_integrations import (
    FakeRest,
    assert_attempts,
    assert_breaker_opens,
    assert_connections_at_most,
    assert_respects_retry_after,
    assert_safe_redirects,
)
from pytest_integrations.faults import rate_limited, redirect, status, unavailable
from tests.published_bugs.conftest import Release

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    Client = Callable[[str, str], None]
    Judging = AbstractContextManager[Any]

pytestmark = pytest.mark.published_bugs


def between(buggy: str, fixed: str, *, verdict: str) -> pytest.MarkDecorator:
    """Run a test with both releases; *verdict* is what the assertion says of the first."""
    return pytest.mark.parametrize("release", [Release(buggy, verdict), Release(fixed)], ids=str)


@between("urllib3==1.25.3", "urllib3==1.25.4", verdict="said 'Retry-After: 1' and #2 came after 1")
def test_urllib3_waits_although_it_was_told_not_to(fake_rest: FakeRest, client: Client, judging: Judging) -> None:
    """respect_retry_after_header=False was ignored."""
    fake_rest.get("/users").reply(json=["ada"])
    fake_rest.inject(unavailable(retry_after=1))

    client("urllib3_ignoring_retry_after.py", fake_rest.url)

    with judging:
        assert_respects_retry_after(fake_rest.calls, cap=0)


@between("urllib3==2.0.6", "urllib3==2.0.7", verdict=r"the body of POST /login \(\d+ bytes\) was sent on to GET /home")
def test_urllib3_sends_a_form_on_to_where_it_is_redirected(
    fake_rest: FakeRest, client: Client, judging: Judging
) -> None:
    """After 303 the method was changed and the body was not: CVE-2023-45803."""
    fake_rest.post("/login").reply(303, headers={"Location": "/home"})
    fake_rest.get("/home").reply(text="hello")

    client("urllib3_posting.py", fake_rest.url)

    with judging:
        assert_safe_redirects(fake_rest.calls)


@between("urllib3==2.4.0", "urllib3==2.5.0", verdict=r"followed 1 redirect of GET /users \(#1\), none should be")
def test_urllib3_follows_redirects_that_were_switched_off(
    fake_rest: FakeRest, client: Client, judging: Judging
) -> None:
    """A pool's own Retry(redirect=0) was not asked: CVE-2025-50181."""
    fake_rest.get("/users").reply(json=["ada"])
    fake_rest.inject(redirect("other_host"))

    client("urllib3_without_redirects.py", fake_rest.url)

    with judging:
        assert_safe_redirects(fake_rest.calls, at_most=0)


@between("urllib3==2.6.2", "urllib3==2.6.3", verdict="said 'Retry-After: 2' and #2 came after 2")
def test_urllib3_waits_for_as_long_as_a_backend_says(fake_rest: FakeRest, client: Client, judging: Judging) -> None:
    """Retry-After had no limit."""
    fake_rest.get("/users").reply(json=["ada"])
    fake_rest.inject(rate_limited(2))

    client("urllib3_patient_for_a_second.py", fake_rest.url)

    with judging:
        assert_respects_retry_after(fake_rest.calls, cap=1)


@between(
    "httpx-retries==0.4.3",
    "httpx-retries==0.4.4",
    verdict="2 to 3 connections were open together .* expected at most 1 for one call of GET /users",
)
def test_httpx_retries_keeps_the_answers_that_it_does_not_use(
    fake_rest: FakeRest, client: Client, judging: Judging
) -> None:
    """Each failed attempt held a connection of the pool."""
    fake_rest.get("/users").reply(json=["ada"])
    fake_rest.inject(status(503), times=2)

    client("httpx_retries_twice.py", fake_rest.url)

    with judging:
        assert_connections_at_most(fake_rest.calls, 1)


@between("aiohttp-retry==2.9.0", "aiohttp-retry==2.9.1", verdict="expected exactly 3 attempts of GET /users, saw 1")
def test_aiohttp_retry_does_not_know_a_method_in_small_letters(
    fake_rest: FakeRest, client: Client, judging: Judging
) -> None:
    """methods={"get"} matched nothing, so that nothing was retried."""
    fake_rest.get("/users").reply(json=["ada"])
    fake_rest.inject(status(503), times=2)

    client("aiohttp_retry_get.py", fake_rest.url)

    with judging:
        assert_attempts(fake_rest.calls, exactly=3)


@between("pybreaker==0.3.0", "pybreaker==0.3.1", verdict="expected exactly 1 attempt of GET /stock, saw 2")
def test_pybreaker_makes_its_probe_twice(fake_rest: FakeRest, client: Client, judging: Judging) -> None:
    """The call that found the breaker half-open was made by the half-open state, and again by the open one."""
    fake_rest.get("/stock").reply(json={"left": 3})
    fake_rest.inject(status(503), times=3)

    client("pybreaker_recovering.py", fake_rest.url)

    with judging:
        assert_attempts(fake_rest.calls, exactly=1, per="header:X-Call")


@between(
    "circuitbreaker==1.4.0",
    "circuitbreaker==2.0.0",
    verdict="the breaker did not open after 3 failures in a row: 5 more calls arrived",
)
def test_circuitbreaker_never_opens_in_asyncio(fake_rest: FakeRest, client: Client, judging: Judging) -> None:
    """It saw the coroutine returned, and took that for a success."""
    fake_rest.get("/stock").reply(json={"left": 3})
    fake_rest.inject(status(503), every=1)

    client("circuitbreaker_in_asyncio.py", fake_rest.url)

    with judging:
        assert_breaker_opens(fake_rest.calls, after=3, recovery=30, demand=5)
