"""A fake Redis that runs, and ways to talk to it."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest
import redis

from pytest_integrations.backends.redis import FakeRedis
from tests.contract.redis.resp import Raw

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture
def broker() -> Iterator[FakeRedis]:
    """A running fake."""
    with FakeRedis() as fake:
        yield fake


@pytest.fixture
def connect(broker: FakeRedis) -> Iterator[Callable[[], Raw]]:
    """Open one more raw connection to `broker`."""
    with ExitStack() as stack:
        yield lambda: stack.enter_context(Raw(broker))


@pytest.fixture
def raw(connect: Callable[[], Raw]) -> Raw:
    """One raw connection to `broker`."""
    return connect()


@pytest.fixture
def client(broker: FakeRedis) -> Iterator[redis.Redis]:
    """A redis-py client of `broker` that decodes."""
    with redis.Redis.from_url(broker.url, decode_responses=True) as client:
        yield client
        client.connection_pool.disconnect()
