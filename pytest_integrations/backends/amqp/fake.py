"""The fake AMQP broker."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote

from pytest_integrations.backends.queues import Queue, QueueFake
from pytest_integrations.core import effect
from pytest_integrations.core.errors import CannotPerform, ScriptingError
from pytest_integrations.core.fault import Occasion
from pytest_integrations.core.settings import among, number, seconds, whole
from pytest_integrations.wire.loop import shared_loop

from .versions import version_called

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import timedelta

    from pytest_integrations.core.call import Connection
    from pytest_integrations.core.clock import Clock
    from pytest_integrations.core.delivery import QueueMessage
    from pytest_integrations.core.effect import Effect
    from pytest_integrations.core.fault import Fault
    from pytest_integrations.core.ledger import Ledger
    from pytest_integrations.core.script import Rule
    from pytest_integrations.core.seed import Seed
    from pytest_integrations.wire.amqp.connection import AmqpProtocol

    from .broker import Broker
    from .port import BrokerPort

__all__ = ["FakeAmqp"]

_OVERFLOWS = ("drop-head", "reject-publish", "reject-publish-dlx")
_HEARTBEAT = 60
_CHANNEL_MAX = 2047
_FRAME_MAX = 131072
_MAX_BODY = 128 * 1024 * 1024


class FakeAmqp(QueueFake):
    """An AMQP 0-9-1 broker on loopback that behaves as RabbitMQ does, and fails as it is told.

    ```python
    import pika
    from pytest_integrations import FakeAmqp

    with FakeAmqp() as broker:
        orders = broker.queue("orders", dead_letter=True)
        connection = pika.BlockingConnection(pika.URLParameters(broker.url))
        channel = connection.channel()
        channel.basic_publish("", "orders", b"one")
        method, properties, body = channel.basic_get("orders")
        channel.basic_reject(method.delivery_tag, requeue=False)
        connection.close()
        assert [message.body for message in orders.dead_letters] == [b"one"]
    ```
    """

    protocol = "amqp"
    performs: frozenset[type[Effect]] = frozenset(
        {
            effect.Confirm,
            effect.Copies,
            effect.Cut,
            effect.Delay,
            effect.Fail,
            effect.Full,
            effect.Garble,
            effect.Hide,
            effect.Lose,
            effect.Poison,
            effect.Pretend,
            effect.Refuse,
            effect.Swap,
            effect.TakeBack,
            effect.Trickle,
            effect.Withhold,
            effect.Work,
        }
    )

    def __init__(
        self,
        name: str = "fake_amqp",
        *,
        version: str = "4.1",
        host: str = "127.0.0.1",
        port: int = 0,
        tls: bool = False,
        heartbeat: int = _HEARTBEAT,
        frame_max: int = _FRAME_MAX,
        channel_max: int = _CHANNEL_MAX,
        max_body: int = _MAX_BODY,
        consumer_timeout: float | timedelta | None = None,
        ledger: Ledger | None = None,
        seed: Seed | None = None,
        clock: Clock | None = None,
    ) -> None:
        """Make a broker called *name* that dead-letters as this *version* of RabbitMQ does.

        It listens on *host* (`"::1"` for IPv6) and *port* (0: any free one), and proposes a *heartbeat* in seconds (0:
        none), frames of *frame_max* bytes and *channel_max* channels. A message of more than *max_body* bytes is
        refused. A delivery that is not settled in *consumer_timeout* seconds ends its channel (406), as it does after
        half an hour in a RabbitMQ as it is installed; None is for ever. The user is `guest` with the password `guest`,
        the virtual host `/`; `user` and `vhost` add others.
        """
        super().__init__(name, host=host, port=port, tls=tls, ledger=ledger, seed=seed, clock=clock)
        self._version = version_called(version)
        self._limits = {
            "heartbeat": whole("heartbeat", heartbeat),
            "channel_max": whole("channel_max", channel_max, 1),
            "frame_max": whole("frame_max", frame_max, 4096),
            "max_body": whole("max_body", max_body),
        }
        self._consumer_timeout = None if consumer_timeout is None else seconds("consumer_timeout", consumer_timeout)
        self._service: BrokerPort | None = None
        self._protocols: list[AmqpProtocol] = []

    # -- life

    def _open(self) -> None:
        from .broker import Broker
        from .port import BrokerPort

        broker = Broker(
            self.name,
            ledger=self.ledger,
            loop=shared_loop(),
            version=self._version,
            decide=self.decide,
            has_faults=lambda: bool(self.script.rules or self.profile.rules),
            consumer_timeout=self._consumer_timeout,
        )
        self._service = BrokerPort(broker, **self._limits)
        super()._open()

    def _close(self) -> None:
        if self._service is not None:
            shared_loop().call(self._service.broker.stop)
        super()._close()

    def _speak(self, connection: Connection) -> AmqpProtocol:
        from pytest_integrations.wire.amqp.connection import AmqpProtocol

        protocol = AmqpProtocol(shared_loop(), self._serving, connection)
        self._protocols = [each for each in self._protocols if each.state != "closed"]
        self._protocols.append(protocol)
        return protocol

    @property
    def url(self) -> str:
        """What clients connect to: `amqp://guest:guest@127.0.0.1:49152/%2F`."""
        return self.url_for()

    def url_for(self, user: str = "guest", vhost: str = "/") -> str:
        """Return the URL for another *user* or *vhost*."""
        scheme = "amqps" if self._tls else "amqp"
        known = self.broker.users.get(user)
        password = known.password if known is not None else user
        who = f"{quote(user, safe='')}:{quote(password, safe='')}"
        return f"{scheme}://{who}@{self.host}:{self.port}/{quote(vhost, safe='')}"

    @property
    def broker(self) -> Broker:
        """The state behind the port; to be touched on the I/O loop only."""
        self._must_run()
        return self._serving.broker

    @property
    def _serving(self) -> BrokerPort:
        if self._service is None:  # pragma: no cover -- it is there since the start
            raise RuntimeError
        return self._service

    def _do(self, action: Callable[[], Any]) -> Any:
        """Do something with the broker's state, where that may be touched; what it refuses is a mistake of the test."""
        from pytest_integrations.wire.amqp.refusal import Refusal

        broker, results = self.broker, []

        def run() -> None:
            broker.do(lambda: results.append(action()))

        try:
            shared_loop().call(run)
        except Refusal as refusal:
            msg = f"{self.name}: {refusal.text}"
            raise ScriptingError(msg) from None
        return results[0]

    # -- what is there

    def queue(  # type: ignore[override]  # the settings by their names
        self,
        name: str,
        *,
        max_length: int | None = None,
        overflow: Literal["drop-head", "reject-publish", "reject-publish-dlx"] = "drop-head",
        dead_letter: str | bool | None = None,
        max_deliveries: int | None = None,
        ttl: float | timedelta | None = None,
        priorities: int | None = None,
        arguments: Mapping[str, Any] | None = None,
        vhost: str = "/",
    ) -> Queue:
        """Declare a durable queue with its limits, and its dead-letter queue, and return it.

        *max_length*: how many messages wait at most, with what happens beyond (*overflow*). *dead_letter*: the queue
        that gets what is rejected, expires or is too much; True for `NAME.dead`. *max_deliveries*: how often a message
        is delivered at most, which makes it a quorum queue with a delivery limit. *ttl*: seconds that a message has.
        *priorities*: the highest priority. *arguments*: any others, as AMQP has them (`{"x-expires": 60000}`). A queue
        that is there already, and the same, is just returned.

        ```python
        orders = fake_amqp.queue("orders", max_deliveries=3, dead_letter="orders.dead")
        assert orders.dead_letter == "orders.dead"
        ```
        """
        among("overflow", overflow, _OVERFLOWS)
        target = f"{name}.dead" if dead_letter is True else dead_letter or None
        wanted = dict(arguments or {})
        if max_length is not None:
            wanted |= {"x-max-length": whole("max_length", max_length)}
        if max_length is not None or overflow != "drop-head":
            wanted |= {"x-overflow": overflow}
        if target is not None:
            wanted |= {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": target}
        if max_deliveries is not None:
            wanted |= {"x-queue-type": "quorum", "x-delivery-limit": whole("max_deliveries", max_deliveries, 1) - 1}
        if ttl is not None:
            wanted |= {"x-message-ttl": round(seconds("ttl", ttl) * 1000)}
        if priorities is not None:
            wanted |= {"x-max-priority": int(number("priorities", whole("priorities", priorities, 1), most=255))}
        from .setting_up import set_up_queue

        self._do(lambda: set_up_queue(self.broker, vhost, name, wanted, target))
        return Queue(self, name, target)

    def exchange(
        self,
        name: str,
        type: Literal["direct", "fanout", "topic", "headers"] = "direct",  # noqa: A002 -- as AMQP calls it
        *,
        alternate: str | None = None,
        internal: bool = False,
        vhost: str = "/",
    ) -> None:
        """Declare a durable exchange; what fits none of its bindings goes to the exchange *alternate*.

        ```python
        fake_amqp.exchange("events", "topic")
        fake_amqp.queue("audit")
        fake_amqp.bind("audit", "events", "order.#")
        ```
        """
        from .setting_up import set_up_exchange

        self._do(lambda: set_up_exchange(self.broker, vhost, name, type, alternate, internal=internal))

    def bind(
        self,
        queue: str,
        exchange: str,
        key: str = "",
        arguments: Mapping[str, Any] | None = None,
        *,
        vhost: str = "/",
    ) -> None:
        """Bind *queue* to *exchange*; both must be there. *arguments* are what a headers exchange asks for."""
        from .exchange import Binding
        from .setting_up import set_up_binding

        binding = Binding("queue", queue, key, dict(arguments or {}))
        self._do(lambda: set_up_binding(self.broker, vhost, exchange, binding))

    def vhost(self, name: str) -> None:
        """Add a virtual host; every user that is there may use it."""
        self._do(lambda: self.broker.add_vhost(name))

    def user(self, name: str, password: str, *, vhosts: Sequence[str] = ("/",), **rights: str) -> None:
        """Add a user, or change one; *rights*: `configure`, `write` and `read`, regular expressions of names.

        ```python
        fake_amqp.user("reader", "secret", configure="", write="")  # may only read
        ```
        """
        from .users import User

        for right in rights:
            among("right", right, ("configure", "write", "read"))
        made = User(name, password, tuple(vhosts), **rights)
        self._do(lambda: self.broker.users.update({name: made}))

    def publish(
        self, queue: str, body: bytes | str, headers: Mapping[str, Any] | None = None, **properties: Any
    ) -> QueueMessage:
        """Put a message into *queue*, as a producer would by the default exchange, and return it.

        *properties* are those of AMQP (`message_id="1"`, `priority=5`, `expiration="1000"`), and `exchange=` and
        `vhost=`, where *queue* is the routing key then.
        """
        from .setting_up import put

        message: QueueMessage = self._do(lambda: put(self.broker, queue, body, headers, properties))
        return message

    # -- what goes wrong

    def _check(self, fault: Fault) -> None:
        __tracebackhide__ = True
        super()._check(fault)
        effects = tuple(fault.effects(Occasion(1, self.seed.stream("check"))))
        for each in effects:
            if isinstance(each, effect.Full):
                among("mode", each.mode, ("", *_OVERFLOWS, "block"))
        slowed = {each.part for each in effects if isinstance(each, effect.Trickle)}
        if slowed == {"head"} or any(isinstance(each, effect.Withhold) and each.what == "continue" for each in effects):
            msg = f"{self.name} ({self.protocol}) cannot perform {fault!r}: AMQP has no head and no 100 Continue"
            raise CannotPerform(msg)

    def block(self, reason: str = "low on memory") -> None:
        """Take no more messages: a connection that publishes is told so (`connection.blocked`), and waits.

        Producers go on with `unblock`.
        """

        def block() -> None:
            self._serving.alarm = reason

        self._do(block)

    def unblock(self) -> None:
        """Take messages again, those first that waited; who was told so is told (`connection.unblocked`)."""

        def unblock() -> None:
            self._serving.alarm = None
            for protocol in tuple(self._protocols):
                protocol.unblock()

        self._do(unblock)

    def close_connections(self, code: int = 320, text: str = "Closed via management plugin") -> None:
        """Close every connection by `connection.close` with this *code* and *text*."""
        from pytest_integrations.wire.amqp.refusal import NAMES, Refusal

        among("code", code, NAMES)

        def close() -> None:
            for protocol in tuple(self._protocols):
                protocol.refuse(Refusal(code, text, "connection"), 0, None)

        self._do(close)

    def heal(self, rule: Rule | None = None) -> None:
        """Take *rule* out, or all that the test injected; who was blocked by it goes on."""
        super().heal(rule)
        left = (fault for each in self.script.rules for fault in each.faults)
        is_blocked = any(getattr(fault, "mode", "") == "block" for fault in left)
        if self._is_running and self._serving.alarm is None and not is_blocked:
            self.unblock()
