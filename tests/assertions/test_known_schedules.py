from __future__ import annotations

import pytest

from pytest_integrations.assertions.known_schedules import looks_like
from pytest_integrations.assertions.tolerance import EXACT, REAL_TIME


@pytest.mark.parametrize(
    ("waits", "name"),
    [
        ([0, 2, 4], "urllib3 backoff_factor=1"),
        ([0, 0.2, 0.4], "urllib3 backoff_factor=0.1"),
        ([0, 0.5, 1.0], "httpx connect retries"),
        ([0.2, 0.4, 0.8], "aiohttp-retry"),
        ([1, 2, 4], "tenacity wait_exponential(multiplier=1)"),
        ([0.5, 0.5, 0.5], "tenacity wait_fixed(0.5)"),
        ([1, 2], "waits that double from 1 s"),
        ([3, 6, 9], "grow by 3 s"),
        ([2, 4, 6], "kombu"),
        ([0, 0, 0], "no wait at all"),
        ([0.013, 0.031, 0.042], "redis-py"),
        ([0.6, 1.1, 0.5], "stamina"),
        ([0.7, 0.4, 3.1], "google-api-core"),
    ],
)
@pytest.mark.parametrize(("tolerance", "noise"), [(EXACT, 0.0), (REAL_TIME, 0.003)], ids=["exact", "real"])
def test_waits_are_recognised(waits: list[float], name: str, tolerance, noise: float) -> None:
    """The waits of a library's defaults name the library."""
    likeness = looks_like([wait + noise for wait in waits], tolerance)

    assert likeness is not None
    assert name in likeness.name


@pytest.mark.parametrize("waits", [[], [1.0], [5.0, 0.3], [9.0, 1.0, 30.0]])
def test_waits_like_nothing_are_like_nothing(waits: list[float]) -> None:
    """One wait fits many schedules, and some fit none: then nothing is claimed."""
    assert looks_like(waits, EXACT) is None


@pytest.mark.parametrize(
    ("waits", "name"),
    [
        ([0.001, 0.215, 0.402], "urllib3 backoff_factor=0.1"),
        ([0.315, 0.602, 1.2], "tenacity wait_exponential(multiplier=0.3)"),
        ([0.315, 0.601, 0.9], "grow by 0.3 s"),
    ],
)
def test_one_late_wait_does_not_hide_the_schedule(waits: list[float], name: str) -> None:
    """The number behind the waits is read from the one that was least late."""
    likeness = looks_like(waits, REAL_TIME)

    assert likeness is not None
    assert name in likeness.name
