"""Direct reply-to: answers that go straight to a waiting consumer, through no queue."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_integrations.wire.amqp.refusal import Refusal

if TYPE_CHECKING:
    from pytest_integrations.wire.amqp.properties import Properties

    from .command import Command
    from .message import Copy
    from .session import BrokerSession

__all__ = ["PSEUDO_QUEUE", "addressed", "consume", "deliver", "finds"]

PSEUDO_QUEUE = "amq.rabbitmq.reply-to"


def consume(session: BrokerSession, tag: str, command: Command) -> None:
    """Let a client wait for answers under *tag*; raises `Refusal`."""
    if session.reply_tag is not None:
        raise Refusal(406, "reply consumer already set")
    if not command.flag("no_ack"):
        raise Refusal(406, "reply consumer cannot acknowledge")
    session.reply_tag = tag


def addressed(session: BrokerSession, properties: Properties) -> Properties:
    """Return *properties* with a real address where the client wants its answer directly; raises `Refusal`."""
    if properties.text("reply_to") != PSEUDO_QUEUE:
        return properties
    if session.reply_tag is None:
        raise Refusal(406, "fast reply consumer does not exist")
    return properties.with_text("reply_to", f"{PSEUDO_QUEUE}.{_address(session)}")


def _address(session: BrokerSession) -> str:
    return f"{session.connection}.{session.number}"


def finds(session: BrokerSession, queue: str) -> BrokerSession | None:
    """Return the channel that waits for answers under the name *queue*, in the same virtual host."""
    if not queue.startswith(f"{PSEUDO_QUEUE}."):
        return None
    address = queue.removeprefix(f"{PSEUDO_QUEUE}.")
    for link in session.broker.links:
        if link.vhost is session.vhost:
            for each in link.sessions.values():
                if each.reply_tag is not None and _address(each) == address:
                    return each
    return None


def deliver(session: BrokerSession, exchange: str, copy: Copy) -> bool:
    """Deliver an answer to who waits for it; return whether *copy* is one."""
    waiting = finds(session, copy.key) if not exchange else None
    if waiting is None:
        return False
    tell, details = session.broker.tell, {"who": waiting.reply_tag, "connection": waiting.connection}
    tell(copy.message, "routed", copy.key)
    event = tell(copy.message, "delivered", copy.key, body=copy.body, headers=copy.properties.headers, **details)
    waiting.send_delivery(str(waiting.reply_tag), copy, copy.properties)
    tell(copy.message, "acked", copy.key, delivery=event.delivery, reason="automatic", **details)
    return True
