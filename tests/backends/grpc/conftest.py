"""A fake with a small schema."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_integrations.backends.grpc.fake import FakeGrpc
from tests.backends.grpc.orders import PROTO

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_integrations.backends.grpc.services import Service


@pytest.fixture
def shop() -> Iterator[FakeGrpc]:
    """A running fake; what it found wrong by itself fails the test, unless the test has looked at it."""
    with FakeGrpc("shop") as fake:
        fake.load(PROTO)
        yield fake


@pytest.fixture
def orders(shop: FakeGrpc) -> Service:
    """The service with a method of each kind."""
    return shop.service("shop.v1.Orders")


def told(fake: FakeGrpc) -> list[str]:
    """Return what *fake* found wrong by itself, and would fail the test for."""
    return [problem.text for problem in fake.ledger.untold()]
