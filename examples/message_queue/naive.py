"""A queue of orders on RabbitMQ, as it is often written. It looks careful; the tests tell."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pika

if TYPE_CHECKING:
    from collections.abc import Callable

log = logging.getLogger(__name__)


class CriticalError(Exception):
    """This message can never be processed."""


class OrderQueue:
    """Sends orders to a queue, and works them off."""

    def __init__(self, url: str, queue: str = "orders") -> None:
        self.queue = queue
        self.connection = pika.BlockingConnection(pika.URLParameters(url))
        self.channel = self.connection.channel()
        self.channel.basic_qos(prefetch_count=2)

    def send(self, body: bytes) -> None:
        self.channel.basic_publish(exchange="", routing_key=self.queue, body=body)

    # region work
    def work(self, process: Callable[[bytes], object], *, idle: float = 10.0) -> None:
        """Process messages until none has come for *idle* seconds."""
        for method, _properties, body in self.channel.consume(self.queue, inactivity_timeout=idle):
            if method is None:
                return
            try:
                process(body)
            except CriticalError:
                log.exception("never: %r", body)
                self.channel.basic_publish(exchange="", routing_key=f"{self.queue}.dead", body=body)
            except Exception:
                log.exception("failed: %r", body)
                continue
            self.channel.basic_ack(method.delivery_tag)

    # endregion
    def close(self) -> None:
        self.connection.close()
