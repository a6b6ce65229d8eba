"""Ratios: the two sides in alternating rounds, so that what else the machine does falls on both."""

from __future__ import annotations

import gc
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_integrations import FakeRest

from . import clients, servers, virtual
from .figure import ROUNDS, Figure
from .placement import apart, together

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from .servers import Server

    Client = Callable[[Server, int], list[float]]
    Serve = Callable[[], AbstractContextManager[Server]]
    Place = Callable[[], AbstractContextManager[None]]

__all__ = ["FIGURES", "measure_all"]


def _p50_ratio(client: Client, one: Serve, other: Serve, count: int, *, place: Place = together) -> float:
    """Return the median over rounds of (p50 against *one*) / (p50 against *other*), the threads in that *place*."""
    ratios = []
    with one() as left, other() as right, place():
        client(left, count // 4)
        client(right, count // 4)
        for _ in range(ROUNDS):
            slow = statistics.median(client(left, count))
            ratios.append(slow / statistics.median(client(right, count)))
    return statistics.median(ratios)


def kept_against_bare() -> Figure:
    """Keep-alive against a bare socket."""
    ratio = _p50_ratio(clients.raw_kept, servers.ours, servers.bare_connections, 800)
    return Figure("keep-alive, raw client: p50 / bare socket", ratio, 2.0)


def kept_against_bare_apart() -> Figure:
    """The same with the client on one processor and the servers on another."""
    ratio = _p50_ratio(clients.raw_kept, servers.ours, servers.bare_connections, 800, place=apart)
    return Figure("the same, client and server on a processor each", ratio, 2.0)


def kept_against_peer() -> Figure:
    """Keep-alive against pytest-httpserver."""
    ratio = _p50_ratio(clients.raw_kept, servers.peer, servers.ours, 150)
    return Figure("keep-alive, raw client: pytest-httpserver / ours", ratio, 10, at_least=True)


def fresh_against_bare() -> Figure:
    """New connections against a bare accept loop."""
    ratio = _p50_ratio(clients.raw_fresh, servers.ours, servers.bare_accept_loop, 400)
    return Figure("new connection each: p50 / bare accept loop", ratio, 1.8)


def http_client_against_peer() -> Figure:
    """The standard library's client against pytest-httpserver."""
    ratio = _p50_ratio(clients.http_client, servers.peer, servers.ours, 150)
    return Figure("http.client: pytest-httpserver / ours", ratio, 4, at_least=True)


def aiohttp_against_peer() -> Figure:
    """aiohttp against pytest-httpserver."""
    ratio = _p50_ratio(clients.aiohttp_session, servers.peer, servers.ours, 150)
    return Figure("aiohttp: pytest-httpserver / ours", ratio, 4, at_least=True)


def requests_against_peer() -> Figure:
    """Requests, which is itself most of the time, against pytest-httpserver."""
    ratio = _p50_ratio(clients.requests_session, servers.peer, servers.ours, 100)
    return Figure("requests: pytest-httpserver / ours", ratio, 1.5, at_least=True)


def _process_cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def server_cpu() -> Figure:
    """The CPU time that a server takes for a request; the peer's is what is left after the client's own thread."""
    with servers.peer() as peer, servers.ours() as own, together():
        clients.raw_kept(peer, 50)
        clients.raw_kept(own, 50)
        ratios = [_cpu_per_request(peer, 150) / _cpu_per_request(own, 600) for _ in range(ROUNDS)]
    return Figure("server CPU per request: pytest-httpserver / ours", statistics.median(ratios), 10, at_least=True)


def _cpu_per_request(server: Server, count: int) -> float:
    before, own_before = _process_cpu(), time.thread_time()
    clients.raw_kept(server, count)
    return (_process_cpu() - before - (time.thread_time() - own_before)) / count


def fixture_and_rule() -> Figure:
    """A fake, a rule, and the end of both, as a test pays for them."""

    def life() -> None:
        with FakeRest() as fake:
            fake.get("/users/<int:id>").reply(json={"id": 1})

    times = clients._timed(life, 300)
    return Figure("a fake and a rule, start to stop", statistics.median(times) * 1e3, 0.5, unit="ms")


def fifty_fakes() -> Figure:
    """Fifty fakes, started and stopped, without a thread of their own."""
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        fakes = [FakeRest(f"fake_{number}").start() for number in range(50)]
        threads = threading.active_count()
        for fake in fakes:
            fake.stop()
        times.append(time.perf_counter() - start)
        if threads > threading.active_count() + 1:
            msg = f"50 fakes took {threads} threads"
            raise AssertionError(msg)
    return Figure("50 fakes, start and stop", statistics.median(times) * 1e3, 15, unit="ms")


_IMPORT = """
import pytest, sys, time
before = time.process_time()
import pytest_integrations.plugin
print(time.process_time() - before)
"""


def plugin_import() -> Figure:
    """Importing the plugin after pytest, in processes of its own that find it compiled, as all but the first do."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    command = [sys.executable, "-c", _IMPORT]
    with tempfile.TemporaryDirectory() as compiled:
        environment["PYTHONPYCACHEPREFIX"] = compiled
        times = [
            float(subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout)
            for _ in range(ROUNDS + 1)
        ]
    return Figure("plugin import after pytest, CPU", statistics.median(times[1:]) * 1e3, 10, unit="ms")


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def big_ledger() -> tuple[Figure, Figure]:
    """A ledger of 100,000 calls: its size, and whether it slows the next call."""
    total = 100_000
    with servers.ours() as full, servers.ours() as empty, together():
        clients.raw_kept(full, 1000)
        gc.collect()
        before = _resident()
        clients.raw_kept(full, total)
        gc.collect()
        size = (_resident() - before) / total
        clients.raw_kept(empty, 500)
        ratios = []
        for _ in range(ROUNDS):
            slow = statistics.median(clients.raw_kept(full, 800))
            ratios.append(slow / statistics.median(clients.raw_kept(empty, 800)))
    return (
        Figure("a call in the ledger", size, 800, unit="bytes"),
        Figure("p50 with 100,000 calls / with few", statistics.median(ratios), 1.2),
    )


FIGURES = (
    kept_against_bare,
    kept_against_bare_apart,
    kept_against_peer,
    fresh_against_bare,
    http_client_against_peer,
    aiohttp_against_peer,
    requests_against_peer,
    server_cpu,
    fixture_and_rule,
    fifty_fakes,
    plugin_import,
    big_ledger,
    *virtual.FIGURES,
)


def measure_all() -> list[Figure]:
    """Measure every figure, one after the other."""
    figures: list[Figure] = []
    for measure in FIGURES:
        result = measure()
        figures.extend(result if isinstance(result, tuple) else (result,))
    return figures
