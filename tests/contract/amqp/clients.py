"""One attempt with each of the clients, and how it ends, in a word: what was got, or the name of the error."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from typing import TYPE_CHECKING, Any

import aio_pika
import pika

from tests.wire.amqp.client import Basic, Client, Closed, Confirm

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_integrations.backends.amqp.fake import FakeAmqp

Attempt = str
"""`"connect"`, `"publish"`, `"get"`, `"consume"` or `"ack"`; the queue is `q`."""

WAITS = "waits"
"""How an attempt ends that would never end."""

PATIENCE = 2.0
"""Seconds for an attempt, where it would never end: in virtual time."""


def outcome(attempt: Callable[[str, Attempt], str], broker: FakeAmqp, what: Attempt) -> str:
    """Do one attempt; one that takes too long is ended by cutting its connection."""
    told: list[str] = []

    def run() -> None:
        try:
            told.append(attempt(broker.url, what))
        except Exception as error:  # noqa: BLE001 -- the errors of many clients are what we look at
            told.append(type(error).__name__)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(PATIENCE)
    if told:
        thread.join(5)
        return told[0]
    broker.heal()
    broker.drop_all()
    thread.join(5)
    assert not thread.is_alive()
    return WAITS


def raw(url: str, what: Attempt) -> str:
    """Nothing but a socket."""
    with Client(int(url.rpartition(":")[2].partition("/")[0])) as client:
        try:
            client.login().open()
            return _raw(client, what)
        except Closed as closed:
            return str(closed.code)


def _raw(client: Client, what: Attempt) -> str:
    if what == "publish":
        client.ask(Confirm.Select())
        came = client.publish(b"x", "q", mandatory=True).expect("Basic.Ack", "Basic.Nack", "Basic.Return").name
        return {"Basic.Ack": "ok", "Basic.Nack": "nack"}.get(came, "returned")
    if what in {"get", "ack"}:
        came = client.get("q")
        if came is not None and what == "ack":
            client.say(Basic.Ack(came.method.delivery_tag)).ask(Basic.Qos())
        return came.body.decode() if came is not None else "nothing"
    if what == "consume":
        client.ask(Basic.Consume(queue="q", consumer_tag="c"))
        came = client.expect("Basic.Deliver", "Basic.Cancel")
        return came.body.decode() if came.name == "Basic.Deliver" else "cancelled"
    return "ok"


def pika_blocking(url: str, what: Attempt) -> str:
    """pika.BlockingConnection."""
    parameters = pika.URLParameters(url)
    parameters.retry_delay = 0
    connection = pika.BlockingConnection(parameters)
    try:
        return _pika_blocking(connection.channel(), what)
    finally:
        with contextlib.suppress(pika.exceptions.AMQPError):
            connection.close()


def _pika_blocking(channel: Any, what: Attempt) -> str:
    if what == "publish":
        channel.confirm_delivery()
        channel.basic_publish("", "q", b"x", mandatory=True)
    elif what in {"get", "ack"}:
        method, _, body = channel.basic_get("q")
        if method is not None and what == "ack":
            channel.basic_ack(method.delivery_tag)
        return body.decode() if body is not None else "nothing"
    elif what == "consume":
        for method, _, body in channel.consume("q"):
            channel.basic_ack(method.delivery_tag)
            return body.decode()
        return "cancelled"
    return "ok"


class PikaSelect:
    """pika.SelectConnection, with callbacks all the way."""

    def __init__(self, url: str, what: Attempt) -> None:
        self.what = what
        self.told = ""
        parameters = pika.URLParameters(url)
        self.connection = pika.SelectConnection(
            parameters,
            on_open_callback=lambda connection: connection.channel(on_open_callback=self.begin),
            on_open_error_callback=lambda _connection, error: self.end(type(error).__name__),
            on_close_callback=self.closed,
        )

    def run(self) -> str:
        try:
            self.connection.ioloop.start()
        finally:
            self.connection.ioloop.close()
        return self.told

    def end(self, told: str) -> None:
        self.told = self.told or told
        if self.connection.is_open:
            self.connection.close()
        elif self.connection.is_closed:
            self.connection.ioloop.stop()

    def closed(self, connection: Any, error: Any) -> None:
        self.told = self.told or type(error).__name__
        connection.ioloop.stop()

    def begin(self, channel: Any) -> None:
        channel.add_on_close_callback(lambda _channel, error: self.end(type(error).__name__))
        if self.what == "publish":
            channel.add_on_return_callback(lambda *_: self.end("returned"))
            channel.confirm_delivery(
                lambda frame: self.end("ok" if frame.method.NAME == "Basic.Ack" else "nack"),
                callback=lambda _frame: channel.basic_publish("", "q", b"x", mandatory=True),
            )
        elif self.what in {"get", "ack"}:
            channel.add_callback(lambda _frame: self.end("nothing"), [pika.spec.Basic.GetEmpty])
            channel.basic_get("q", self.got)
        elif self.what == "consume":
            channel.add_on_cancel_callback(lambda _frame: self.end("cancelled"))
            channel.basic_consume("q", self.got)
        else:
            self.end("ok")

    def got(self, channel: Any, method: Any, _properties: Any, body: bytes) -> None:
        if self.what == "ack":
            channel.basic_ack(method.delivery_tag)
        self.end(body.decode())


def pika_select(url: str, what: Attempt) -> str:
    return PikaSelect(url, what).run()


def aiopika(url: str, what: Attempt) -> str:
    """aio_pika.connect, without its robust reconnecting."""
    return asyncio.run(_aiopika(url, what))


async def _aiopika(url: str, what: Attempt) -> str:
    connection = await aio_pika.connect(url)
    try:
        channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
        if what == "publish":
            await channel.default_exchange.publish(aio_pika.Message(b"x"), routing_key="q", mandatory=True)
        elif what != "connect":
            return await _aiopika_receive(await channel.get_queue("q", ensure=False), what)
        return "ok"
    finally:
        with contextlib.suppress(Exception):
            await connection.close()


async def _aiopika_receive(queue: Any, what: Attempt) -> str:
    if what == "consume":
        async with queue.iterator(timeout=PATIENCE / 2) as messages:
            async for message in messages:
                await message.ack()
                return message.body.decode()
        return "cancelled"
    message = await queue.get(fail=False)
    if message is not None and what == "ack":
        await message.ack()
    return message.body.decode() if message is not None else "nothing"


CLIENTS: dict[str, Callable[[str, Attempt], str]] = {
    "raw": raw,
    "pika_blocking": pika_blocking,
    "pika_select": pika_select,
    "aiopika": aiopika,
}
