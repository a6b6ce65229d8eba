"""What a test asks for. All of it is new for each test, and gone when the test is over."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_integrations.backends.rest import FakeRest

    from .fakes import Fakes

__all__ = ["fake_rest", "fakes"]


@pytest.fixture
def fakes(request: pytest.FixtureRequest) -> Iterator[Fakes]:
    """Make several fake backends for one test: fakes.rest("payments"), fakes.rest("stock"), on one ledger."""
    from pytest_integrations.core.seed import Seed

    from .fakes import Fakes

    made = Fakes(Seed(0, request.node.nodeid))
    yield made
    made.stop()


@pytest.fixture
def fake_rest(fakes: Fakes) -> FakeRest:
    """A fake REST backend on a loopback port: script it, point your client at fake_rest.url, read fake_rest.calls."""
    return fakes.rest("fake_rest")
