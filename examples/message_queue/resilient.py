"""The same queue: full is told, nothing is lost, what fails is tried later, and what can never succeed is put aside."""

from __future__ import annotations

import logging
import time
import uuid
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pika
import pika.exceptions

if TYPE_CHECKING:
    from collections.abc import Callable

    from pika.adapters.blocking_connection import BlockingChannel
    from pika.spec import BasicProperties

log = logging.getLogger(__name__)


class CriticalError(Exception):
    """This message can never be processed."""


class QueueFull(Exception):
    """The queue takes no more for now; the message was not sent."""


class OrderQueue:
    """Sends orders to a queue, and works them off.

    Three queues belong together, and the operator has declared them: the work; `.later`, where what was rejected waits
    until its time is up and it comes back; and `.dead`, for somebody to look at. If the work has a limit, `.later` must
    dead-letter at least once, or what comes back to a full queue is lost.
    """

    def __init__(
        self,
        url: str,
        queue: str = "orders",
        *,
        attempts: int = 3,
        patience: float = 60.0,
        recovery: float = 5.0,
        done: set[str] | None = None,
    ) -> None:
        """Process each message at most *attempts* times; what its worker dies of only a quorum queue counts.

        A producer waits *patience* seconds for a place in the queue. A connection that cannot be made, or is lost, is
        made after *recovery* seconds. *done* are the ids of what has been processed: a real worker keeps them in its
        database, in the transaction that does the work.
        """
        self.url, self.queue = url, queue
        self.attempts, self.patience, self.recovery = attempts, patience, recovery
        self.done: set[str] = set() if done is None else done
        self.channel = self._connect()

    def _connect(self) -> BlockingChannel:
        """Connect, as often as it takes."""
        while True:
            try:
                return self._open()
            except pika.exceptions.AMQPConnectionError:
                log.warning("no connection to %s", self.queue)
                time.sleep(self.recovery)

    def _open(self) -> BlockingChannel:
        channel = pika.BlockingConnection(pika.URLParameters(self.url)).channel()
        channel.confirm_delivery()  # a publication is done when the broker says so
        channel.basic_qos(prefetch_count=2)
        return channel

    # region send
    def send(self, body: bytes) -> None:
        """Put an order into the queue; wait for a place in it, and raise `QueueFull` if there is none."""
        message_id, wait, begun = str(uuid.uuid4()), 1.0, time.monotonic()
        while True:
            try:
                self._publish(self.queue, body, message_id, {})
            except pika.exceptions.NackError as error:
                if time.monotonic() - begun + wait > self.patience:
                    raise QueueFull(self.queue) from error
            except pika.exceptions.AMQPConnectionError:
                self._reconnect()  # it may have arrived: the same message_id tells, if it comes twice
            except pika.exceptions.AMQPChannelError:
                self._reconnect()  # for the next order: this one, too large say, would be refused again
                raise
            else:
                return
            time.sleep(wait)  # back-pressure: who sends too fast is slowed down
            wait = min(2 * wait, 15.0)

    def _publish(self, queue: str, body: bytes, message_id: str | None, headers: dict[str, Any]) -> None:
        properties = pika.BasicProperties(message_id=message_id, headers=headers, delivery_mode=2)
        self.channel.basic_publish("", queue, body, properties, mandatory=True)  # raises unless it is confirmed

    # endregion
    # region work
    def work(self, process: Callable[[bytes], object], *, idle: float = 120.0) -> None:
        """Process messages until none has come for *idle* seconds."""
        while True:
            try:
                for method, properties, body in self.channel.consume(self.queue, inactivity_timeout=idle):
                    if method is None:
                        self.channel.cancel()
                        return
                    if self._is_done_with(process, body, properties):
                        self.channel.basic_ack(method.delivery_tag)
                    else:
                        self.channel.basic_nack(method.delivery_tag, requeue=False)  # goes to .later, and comes back
            except pika.exceptions.AMQPError:
                self._reconnect()  # what was not settled comes again

    def _is_done_with(self, process: Callable[[bytes], object], body: bytes, properties: BasicProperties) -> bool:
        """Do the work of one message, and tell whether it need not come back."""
        known_by = properties.message_id  # none, if another producer sent it: then it cannot be known again
        if known_by is not None and known_by in self.done:  # a broker delivers at least once
            return True
        try:
            process(body)
        except CriticalError as error:
            self._put_aside(body, properties, error)
        except Exception as error:  # noqa: BLE001 -- whatever it is, the message must go somewhere
            if self._attempt(properties) < self.attempts:
                log.warning("later: %r", error)
                return False
            self._put_aside(body, properties, error)
        if known_by is not None:
            self.done.add(known_by)
        return True

    def _attempt(self, properties: BasicProperties) -> int:
        """Return which attempt this is: the broker has counted the rejections."""
        deaths = (properties.headers or {}).get("x-death", [])
        rejections: int = sum(death["count"] for death in deaths if death["queue"] == self.queue)
        return 1 + rejections

    def _put_aside(self, body: bytes, properties: BasicProperties, error: Exception) -> None:
        """Publish a dead letter; the message is acked when the broker has confirmed it, and not before."""
        log.error("put aside: %r", error)
        headers = {**(properties.headers or {}), "reason": repr(error)}
        self._publish(f"{self.queue}.dead", body, properties.message_id, headers)

    # endregion
    def _reconnect(self) -> None:
        self.close()  # if it was not the connection that failed: what it has in flight would stay there
        time.sleep(self.recovery)
        self.channel = self._connect()

    def close(self) -> None:
        """Leave."""
        with suppress(pika.exceptions.AMQPError):  # a connection that nobody used for long is closed already
            self.channel.connection.close()
