"""Asynchronous HTTP clients: asyncio needs nothing but its selector and its clock made virtual."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

import aiohttp
import httpx
import pytest
import stamina
import tenacity

from pytest_integrations import logical_calls
from pytest_integrations.assertions import assert_backoff, exponential
from pytest_integrations.faults import latency, status

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_integrations import FakeRest
    from pytest_integrations.timekeeping import VirtualClock

    Gaps = Callable[[], list[float]]


def test_httpx_times_out(shop: FakeRest, virtual_clock: VirtualClock) -> None:
    async def main() -> None:
        async with httpx.AsyncClient(timeout=5) as client:
            with pytest.raises(httpx.ReadTimeout):
                await client.get(shop.url + "/")

    shop.inject(latency(10))
    asyncio.run(main())

    assert virtual_clock.now == 5.0


def test_httpx_under_tenacity(shop: FakeRest, gaps: Gaps) -> None:
    async def main() -> int:
        async with httpx.AsyncClient(timeout=5) as client:

            @tenacity.retry(wait=tenacity.wait_exponential(multiplier=1, max=60), stop=tenacity.stop_after_attempt(6))
            async def call() -> int:
                return (await client.get(shop.url + "/")).raise_for_status().status_code

            return await call()

    shop.inject(status(503), times=4)

    assert asyncio.run(main()) == 200
    assert gaps() == [1, 2, 4, 8]


def test_httpx_under_stamina(shop: FakeRest, gaps: Gaps) -> None:
    async def main() -> int:
        async with httpx.AsyncClient(timeout=5) as client:

            @stamina.retry(on=httpx.HTTPError, attempts=5, wait_initial=0.1, wait_jitter=0, timeout=60)
            async def call() -> int:
                return (await client.get(shop.url + "/")).raise_for_status().status_code

            return await call()

    shop.inject(status(503), times=3)

    assert asyncio.run(main()) == 200
    assert gaps() == [0.1, 0.2, 0.4]


def test_aiohttp(shop: FakeRest, virtual_clock: VirtualClock) -> None:
    """It rounds timeouts of 5 s and more up to a whole second of the loop's clock, unless told not to."""

    async def main() -> None:
        timeout = aiohttp.ClientTimeout(total=5, ceil_threshold=60)
        async with aiohttp.ClientSession(timeout=timeout) as client:
            with pytest.raises(asyncio.TimeoutError):
                await client.get(shop.url + "/")
            await asyncio.sleep(0.25)
            async with client.get(shop.url + "/") as answer:
                assert answer.status == 200
            with pytest.raises(asyncio.TimeoutError):
                await client.get(shop.url + "/")

    shop.inject(latency(10), latency(4.999), latency(10))
    asyncio.run(main())

    assert [call.started for call in shop.calls] == [0, 5.25, 10.249]
    assert virtual_clock.now == 15.249


def test_a_bulkhead_with_a_deadline(shop: FakeRest, virtual_clock: VirtualClock) -> None:
    """20 calls of 3 s, 5 at a time, for 7 s: 10 end, the others are cut off."""
    ended: list[float] = []

    async def one(client: httpx.AsyncClient, gate: asyncio.Semaphore) -> None:
        async with gate:
            await client.get(shop.url + "/")
        ended.append(virtual_clock.now)

    async def main() -> None:
        gate = asyncio.Semaphore(5)
        async with httpx.AsyncClient(timeout=60) as client:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(asyncio.gather(*(one(client, gate) for _ in range(20))), 7)

    shop.inject(latency(3), every=1)
    asyncio.run(main())

    assert ended == [3.0] * 5 + [6.0] * 5
    assert virtual_clock.now == 7.0


def test_what_asyncio_itself_offers(virtual_clock: VirtualClock) -> None:
    async def main() -> list[float]:
        seen = []
        await asyncio.gather(*(asyncio.sleep(each) for each in (3, 1, 2)))
        seen.append(virtual_clock.now)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await asyncio.Event().wait()
        seen.append(virtual_clock.now)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.Queue().get(), 10)
        seen.append(virtual_clock.now)
        await asyncio.get_running_loop().run_in_executor(None, virtual_clock.sleep, 4)
        seen.append(virtual_clock.now)
        return seen

    assert asyncio.run(main()) == [3, 3.5, 13.5, 17.5]


@pytest.mark.parametrize("seed", range(3))
def test_backoff_of_many_beside_latencies_at_random(shop: FakeRest, seed: int) -> None:
    """What is left of a wait is reckoned anew whenever another ends: none may come out too short for that."""

    async def ask(client: httpx.AsyncClient, caller: int) -> None:
        @tenacity.retry(wait=tenacity.wait_exponential(0.1), stop=tenacity.stop_after_attempt(4))
        async def call() -> None:
            (await client.get(f"{shop.url}/?caller={caller}")).raise_for_status()

        with contextlib.suppress(tenacity.RetryError):
            await call()

    async def main() -> None:
        async with httpx.AsyncClient() as client:
            await asyncio.gather(*(ask(client, caller) for caller in range(30)))

    shop.get("/").reply(503)
    shop.inject(latency(0.01 + seed / 1000, jitter=0.2), every=1)
    asyncio.run(main())

    assert_backoff(shop.calls, exponential(base=0.1))
    waits = [wait for logical in logical_calls(shop.calls) for wait in logical.gaps]
    assert len(waits) == 90
    assert all(any(abs(wait - due) < 2e-5 for due in (0.1, 0.2, 0.4)) for wait in waits)
