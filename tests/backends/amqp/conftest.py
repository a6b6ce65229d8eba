"""A broker that runs, and a raw client with an open channel."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from pytest_integrations.backends.amqp.fake import FakeAmqp
from tests.wire.amqp.client import Client

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture
def broker() -> Iterator[FakeAmqp]:
    with FakeAmqp("broker", heartbeat=0) as broker:
        yield broker


@pytest.fixture
def connect(broker: FakeAmqp) -> Iterator[Callable[..., Client]]:
    """Open one more connection, logged in, with the channel 1."""
    with ExitStack() as stack:
        yield lambda *who: stack.enter_context(Client(broker.port, timeout=100)).login(*who).open()


@pytest.fixture
def client(connect: Callable[..., Client]) -> Client:
    return connect()
