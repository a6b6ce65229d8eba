"""Deleting messages and changing how long they are hidden."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_integrations.faults.queue import lost_ack
from tests.backends.sqs.client import Refused

if TYPE_CHECKING:
    from pytest_integrations.backends.sqs.fake import FakeSqs
    from tests.backends.sqs.client import JsonClient


def _change(client: JsonClient, queue: str, handle: str, seconds: int) -> None:
    client.ask("ChangeMessageVisibility", queue, ReceiptHandle=handle, VisibilityTimeout=seconds)


def test_deleting_acknowledges_and_may_be_repeated(broker: FakeSqs, client: JsonClient) -> None:
    broker.queue("orders").publish("x")
    (got,) = client.receive("orders")
    client.delete("orders", got)
    client.delete("orders", got)
    (message,) = broker.messages
    assert [event.kind for event in message.events][-2:] == ["delivered", "acked"]
    assert (message.places, message.in_flight) == ({}, False)


def test_an_old_handle_of_a_standard_queue_still_deletes(broker: FakeSqs, client: JsonClient) -> None:
    broker.queue("orders").publish("x")
    (old,) = client.receive("orders", VisibilityTimeout=0)
    client.receive("orders")
    client.delete("orders", old)
    first, second = broker.messages[0].deliveries
    assert (first.outcome, second.outcome) == ("requeued", "acked")
    assert second.end is not None
    assert second.end.reason == "by an old receipt handle"
    assert not broker.messages[0].in_flight


def test_an_old_handle_of_a_message_that_waits_deletes_it(broker: FakeSqs, client: JsonClient) -> None:
    broker.queue("orders").publish("x")
    (old,) = client.receive("orders", VisibilityTimeout=0)
    client.delete("orders", old)
    assert client.receive("orders") == []
    assert broker.messages[0].of("acked")


def test_an_old_handle_of_a_fifo_queue_has_expired(broker: FakeSqs, client: JsonClient) -> None:
    broker.queue("orders.fifo").publish("x", group="a", deduplication="1")
    (old,) = client.receive("orders.fifo", VisibilityTimeout=0)
    with pytest.raises(Refused, match="expired"):
        client.delete("orders.fifo", old)


def test_a_handle_that_was_never_given_out(broker: FakeSqs, client: JsonClient) -> None:
    broker.queue("orders")
    with pytest.raises(Refused) as caught:
        client.ask("DeleteMessage", "orders", ReceiptHandle="nonsense")
    assert caught.value.name == "ReceiptHandleIsInvalid"
    with pytest.raises(Refused) as caught:
        client.ask("DeleteMessage", "orders")
    assert caught.value.name == "MissingParameter"


def test_a_handle_belongs_to_its_queue(broker: FakeSqs, client: JsonClient) -> None:
    broker.queue("orders").publish("x")
    broker.queue("bills")
    (got,) = client.receive("orders")
    with pytest.raises(Refused, match="ReceiptHandleIsInvalid"):
        client.delete("bills", got)


def test_a_message_can_be_given_back_at_once(broker: FakeSqs, client: JsonClient) -> None:
    broker.queue("orders").publish("x")
    (got,) = client.receive("orders")
    _change(client, "orders", got["ReceiptHandle"], 0)
    assert client.bodies("orders") == ["x"]
    first, _ = broker.messages[0].deliveries
    assert first.end is not None
    assert (first.end.kind, first.end.reason, first.end.connection) == ("requeued", "visibility 0", 1)
    assert broker.calls[1].kind == "nack"


def test_a_change_that_is_only_pretended(broker: FakeSqs, client: JsonClient) -> None:
    broker.queue("orders").publish("x")
    (got,) = client.receive("orders")
    broker.on("ack").inject(lost_ack(), times=2)
    entries = [{"Id": "1", "ReceiptHandle": got["ReceiptHandle"]}]
    assert client.ask("DeleteMessageBatch", "orders", Entries=entries)["Failed"] == []
    client.delete("orders", got)
    assert broker.messages[0].in_flight


def test_a_message_can_be_kept_for_longer(broker: FakeSqs, client: JsonClient) -> None:
    broker.queue("orders", visibility=1).publish("x")
    (got,) = client.receive("orders")
    _change(client, "orders", got["ReceiptHandle"], 30)
    assert client.receive("orders", WaitTimeSeconds=2) == []


def test_what_is_not_in_flight_cannot_be_hidden(broker: FakeSqs, client: JsonClient) -> None:
    broker.queue("orders").publish("x")
    (got,) = client.receive("orders", VisibilityTimeout=0)
    with pytest.raises(Refused) as caught:
        _change(client, "orders", got["ReceiptHandle"], 10)
    assert caught.value.name == "MessageNotInflight"
    client.delete("orders", got)
    with pytest.raises(Refused, match="does not exist or is not available"):
        _change(client, "orders", got["ReceiptHandle"], 10)


def test_nobody_keeps_a_message_for_more_than_twelve_hours(broker: FakeSqs, client: JsonClient) -> None:
    broker.queue("orders").publish("x")
    (got,) = client.receive("orders")
    with pytest.raises(Refused, match="43200"):
        _change(client, "orders", got["ReceiptHandle"], 43_200)
    with pytest.raises(Refused, match="VisibilityTimeout"):
        client.ask("ChangeMessageVisibility", "orders", ReceiptHandle=got["ReceiptHandle"])


def test_batches_settle_each_entry_for_itself(broker: FakeSqs, client: JsonClient) -> None:
    queue = broker.queue("orders")
    for body in "abc":
        queue.publish(body)
    one, two, three = (message["ReceiptHandle"] for message in client.receive("orders"))
    entries = [{"Id": "1", "ReceiptHandle": one}, {"Id": "2", "ReceiptHandle": "?"}, {"Id": "3", "ReceiptHandle": two}]
    answer = client.ask("DeleteMessageBatch", "orders", Entries=entries)
    assert [entry["Id"] for entry in answer["Successful"]] == ["1", "3"]
    assert [entry["Code"] for entry in answer["Failed"]] == ["ReceiptHandleIsInvalid"]
    entries = [{"Id": "1", "ReceiptHandle": three, "VisibilityTimeout": 0}]
    assert client.ask("ChangeMessageVisibilityBatch", "orders", Entries=entries)["Failed"] == []
    assert client.bodies("orders") == ["c"]
