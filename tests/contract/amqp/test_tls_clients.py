"""Clients over TLS: they check the certificate, and all else is as it is without."""

from __future__ import annotations

import asyncio
import ssl
from typing import TYPE_CHECKING

import aio_pika
import kombu
import pika
import pytest

from pytest_integrations.backends.amqp.fake import FakeAmqp
from pytest_integrations.faults.connection import lost_response

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def broker() -> Iterator[FakeAmqp]:
    with FakeAmqp(tls=True) as broker:
        broker.queue("q")
        yield broker


def connected(broker: FakeAmqp, context: ssl.SSLContext | None = None) -> pika.BlockingConnection:
    parameters = pika.URLParameters(broker.url)
    parameters.ssl_options = pika.SSLOptions(context or broker.client_context(), broker.host)
    return pika.BlockingConnection(parameters)


def test_pika(broker: FakeAmqp) -> None:
    with connected(broker) as connection:
        channel = connection.channel()
        channel.confirm_delivery()
        channel.basic_publish("", "q", bytes(300_000))
        _, _, body = channel.basic_get("q", auto_ack=True)
        assert body == bytes(300_000)
    assert broker.connections[0].tls == "TLSv1.3"


def test_pika_checks_the_certificate(broker: FakeAmqp) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        connected(broker, ssl.create_default_context())


def test_a_fault_inside_tls(broker: FakeAmqp) -> None:
    broker.on("publish").inject(lost_response())
    connection = connected(broker)
    channel = connection.channel()
    channel.confirm_delivery()
    with pytest.raises(pika.exceptions.AMQPError):
        channel.basic_publish("", "q", b"x")
    assert len(broker.messages) == 1


def test_aio_pika(broker: FakeAmqp) -> None:
    async def main() -> bytes:
        connection = await aio_pika.connect(broker.url, ssl_context=broker.client_context())
        async with connection:
            channel = await connection.channel()
            await channel.default_exchange.publish(aio_pika.Message(b"x"), routing_key="q")
            queue = await channel.get_queue("q")
            message = await queue.get()
            await message.ack()
            return message.body

    assert asyncio.run(main()) == b"x"


def test_kombu(broker: FakeAmqp) -> None:
    options = {"ca_certs": broker.ca_file, "cert_reqs": ssl.CERT_REQUIRED, "server_hostname": broker.host}
    with kombu.Connection(broker.url, ssl=options) as connection:
        queue = connection.SimpleQueue("orders")
        queue.put("x")
        assert queue.get(timeout=5).payload == "x"
        queue.close()
