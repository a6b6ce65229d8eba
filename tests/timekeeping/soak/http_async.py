"""Asynchronous clients, and asyncio itself."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import aiohttp
import aiohttp_retry
import backoff
import httpx
import httpx_retries
import stamina
import tenacity

from pytest_integrations.faults import latency, status
from tests.timekeeping.soak.bench import get_gaps, scenario, times_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_integrations import FakeRest
    from pytest_integrations.timekeeping import VirtualClock


async def _call(fake: FakeRest, retry: Callable[[Any], Any]) -> int:
    async with httpx.AsyncClient(timeout=5) as client:

        async def call() -> int:
            return (await client.get(fake.url + "/")).raise_for_status().status_code

        answer: int = await retry(call)()
        return answer


@scenario((200, [1, 2, 4, 8]))
def tenacity_waits_async(fake: FakeRest, clock: VirtualClock) -> object:
    fake.inject(status(503), times=4)
    retry = tenacity.retry(wait=tenacity.wait_exponential(multiplier=1, max=60), stop=tenacity.stop_after_attempt(6))
    return asyncio.run(_call(fake, retry)), get_gaps(fake)


@scenario((200, [0.1, 0.2, 0.4]))
def stamina_waits_async(fake: FakeRest, clock: VirtualClock) -> object:
    fake.inject(status(503), times=3)
    retry = stamina.retry(on=httpx.HTTPError, attempts=5, wait_initial=0.1, wait_jitter=0, timeout=60)
    return asyncio.run(_call(fake, retry)), get_gaps(fake)


@scenario((200, [1, 2, 4, 8]))
def backoff_waits_async(fake: FakeRest, clock: VirtualClock) -> object:
    fake.inject(status(503), times=4)
    retry = backoff.on_exception(backoff.expo, httpx.HTTPError, max_tries=6, jitter=None)
    return asyncio.run(_call(fake, retry)), get_gaps(fake)


@scenario((200, [1, 2, 4]))
def httpx_retries_waits_async(fake: FakeRest, clock: VirtualClock) -> object:
    async def main() -> int:
        retry = httpx_retries.Retry(total=5, backoff_factor=0.5, backoff_jitter=0)
        async with httpx.AsyncClient(transport=httpx_retries.RetryTransport(retry=retry), timeout=5) as client:
            return (await client.get(fake.url + "/")).status_code

    fake.inject(status(503), times=3)
    return asyncio.run(main()), get_gaps(fake)


@scenario(("ReadTimeout", 5.0))
def httpx_times_out_async(fake: FakeRest, clock: VirtualClock) -> object:
    async def main() -> str:
        async with httpx.AsyncClient(timeout=5) as client:
            try:
                return str(await client.get(fake.url + "/"))
            except httpx.ReadTimeout as error:
                return type(error).__name__

    fake.inject(latency(10))
    return asyncio.run(main()), clock.now


@scenario((200, [2, 4, 8, 21], 35.0))
def aiohttp_retries_and_a_read_timeout(fake: FakeRest, clock: VirtualClock) -> object:
    """The fourth attempt waits 5 s for its answer, and 16 s after that."""

    async def main() -> int:
        options = aiohttp_retry.ExponentialRetry(6, start_timeout=1, factor=2, statuses={503}, exceptions={Exception})
        timeout = aiohttp.ClientTimeout(total=None, sock_read=5)
        async with (
            aiohttp_retry.RetryClient(retry_options=options, timeout=timeout) as client,
            client.get(fake.url + "/") as answer,
        ):
            return int(answer.status)

    fake.inject(status(503), times=3)
    fake.inject(latency(10))
    return asyncio.run(main()), get_gaps(fake), clock.now


@scenario((["timeout", 200, "timeout"], [0, 5.25, 10.249], 15.249))
def aiohttp_total_timeout(fake: FakeRest, clock: VirtualClock) -> object:
    async def call(client: aiohttp.ClientSession) -> object:
        try:
            async with client.get(fake.url + "/") as answer:
                return answer.status
        except TimeoutError:
            return "timeout"

    async def main() -> list[object]:
        timeout = aiohttp.ClientTimeout(total=5, ceil_threshold=60)
        async with aiohttp.ClientSession(timeout=timeout) as client:
            seen = [await call(client)]
            await asyncio.sleep(0.25)
            return [*seen, await call(client), await call(client)]

    fake.inject(latency(10), latency(4.999), latency(10))
    return asyncio.run(main()), times_of(fake), clock.now


@scenario(([3.0] * 5 + [6.0] * 5, 7.0))
def bulkhead_with_a_deadline(fake: FakeRest, clock: VirtualClock) -> object:
    """20 calls of 3 s, 5 at a time, for 7 s."""
    ended: list[float] = []

    async def one(client: httpx.AsyncClient, gate: asyncio.Semaphore) -> None:
        async with gate:
            await client.get(fake.url + "/")
        ended.append(clock.now)

    async def main() -> None:
        gate = asyncio.Semaphore(5)
        async with httpx.AsyncClient(timeout=60) as client:
            try:
                await asyncio.wait_for(asyncio.gather(*(one(client, gate) for _ in range(20))), 7)
            except TimeoutError:
                return

    fake.inject(latency(3), every=1)
    asyncio.run(main())
    return ended, clock.now


@scenario([("-", 7.0), (0, 10.0), ("-", 17.0), (1, 20.0), ("-", 27.0), ("later", 32.6)])
def what_asyncio_offers(_: FakeRest, clock: VirtualClock) -> object:
    seen: list[tuple[object, float]] = []

    async def main() -> None:
        done, jobs = asyncio.Event(), asyncio.Queue[int]()

        async def produce() -> None:
            for job in range(3):
                await asyncio.sleep(10)
                await jobs.put(job)
            done.set()

        producing = asyncio.create_task(produce())
        for _ in range(5):
            try:
                seen.append((await asyncio.wait_for(jobs.get(), 7), clock.now))
            except TimeoutError:
                seen.append(("-", clock.now))
        await done.wait()
        await asyncio.to_thread(time.sleep, 2.5)
        asyncio.get_running_loop().call_later(0.1, lambda: seen.append(("later", clock.now)))
        await asyncio.sleep(0.3)
        await producing

    asyncio.run(main())
    return seen
