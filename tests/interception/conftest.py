"""A fake, and an interception that is in force."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_integrations import FakeRest, Interception

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def fake() -> Iterator[FakeRest]:
    with FakeRest("fake") as fake:
        fake.get("/users").reply(text="all")
        yield fake


@pytest.fixture
def intercept() -> Iterator[Interception]:
    with Interception() as interception:
        yield interception
