"""What every test may ask for: a pytester that keeps its modules, and a guard against leaks."""

from __future__ import annotations

import gc
import logging
import pkgutil
import signal
import threading
import time
from importlib import import_module, util
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

import pytest_integrations
from pytest_integrations.wire.loop import shared_loop

if TYPE_CHECKING:
    from collections.abc import Iterator

# pytester forgets what an in-process run imported. A second import of our own modules would mean a second I/O thread,
# and a second import of a library in C can crash. What was imported before, it keeps. httpx imports httpcore, and anyio
# its backend, only when first used, and then hold on to it: first used in an in-process run, it is not the one that
# later tests import, and httpx no longer knows httpcore's errors.
_CLIENTS = (
    "aiohttp",
    "anyio._backends._asyncio",
    "anyio._backends._trio",
    "grpc",
    "httpcore",
    "httpx",
    "hypothesis",
    "requests",
    "stamina",
    "tenacity",
    "trio",
    "urllib3",
)

# The same examples in every run, and no verdict by how busy the machine is.
settings.register_profile("suite", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")

# A shell, as some CI does, starts what runs in the background with interrupts ignored; its children inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

_SHARED_THREADS = "integrations-"  # one per process, started on first use and kept: not a leak


_MANY = 1000


def pytest_collection_finish(session: pytest.Session) -> None:
    """Leave what is there before the first of many tests out of each later collection: it takes half a second of each.

    Hypothesis and who tells it of a generator of random numbers come before that: it looks who refers to them.
    """
    if len(session.items) > _MANY:
        _import_all()
        gc.collect()
        gc.freeze()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """Let loggers speak: a worker of Celery's leaves them silent, in the process that it ran in."""
    logging.getLogger().setLevel(logging.WARNING)


def _import_all() -> None:
    for module in pkgutil.walk_packages(pytest_integrations.__path__, "pytest_integrations."):
        import_module(module.name)
    for name in _CLIENTS:
        if util.find_spec(name.partition(".")[0]):
            import_module(name)


@pytest.fixture(scope="session")
def modules_kept() -> None:
    """Import every module of the package, and the clients, so that pytester's in-process runs share them."""
    _import_all()


@pytest.fixture
def pytester(modules_kept: None, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """Run pytest inside a test, in a directory of its own, as on a desk: in CI it does not shorten its summary."""
    for name in ("CI", "BUILD_NUMBER"):
        monkeypatch.delenv(name, raising=False)
    return pytester


@pytest.fixture
def no_leaks() -> Iterator[None]:
    """Fail a test that leaves a thread or a socket behind."""
    shared_loop()  # it has sockets of its own, and is kept
    threads, sockets = set(threading.enumerate()), _open_sockets()
    yield
    left = [t for t in threading.enumerate() if t not in threads and not t.name.startswith(_SHARED_THREADS)]
    for thread in left:
        thread.join(10.0)  # one that is just ending is no leak
    assert not [thread for thread in left if thread.is_alive()], "the test left threads behind"
    patience = time.monotonic() + 10.0
    while _open_sockets() - sockets and time.monotonic() < patience:
        time.sleep(0.01)  # one that another thread is just closing is none either
    assert not _open_sockets() - sockets, "the test left sockets behind"


def _open_sockets() -> set[str]:
    """Return the sockets of this process, each with a name that is not used again."""
    found = set()
    for entry in Path("/proc/self/fd").glob("*"):
        try:
            target = str(entry.readlink())
        except FileNotFoundError:  # the descriptor that did the listing
            continue
        if target.startswith("socket:"):
            found.add(target)
    return found
