"""What is looked at again and again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.wire.amqp.client import Client, Confirm, Queue

if TYPE_CHECKING:
    from pytest_integrations.backends.amqp.fake import FakeAmqp


def length(client: Client, queue: str = "q") -> int:
    return client.ask(Queue.Declare(queue=queue, passive=True)).method.message_count


def story(broker: FakeAmqp, number: int = 0) -> list[str]:
    return [event.kind for event in broker.messages[number].events]


def confirmed(client: Client, body: bytes = b"one", **settings: Any) -> str:
    client.ask(Confirm.Select())
    return client.publish(body, "q", **settings).expect("Basic.Ack", "Basic.Nack").name


def assert_reset(client: Client) -> None:
    with pytest.raises(ConnectionResetError):
        client.take(1)
