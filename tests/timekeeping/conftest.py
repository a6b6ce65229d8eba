"""A fake that answers, in virtual time."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_integrations import FakeRest
    from pytest_integrations.timekeeping import VirtualClock


@pytest.fixture
def shop(virtual_clock: VirtualClock, fake_rest: FakeRest) -> FakeRest:
    """A fake that answers `GET /`."""
    fake_rest.get("/").reply(text="ok")
    return fake_rest


@pytest.fixture
def gaps(shop: FakeRest) -> Callable[[], list[float]]:
    """The seconds from the start of each call to the start of the next."""
    return lambda: [round(after.started - before.started, 6) for before, after in pairwise(shop.calls)]
