"""The same queue under Celery, with the settings without which a task that fails is gone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from celery import Celery, Task
from kombu import Exchange, Queue

if TYPE_CHECKING:
    from collections.abc import Callable


class ShippingDown(Exception):
    """The carrier does not answer; later it may."""


def make_app(broker: str, carry: Callable[[int], object]) -> Celery:
    """Return the application, with its queue and where its dead letters go; *carry* has an order shipped."""
    app = Celery("orders", broker=broker, set_as_current=False)
    dead_letters = {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "orders.dead"}
    app.conf.update(
        task_queues=[Queue("orders", Exchange("orders"), routing_key="orders", queue_arguments=dead_letters)],
        task_default_queue="orders",
        task_acks_late=True,  # acked when it is done, not when it is begun
        task_acks_on_failure_or_timeout=False,  # one that failed for good is rejected, to the dead letters
        task_reject_on_worker_lost=True,
        worker_prefetch_multiplier=1,
        broker_connection_retry_on_startup=True,
        task_ignore_result=True,
    )

    @app.task(  # type: ignore[untyped-decorator]
        bind=True,
        name="ship",
        shared=False,
        autoretry_for=(ShippingDown,),
        max_retries=2,
        retry_backoff=1,
        retry_jitter=False,
    )
    def ship(_task: Task, order: int) -> None:
        carry(order)

    return app
