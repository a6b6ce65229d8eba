"""How fast the fake SQS is: against moto, in an environment of its own, and by itself.

`PYTEST_INTEGRATIONS_MOTO` names the interpreter of an environment with `moto[server]`; without it that figure is left
out.
"""

from __future__ import annotations

import json
import os
import socket
import statistics
import subprocess
import time
from contextlib import contextmanager
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from pytest_integrations.backends.sqs.fake import FakeSqs

from .figure import ROUNDS, Figure

if TYPE_CHECKING:
    from collections.abc import Iterator

MOTO = os.environ.get("PYTEST_INTEGRATIONS_MOTO", "")


@contextmanager
def moto() -> Iterator[str]:
    """Run a moto server in a process of its own and give its URL."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [MOTO, "-c", "from moto.server import main; main()", "-p", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            _wait_for(port)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with socket.socket() as sock:
            if sock.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    msg = "moto did not start"
    raise TimeoutError(msg)


@contextmanager
def _client(url: str) -> Iterator[Any]:
    boto3 = pytest.importorskip("boto3")
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}
    client = boto3.client("sqs", endpoint_url=url, **keys)
    yield client
    client.close()


def _round_trips(sqs: Any, queue: str, count: int) -> float:
    """Return the seconds for so many messages to be sent, received and deleted, one by one."""
    began = time.perf_counter()
    for _ in range(count):
        sqs.send_message(QueueUrl=queue, MessageBody="x" * 200)
        (message,) = sqs.receive_message(QueueUrl=queue)["Messages"]
        sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    return time.perf_counter() - began


class _Bare:
    """A client that costs next to nothing, so that it is the services that are measured."""

    _HEADERS: ClassVar = {
        "Content-Type": "application/x-amz-json-1.0",
        "Authorization": "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/sqs/aws4_request",
    }

    def __init__(self, url: str) -> None:
        self.connection = HTTPConnection("127.0.0.1", int(url.rpartition(":")[2]))

    def _ask(self, action: str, **parameters: Any) -> Any:
        headers = {"X-Amz-Target": f"AmazonSQS.{action}", **self._HEADERS}
        self.connection.request("POST", "/", json.dumps(parameters), headers)
        return json.loads(self.connection.getresponse().read() or b"{}")

    def send_message(self, **parameters: Any) -> Any:
        return self._ask("SendMessage", **parameters)

    def receive_message(self, **parameters: Any) -> Any:
        return self._ask("ReceiveMessage", **parameters)

    def delete_message(self, **parameters: Any) -> Any:
        return self._ask("DeleteMessage", **parameters)


@pytest.mark.benchmark
@pytest.mark.skipif(not MOTO, reason="PYTEST_INTEGRATIONS_MOTO names no interpreter")
def test_it_is_faster_than_moto() -> None:
    """Send, receive and delete; moto in a process of its own, which is to its advantage."""
    ratios = []
    with FakeSqs() as broker, moto() as other, _client(other) as maker:
        own, foreign = broker.queue("orders").url, maker.create_queue(QueueName="orders")["QueueUrl"]
        ours, theirs = _Bare(broker.url), _Bare(other)
        _round_trips(ours, own, 5)
        _round_trips(theirs, foreign, 5)
        for _ in range(ROUNDS):
            slow = _round_trips(theirs, foreign, 5)
            ratios.append(slow / _round_trips(ours, own, 5))
        ours.connection.close()
        theirs.connection.close()
    figure = Figure("bare client on SQS: moto / ours", statistics.median(ratios), 4, at_least=True)
    print(figure.row())
    assert figure.holds, figure.row()


@pytest.mark.benchmark
def test_its_life_is_short() -> None:
    """A fake, a queue, and the end of both."""
    times = []
    for _ in range(300):
        began = time.perf_counter()
        with FakeSqs() as broker:
            broker.queue("orders")
        times.append(time.perf_counter() - began)
    figure = Figure("a fake SQS and a queue, start to stop", statistics.median(times) * 1e3, 1.0, unit="ms")
    print(figure.row())
    assert figure.holds, figure.row()


@pytest.mark.benchmark
def test_a_long_queue_does_not_slow_it_down() -> None:
    """A receive from a queue of 10,000 messages, against one from a queue of a few."""
    with FakeSqs() as broker, _client(broker.url) as sqs:
        full, empty = broker.queue("full").url, broker.queue("empty").url
        for number in range(10_000):
            broker._do("SendMessage", {"QueueUrl": full, "MessageBody": str(number)})
        ratios = []
        for _ in range(ROUNDS):
            slow = _round_trips(sqs, full, 20)
            ratios.append(slow / _round_trips(sqs, empty, 20))
    figure = Figure("SQS with 10,000 messages / with few", statistics.median(ratios), 3.0)
    print(figure.row())
    assert figure.holds, figure.row()
