"""A fake that hosts a servicer, written with threads or with asyncio."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

import pytest

from pytest_integrations.backends.grpc.fake import FakeGrpc
from tests.backends.grpc.hosting import SERVICERS, Threaded, hosted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_integrations.backends.grpc.services import Service


@pytest.fixture(params=SERVICERS.values(), ids=SERVICERS)
def servicer(request: pytest.FixtureRequest) -> Threaded:
    """What an application has written."""
    made: Threaded = request.param()
    return made


@pytest.fixture
def shop(no_leaks: None, request: pytest.FixtureRequest) -> Iterator[FakeGrpc]:
    """A running fake."""
    with FakeGrpc("shop") as fake:
        yield fake
    if "asyncio" in request.node.name:
        gc.collect()  # an error that has passed through a coroutine holds on to grpcio's own thread for asyncio


@pytest.fixture
def orders(shop: FakeGrpc, servicer: Threaded) -> Service:
    """The service that it hosts."""
    return hosted(shop, servicer)
