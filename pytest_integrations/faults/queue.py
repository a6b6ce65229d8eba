"""What goes wrong between a broker and those who use it, in the way of every protocol."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from pytest_integrations.core.effect import Confirm, Copies, Full, Garble, Hide, Lose, Poison, Pretend, Swap, TakeBack
from pytest_integrations.core.errors import ScriptingError
from pytest_integrations.core.fault import Fault
from pytest_integrations.core.settings import seconds, whole

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_integrations.core.effect import Effect
    from pytest_integrations.core.fault import Occasion

__all__ = [
    "duplicate",
    "empty_receive",
    "garbage",
    "lost_ack",
    "lost_confirm",
    "lost_message",
    "poison",
    "queue_full",
    "redeliver",
    "refused_publish",
    "reorder",
]

_PUBLISH = frozenset({"publish"})
_DELIVER = frozenset({"receive", "deliver"})
_SETTLE = frozenset({"ack"})


@dataclass(frozen=True, slots=True, repr=False)
class queue_full(Fault):  # noqa: N801 -- a word in a script
    """Behave as if the queue were full, in the protocol's own way.

    Wire definition: Redis answers `-OOM command not allowed when used memory > 'maxmemory'.` and does nothing. AMQP
    does what *mode* says: `"reject-publish"` (the default) refuses the message, which a producer in confirm mode
    learns by `basic.nack` and any other never; `"drop-head"` takes it and drops the oldest message of each queue that
    it goes to; `"block"` sends `connection.blocked` and takes it once the fault is over. SQS answers a receiver
    `OverLimit`, as it does when too many messages are in flight, and a producer, whose queue has no end,
    `RequestThrottled`.

    ```python
    import pytest, redis

    fake_redis.queue("orders")
    fake_redis.inject(queue_full())
    with redis.Redis.from_url(fake_redis.url) as client, pytest.raises(redis.OutOfMemoryError):
        client.rpush("orders", "17")
    ```
    """

    mode: str = ""
    kinds: ClassVar[frozenset[str]] = frozenset({"publish", "receive"})

    def __post_init__(self) -> None:
        """Check the settings; which modes there are is the protocol's."""
        if not isinstance(self.mode, str):
            msg = f"mode={self.mode!r} is not a text: valid are, with AMQP, 'reject-publish', 'drop-head' and 'block'"
            raise ScriptingError(msg)

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        """Yield the full queue."""
        yield Full(self.mode)


@dataclass(frozen=True, slots=True, repr=False)
class refused_publish(Fault):  # noqa: N801 -- a word in a script
    """Do not take a message, and tell its producer so.

    Wire definition: AMQP answers a publication in confirm mode by `basic.nack`; one that is not is lost, as from a
    broker in trouble. SQS answers `InternalError`, status 500.

    ```python
    import pika, pytest

    fake_amqp.queue("orders")
    fake_amqp.inject(refused_publish())
    connection = pika.BlockingConnection(pika.URLParameters(fake_amqp.url))
    channel = connection.channel()
    channel.confirm_delivery()
    with pytest.raises(pika.exceptions.NackError):
        channel.basic_publish("", "orders", b"17")
    connection.close()
    assert fake_amqp.messages[0].producer_was_told == "refused"
    ```
    """

    kinds: ClassVar[frozenset[str]] = _PUBLISH

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        """Yield the refusal."""
        yield Confirm("refuse")


@dataclass(frozen=True, slots=True, repr=False)
class lost_confirm(Fault):  # noqa: N801 -- a word in a script
    """Take a message, and never tell its producer.

    Wire definition: the message is put into its queues; no confirm is sent for it. SQS does not answer at all.

    ```python
    import pika

    orders = fake_amqp.queue("orders")
    fake_amqp.inject(lost_confirm())
    connection = pika.BlockingConnection(pika.URLParameters(fake_amqp.url))
    channel = connection.channel()  # by `confirm_delivery` it would wait for ever
    channel.basic_publish("", "orders", b"17")
    connection.close()
    assert orders.ready
    assert fake_amqp.messages[0].producer_was_told == "nothing"
    ```
    """

    kinds: ClassVar[frozenset[str]] = _PUBLISH

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        """Yield the silence."""
        yield Confirm("withhold")


@dataclass(frozen=True, slots=True, repr=False)
class lost_message(Fault):  # noqa: N801 -- a word in a script
    """Tell the producer that its message is safe, and lose it: a broker that crashed before its disk had it.

    Wire definition: the answer is that of a success; no queue gets the message.

    ```python
    import pika

    orders = fake_amqp.queue("orders")
    fake_amqp.inject(lost_message())
    connection = pika.BlockingConnection(pika.URLParameters(fake_amqp.url))
    channel = connection.channel()
    channel.confirm_delivery()
    channel.basic_publish("", "orders", b"17")  # no error
    connection.close()
    assert fake_amqp.messages[0].producer_was_told == "confirmed"
    assert not orders.ready
    ```
    """

    kinds: ClassVar[frozenset[str]] = _PUBLISH

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        """Yield the loss."""
        yield Lose()


@dataclass(frozen=True, slots=True, repr=False)
class poison(Fault):  # noqa: N801 -- a word in a script
    r"""Put a message into the queue that no consumer can read: the one that was sent by somebody else's new release.

    Wire definition: the publication is answered as always, and what the queue gets has *body* for its body; headers
    and ids are as they were sent. The default is neither JSON nor UTF-8.

    ```python
    import redis

    fake_redis.queue("orders")
    fake_redis.inject(poison())
    with redis.Redis.from_url(fake_redis.url) as client:
        client.rpush("orders", "17")
        assert client.lpop("orders") == b"\x80poison"
    ```
    """

    body: bytes = b"\x80poison"
    kinds: ClassVar[frozenset[str]] = _PUBLISH

    def __post_init__(self) -> None:
        """Check the settings."""
        if not isinstance(self.body, bytes):
            msg = f"body={self.body!r} is not bytes: write poison(b'...')"
            raise ScriptingError(msg)

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        """Yield the poison."""
        yield Poison(self.body)


@dataclass(frozen=True, slots=True, repr=False)
class lost_ack(Fault):  # noqa: N801 -- a word in a script
    """Lose what settles a delivery: the consumer believes it is done, the broker does not.

    Wire definition: the answer, where the protocol has one, is that of a success; the message stays in flight and is
    delivered again when its time is up or its consumer has gone.

    ```python
    import boto3

    orders = fake_sqs.queue("orders")
    orders.publish("17")
    fake_sqs.inject(lost_ack())
    sqs = boto3.client("sqs", **fake_sqs.client_arguments)
    message = sqs.receive_message(QueueUrl=orders.url)["Messages"][0]
    sqs.delete_message(QueueUrl=orders.url, ReceiptHandle=message["ReceiptHandle"])
    sqs.close()
    assert len(orders.in_flight) == 1
    ```
    """

    kinds: ClassVar[frozenset[str]] = _SETTLE

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        """Yield the pretence."""
        yield Pretend()


@dataclass(frozen=True, slots=True, repr=False)
class duplicate(Fault):  # noqa: N801 -- a word in a script
    """Deliver a message *copies* more times, as brokers that promise "at least once" may.

    Wire definition: each copy is a delivery of its own, with its own tag, handle or id, right after the first; the
    body and the message's own id are the same.

    ```python
    import pika

    fake_amqp.queue("orders").publish("17")
    fake_amqp.inject(duplicate())
    connection = pika.BlockingConnection(pika.URLParameters(fake_amqp.url))
    channel = connection.channel()
    bodies = [channel.basic_get("orders", auto_ack=True)[2] for _ in range(2)]
    connection.close()
    assert bodies == [b"17", b"17"]
    ```
    """

    copies: int = 1
    kinds: ClassVar[frozenset[str]] = _DELIVER

    def __post_init__(self) -> None:
        """Check the settings."""
        whole("copies", self.copies, 1)

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        """Yield the copies."""
        yield Copies(self.copies)


@dataclass(frozen=True, slots=True, repr=False)
class redeliver(Fault):  # noqa: N801 -- a word in a script
    """Give a message to somebody else *after* seconds, although its consumer is still at work on it.

    Wire definition: the message goes back into its queue, marked as redelivered; what the first consumer says of it
    afterwards is told too late.

    ```python
    import pika

    orders = fake_amqp.queue("orders")
    orders.publish("17")
    fake_amqp.inject(redeliver())
    connection = pika.BlockingConnection(pika.URLParameters(fake_amqp.url))
    channel = connection.channel()
    first, second = (channel.basic_get("orders")[0] for _ in range(2))
    connection.close()
    assert (first.redelivered, second.redelivered) == (False, True)
    ```
    """

    after: float = 0.0
    kinds: ClassVar[frozenset[str]] = _DELIVER

    def __post_init__(self) -> None:
        """Check the settings."""
        seconds("after", self.after)

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        """Yield the way back."""
        yield TakeBack(self.after)


@dataclass(frozen=True, slots=True, repr=False)
class reorder(Fault):  # noqa: N801 -- a word in a script
    """Deliver a later message first: the last of the next *window* that wait, in place of the one whose turn it is.

    Wire definition: two messages change places; with fewer than two waiting nothing happens.

    ```python
    import pika

    orders = fake_amqp.queue("orders")
    for number in ("1", "2"):
        orders.publish(number)
    fake_amqp.inject(reorder())
    connection = pika.BlockingConnection(pika.URLParameters(fake_amqp.url))
    channel = connection.channel()
    bodies = [channel.basic_get("orders", auto_ack=True)[2] for _ in range(2)]
    connection.close()
    assert bodies == [b"2", b"1"]
    ```
    """

    window: int = 2
    kinds: ClassVar[frozenset[str]] = _DELIVER

    def __post_init__(self) -> None:
        """Check the settings."""
        whole("window", self.window, 2)

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        """Yield the exchange of places."""
        yield Swap(self.window)


@dataclass(frozen=True, slots=True, repr=False)
class empty_receive(Fault):  # noqa: N801 -- a word in a script
    """Tell a receiver that there is nothing, whatever there is.

    Wire definition: the answer to an empty queue (nil, `basic.get-empty`, no `Messages`), at once.

    ```python
    import redis

    fake_redis.queue("orders").publish("17")
    fake_redis.inject(empty_receive())
    with redis.Redis.from_url(fake_redis.url) as client:
        assert client.lpop("orders") is None
        assert client.lpop("orders") == b"17"
    ```
    """

    kinds: ClassVar[frozenset[str]] = frozenset({"receive"})

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        """Yield the empty answer."""
        yield Hide()


@dataclass(frozen=True, slots=True, repr=False)
class garbage(Fault):  # noqa: N801 -- a word in a script
    r"""Send bytes that are none of the protocol's.

    Wire definition: *data* in place of the answer, and the connection stays open. The operation is not done.

    ```python
    import pytest, redis

    fake_redis.inject(garbage())
    with redis.Redis.from_url(fake_redis.url) as client, pytest.raises(redis.RedisError):
        client.get("key")
    ```
    """

    data: bytes = b"\x00\xffnot the protocol\r\n"

    def __post_init__(self) -> None:
        """Check the settings."""
        if not isinstance(self.data, bytes) or not self.data:
            msg = f"data={self.data!r} is nothing to send: write garbage(b'...')"
            raise ScriptingError(msg)

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        """Yield the bytes."""
        yield Garble(self.data)
