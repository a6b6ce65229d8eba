"""What clients do wrong is refused as RabbitMQ 3.10.8 refused it; tests/differential asks it anew."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pytest_integrations.backends.amqp.fake import FakeAmqp
from tests.differential.amqp.mistakes import MISTAKES, outcome

RECORDED = json.loads(Path(__file__).with_name("refusals.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_refused_as_it_was_recorded(name: str) -> None:
    with FakeAmqp(version="3.12") as broker:
        assert outcome(broker.port, name) == RECORDED[name]


def test_every_mistake_was_refused() -> None:
    assert RECORDED.keys() == MISTAKES.keys()
    assert [name for name, told in RECORDED.items() if told[0] not in {"Channel.Close", "Connection.Close"}] == []
