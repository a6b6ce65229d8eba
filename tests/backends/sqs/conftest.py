"""A service that runs, and a client of it that hides nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_integrations.backends.sqs.fake import FakeSqs
from tests.backends.sqs.client import JsonClient

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def broker() -> Iterator[FakeSqs]:
    """A running service; what it found wrong by itself fails the test, unless the test has looked at it."""
    with FakeSqs("broker") as broker:
        yield broker


@pytest.fixture
def client(broker: FakeSqs) -> Iterator[JsonClient]:
    """A client of `broker` on a connection of its own."""
    with JsonClient(broker) as client:
        yield client
