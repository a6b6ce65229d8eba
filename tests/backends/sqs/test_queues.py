"""Making, finding, changing, emptying and deleting queues."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from pytest_integrations.core.errors import ScriptingError, UnexpectedCall, UnknownName
from tests.backends.sqs.client import Refused

if TYPE_CHECKING:
    from pytest_integrations.backends.sqs.fake import FakeSqs
    from tests.backends.sqs.client import JsonClient


def test_a_queue_is_made_once_and_found_again(broker: FakeSqs, client: JsonClient) -> None:
    url = client.ask("CreateQueue", QueueName="orders", Attributes={"VisibilityTimeout": "5"})["QueueUrl"]
    assert url == f"{broker.url}/000000000000/orders" == broker.queue("orders").url
    assert client.ask("CreateQueue", QueueName="orders")["QueueUrl"] == url
    assert client.ask("GetQueueUrl", QueueName="orders")["QueueUrl"] == url
    with pytest.raises(Refused) as caught:
        client.ask("CreateQueue", QueueName="orders", Attributes={"VisibilityTimeout": "6"})
    assert (caught.value.name, caught.value.code) == ("QueueNameExists", "QueueAlreadyExists")


@pytest.mark.parametrize(
    ("name", "attributes"),
    [
        ("", {}),
        ("a b", {}),
        ("a" * 81, {}),
        ("a" * 76 + ".fifo", {"FifoQueue": "true"}),
        ("orders.fifo", {}),
        ("orders", {"FifoQueue": "true"}),
        ("orders", {"VisibilityTimeout": "43201"}),
        ("orders", {"VisibilityTimeout": "-1"}),
        ("orders", {"DelaySeconds": "soon"}),
        ("orders", {"ContentBasedDeduplication": "true"}),
        ("orders", {"Colour": "red"}),
        ("orders", {"QueueArn": "mine"}),
        ("orders", {"SqsManagedSseEnabled": "perhaps"}),
        ("orders", {"Policy": "nonsense"}),
    ],
)
def test_queues_that_cannot_be(broker: FakeSqs, client: JsonClient, name: str, attributes: dict[str, str]) -> None:
    with pytest.raises(Refused):
        client.ask("CreateQueue", QueueName=name, Attributes=attributes)
    assert client.ask("ListQueues") == {}


def test_a_queue_that_is_not_there(broker: FakeSqs, client: JsonClient) -> None:
    for action, parameters in (("GetQueueUrl", {"QueueName": "no"}), ("PurgeQueue", {"QueueUrl": "no"})):
        with pytest.raises(Refused) as caught:
            client.ask(action, **parameters)
        assert caught.value.name == "QueueDoesNotExist"
        assert caught.value.code == "AWS.SimpleQueueService.NonExistentQueue"
    with pytest.raises(UnknownName):
        broker.attributes_of("no")


def test_queues_are_listed_in_pages(broker: FakeSqs, client: JsonClient) -> None:
    for name in ("a1", "a2", "a3", "b"):
        broker.queue(name)
    first = client.ask("ListQueues", QueueNamePrefix="a", MaxResults=2)
    assert [url.rpartition("/")[2] for url in first["QueueUrls"]] == ["a1", "a2"]
    rest = client.ask("ListQueues", QueueNamePrefix="a", MaxResults=2, NextToken=first["NextToken"])
    assert ([url.rpartition("/")[2] for url in rest["QueueUrls"]], "NextToken" in rest) == (["a3"], False)
    with pytest.raises(Refused, match="NextToken"):
        client.ask("ListQueues", NextToken="?")


def test_attributes_are_told_and_changed(broker: FakeSqs, client: JsonClient) -> None:
    queue = broker.queue("orders", visibility=timedelta(minutes=1), wait=3, retention=60)
    queue.publish("a")
    queue.publish("b")
    queue.publish("c", delay=60)
    client.receive("orders", 1)
    told = client.ask("GetQueueAttributes", "orders", AttributeNames=["All"])["Attributes"]
    assert told == queue.attributes
    counts = [told[f"ApproximateNumberOfMessages{part}"] for part in ("", "NotVisible", "Delayed")]
    assert counts == ["1", "1", "1"]
    assert (told["VisibilityTimeout"], told["MessageRetentionPeriod"]) == ("60", "60")
    client.ask("SetQueueAttributes", "orders", Attributes={"VisibilityTimeout": "0"})
    names = ["VisibilityTimeout", "QueueArn", "RedrivePolicy"]
    some = client.ask("GetQueueAttributes", "orders", AttributeNames=names)["Attributes"]
    assert some == {"VisibilityTimeout": "0", "QueueArn": queue.arn}
    assert client.ask("GetQueueAttributes", "orders") == {}
    with pytest.raises(Refused) as caught:
        client.ask("GetQueueAttributes", "orders", AttributeNames=["Colour"])
    assert caught.value.name == "InvalidAttributeName"
    with pytest.raises(Refused, match="FifoQueue"):
        client.ask("SetQueueAttributes", "orders", Attributes={"FifoQueue": "true"})


def test_tags_and_permissions(broker: FakeSqs, client: JsonClient) -> None:
    client.ask("CreateQueue", QueueName="orders", tags={"team": "books"})
    client.ask("TagQueue", "orders", Tags={"colour": "red"})
    assert client.ask("ListQueueTags", "orders") == {"Tags": {"team": "books", "colour": "red"}}
    client.ask("UntagQueue", "orders", TagKeys=["team", "nothing"])
    assert client.ask("ListQueueTags", "orders") == {"Tags": {"colour": "red"}}
    client.ask("AddPermission", "orders", Label="x", AWSAccountIds=["1"], Actions=["*"])
    client.ask("RemovePermission", "orders", Label="x")


def test_a_purge_ends_the_story_of_all_messages(broker: FakeSqs, client: JsonClient) -> None:
    queue = broker.queue("orders")
    queue.publish("a")
    queue.publish("b")
    (got,) = client.receive("orders", 1)
    client.ask("PurgeQueue", "orders")
    assert [message.events[-1].kind for message in broker.messages] == ["purged", "purged"]
    assert broker.messages[0].deliveries[0].outcome == "purged"
    assert (queue.ready, queue.in_flight) == ([], [])
    client.delete("orders", got)
    with pytest.raises(Refused) as caught:
        client.ask("PurgeQueue", "orders")
    assert (caught.value.name, caught.value.status) == ("PurgeQueueInProgress", 403)


def test_a_deleted_queue_cannot_be_made_again_at_once(broker: FakeSqs, client: JsonClient) -> None:
    broker.queue("orders").publish("x")
    client.ask("DeleteQueue", "orders")
    (event,) = broker.messages[0].of("purged")
    assert event.reason == "queue deleted"
    with pytest.raises(Refused, match="QueueDoesNotExist"):
        client.receive("orders")
    with pytest.raises(Refused) as caught:
        client.ask("CreateQueue", QueueName="orders")
    assert caught.value.name == "QueueDeletedRecently"


def test_the_test_changes_what_it_names_and_nothing_else(broker: FakeSqs) -> None:
    broker.queue("orders", visibility=5, dead_letter=True)
    changed = broker.queue("orders", delay=2)
    assert (changed.attributes["VisibilityTimeout"], changed.attributes["DelaySeconds"]) == ("5", "2")
    assert "RedrivePolicy" in changed.attributes


@pytest.mark.parametrize(
    "settings",
    [{"visibility": 0.5}, {"visibility": -1}, {"wait": 21}, {"retention": 59}, {"max_size": 1}, {"delay": 901}],
)
def test_settings_that_cannot_be(broker: FakeSqs, settings: dict[str, Any]) -> None:
    with pytest.raises(ScriptingError):
        broker.queue("orders", **settings)


@pytest.mark.parametrize(("action", "words"), [("SendMesage", "Near: SendMessage"), ("", "names no action")])
def test_an_action_that_there_is_not_fails_the_test(
    broker: FakeSqs, client: JsonClient, action: str, words: str
) -> None:
    with pytest.raises(Refused) as caught:
        client.ask(action)
    assert (caught.value.name, caught.value.status) == ("InvalidAction", 400)
    with pytest.raises(UnexpectedCall, match=words):
        broker.verify()


@pytest.mark.parametrize("body", [b"{", b"[]", b"\xff"])
def test_a_body_that_is_no_json_object(broker: FakeSqs, client: JsonClient, body: bytes) -> None:
    client.connection.request("POST", "/", body, {"X-Amz-Target": "AmazonSQS.SendMessage"})
    with pytest.raises(Refused, match="JSON"):
        client.end()


def test_ids_are_the_same_for_the_same_seed() -> None:
    from pytest_integrations.backends.sqs.fake import FakeSqs as Fake
    from pytest_integrations.core.seed import Seed

    def key(seed: int) -> str:
        with Fake(seed=Seed(seed)) as broker:
            broker.queue("orders")
            return broker.publish("orders", "x").key

    assert key(1) == key(1) != key(2)
