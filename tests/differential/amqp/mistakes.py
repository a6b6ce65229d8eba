"""What clients do wrong, one case each: a name, and what is said on a channel."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from tests.wire.amqp.client import Basic, Channel, Client, Closed, Confirm, Exchange, Queue, Tx

if TYPE_CHECKING:
    from collections.abc import Callable


def _queue(**arguments: Any) -> Callable[[Client], object]:
    return lambda client: client.ask(Queue.Declare(queue="q.new", arguments=arguments))


def _twice(first: Any, second: Any) -> Callable[[Client], object]:
    def say(client: Client) -> None:
        client.ask(first)
        client.ask(second)

    return say


def _publish(**arguments: Any) -> Callable[[Client], object]:
    def say(client: Client) -> None:
        client.publish(b"x", **{"key": "q", **arguments})
        client.ask(Basic.Qos())

    return say


def _say(method: Any) -> Callable[[Client], object]:
    def say(client: Client) -> None:
        client.say(method)
        client.ask(Basic.Qos())

    return say


def _exclusive_twice(client: Client) -> None:
    client.ask(Basic.Consume(queue="q", exclusive=True))
    client.ask(Basic.Consume(queue="q"))


def _same_tag(client: Client) -> None:
    client.ask(Basic.Consume(queue="q", consumer_tag="t"))
    client.ask(Basic.Consume(queue="q", consumer_tag="t"))


def _in_use(client: Client) -> None:
    client.ask(Basic.Consume(queue="q"))
    client.ask(Queue.Delete(queue="q", if_unused=True))


def _not_empty(client: Client) -> None:
    client.publish(b"x", "q")
    client.ask(Queue.Delete(queue="q", if_empty=True))


def _acked_twice(client: Client) -> None:
    client.publish(b"x", "q")
    came = client.get("q")
    assert came is not None
    client.say(Basic.Ack(came.method.delivery_tag))
    client.say(Basic.Ack(came.method.delivery_tag))
    client.ask(Basic.Qos())


def _bound_exchange(client: Client) -> None:
    client.ask(Exchange.Declare(exchange="x.new"))
    client.ask(Queue.Bind(queue="q", exchange="x.new", routing_key="k"))
    client.ask(Exchange.Delete(exchange="x.new", if_unused=True))


def _internal(client: Client) -> None:
    client.ask(Exchange.Declare(exchange="x.new", internal=True))
    _publish(exchange="x.new")(client)


REPLY_TO = "amq.rabbitmq.reply-to"

MISTAKES: dict[str, Callable[[Client], object]] = {
    "no queue to get from": lambda client: client.get("nothing"),
    "no queue to consume": lambda client: client.ask(Basic.Consume(queue="nothing")),
    "no queue to purge": lambda client: client.ask(Queue.Purge(queue="nothing")),
    "no queue, passively": lambda client: client.ask(Queue.Declare(queue="nothing", passive=True)),
    "no queue declared": lambda client: client.get(""),
    "no exchange, passively": lambda client: client.ask(Exchange.Declare(exchange="nothing", passive=True)),
    "no exchange to publish to": _publish(exchange="nothing"),
    "no exchange to bind to": lambda client: client.ask(Queue.Bind(queue="q", exchange="nothing", routing_key="k")),
    "no queue to bind": lambda client: client.ask(Queue.Bind(queue="nothing", exchange="amq.direct", routing_key="k")),
    "no exchange to bind from": lambda client: client.ask(Exchange.Bind(destination="amq.topic", source="nothing")),
    "the default exchange bound": lambda client: client.ask(Queue.Bind(queue="q", exchange="", routing_key="k")),
    "the default exchange deleted": lambda client: client.ask(Exchange.Delete(exchange="")),
    "an own exchange deleted": lambda client: client.ask(Exchange.Delete(exchange="amq.direct")),
    "a reserved exchange": lambda client: client.ask(Exchange.Declare(exchange="amq.mine")),
    "a reserved queue": lambda client: client.ask(Queue.Declare(queue="amq.mine")),
    "an unknown exchange type": lambda client: client.ask(Exchange.Declare(exchange="x.new", exchange_type="odd")),
    "another exchange type": _twice(
        Exchange.Declare(exchange="x.new"), Exchange.Declare(exchange="x.new", exchange_type="fanout")
    ),
    "another exchange durability": _twice(
        Exchange.Declare(exchange="x.new"), Exchange.Declare(exchange="x.new", durable=True)
    ),
    "another alternate": _twice(
        Exchange.Declare(exchange="x.new"),
        Exchange.Declare(exchange="x.new", arguments={"alternate-exchange": "amq.fanout"}),
    ),
    "an exchange in use": _bound_exchange,
    "an internal exchange": _internal,
    "another queue durability": _twice(Queue.Declare(queue="q.new"), Queue.Declare(queue="q.new", durable=True)),
    "another auto-delete": _twice(Queue.Declare(queue="q.new"), Queue.Declare(queue="q.new", auto_delete=True)),
    "a queue made exclusive": _twice(Queue.Declare(queue="q.new"), Queue.Declare(queue="q.new", exclusive=True)),
    "another length": _twice(
        Queue.Declare(queue="q.new", arguments={"x-max-length": 1}),
        Queue.Declare(queue="q.new", arguments={"x-max-length": 2}),
    ),
    "a length more": _twice(Queue.Declare(queue="q.new"), Queue.Declare(queue="q.new", arguments={"x-max-length": 2})),
    "a dead-letter exchange less": _twice(
        Queue.Declare(queue="q.new", arguments={"x-dead-letter-exchange": "a"}), Queue.Declare(queue="q.new")
    ),
    "a negative time to live": _queue(**{"x-message-ttl": -1}),
    "a time to live in words": _queue(**{"x-message-ttl": "long"}),
    "an expiry of nothing": _queue(**{"x-expires": 0}),
    "a negative length": _queue(**{"x-max-length": -1}),
    "a length in words": _queue(**{"x-max-length": "few"}),
    "too many priorities": _queue(**{"x-max-priority": 256}),
    "a negative priority": _queue(**{"x-max-priority": -1}),
    "an unknown overflow": _queue(**{"x-overflow": "odd"}),
    "a number for an exchange": _queue(**{"x-dead-letter-exchange": 1}),
    "a key without an exchange": _queue(**{"x-dead-letter-routing-key": "k"}),
    "an unknown queue type": _queue(**{"x-queue-type": "odd"}),
    "a quorum queue that is not durable": _queue(**{"x-queue-type": "quorum"}),
    "an unknown tag": _say(Basic.Ack(7)),
    "an unknown tag, multiple": _say(Basic.Ack(7, multiple=True)),
    "an unknown tag nacked": _say(Basic.Nack(7)),
    "an unknown tag rejected": _say(Basic.Reject(7)),
    "acked twice": _acked_twice,
    "recover without requeue": lambda client: client.ask(Basic.Recover(requeue=False)),
    "a prefetch size": lambda client: client.ask(Basic.Qos(prefetch_size=10)),
    "an exclusive consumer's queue": _exclusive_twice,
    "a consumer tag used twice": _same_tag,
    "a queue in use": _in_use,
    "a queue that is not empty": _not_empty,
    "another's user id": _publish(user_id="somebody"),
    "an expiration in words": _publish(expiration="soon"),
    "a negative expiration": _publish(expiration="-1"),
    "half an expiration": _publish(expiration="10s"),
    "CC that is no list": _publish(headers={"CC": "q"}),
    "a channel paused": lambda client: client.ask(Channel.Flow(active=False)),
    "immediate": _say(Basic.Publish(routing_key="q", immediate=True)),
    "a commit without a transaction": lambda client: client.ask(Tx.Commit()),
    "a rollback without a transaction": lambda client: client.ask(Tx.Rollback()),
    "confirms in a transaction": _twice(Tx.Select(), Confirm.Select()),
    "a transaction with confirms": _twice(Confirm.Select(), Tx.Select()),
    "an answer without a consumer": _publish(reply_to=REPLY_TO),
    "a reply consumer that acknowledges": lambda client: client.ask(Basic.Consume(queue=REPLY_TO)),
    "two reply consumers": lambda client: [
        client.ask(Basic.Consume(queue=REPLY_TO, no_ack=True, consumer_tag=tag)) for tag in "ab"
    ],
}

_INTEGERS = re.compile(r"'(byte|short|signedint|long)'")
"""pamqp, which reads the arguments, does not say how wide an integer was; its value is what queues are compared by."""


def outcome(port: int, name: str) -> list[Any]:
    """Make a mistake, and return how it is refused: the method, code, text and ids."""
    with Client(port).login().open() as client:
        for queue in ("q", "q.new"):
            client.ask(Queue.Delete(queue=queue))
        client.ask(Exchange.Delete(exchange="x.new"))
        client.ask(Queue.Declare(queue="q"))
    with Client(port).login().open() as client:
        try:
            MISTAKES[name](client)
        except Closed as closed:
            return [closed.came.name, closed.code, _INTEGERS.sub("'integer'", closed.text), list(closed.about)]
    return ["fine"]
