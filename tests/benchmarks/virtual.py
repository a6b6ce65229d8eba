"""Virtual time: what a test pays for it, and what it saves."""

from __future__ import annotations

import concurrent.futures as cf
import multiprocessing
import socket
import statistics
import threading
import time
from typing import TYPE_CHECKING, Any, cast

import pika

from pytest_integrations import FakeAmqp
from pytest_integrations.timekeeping import RealTimeClock, VirtualClock
from tests.timekeeping.soak import http_async, http_sync, threads
from tests.timekeeping.soak.bench import SCENARIOS

from .figure import ROUNDS, Figure
from .placement import together

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["FIGURES"]

# Backoffs to 30 s, recovery windows, outages, a ladder to the dead letters.
_SUITE = (
    http_sync.urllib3_backoff,
    http_sync.retry_after_in_seconds_and_as_a_date,
    http_sync.retries_after_timeouts,
    http_sync.backoff_and_a_timeout_over_tls,
    http_sync.outage,
    http_sync.tenacity_gives_up,
    http_sync.pybreaker_recovers,
    http_sync.circuitbreaker_recovers,
    http_async.aiohttp_retries_and_a_read_timeout,
    http_async.tenacity_waits_async,
    http_async.bulkhead_with_a_deadline,
    threads.visibility_timeout,
)


def _now() -> float:
    """Return the real time, which no clock of ours rules."""
    return time.clock_gettime(time.CLOCK_MONOTONIC)


def _seconds(action: Callable[[], object]) -> float:
    start = _now()
    action()
    return _now() - start


def enter_and_exit() -> Figure:
    """A clock that comes and goes, as the fixture has it."""

    def life() -> None:
        with VirtualClock():
            pass

    life()  # the first of a process checks the interpreter
    return Figure(
        "virtual clock, enter and exit", statistics.median(_seconds(life) for _ in range(100)) * 1e3, 2, unit="ms"
    )


def a_jump() -> Figure:
    """Ten threads that wait, each of them woken in its turn."""
    seconds = [_jump_of_ten() for _ in range(ROUNDS)]
    return Figure("a jump with 10 threads", statistics.median(seconds) * 1e3, 1, unit="ms")


def _jump_of_ten(turns: int = 10) -> float:
    def work(number: int) -> None:
        time.sleep(number)
        for _ in range(turns):
            time.sleep(10)

    with VirtualClock() as clock:
        workers = [threading.Thread(target=work, args=(number,)) for number in range(1, 11)]
        for worker in workers:
            worker.start()
        clock.settle()
        spent = _seconds(lambda: clock.sleep(10 * turns))
        jumps = len(clock.jumps)
        for worker in workers:
            worker.join()
    return spent / jumps


def resilience_suite() -> tuple[Figure, Figure]:
    """Twelve tests of backoffs, breakers, outages and dead letters, each right, and what they would take in reality."""
    spent, virtual = [], 0.0
    for _ in range(ROUNDS):
        spent.append(0.0)
        virtual = 0.0
        for test in _SUITE:
            scenario, clock, start = SCENARIOS[test.__name__], VirtualClock(), _now()
            if scenario.outcome(clock) != scenario.expected:
                msg = f"{test.__name__} went wrong"
                raise AssertionError(msg)
            spent[-1] += _now() - start
            virtual += clock.now
    return (
        Figure(f"{len(_SUITE)} tests of resilience in virtual time", statistics.median(spent), 1, unit="s"),
        Figure(f"the same {len(_SUITE)} tests: seconds that passed for them", virtual, unit="s"),
    )


def resilience_suite_on_the_real_clock() -> tuple[Figure, Figure]:
    """The same tests, each in a process of its own so that the measurement takes as long as the longest of them."""
    names = [test.__name__ for test in _SUITE]
    with cf.ProcessPoolExecutor(len(names), mp_context=multiprocessing.get_context("spawn")) as pool:
        results = list(pool.map(_on_the_real_clock, names))
    return (
        Figure(f"the same {len(names)} tests on the real clock, in a row", sum(each[0] for each in results), unit="s"),
        Figure(f"how many of them end the same, within {_ROUGHLY:g} s", sum(each[1] for each in results), unit="tests"),
    )


def retry_ladder() -> Figure:
    """A message that is rejected and comes back after 30 s, 5 min and 30 min, by pika's own blocking consumer."""

    def climb() -> None:
        with VirtualClock(), FakeAmqp() as broker:
            broker.queue("dead")
            broker.queue("work")
            for seconds in (30, 300, 1800):
                broker.queue(f"wait-{seconds}", ttl=seconds, dead_letter="work")
            _climb(broker)

    climb()
    with together():
        seconds = statistics.median(_seconds(climb) for _ in range(ROUNDS))
    return Figure("pika: a ladder of retries of 30 s, 5 min, 30 min", seconds, 0.1, unit="s")


def _climb(broker: FakeAmqp) -> None:
    connection = pika.BlockingConnection(pika.URLParameters(f"{broker.url}?heartbeat=0"))
    channel = connection.channel()
    channel.basic_publish("", "work", b"job")
    steps = iter((30, 300, 1800))

    def fail(_channel: Any, method: Any, _properties: Any, body: bytes) -> None:
        step = next(steps, None)
        channel.basic_publish("", "dead" if step is None else f"wait-{step}", body)
        channel.basic_ack(method.delivery_tag)
        if step is None:
            channel.stop_consuming()

    channel.basic_consume("work", fail)
    channel.start_consuming()
    connection.close()


_ROUGHLY = 1.0


def _on_the_real_clock(name: str) -> tuple[float, bool]:
    scenario = SCENARIOS[name]
    scenario.outcome()  # in no time; what it imports is there afterwards
    start = _now()
    outcome = scenario.outcome(cast("VirtualClock", RealTimeClock()))
    return _now() - start, _agree(outcome, scenario.expected)


def _agree(seen: Any, expected: Any) -> bool:
    if isinstance(expected, list | tuple):
        same_length = isinstance(seen, list | tuple) and len(seen) == len(expected)
        return same_length and all(map(_agree, seen, expected))
    if isinstance(expected, int | float) and isinstance(seen, int | float):
        return abs(seen - expected) <= _ROUGHLY
    return bool(seen == expected)


def _per_call(action: Callable[[], object], count: int) -> float:
    def many() -> None:
        for _ in range(count):
            action()

    return min(_seconds(many) for _ in range(ROUNDS)) / count * 1e9


def patched_calls() -> tuple[Figure, ...]:
    """What a call costs that a virtual clock has patched, and what it costs without."""
    is_set = threading.Event()
    is_set.set()
    figures = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        ours = socket.create_connection(listener.getsockname(), timeout=5)
        theirs, _ = listener.accept()
    with ours, theirs:
        theirs.settimeout(5)

        def ping() -> None:
            ours.send(b"x")
            theirs.recv(1)

        for name, action, count in (
            ("time.monotonic()", time.monotonic, 20_000),
            ("time.time()", time.time, 20_000),
            ("Event.wait(1), set", lambda: is_set.wait(1), 10_000),
            ("send and recv with timeouts", ping, 1_000),
        ):
            real = _per_call(action, count)
            with VirtualClock():
                virtual = _per_call(action, count)
            figures.append(Figure(f"{name}: {real:,.0f} ns, in virtual time", virtual, unit="ns"))
    return tuple(figures)


FIGURES = (enter_and_exit, a_jump, resilience_suite, resilience_suite_on_the_real_clock, retry_ladder, patched_calls)
