"""What clients do wrong is refused with the same method, code, text and ids."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.wire.amqp.client import Client, Closed, Exchange, Queue

from .mistakes import MISTAKES

if TYPE_CHECKING:
    from pytest_integrations.backends.amqp.fake import FakeAmqp

pytestmark = pytest.mark.differential

_INTEGERS = re.compile(r"'(byte|short|signedint|long)'")
"""pamqp, which reads the arguments, does not say how wide an integer was; its value is what queues are compared by."""


def outcome(port: int, name: str) -> tuple[Any, ...]:
    with Client(port).login().open() as client:
        for queue in ("q", "q.new"):
            client.ask(Queue.Delete(queue=queue))
        client.ask(Exchange.Delete(exchange="x.new"))
        client.ask(Queue.Declare(queue="q"))
    with Client(port).login().open() as client, pytest.raises(Closed) as closed:
        MISTAKES[name](client)
    return closed.value.came.name, closed.value.code, _INTEGERS.sub("'integer'", closed.value.text), closed.value.about


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_told_as_rabbitmq_does(real: int, fake: FakeAmqp, name: str) -> None:
    if name == "an unknown tag":
        assert outcome(fake.port, name)[1] == 406  # the test itself can fail
    assert outcome(fake.port, name) == outcome(real, name)
