"""The real server, one for all tests here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_integrations.backends.amqp.fake import FakeAmqp

from .rabbitmq import is_installed, rabbitmq

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a RabbitMQ that runs for these tests."""
    if not is_installed():
        pytest.skip("no rabbitmq-server is installed")
    with rabbitmq(tmp_path_factory.mktemp("rabbitmq")) as port:
        yield port


@pytest.fixture
def fake() -> Iterator[FakeAmqp]:
    """The fake, as old as the server."""
    with FakeAmqp(version="3.12") as broker:
        yield broker
