"""Bytes without sense: whatever comes, the client is told or left, nothing breaks, and others are served."""

from __future__ import annotations

import random
import threading
from typing import TYPE_CHECKING, Any

import pytest
from pamqp import frame, header

from pytest_integrations.backends.amqp.fake import FakeAmqp

from .client import GREETING, Basic, Channel, Client, Confirm, Connection, Exchange, Queue, Tx

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def broken() -> Iterator[list[Any]]:
    """What was raised on the loop, where nothing may be."""
    before, found = threading.excepthook, []
    threading.excepthook = found.append
    yield found
    threading.excepthook = before
    assert found == []


def sound() -> list[bytes]:
    """Frames that make sense."""
    table = {"a": 1, "b": "text", "c": [True, None, 1.5], "d": {"e": 2**40}}
    content = frame.marshal(header.ContentHeader(0, 4, Basic.Properties(headers=table, priority=3, message_id="m")), 1)
    said = [
        Queue.Declare(queue="q", arguments={"x-max-length": 3, "x-message-ttl": 1000}),
        Queue.Declare(queue="w", arguments=table),
        Exchange.Declare(exchange="x", exchange_type="topic", arguments=table),
        Queue.Bind(queue="q", exchange="x", routing_key="#", arguments=table),
        Basic.Consume(queue="q", consumer_tag="c", arguments={"x-priority": 3}),
        Basic.Get(queue="q"),
        Basic.Ack(1, multiple=True),
        Basic.Nack(2),
        Basic.Recover(requeue=True),
        Basic.Qos(prefetch_count=3),
        Basic.Cancel(consumer_tag="c"),
        Confirm.Select(),
        Tx.Select(),
        Queue.Purge(queue="q"),
        Queue.Delete(queue="w"),
        Channel.Flow(active=True),
        Channel.Close(reply_code=0, reply_text="", class_id=0, method_id=0),
        Channel.Open(),
    ]
    publication = frame.marshal(Basic.Publish(routing_key="q"), 1) + content + b"\x03\0\1\0\0\0\4body\xce"
    return [publication, *(frame.marshal(method, 1) for method in said)]


def spoiled(draw: random.Random, data: bytes) -> bytes:
    """Change, drop or double some bytes."""
    changed = bytearray(data)
    for _ in range(draw.choice((0, 0, 1, 1, 2, 5))):
        place = draw.randrange(len(changed))
        what = draw.random()
        if what < 0.7:
            changed[place] = draw.choice((0, 1, 255, draw.randrange(256)))
        elif what < 0.85:
            del changed[place : place + draw.randrange(1, 4)]
        else:
            changed[place:place] = changed[place : place + 4]
        if not changed:
            break
    return bytes(changed)


def swallow(client: Client) -> None:
    """Read what there is."""
    client.sock.setblocking(False)
    try:
        while client.sock.recv(65536):
            pass
    except OSError:
        pass
    client.sock.settimeout(5)


@pytest.mark.parametrize("seed", range(20))
def test_spoiled_frames(broken: list[Any], seed: int) -> None:
    draw = random.Random(seed)
    frames = sound()
    with FakeAmqp() as broker:
        for _ in range(30):
            with Client(broker.port).login().open() as client:
                try:
                    for _ in range(8):
                        client.send(spoiled(draw, draw.choice(frames)))
                        swallow(client)
                except OSError:
                    pass  # the broker has had enough
            broker.ledger.settle()
        with Client(broker.port).login().open() as client:
            client.ask(Queue.Declare(queue="fine"))
            assert client.publish(b"x", "fine").get("fine") is not None
        assert broker.messages[-1].body == b"x"


@pytest.mark.parametrize("seed", range(10))
def test_a_spoiled_handshake(broken: list[Any], seed: int) -> None:
    draw = random.Random(seed)
    start = frame.marshal(Connection.StartOk(client_properties={"a": {"b": 1}}, response="\0guest\0guest"), 0)
    tune = frame.marshal(Connection.TuneOk(10, 4096, 1), 0)
    enter = frame.marshal(Connection.Open(virtual_host="/"), 0)
    with FakeAmqp() as broker:
        for _ in range(60):
            with Client(broker.port) as client:
                try:
                    client.send(GREETING if draw.random() < 0.8 else spoiled(draw, GREETING))
                    for step in draw.sample([start, tune, enter], 3) if draw.random() < 0.3 else [start, tune, enter]:
                        client.send(spoiled(draw, step))
                        swallow(client)
                except OSError:
                    pass
            broker.ledger.settle()
        Client(broker.port).login().open().close()
