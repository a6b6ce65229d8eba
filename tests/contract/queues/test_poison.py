"""A body that no consumer can read, put into the queue of each protocol while its producer is told that all is well."""

from __future__ import annotations

from typing import TYPE_CHECKING

import boto3
import pika
import pytest
import redis

from pytest_integrations.core.errors import ScriptingError
from pytest_integrations.faults import poison

if TYPE_CHECKING:
    from pytest_integrations import FakeAmqp, FakeRedis, FakeSqs

pytestmark = pytest.mark.usefixtures("no_leaks")


def test_amqp_keeps_the_properties(fake_amqp: FakeAmqp) -> None:
    fake_amqp.queue("orders")
    fake_amqp.inject(poison())
    connection = pika.BlockingConnection(pika.URLParameters(fake_amqp.url))
    channel = connection.channel()
    channel.confirm_delivery()
    channel.basic_publish("", "orders", b"17", pika.BasicProperties(message_id="m1"))
    _, properties, body = channel.basic_get("orders")
    connection.close()

    assert (properties.message_id, body) == ("m1", b"\x80poison")
    assert fake_amqp.messages[0].body == b"\x80poison"


def test_sqs_answers_with_the_digest_of_what_was_sent(fake_sqs: FakeSqs) -> None:
    """Else boto3 would tell the producer."""
    orders = fake_sqs.queue("orders")
    fake_sqs.inject(poison(b"no json"))
    sqs = boto3.client("sqs", **fake_sqs.client_arguments)
    sqs.send_message(QueueUrl=orders.url, MessageBody="17")
    message = sqs.receive_message(QueueUrl=orders.url)["Messages"][0]
    sqs.close()

    assert message["Body"] == "no json"


def test_redis_spoils_every_value_but_ids(fake_redis: FakeRedis) -> None:
    fake_redis.queue("orders")
    fake_redis.queue("events", kind="stream")
    fake_redis.inject(poison(), times=4)
    with redis.Redis.from_url(fake_redis.url) as client:
        client.rpush("orders", "17", "18")
        client.xadd("events", {"id": "7", "body": "x"})
        client.xadd("events", {"body": "x"}, maxlen=5)
        client.xadd("events", {"body": "x"}, id="9999999999999-1")

        assert client.lrange("orders", 0, -1) == [b"\x80poison"] * 2
        entries = [fields for _, fields in client.xrange("events")]
    assert entries == [{b"id": b"7", b"body": b"\x80poison"}, {b"body": b"\x80poison"}, {b"body": b"\x80poison"}]


def test_a_body_is_bytes(fake_redis: FakeRedis) -> None:
    with pytest.raises(ScriptingError, match=r"body='text' is not bytes: write poison\(b'\.\.\.'\)"):
        fake_redis.inject(poison("text"))  # type: ignore[arg-type]
