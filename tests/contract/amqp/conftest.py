"""A broker with the queue `q`, and raw clients."""

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
        broker.queue("q", dead_letter=True)
        yield broker


@pytest.fixture
def connect(broker: FakeAmqp) -> Iterator[Callable[[], Client]]:
    with ExitStack() as stack:
        yield lambda: stack.enter_context(Client(broker.port))


@pytest.fixture
def client(connect: Callable[[], Client]) -> Client:
    return connect().login().open()
