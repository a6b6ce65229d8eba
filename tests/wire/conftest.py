"""A fake that runs, and a way to open raw connections to it that are closed in the end."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from pytest_integrations import FakeRest

from .raw import Raw

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture
def fake() -> Iterator[FakeRest]:
    """A running fake that answers `GET /` and echoes what is posted to `/echo`."""
    with FakeRest("fake") as fake:
        fake.get("/").reply(text="ok")
        fake.post("/echo").calls(lambda request: request.get_data(), inline=True)
        yield fake


@pytest.fixture
def connect(fake: FakeRest) -> Iterator[Callable[[], Raw]]:
    """Open one more raw connection to `fake`."""
    with ExitStack() as stack:
        yield lambda: stack.enter_context(Raw(fake))
