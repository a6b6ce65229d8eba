"""What a test asks for. All of it is new for each test, and gone when the test is over."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .options import profile_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_integrations.backends.rest import FakeRest

    from .factory import Fakes

__all__ = ["fake_rest", "fakes", "fault_profile"]


@pytest.fixture
def fault_profile(request: pytest.FixtureRequest) -> str | None:
    """The name of the fault profile that the test runs with, or None.

    A test that starts its fakes by itself asks for it to be run once for each of several profiles.
    """
    return profile_of(request.node)


@pytest.fixture
def fakes(
    request: pytest.FixtureRequest,
    fault_profile: str | None,  # noqa: ARG001 -- asked for, so that the test is repeated for each of several profiles
) -> Iterator[Fakes]:
    """Make several fakes for one test: fakes.rest("payments"), fakes.rest("stock"); their calls stand in one order."""
    from .factory import Fakes
    from .registries import registries

    made = Fakes(registries(request.config).backends)
    try:
        yield made
    finally:
        made.stop()


@pytest.fixture
def fake_rest(fakes: Fakes) -> FakeRest:
    """A fake REST backend on a loopback port: script it, point your client at fake_rest.url, read fake_rest.calls."""
    return fakes.rest("fake_rest")
