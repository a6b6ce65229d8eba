"""A fake with a service that has a method of each kind, all of them answered."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

from pytest_integrations.backends.grpc.fake import FakeGrpc
from tests.backends.grpc.orders import PROTO

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_integrations.backends.grpc.services import Service

_TALKERS = ("grpc._common", "grpc.aio._call", "grpc._server", "grpc._cython.cygrpc", "grpclib.protocol", "asyncio")


@pytest.fixture
def quiet(caplog: pytest.LogCaptureFixture) -> None:
    """Let clients and servers not tell of what is broken on purpose."""
    for name in _TALKERS:
        caplog.set_level(logging.CRITICAL, logger=name)


@pytest.fixture
def shop() -> Iterator[FakeGrpc]:
    """A running fake; what it found wrong by itself fails the test, unless the test has looked at it."""
    with FakeGrpc("shop") as fake:
        fake.load(PROTO)
        yield fake


@pytest.fixture
def orders(shop: FakeGrpc) -> Service:
    """Its service."""
    service = shop.service("shop.v1.Orders")
    service.Get.reply(lambda request: {"id": request.id, "qty": 2})
    service.Upload.reply(lambda requests: {"count": len(requests)})
    service.List.reply_stream([{"id": "a"}, {"id": "b"}, {"id": "c"}])
    service.Chat.reply(lambda note: {"text": note.text.upper()})
    return service
