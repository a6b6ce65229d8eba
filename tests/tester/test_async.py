"""The table in an asynchronous test: clients at home in its event loop."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from pytest_integrations import FakeRest, ResilienceError, exponential
from pytest_integrations.faults import connection_reset, hang, status
from pytest_integrations.profiles import rule

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from pytest_integrations.tester import CaseResults, IntegrationTester


class Stock:
    """A client that keeps its connections, in the loop that it was made in; it tries three times."""

    def __init__(self, url: str, timeout: float | None = 2) -> None:
        self.http = httpx.AsyncClient(base_url=url, timeout=timeout)

    async def left(self, sku: str) -> int:
        for attempt in range(3):
            response = await self.http.get(f"/stock/{sku}")
            if response.status_code < 500:
                break
            await asyncio.sleep(2**attempt)
        response.raise_for_status()
        return int(response.json()["left"])


def _run(
    tester: IntegrationTester, stock: FakeRest, choose: Callable[[Stock], Any], timeout: float | None = 2
) -> CaseResults:
    async def test() -> CaseResults:
        client = Stock(stock.url, timeout)
        async with client.http:
            return await tester.run_async(choose(client))

    return asyncio.run(test())


def test_a_client_at_home_in_the_loop(tester: IntegrationTester, stock: FakeRest) -> None:
    tester.add("there is tea", request="tea", expect=3)
    tester.add(
        "refused twice",
        request="tea",
        expect=3,
        faults=rule(status(503), times=2),
        within=3,
        resilience={"backoff": exponential(base=1)},
    )
    tester.add("again and again", request="tea", expect=3, repeat=3, every=5, received={"GET *": 3})

    results = _run(tester, stock, lambda client: client.left)

    assert [(each.status, each.duration) for each in results] == [("passed", 0), ("passed", 3), ("passed", 0)]
    assert [call.started for call in stock.calls[-3:]] == [3.0, 8.0, 13.0]
    assert [each.point for each in results] == ["left"] * 3


def test_what_it_raises_is_an_error_and_the_others_are_played(tester: IntegrationTester, stock: FakeRest) -> None:
    tester.add("cut", call="left", request="tea", faults=connection_reset())
    tester.add("there is tea", call="left", request="tea", expect=3)

    with pytest.raises(httpx.ReadError):
        _run(tester, stock, lambda client: client)
    assert [each.status for each in tester.results] == ["error", "passed"]


def test_one_that_never_comes_back_is_interrupted(tester: IntegrationTester, stock: FakeRest) -> None:
    tester.add("hangs", request="tea", faults=hang(), within=2)
    tester.add("there is tea", request="tea", expect=3)

    with pytest.raises(ResilienceError, match=r"the client was not done after 14\.0\d\d s, 14 s is the limit"):
        _run(tester, stock, lambda client: client.left, timeout=None)
    assert [each.status for each in tester.results] == ["failed", "passed"]


def test_a_client_that_need_not_be_awaited(tester: IntegrationTester, stock: FakeRest) -> None:
    tester.add("there is tea", request="GET /stock/tea", expect={"left": 3})

    assert asyncio.run(tester.run_async(stock.url))[0].passed


def test_it_takes_any_loop(stock: FakeRest, tester: IntegrationTester) -> None:
    import trio  # of this test alone

    tester.add("there is tea", request="/stock/tea", expect=200)

    async def get(path: str) -> httpx.Response:
        async with httpx.AsyncClient(base_url=stock.url) as client:
            return await client.get(path)

    run: Callable[[Callable[..., Awaitable[CaseResults]], Any], CaseResults] = trio.run
    assert run(tester.run_async, get)[0].passed
