"""What can go wrong with a publication, by its frames."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_integrations import assert_attempts
from pytest_integrations.faults.amqp import (
    blocked,
    unroutable,
)
from pytest_integrations.faults.delay import latency
from pytest_integrations.faults.queue import (
    lost_confirm,
    lost_message,
    poison,
    queue_full,
    refused_publish,
)
from tests.wire.amqp.client import Client, Confirm, Queue

from .seen import confirmed, length, story

if TYPE_CHECKING:
    from pytest_integrations.backends.amqp.fake import FakeAmqp
    from pytest_integrations.timekeeping import VirtualClock


def test_queue_full_refuses_by_a_nack(broker: FakeAmqp, client: Client) -> None:
    broker.inject(queue_full())
    assert confirmed(client) == "Basic.Nack"
    assert length(client) == 0
    assert story(broker) == ["published", "rejected", "refused"]
    assert confirmed(client) == "Basic.Ack"


def test_a_nack_is_a_failed_attempt(broker: FakeAmqp, client: Client) -> None:
    """So that a retry can be asked for: assert_attempts(broker.on("publish").received, exactly=2)."""
    broker.inject(queue_full())
    confirmed(client)
    confirmed(client)

    refused, taken = broker.on("publish").received
    assert (refused.verdict, refused.failed) == ("nack", True)
    assert (taken.verdict, taken.failed) == ("ok", False)
    assert_attempts(broker.on("publish").received, exactly=2)


def test_queue_full_is_silent_without_confirms(broker: FakeAmqp, client: Client) -> None:
    broker.inject(queue_full())
    client.publish(b"one", "q")
    assert length(client) == 0
    assert broker.messages[0].producer_was_told == "nothing"


def test_queue_full_drops_the_head(broker: FakeAmqp, client: Client) -> None:
    broker.publish("q", b"old")
    broker.inject(queue_full("drop-head"))
    assert confirmed(client, b"new") == "Basic.Ack"
    assert (length(client), length(client, "q.dead")) == (1, 1)
    assert story(broker) == ["published", "routed", "dead_lettered", "routed"]
    came = client.get("q")
    assert came is not None
    assert came.body == b"new"


def test_queue_full_dead_letters_what_it_refuses(broker: FakeAmqp, client: Client) -> None:
    broker.inject(queue_full("reject-publish-dlx"))
    assert confirmed(client) == "Basic.Nack"
    came = client.get("q.dead")
    assert came is not None
    assert came.headers["x-death"][0]["reason"] == "maxlen"
    assert broker.messages[0].places == {"q.dead": 1}


def test_queue_full_blocks_until_it_is_healed(broker: FakeAmqp, client: Client) -> None:
    rule = broker.inject(queue_full("block"))
    client.ask(Confirm.Select())
    client.publish(b"one", "q")
    assert client.expect("Connection.Blocked").method.reason == "low on memory"
    client.say(Queue.Declare(queue="q", passive=True))
    client.sock.settimeout(0.05)
    with pytest.raises(TimeoutError):
        client.take(1)
    client.sock.settimeout(5)
    broker.heal(rule)
    assert [client.next().name for _ in range(3)] == ["Connection.Unblocked", "Basic.Ack", "Queue.DeclareOk"]


def test_queue_full_blocks_as_long_as_its_window(virtual_clock: VirtualClock, broker: FakeAmqp, client: Client) -> None:
    client.sock.settimeout(100)
    broker.inject(queue_full("block"), after=5, during=20)
    virtual_clock.sleep(10)
    client.ask(Confirm.Select())
    client.publish(b"one", "q").expect("Connection.Blocked")
    with broker.injected(latency(1)):
        pass  # to heal something else releases nobody
    client.expect("Connection.Unblocked")
    assert broker.ledger.now() == pytest.approx(25, abs=0.01)
    assert client.next().name == "Basic.Ack"


def test_blocked_lasts_its_seconds(virtual_clock: VirtualClock, broker: FakeAmqp, client: Client) -> None:
    broker.inject(blocked(30))
    client.sock.settimeout(100)
    client.ask(Confirm.Select())
    client.publish(b"one", "q")
    client.expect("Connection.Blocked")
    client.expect("Connection.Unblocked")
    assert client.next().name == "Basic.Ack"
    (call,) = broker.on("publish").received
    assert call.ended - call.started == pytest.approx(30)


def test_refused_publish(broker: FakeAmqp, client: Client) -> None:
    broker.inject(refused_publish())
    assert confirmed(client) == "Basic.Nack"
    assert story(broker) == ["published", "dropped", "refused"]


def test_lost_confirm_stays_out_of_later_ones_too(broker: FakeAmqp, client: Client) -> None:
    broker.inject(lost_confirm())
    client.ask(Confirm.Select())
    client.publish(b"one", "q").publish(b"two", "q").publish(b"three", "q")
    acks = [client.expect("Basic.Ack").method for _ in range(2)]
    assert [(ack.delivery_tag, ack.multiple) for ack in acks] == [(2, False), (3, False)]
    assert length(client) == 3
    assert [message.producer_was_told for message in broker.messages] == ["nothing", "confirmed", "confirmed"]


def test_lost_message_is_confirmed_and_nowhere(broker: FakeAmqp, client: Client) -> None:
    broker.inject(lost_message())
    assert confirmed(client) == "Basic.Ack"
    assert length(client) == 0
    assert story(broker) == ["published", "dropped", "confirmed"]


def test_poison_is_in_the_queue_in_place_of_the_body(broker: FakeAmqp, client: Client) -> None:
    broker.inject(poison())
    assert confirmed(client, b"sound", message_id="m", headers={"a": 1}) == "Basic.Ack"
    came = client.get("q")
    assert came is not None
    assert (came.body, came.properties.message_id, came.headers) == (b"\x80poison", "m", {"a": 1})


def test_unroutable_comes_back_if_it_is_mandatory(broker: FakeAmqp, client: Client) -> None:
    broker.inject(unroutable(), times=2)
    client.ask(Confirm.Select())
    client.publish(b"one", "q", mandatory=True)
    returned = client.expect("Basic.Return")
    assert (returned.method.reply_code, returned.method.reply_text, returned.body) == (312, "NO_ROUTE", b"one")
    assert client.next().name == "Basic.Ack"
    client.publish(b"two", "q")
    assert client.next().name == "Basic.Ack"
    assert [story(broker, number)[1] for number in (0, 1)] == ["returned", "dropped"]
