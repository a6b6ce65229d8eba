"""What only AMQP brokers do to their clients."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

from pytest_integrations.core.effect import Delay, Fail, Full, Garble, Withhold
from pytest_integrations.core.errors import ScriptingError
from pytest_integrations.core.fault import Fault
from pytest_integrations.core.settings import among, seconds, text

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import timedelta

    from pytest_integrations.core.call import Call
    from pytest_integrations.core.effect import Effect
    from pytest_integrations.core.fault import Occasion

__all__ = [
    "auth_refused",
    "blocked",
    "cancel_consumer",
    "channel_close",
    "connection_close",
    "frame_error",
    "missed_heartbeats",
    "unroutable",
    "vhost_missing",
]

_CHANNEL_CODES = (311, 313, 403, 404, 405, 406)
_CONNECTION_CODES = (320, 402, 501, 502, 503, 504, 505, 506, 530, 540, 541)
_ON_CHANNELS = frozenset({"declare", "publish", "subscribe", "receive", "ack", "nack"})

_BAD_FRAMES = {
    "end": b"\x01\x00\x00\x00\x00\x00\x04\x00\x0a\x00\x33\x00",
    "type": b"\x09\x00\x00\x00\x00\x00\x00\xce",
    "size": b"\x01\x00\x00\xff\xff\xff\xff\x00\x0a\x00\x33\xce",
    "method": b"\x01\x00\x00\x00\x00\x00\x04\x00\x63\x00\x63\xce",
}


@dataclass(frozen=True, slots=True, repr=False)
class channel_close(Fault):  # noqa: N801 -- a word in a script
    """Refuse an operation by closing its channel; the connection goes on.

    Wire definition: `channel.close` with *code*, the code's name and *text*, and the ids of the method, in place of the
    answer. The operation is not done; what the channel had and had not settled goes back into its queues, its consumers
    are gone, and what the client sends on it before it knows is not heard. *code*: 406 (a precondition), 404, 403, 405,
    311 or 313.

    ```python
    import pika, pytest

    fake_amqp.queue("orders")
    fake_amqp.inject(channel_close(406, "the disk is full"))
    with pika.BlockingConnection(pika.URLParameters(fake_amqp.url)) as connection:
        channel = connection.channel()
        with pytest.raises(pika.exceptions.ChannelClosedByBroker):
            channel.basic_get("orders")
    ```
    """

    code: int = 406
    text: str = "injected"
    kinds: ClassVar[frozenset[str]] = _ON_CHANNELS

    def __post_init__(self) -> None:
        """Check the settings."""
        among("code", self.code, _CHANNEL_CODES)
        text("text", self.text)

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        """Yield the refusal."""
        yield Fail(str(self.code), self.text, "channel")


@dataclass(frozen=True, slots=True, repr=False)
class connection_close(Fault):  # noqa: N801 -- a word in a script
    """Close the connection, as a broker does that is shut down (320) or in trouble (541).

    Wire definition: `connection.close` with *code*, the code's name and *text*, and the ids of the method, in place of
    the answer; the operation is not done. Nothing more is heard but `connection.close-ok`, upon which the connection
    ends, or after ten seconds.

    ```python
    import pika, pytest

    fake_amqp.queue("orders")
    fake_amqp.on("receive").inject(connection_close(320))
    with pytest.raises(pika.exceptions.ConnectionClosedByBroker):
        pika.BlockingConnection(pika.URLParameters(fake_amqp.url)).channel().basic_get("orders")
    ```
    """

    code: int = 320
    text: str = "Closed via management plugin"

    def __post_init__(self) -> None:
        """Check the settings."""
        among("code", self.code, _CONNECTION_CODES)
        text("text", self.text)

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        """Yield the refusal."""
        yield Fail(str(self.code), self.text, "connection")


@dataclass(frozen=True, slots=True, repr=False)
class unroutable(Fault):  # noqa: N801 -- a word in a script
    """Let a message fit no queue, as if somebody had deleted the binding.

    Wire definition: a message that was published as mandatory comes back by `basic.return` with 312 NO_ROUTE; any other
    is dropped. In confirm mode the producer then gets `basic.ack` in both cases, as from RabbitMQ: it is told that its
    message is safe, and it is nowhere.

    ```python
    import pika, pytest

    fake_amqp.queue("orders")
    fake_amqp.inject(unroutable())
    with pika.BlockingConnection(pika.URLParameters(fake_amqp.url)) as connection:
        channel = connection.channel()
        channel.confirm_delivery()
        with pytest.raises(pika.exceptions.UnroutableError):
            channel.basic_publish("", "orders", b"one", mandatory=True)
    ```
    """

    kinds: ClassVar[frozenset[str]] = frozenset({"publish"})

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        """Yield the refusal that ends nothing."""
        yield Fail("312", "NO_ROUTE")


@dataclass(frozen=True, slots=True, repr=False)
class cancel_consumer(Fault):  # noqa: N801 -- a word in a script
    """Cancel a consumer instead of giving it a message, as when its queue is deleted or moves to another node.

    Wire definition: `basic.cancel` for the consumer whose turn it is, if its client has said that it understands that
    (`consumer_cancel_notify`); the message stays in its queue, and what the consumer has not settled stays with it. The
    channel goes on. A client that does not look out for it waits for ever.

    ```python
    import pika

    fake_amqp.queue("orders")
    fake_amqp.publish("orders", b"one")
    fake_amqp.inject(cancel_consumer())
    with pika.BlockingConnection(pika.URLParameters(fake_amqp.url)) as connection:
        assert list(connection.channel().consume("orders")) == []  # pika ends the loop
    ```
    """

    kinds: ClassVar[frozenset[str]] = frozenset({"deliver"})

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        """Yield the end of the consumer."""
        yield Fail("", "", "consumer")


@dataclass(frozen=True, slots=True, repr=False)
class auth_refused(Fault):  # noqa: N801 -- a word in a script
    """Refuse a login, as with a wrong password or while the directory of users is away.

    Wire definition: `connection.close` with 403 ACCESS_REFUSED in answer to `connection.start-ok`, if the client has
    said that it understands that (`authentication_failure_close`), or a FIN.

    ```python
    import pika, pytest

    fake_amqp.inject(auth_refused())
    with pytest.raises(pika.exceptions.ProbableAuthenticationError):
        pika.BlockingConnection(pika.URLParameters(fake_amqp.url))
    ```
    """

    kinds: ClassVar[frozenset[str]] = frozenset({"connect"})

    def acts_on(self, call: Call) -> bool:
        """Tell whether *call* is a login."""
        return call.operation.startswith("connection.start-ok")

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        """Yield the refusal."""
        words = "Login was refused using authentication mechanism PLAIN. For details see the broker logfile."
        yield Fail("403", words, "connection")


@dataclass(frozen=True, slots=True, repr=False)
class vhost_missing(Fault):  # noqa: N801 -- a word in a script
    """Let the virtual host not be there, as on a broker that was just set up.

    Wire definition: `connection.close` with 530 NOT_ALLOWED and "vhost *name* not found" in answer to
    `connection.open`.

    ```python
    import pika, pytest

    fake_amqp.inject(vhost_missing())
    with pytest.raises(pika.exceptions.ProbableAccessDeniedError):
        pika.BlockingConnection(pika.URLParameters(fake_amqp.url))
    ```
    """

    kinds: ClassVar[frozenset[str]] = frozenset({"connect"})

    def acts_on(self, call: Call) -> bool:
        """Tell whether *call* asks for a virtual host."""
        return call.operation.startswith("connection.open ")

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        """Yield the refusal."""
        yield Fail("530", f"vhost {getattr(occasion.call, 'queue', '/')} not found", "connection")


@dataclass(frozen=True, slots=True, repr=False)
class blocked(Fault):  # noqa: N801 -- a word in a script
    """Stop taking messages for some *seconds*, as a broker does that runs out of memory or disk.

    Wire definition: `connection.blocked` with "low on memory" in answer to a publication, if the client has said that
    it understands that; neither the publication nor anything after it on the connection is looked at for so many
    seconds; then `connection.unblocked`, and all is done in its order. Other connections go on.

    ```python
    import pika

    fake_amqp.queue("orders")
    fake_amqp.inject(blocked(0.05))
    with pika.BlockingConnection(pika.URLParameters(fake_amqp.url)) as connection:
        channel = connection.channel()
        channel.confirm_delivery()
        channel.basic_publish("", "orders", b"one")  # returns after that time
    assert fake_amqp.calls[4].operation == "basic.publish orders"
    ```
    """

    seconds: float | timedelta
    kinds: ClassVar[frozenset[str]] = frozenset({"publish"})

    def __post_init__(self) -> None:
        """Check the settings."""
        if not seconds("seconds", self.seconds):
            msg = "blocked(0) blocks nobody: give seconds greater than 0, or use fake.block() and fake.unblock()"
            raise ScriptingError(msg)

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        """Yield the block and its length."""
        yield Full("block")
        yield Delay(seconds("seconds", self.seconds))


@dataclass(frozen=True, slots=True, repr=False)
class missed_heartbeats(Fault):  # noqa: N801 -- a word in a script
    """Send no heartbeats any more: a broker whose machine hangs, or a network that lets nothing through when idle.

    Wire definition: from the operation on that it happens to, which is answered, no heartbeat frame is sent on the
    connection, and the client's are not missed. A client that keeps count closes after two intervals without a frame.

    ```python
    import pika, pytest

    fake_amqp.queue("orders")
    fake_amqp.inject(missed_heartbeats())
    connection = pika.BlockingConnection(pika.URLParameters(f"{fake_amqp.url}?heartbeat=1"))
    with pytest.raises(pika.exceptions.AMQPHeartbeatTimeout):
        connection.sleep(60)
    assert virtual_clock.now < 60
    ```
    """

    kinds: ClassVar[frozenset[str]] = _ON_CHANNELS | {"connect"}

    def acts_on(self, call: Call) -> bool:
        """Tell whether *call* comes after both sides have agreed on heartbeats."""
        return call.kind in _ON_CHANNELS or call.operation.startswith(("connection.open ", "channel.open"))

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        """Yield the silence."""
        yield Withhold("heartbeat")


@dataclass(frozen=True, slots=True, repr=False)
class frame_error(Fault):  # noqa: N801 -- a word in a script
    """Send a frame that is none.

    Wire definition: in place of the answer, on channel 0, by *kind*: `"end"`: a method frame whose last octet is 0 and
    not 206; `"type"`: a frame of the unknown type 9; `"size"`: one that says it has 4 GB; `"method"`: one with the
    unknown method 99.99. The operation is not done and the connection stays open: to leave is the client's part.

    ```python
    import pika, pytest

    fake_amqp.queue("orders")
    fake_amqp.on("receive").inject(frame_error())
    with pytest.raises(pika.exceptions.AMQPError):
        pika.BlockingConnection(pika.URLParameters(fake_amqp.url)).channel().basic_get("orders")
    ```
    """

    kind: Literal["end", "type", "size", "method"] = "end"

    def __post_init__(self) -> None:
        """Check the settings."""
        among("kind", self.kind, _BAD_FRAMES)

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        """Yield the bytes."""
        yield Garble(_BAD_FRAMES[self.kind])
