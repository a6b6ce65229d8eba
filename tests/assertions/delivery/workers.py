"""A producer and a consumer as they should be, and the ways in which people write them instead."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import amqp
import pika
import pika.exceptions
from amqp.exceptions import MessageNacked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

IDLE = 5.0
"""After so many seconds without a message a consumer has nothing more to do."""

Channel = Any


class Producer:
    """Gives each message its id before the first attempt, awaits every confirm, and tries again."""

    def __init__(self, url: str, queue: str = "orders", attempts: int = 5) -> None:
        self.url = urlsplit(url)
        self.queue = queue
        self.attempts = attempts
        self.reported: list[str] = []
        self._connection: amqp.Connection | None = None

    def send_all(self, bodies: Iterable[str]) -> None:
        for number, body in enumerate(bodies, start=1):
            self.send(body, f"m-{number}")
        self.close()

    def send(self, body: str, key: str) -> None:
        for _ in range(self.attempts):
            with suppress(MessageNacked, amqp.AMQPError, OSError):
                self._publish(body, key)
                return
            self.close()
        self.reported.append(key)

    def _publish(self, body: str, key: str) -> None:
        if self._connection is None:
            self._connection = amqp.Connection(
                f"{self.url.hostname}:{self.url.port}",
                confirm_publish=True,
                connect_timeout=2,
                read_timeout=2,
                write_timeout=2,
            )
            self._connection.connect()
        message = amqp.Message(body, message_id=key)
        self._connection.channel(1).basic_publish(message, "", self.queue, confirm_timeout=0.3)

    def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(amqp.AMQPError, OSError):
                connection.collect()


class Consumer:
    """Takes one at a time, acks when it is done, gives back what failed, and knows what it has done already."""

    def __init__(self, url: str, queue: str = "orders", prefetch: int = 1) -> None:
        self.url = url
        self.queue = queue
        self.prefetch = prefetch
        self.done: set[str] = set()
        self.effects: list[str] = []

    def work(self) -> None:
        """Work until the queue is empty, whatever happens to the connection."""
        for _ in range(20):
            with suppress(pika.exceptions.AMQPError, OSError), connected(self.url) as channel:
                channel.basic_qos(prefetch_count=self.prefetch)
                for method, properties, body in deliveries(channel, self.queue):
                    self.take(channel, method, properties, body)
                channel.cancel()
            with suppress(pika.exceptions.AMQPError, OSError):
                if self._is_empty():
                    return

    def take(self, channel: Channel, method: Any, properties: Any, body: bytes) -> None:
        try:
            if properties.message_id not in self.done:
                self.handle(body)
                self.done.add(properties.message_id)
            channel.basic_ack(method.delivery_tag)
        except ValueError:
            channel.basic_nack(method.delivery_tag, requeue=True)  # the broker counts, and has a limit

    def handle(self, body: bytes) -> None:
        self.effects.append(f"m-{int(body)}")

    def _is_empty(self) -> bool:
        with connected(self.url) as channel:
            return channel.queue_declare(self.queue, passive=True).method.message_count == 0


class connected:  # noqa: N801 -- read as a word
    """A connection and its channel, which are closed at the end if they can be."""

    def __init__(self, url: str, *, confirm: bool = False) -> None:
        parameters = pika.URLParameters(url)
        parameters.socket_timeout = parameters.stack_timeout = parameters.blocked_connection_timeout = 2
        parameters.connection_attempts = 3
        parameters.retry_delay = 0.05
        self._parameters, self._confirm = parameters, confirm

    def __enter__(self) -> Channel:
        self._connection = pika.BlockingConnection(self._parameters)
        channel = self._connection.channel()
        if self._confirm:
            channel.confirm_delivery()
        return channel

    def __exit__(self, *_: object) -> None:
        with suppress(pika.exceptions.AMQPError, OSError):
            self._connection.close()


def deliveries(channel: Channel, queue: str = "orders", at_most: int = 1000) -> Iterator[Any]:
    """Yield what is delivered, until nothing comes any more."""
    for number, delivery in enumerate(channel.consume(queue, inactivity_timeout=IDLE)):
        if delivery[0] is None or number >= at_most:
            return
        yield delivery


def consume(url: str, take: Callable[[Channel, Any, Any, bytes], None], *, at_most: int = 1000, **qos: int) -> None:
    """Run a consumer that somebody wrote: *take* is its callback."""
    with connected(url, confirm=True) as channel:
        if qos:
            channel.basic_qos(**qos)
        for method, properties, body in deliveries(channel, at_most=at_most):
            take(channel, method, properties, body)
