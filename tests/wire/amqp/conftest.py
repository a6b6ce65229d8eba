"""A broker that runs, and raw connections to it that are closed in the end."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from pytest_integrations.backends.amqp.fake import FakeAmqp

from .client import Client

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture
def broker() -> Iterator[FakeAmqp]:
    """A running broker with the queue `q`."""
    with FakeAmqp("broker") as broker:
        broker.queue("q")
        yield broker


@pytest.fixture
def connect(broker: FakeAmqp) -> Iterator[Callable[..., Client]]:
    """Open one more connection to `broker`, not logged in."""
    with ExitStack() as stack:
        yield lambda **settings: stack.enter_context(Client(broker.port, **settings))


@pytest.fixture
def client(connect: Callable[..., Client]) -> Client:
    """A client that is logged in and has the channel 1."""
    return connect().login().open()
