"""A REST fake, and clients that speak HTTP/2 to it."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from pytest_integrations import FakeRest

from .client import Http2Client

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture
def fake(no_leaks: None) -> Iterator[FakeRest]:
    """A fake that answers at `/users`, to every method, and echoes what is posted to `/echo`."""
    with FakeRest("fake") as fake:
        fake.any("/users").reply(json=["ada", "grace"])
        fake.post("/echo").calls(lambda request: request.get_data(), inline=True)
        yield fake


@pytest.fixture
def connect(fake: FakeRest) -> Iterator[Callable[[], Http2Client]]:
    """Open one more connection to `fake`."""
    with ExitStack() as stack:
        yield lambda: stack.enter_context(Http2Client(fake.port))
