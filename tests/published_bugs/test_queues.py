"""The same with clients of queues: frameworks that retry, give up and put aside."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from pytest_integrations import FakeAmqp, FakeRest, assert_attempts, assert_dead_lettered
from pytest_integrations.faults import status
from tests.published_bugs.test_published_bugs import between

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from pytest_integrations import QueueMessage

    Client = Callable[[str, str], None]
    Judging = AbstractContextManager[Any]

pytestmark = pytest.mark.published_bugs


def task(message: QueueMessage) -> str:
    """What dramatiq itself calls a message, over all its retries."""
    return str(json.loads(message.body)["message_id"])


@between(
    "dramatiq[rabbitmq]==1.17.0",
    "dramatiq[rabbitmq]==1.17.1",
    verdict="expected at least 1 dead letter in default.XQ, saw 0",
)
def test_dramatiq_retries_what_must_not_be(fake_amqp: FakeAmqp, client: Client, judging: Judging) -> None:
    """max_retries=0 was taken for no limit given."""
    client("dramatiq_without_retries.py", fake_amqp.url)

    with judging:
        assert_dead_lettered(fake_amqp.messages, exactly=1, after=1, to="default.XQ", per=task)


@between("celery==5.3.0", "celery==5.3.1", verdict="expected exactly 3 attempts of GET /ship, saw 1")
def test_celery_waits_for_minutes_where_it_should_wait_for_half_a_second(
    fake_amqp: FakeAmqp, fake_rest: FakeRest, client: Client, judging: Judging
) -> None:
    """A backoff below one second was taken for none, and the default is three minutes."""
    fake_rest.get("/ship").reply()
    fake_rest.inject(status(503), times=2)

    client("celery_backing_off.py", f"{fake_amqp.url} {fake_rest.url}")

    with judging:
        assert_attempts(fake_rest.calls, exactly=3)
