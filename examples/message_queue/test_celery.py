"""Celery's worker itself, on the fake broker, with its retries in virtual time."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from celery.contrib.testing.worker import start_worker

from examples.message_queue.celery_tasks import ShippingDown, make_app
from pytest_integrations import assert_all_settled, assert_dead_lettered, assert_nothing_lost
from pytest_integrations.faults import redeliver

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery import Celery

    from pytest_integrations import FakeAmqp

pytestmark = [
    pytest.mark.virtual_time,
    pytest.mark.no_faults,  # but those of the test: its numbers are exact
]


@pytest.fixture
def shipped() -> list[int]:
    return []


@pytest.fixture
def app(fake_amqp: FakeAmqp, shipped: list[int]) -> Iterator[Celery]:
    def carry(order: int) -> None:
        shipped.append(order)
        if order == 13:
            raise ValueError("no such order")
        if order == 7 or (order == 5 and shipped.count(5) == 1):
            raise ShippingDown

    fake_amqp.queue("orders.dead")
    app = make_app(fake_amqp.url, carry)
    with start_worker(app, pool="solo", perform_ping_check=False, shutdown_timeout=60):
        yield app
    app.close()


def ship(app: Celery, *orders: int) -> None:
    """Hand the orders over, and wait until the retries are through."""
    for order in orders:
        app.tasks["ship"].delay(order)
    time.sleep(60)


def test_what_fails_for_good_is_put_aside(app: Celery, fake_amqp: FakeAmqp, shipped: list[int]) -> None:
    ship(app, 1, 13)

    assert shipped == [1, 13]
    orders = fake_amqp.messages.through("orders")
    assert_dead_lettered(orders, exactly=1, after=1, to="orders.dead", reason="rejected")
    assert_nothing_lost(orders, dead_letter="orders.dead")


def test_what_fails_for_now_is_tried_again(app: Celery, fake_amqp: FakeAmqp, shipped: list[int]) -> None:
    ship(app, 5, 7)

    assert shipped.count(5) == 2
    assert shipped.count(7) == 3
    orders = fake_amqp.messages.through("orders")
    assert_dead_lettered(orders, exactly=1, to="orders.dead")
    assert_all_settled(orders)
    assert_nothing_lost(orders, dead_letter="orders.dead")


def test_a_task_may_run_twice(app: Celery, fake_amqp: FakeAmqp, shipped: list[int]) -> None:
    """Celery does not know what it has done: a task must bear it."""
    fake_amqp.on("deliver", queue="orders").inject(redeliver())
    ship(app, 1)

    assert shipped == [1, 1]
