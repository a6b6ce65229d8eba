"""One broker under a random load, as both of those that are compared see it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.wire.amqp.client import Basic, Channel, Client, Closed, Confirm, Exchange, Queue, Tx

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from tests.wire.amqp.client import Came

_ROUNDS = 4
"""How often all queues are asked before we believe that nothing moves: a dead letter takes so many steps at most."""


def shown(came: Came) -> tuple[Any, ...]:
    """What a client sees of a message, without what differs from run to run."""
    return (
        came.body,
        came.method.exchange,
        came.method.routing_key,
        getattr(came.method, "redelivered", None),
        _timeless(came.headers),
        came.properties.priority,
        came.properties.expiration,
    )


def _timeless(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _timeless(each) for name, each in value.items() if name != "time"}
    if isinstance(value, list):
        return [_timeless(each) for each in value]
    return value


class World:
    """A connection with three channels: 1 confirms, 2 is plain, 3 is in a transaction, now and then."""

    def __init__(self, port: int) -> None:
        self.client = Client(port, timeout=20).login()
        for channel in (1, 2, 3):
            self.client.open(channel)
        self.client.ask(Confirm.Select(), channel=1)
        self.client.ask(Tx.Select(), channel=3)
        self.queues: list[str] = []
        self.exchanges: list[str] = []
        self.held: dict[int, list[int]] = {1: [], 2: [], 3: []}
        self.settled: list[int] = []
        """The tags that the transaction has settled so far."""
        self.published = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.client.close()

    # -- what there is

    def declare(self, topology: list[tuple[str, dict[str, Any]]]) -> None:
        makers = {"queue": Queue.Declare, "exchange": Exchange.Declare, "bind": Queue.Bind, "ebind": Exchange.Bind}
        for kind, arguments in topology:
            self.client.ask(makers[kind](**arguments))
            if kind == "queue":
                self.queues.append(arguments["queue"])
            elif kind == "exchange":
                self.exchanges.append(arguments["exchange"])

    def clear(self) -> None:
        """Begin anew: new channels, no queues."""
        for channel in (1, 2, 3):
            self.client.ask(Channel.Close(reply_code=0, reply_text="", class_id=0, method_id=0), channel=channel)
        self.client.open(1)
        for queue in self.queues:
            self.client.ask(Queue.Delete(queue=queue))
        for exchange in self.exchanges:
            self.client.ask(Exchange.Delete(exchange=exchange))
        self.client.aside.clear()
        self.client.open(2)
        self.client.open(3)
        self.client.ask(Confirm.Select(), channel=1)
        self.client.ask(Tx.Select(), channel=3)
        self.queues, self.exchanges, self.settled = [], [], []
        self.held = {1: [], 2: [], 3: []}
        self.published = 0

    def sync(self) -> list[Any]:
        """Wait until nothing moves and return what has come meanwhile, and how long the queues are."""
        lengths: list[int] = []
        for _ in range(_ROUNDS):
            lengths = []
            for queue in self.queues:
                answer = self.client.ask(Queue.Declare(queue=queue, passive=True), channel=2)
                lengths.append(answer.method.message_count)
        for channel in (1, 3):
            self.client.ask(Basic.Qos(prefetch_count=0), channel=channel)  # all that is on the way there has come
        came = sorted(map(self._note, self.client.aside_of("Basic.Deliver")), key=str)
        returned = [("returned", *shown(each)) for each in self.client.aside_of("Basic.Return")]
        return [came, returned, lengths]

    def _note(self, came: Came) -> tuple[Any, ...]:
        if came.method.consumer_tag[:2] != "na":
            self.held[came.channel].append(came.method.delivery_tag)
        return (came.channel, came.method.consumer_tag, came.method.delivery_tag, *shown(came))

    # -- operations

    def publish(self, channel: int, arguments: dict[str, Any]) -> Any:
        self.client.publish(channel=channel, **arguments)
        if channel != 1:
            return None
        self.published += 1
        return self.client.expect("Basic.Ack", "Basic.Nack", channel=1).name

    def get(self, channel: int, queue: str, *, no_ack: bool) -> Any:
        came = self.client.get(queue, no_ack=no_ack, channel=channel)
        if came is None:
            return None
        if not no_ack:
            self.held[channel].append(came.method.delivery_tag)
        return came.method.delivery_tag, came.method.message_count, *shown(came)

    def settle(self, channel: int, how: str, tag: int, *, multiple: bool, requeue: bool) -> None:
        gone = [each for each in self.held[channel] if each == tag or (multiple and each <= tag)]
        self.held[channel] = [each for each in self.held[channel] if each not in gone]
        if channel == 3:
            self.settled += gone
        if how == "ack":
            self.client.say(Basic.Ack(delivery_tag=tag, multiple=multiple), channel)
        elif how == "nack":
            self.client.say(Basic.Nack(delivery_tag=tag, multiple=multiple, requeue=requeue), channel)
        else:
            self.client.say(Basic.Reject(delivery_tag=tag, requeue=requeue), channel)

    def recover(self, channel: int) -> None:
        self.held[channel] = []
        self.client.ask(Basic.Recover(requeue=True), channel=channel)

    def consume(self, channel: int, arguments: dict[str, Any], prefetch: int) -> None:
        self.client.ask(Basic.Qos(prefetch_count=prefetch), channel=channel)
        self.client.ask(Basic.Consume(**arguments), channel=channel)

    def cancel(self, channel: int, tag: str) -> None:
        self.client.ask(Basic.Cancel(consumer_tag=tag), channel=channel)

    def purge(self, queue: str) -> Any:
        return self.client.ask(Queue.Purge(queue=queue), channel=2).method.message_count

    def end_transaction(self, *, commit: bool) -> Any:
        try:
            self.client.ask(Tx.Commit() if commit else Tx.Rollback(), channel=3)
        except Closed as closed:
            self.client.say(Channel.CloseOk(), 3).open(3)
            self.client.ask(Tx.Select(), channel=3)
            self.held[3], self.settled = [], []
            return closed.text, closed.about
        if not commit:
            self.held[3] = sorted((*self.held[3], *self.settled))
        self.settled = []
        return None
