"""Child processes: virtual time waits for what they have to do, and for no more."""

from __future__ import annotations

import asyncio
import multiprocessing
import operator
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing.pool import ThreadPool
from typing import TYPE_CHECKING

import pytest

from pytest_integrations.timekeeping import VirtualClock

if TYPE_CHECKING:
    from multiprocessing.queues import Queue

SPAWN = multiprocessing.get_context("spawn")

ONLY = """
import time

from pytest_integrations.timekeeping import VirtualClock

with VirtualClock() as clock:
    import multiprocessing  # and no part of it before

    process = multiprocessing.get_context("fork").Process(target=time.sleep, args=(0.2,))
    process.start()
    process.join(timeout=20)
    print(process.exitcode, clock.now)
"""


def _late(value: int) -> int:
    time.sleep(0.2)
    return value


def _put(queue: Queue[int]) -> None:
    queue.put(_late(3))


def test_a_message_of_a_child_process_is_waited_for() -> None:
    with VirtualClock() as clock:
        queue: Queue[int] = SPAWN.Queue()
        process = SPAWN.Process(target=_put, args=(queue,))
        process.start()
        assert queue.get(timeout=30) == 3
        process.join(timeout=30)
        assert process.exitcode == 0
        assert clock.now == 0


def test_a_child_process_is_joined_whenever_multiprocessing_was_imported() -> None:
    done = subprocess.run([sys.executable, "-c", ONLY], capture_output=True, text=True, check=False)

    assert done.stdout == "0 0.0\n", done.stderr


def test_an_executor_that_has_nothing_to_do_does_not_hold_time() -> None:
    with VirtualClock() as clock, ProcessPoolExecutor(1, SPAWN) as executor:
        for number in (1, 2):
            assert executor.submit(_late, number).result(timeout=10) == number
            time.sleep(5)
            assert clock.now == 5 * number


def test_asyncio_waits_for_an_executor() -> None:
    async def main() -> None:
        with ProcessPoolExecutor(1, SPAWN) as executor:
            work = asyncio.get_running_loop().run_in_executor(executor, _late, 3)
            assert await asyncio.wait_for(work, 10) == 3
            await asyncio.sleep(7)

    with VirtualClock() as clock:
        asyncio.run(main())
        assert clock.now == 7


def test_a_pool_that_has_nothing_to_do_does_not_hold_time() -> None:
    with VirtualClock() as clock, SPAWN.Pool(1) as pool:
        assert pool.apply_async(_late, (3,)).get(timeout=10) == 3
        time.sleep(5)
        assert clock.now == 5


def test_a_pool_of_threads_is_within() -> None:
    with VirtualClock() as clock, ThreadPool(1) as pool:
        pool.apply_async(time.sleep, (5,)).get(timeout=10)
        assert clock.now == 5
        with pytest.raises(multiprocessing.TimeoutError):
            pool.apply_async(time.sleep, (5,)).get(timeout=2)
        assert pool.apply(operator.add, (1, 2)) == 3
