"""What outlives a virtual clock: the I/O thread of the fakes, a session with open connections, an event loop."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest
import requests

from pytest_integrations import FakeRest
from pytest_integrations.core.clock import IN_FORCE
from pytest_integrations.faults import latency
from pytest_integrations.timekeeping import VirtualClock


def test_virtual_real_virtual() -> None:
    """Twenty rounds, over the same connection."""
    with FakeRest() as fake, requests.Session() as session:
        fake.get("/").reply(text="ok")
        for _ in range(20):
            with VirtualClock() as clock:
                fake.inject(latency(3), latency(10))
                assert session.get(fake.url, timeout=5).ok
                with pytest.raises(requests.ReadTimeout):
                    session.get(fake.url, timeout=5)
                assert clock.now == 8.0
                assert session.get(fake.url, timeout=5).ok

            before = time.perf_counter()
            fake.inject(latency(0.01))
            assert session.get(fake.url, timeout=5).ok
            assert 0.01 <= time.perf_counter() - before < 5
            assert not IN_FORCE.exact


def test_what_is_under_way_when_the_clock_goes_takes_the_rest_of_its_time() -> None:
    """The timers of the fakes know nothing of clocks that come and go."""
    with FakeRest() as fake:
        fake.get("/").reply(text="ok")
        fake.inject(latency(10))
        answered = threading.Event()

        def call() -> None:
            requests.get(fake.url, timeout=None)  # the fake alone decides
            answered.set()

        thread = threading.Thread(target=call)
        with VirtualClock() as clock:
            thread.start()
            clock.sleep(9.9)
            assert not answered.is_set()
        before = time.perf_counter()
        thread.join()
        assert 0.05 <= time.perf_counter() - before < 5


def test_what_is_under_way_when_the_clock_comes_is_virtual_from_then_on() -> None:
    with FakeRest() as fake:
        fake.get("/").reply(text="ok")
        fake.inject(latency(60))
        thread = threading.Thread(target=lambda: requests.get(fake.url, timeout=None))
        thread.start()
        while not len(fake.ledger):
            time.sleep(0.001)
        with VirtualClock() as clock:
            thread.join()
            assert 50 < clock.now <= 60


def test_an_event_loop_that_outlives_the_clock() -> None:
    loop = asyncio.new_event_loop()
    try:
        for _ in range(5):
            with VirtualClock() as clock:
                loop.run_until_complete(asyncio.sleep(30))
                assert clock.now == 30.0
            before = time.perf_counter()
            loop.run_until_complete(asyncio.sleep(0.01))
            assert time.perf_counter() - before < 5
    finally:
        loop.close()
