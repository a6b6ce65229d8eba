"""Task queues on the fake, as their users set them up: every job done, retries and dead letters where they go."""

from __future__ import annotations

import gc
import signal
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
import redis

from pytest_integrations.backends.redis import FakeRedis

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = [pytest.mark.usefixtures("no_leaks", "_handlers_kept"), pytest.mark.filterwarnings("default")]

JOBS = 20


@pytest.fixture
def broker() -> Iterator[FakeRedis]:
    with FakeRedis("broker") as fake:
        yield fake


@pytest.fixture
def client(broker: FakeRedis) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(broker.url) as client:
        yield client
        client.connection_pool.disconnect()


def eventually(what: Callable[[], object], patience: float = 15.0) -> None:
    until = time.monotonic() + patience
    while not what():
        assert time.monotonic() < until, "it did not come about"
        time.sleep(0.01)


def add(one: int, other: int) -> int:
    """What rq imports by its name."""
    return one + other


def refuse() -> None:
    msg = "poison"
    raise ValueError(msg)


@pytest.fixture
def _handlers_kept() -> Iterator[None]:
    """Take away again what the workers of rq and huey do at Ctrl-C: they leave it behind."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    yield
    for number, handler in handlers.items():
        signal.signal(number, handler)


def test_rq_does_every_job_and_retries_a_failing_one(client: redis.Redis) -> None:
    rq = pytest.importorskip("rq")

    class Worker(rq.SimpleWorker):  # type: ignore[misc]  # it may not be installed
        def unsubscribe(self) -> None:
            """Stop the listener before it hears that it is not subscribed, and waits 60 s to be: rq stops it after."""
            self.pubsub_thread.stop()
            super().unsubscribe()

    queue = rq.Queue("jobs", connection=client)
    done = [queue.enqueue(add, number, 1) for number in range(JOBS)]
    poison = queue.enqueue(refuse, retry=rq.Retry(max=2))
    worker = Worker([queue], connection=client)
    worker.work(burst=True, logging_level="CRITICAL")
    assert [job.return_value(refresh=True) for job in done] == [number + 1 for number in range(JOBS)]
    assert poison.get_status(refresh=True) == "failed"
    assert poison.id in queue.failed_job_registry
    assert len(queue) == 0


def test_celery_does_every_job_and_retries_a_failing_one(broker: FakeRedis) -> None:
    celery, kombu = pytest.importorskip("celery"), pytest.importorskip("kombu.pools")
    from celery.contrib.testing.worker import start_worker

    app = celery.Celery("jobs", broker=broker.url, backend=broker.url, set_as_current=False)
    app.conf.worker_hijack_root_logger = False
    tries: list[int] = []

    @app.task(name="add", shared=False)
    def add(one: int, other: int) -> int:
        return one + other

    @app.task(name="shaky", shared=False, bind=True, max_retries=3)
    def shaky(task: celery.Task) -> str:
        tries.append(task.request.retries)
        if len(tries) < 3:
            raise task.retry(countdown=0)
        return "done"

    with start_worker(app, pool="solo", perform_ping_check=False, loglevel="CRITICAL"):
        results = [add.delay(number, 1) for number in range(JOBS)]
        assert [result.get(timeout=20) for result in results] == [number + 1 for number in range(JOBS)]
        assert shaky.delay().get(timeout=20) == "done"
        assert tries == [0, 1, 2]
    app.backend.result_consumer.stop()
    app.backend.client.connection_pool.disconnect()
    app.close()
    kombu.reset()
    del app, results
    gc.collect()  # the worker's own connections, which it leaves to it


def test_dramatiq_does_every_job_and_buries_what_fails_too_often(broker: FakeRedis, client: redis.Redis) -> None:
    dramatiq = pytest.importorskip("dramatiq")
    from dramatiq.brokers.redis import RedisBroker

    queue = RedisBroker(url=broker.url)
    queue.add_middleware(dramatiq.middleware.CurrentMessage())
    done: list[int] = []
    tries: list[int] = []

    @dramatiq.actor(broker=queue)
    def note(number: int) -> None:
        done.append(number)

    @dramatiq.actor(broker=queue, max_retries=2, min_backoff=1, max_backoff=1)
    def poison() -> None:
        tries.append(1)
        raise ValueError

    for number in range(JOBS):
        note.send(number)
    poison.send()
    worker = dramatiq.Worker(queue, worker_timeout=50, worker_threads=1)
    worker.start()
    try:
        eventually(lambda: client.exists("dramatiq:default.XQ"))
    finally:
        worker.stop()
        queue.close()
        queue.client.connection_pool.disconnect()
    assert sorted(done) == list(range(JOBS))
    assert len(tries) == 3
    assert client.zcard("dramatiq:default.XQ") == 1


def test_huey_does_every_job_and_retries_a_failing_one(broker: FakeRedis) -> None:
    huey = pytest.importorskip("huey")
    queue = huey.RedisHuey("jobs", url=broker.url)
    tries: list[int] = []

    @queue.task()
    def add(one: int, other: int) -> int:
        return one + other

    @queue.task(retries=2)
    def shaky() -> str:
        tries.append(1)
        if len(tries) < 3:
            raise ValueError
        return "done"

    done: list[str] = []

    @queue.signal("complete")
    def note(_signal: str, task: Any) -> None:
        done.append(task.id)

    results = [add(number, 1) for number in range(JOBS)]
    last = shaky()
    consumer = queue.create_consumer(
        workers=1, periodic=False, initial_delay=0.01, max_delay=0.02, scheduler_interval=1
    )
    consumer.start()
    try:
        assert [result(blocking=True, timeout=15) for result in results] == [number + 1 for number in range(JOBS)]
        eventually(lambda: last.id in done)  # until then its result may be the error of the attempt before
        assert len(tries) == 3
        assert last(blocking=True, timeout=15) == "done"
    finally:
        consumer.stop(graceful=True)
        queue.storage.close()
        queue.storage.pool.disconnect()


def test_kombu_gives_back_what_a_consumer_that_left_had(broker: FakeRedis) -> None:
    kombu = pytest.importorskip("kombu")
    with kombu.Connection(broker.url) as connection:
        queue = connection.SimpleQueue("jobs")
        for number in range(JOBS):
            queue.put({"number": number})
        first = queue.get(timeout=5)
        first.reject(requeue=True)
        got = []
        while len(got) < JOBS:
            message = queue.get(timeout=5)
            got.append(message.payload["number"])
            message.ack()
        assert sorted(got) == list(range(JOBS))
        queue.close()
        connection.release()


def test_threads_that_block_on_one_list_get_each_message_once(broker: FakeRedis, client: redis.Redis) -> None:
    got: list[bytes] = []

    def consume() -> None:
        with redis.Redis.from_url(broker.url) as own:
            while (popped := own.blpop("jobs", timeout=5)) and popped[1] != b"stop":
                got.append(popped[1])

    threads = [threading.Thread(target=consume) for _ in range(4)]
    for thread in threads:
        thread.start()
    for number in range(100):
        client.rpush("jobs", number)
    client.rpush("jobs", *["stop"] * 4)
    for thread in threads:
        thread.join(10)
    assert sorted(map(int, got)) == list(range(100))
