"""The figures of a queue."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_integrations.core.ledger import Ledger
from pytest_integrations.views.queue_figures import merged, queue_figures
from tests.assertions.ledgers import HandClock

if TYPE_CHECKING:
    from pytest_integrations.core.delivery import Happening, QueueMessage


def message(ledger: Ledger, *events: tuple[Happening, str]) -> QueueMessage:
    told = ledger.publish("broker", b"", {}, to="orders")
    for kind, queue in events:
        ledger.tell(told, kind, queue)
    return told


def test_every_queue_that_a_message_came_into_has_figures() -> None:
    ledger = Ledger(HandClock())
    message(ledger, ("routed", "orders"), ("delivered", "orders"), ("acked", "orders"))
    message(
        ledger,
        ("routed", "orders"),
        ("delivered", "orders"),
        ("requeued", "orders"),
        ("delivered", "orders"),
        ("dead_lettered", "orders"),
        ("routed", "dead"),
    )
    message(ledger, ("routed", "orders"), ("expired", "orders"))
    message(ledger, ("rejected", "orders"))

    orders, dead = queue_figures(ledger.messages)

    assert orders == {
        "fake": "broker",
        "queue": "orders",
        "messages": 3,
        "deliveries": 3,
        "redeliveries": 1,
        "acked": 1,
        "requeued": 1,
        "dead_lettered": 1,
        "lost": 1,
        "waiting": 0,
    }
    assert (dead["queue"], dead["messages"], dead["waiting"]) == ("dead", 1, 1)


def test_figures_of_several_tests_add_up() -> None:
    ledger = Ledger(HandClock())
    message(ledger, ("routed", "orders"), ("delivered", "orders"))
    one = queue_figures(ledger.messages)

    (whole,) = merged([*one, *one])

    assert (whole["messages"], whole["deliveries"], whole["waiting"]) == (2, 2, 2)
    assert one[0]["messages"] == 1, "the parts are left alone"
