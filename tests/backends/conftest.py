"""A fake that runs, and an honest client of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from pytest_integrations import FakeRest

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def fake() -> Iterator[FakeRest]:
    """A running fake; what it found wrong by itself fails the test, unless the test has looked at it."""
    with FakeRest("fake") as fake:
        yield fake


@pytest.fixture
def client(fake: FakeRest) -> Iterator[httpx.Client]:
    """A client of `fake` that keeps its connections."""
    with httpx.Client(base_url=fake.url, timeout=5, trust_env=False) as client:
        yield client
