"""The same with clients of queues: frameworks that retry, give up and put aside."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import redis

from pytest_integrations import FakeAmqp, FakeRedis, FakeRest, assert_attempts, assert_dead_lettered
from pytest_integrations.faults import status
from tests.published_bugs.conftest import Release
from tests.published_bugs.test_published_bugs import between

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from pytest_integrations import QueueMessage

    Client = Callable[[str, str], None]
    Judging = AbstractContextManager[Any]

pytestmark = pytest.mark.published_bugs


def task(message: QueueMessage) -> str:
    """What dramatiq itself calls a message, over all its retries; of a dead letter the one that is in it."""
    told = json.loads(message.body)
    return str((told["args"][0] if told["queue_name"] == "failed" else told)["message_id"])


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


@between(
    "dramatiq[rabbitmq]==1.11.0",
    "dramatiq[rabbitmq]==1.12.0",
    verdict="was dead-lettered with nothing for a reason, expected 'ValueError: attempt 3'",
)
def test_dramatiq_puts_aside_with_the_reason_of_the_attempt_before(
    fake_amqp: FakeAmqp, client: Client, judging: Judging
) -> None:
    """The last attempt was not written into the message, so that who puts it aside tells of the one before.

    It can be seen in a dead letter that a middleware writes. What is in `default.XQ` is in both releases what was
    published for the last attempt, before that was made, as the next test shows.
    """
    client("dramatiq_putting_aside.py", fake_amqp.url)

    with judging:
        assert_dead_lettered(
            fake_amqp.messages,
            exactly=1,
            after=3,
            to="failed",
            per=task,
            reason="ValueError: attempt 3",
            payload="any",
        )


def _sent_by_dramatiq(body: bytes) -> Any:
    """Return a message without what differs from run to run: ids, times, and the folder that dramatiq is in."""
    message = json.loads(body)
    options = message["options"]
    (traceback,) = (options.pop("traceback", "").strip().splitlines() or [""])[-1:]
    kept = {name: value for name, value in options.items() if name not in {"eta", "redis_message_id"}}
    return message["queue_name"], message["actor_name"], message["args"], kept, traceback


def _in_default_xq(fake: FakeAmqp | FakeRedis) -> list[bytes]:
    if isinstance(fake, FakeAmqp):
        return [event.body for letter in fake.dead_letters for event in letter.of("dead_lettered") if event.body]
    with redis.Redis.from_url(fake.url) as client:
        return list(client.hvals("dramatiq:default.XQ.msgs"))


@pytest.mark.parametrize(
    "release", [Release("dramatiq[rabbitmq,redis]==1.11.0"), Release("dramatiq[rabbitmq,redis]==1.12.0")], ids=str
)
@pytest.mark.parametrize("kind", [FakeAmqp, FakeRedis])
def test_dramatiq_leaves_the_attempt_before_in_its_own_dead_letter_queue(
    kind: type[FakeAmqp | FakeRedis], client: Client
) -> None:
    """In both releases: the broker moves what it has, and the worker does not send what it has learnt since."""
    with kind() as fake:
        client("dramatiq_putting_aside.py", fake.url)
        letters = [_sent_by_dramatiq(body) for body in _in_default_xq(fake)]

    assert letters == [("default", "charge", [13], {"retries": 2}, "ValueError: attempt 2")]
