"""What clients make of the two, where it depends on more than one frame: the errors have the same names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pika
import pytest

from tests.contract.amqp.clients import CLIENTS

if TYPE_CHECKING:
    from pytest_integrations.backends.amqp.fake import FakeAmqp

pytestmark = pytest.mark.differential

URL = "amqp://guest:guest@127.0.0.1:{port}/%2F"


def ending(client: str, url: str, what: str) -> str:
    try:
        return CLIENTS[client](url, what)
    except Exception as error:  # noqa: BLE001 -- the errors of many clients are what we look at
        return type(error).__name__


@pytest.mark.parametrize("client", [name for name in CLIENTS if name != "raw"])
@pytest.mark.parametrize(
    ("url", "what"),
    [
        ("amqp://guest:wrong@127.0.0.1:{port}/%2F", "connect"),
        ("amqp://guest:guest@127.0.0.1:{port}/nowhere", "connect"),
        (URL, "connect"),
        (URL, "get"),  # there is no queue
        (URL, "consume"),
        (URL, "publish"),  # mandatory
    ],
)
def test_the_same_ending(real: int, fake: FakeAmqp, client: str, url: str, what: str) -> None:
    with pika.BlockingConnection(pika.URLParameters(URL.format(port=real))) as connection:
        connection.channel().queue_delete("q")
    ours, theirs = (ending(client, url.format(port=port), what) for port in (fake.port, real))
    assert ours == theirs
