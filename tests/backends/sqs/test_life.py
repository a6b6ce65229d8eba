"""Starting and stopping, what is left behind, and invariants that hold whatever happens."""

from __future__ import annotations

import random
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from pytest_integrations.backends.sqs.fake import FakeSqs
from pytest_integrations.core.delivery import ENDS
from pytest_integrations.core.errors import FakeStopped
from pytest_integrations.faults.queue import duplicate, redeliver, reorder
from pytest_integrations.wire.loop import shared_loop
from tests.backends.sqs.client import JsonClient

if TYPE_CHECKING:
    from pytest_integrations.core.delivery import QueueMessage


def _timers() -> int:
    return shared_loop().call(lambda: sum(timer.action is not None for _, _, timer in shared_loop()._timers))


def test_five_hundred_lives_leave_nothing(no_leaks: None) -> None:
    before = _timers()
    for _ in range(500):
        with FakeSqs() as broker:
            queue = broker.queue("orders", delay=30)
            queue.publish("x")
    assert _timers() == before


def test_messages_in_flight_leave_no_timer_behind(no_leaks: None) -> None:
    before = _timers()
    with FakeSqs() as broker, JsonClient(broker) as client:
        queue = broker.queue("orders")
        for _ in range(10):
            queue.publish("x")
        client.receive("orders")
        client.begin("ReceiveMessage", QueueUrl=queue.url, WaitTimeSeconds=20)
        broker.ledger.settle()
        assert _timers() == before + 1  # one for all
    assert _timers() == before


def test_what_was_in_flight_comes_back_after_a_restart() -> None:
    with FakeSqs() as broker:
        broker.queue("orders", visibility=1).publish("x")
        with JsonClient(broker) as client:
            client.receive("orders")
        broker.stop()
        with pytest.raises(FakeStopped):
            broker.queue("orders")
        broker.start()
        with JsonClient(broker) as client:
            assert client.bodies("orders", WaitTimeSeconds=3) == ["x"]


def test_the_service_can_speak_tls() -> None:
    import ssl
    import urllib.request

    with FakeSqs(tls=True) as broker:
        url = broker.queue("orders").url
        assert url.startswith("https://127.0.0.1:")
        context = ssl.create_default_context(cafile=broker.ca_file)
        with urllib.request.urlopen(f"{url}?Action=SendMessage&MessageBody=x", context=context) as answer:
            assert answer.status == 200
        assert broker.messages.bodies == [b"x"]


def _conserved(message: QueueMessage) -> bool:
    """Tell whether each copy that came into a queue is in it or has gone once."""
    come = Counter(event.queue for event in message.of("routed"))
    gone = Counter(event.queue for event in message.events if event.kind in ENDS)
    held = Counter(message.places)
    return come == gone + held


@pytest.mark.parametrize("seed", range(5))
def test_no_message_is_lost_or_doubled_whatever_clients_do(seed: int) -> None:
    draw = random.Random(seed)
    with FakeSqs() as broker, JsonClient(broker) as client:
        orders = broker.queue("orders", dead_letter=True, max_deliveries=3)
        broker.inject(duplicate(), redeliver(), reorder(3), probability=0.2)
        taken = []
        for number in range(300):
            choice = draw.randrange(6)
            if choice == 0:
                client.send("orders", str(number))
            elif choice == 1:
                taken += [("orders", each) for each in client.receive("orders", draw.randint(1, 10))]
            elif choice == 2:
                taken += [("orders-dlq", each) for each in client.receive("orders-dlq", 2)]
            elif choice == 3 and taken:
                client.delete(*taken.pop(draw.randrange(len(taken))))
            elif choice == 4 and taken:
                queue, message = taken[draw.randrange(len(taken))]
                entry = {"Id": "1", "ReceiptHandle": message["ReceiptHandle"], "VisibilityTimeout": 0}
                client.ask("ChangeMessageVisibilityBatch", queue, Entries=[entry])
            elif number % 50 == 0:
                client.ask("StartMessageMoveTask", SourceArn=broker.arn_of("orders-dlq"))
        assert all(_conserved(message) for message in broker.messages)
        held = sum(sum(message.places.values()) for message in broker.messages)
        stored = sum(len(queue.messages) for queue in broker._store.queues.values())
        assert held == stored
        waiting = int(orders.attributes["ApproximateNumberOfMessages"])
        assert waiting == sum(1 for each in broker._store.queues["orders"].messages if not each.is_hidden)
        assert broker.dead_letters
