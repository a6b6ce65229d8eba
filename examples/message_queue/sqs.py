"""The same queue on Amazon SQS, whose only way to say "later" is to say nothing."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any

import boto3

if TYPE_CHECKING:
    from collections.abc import Callable

log = logging.getLogger(__name__)


class OrderQueue:
    """Sends orders to a queue, and works them off.

    The queue has a redrive policy: a message that was received so often goes to the dead letters by itself. Up to ten
    are received at once, and worked off one after the other: the visibility timeout has to be longer than that takes.
    """

    def __init__(self, queue_url: str, **client: Any) -> None:
        """Use *queue_url*; the arguments of boto3's *client* come from its configuration, in a test from the fake."""
        self.queue_url = queue_url
        self.sqs = boto3.client("sqs", **client)

    def send(self, body: str) -> None:
        self.sqs.send_message(QueueUrl=self.queue_url, MessageBody=body)

    def work(self, process: Callable[[str], object], *, rounds: int) -> None:
        """Ask for messages so often; each time the service lets us wait for up to 20 seconds."""
        for _ in range(rounds):
            done: list[dict[str, str]] = []
            for message in self._receive():
                try:
                    process(message["Body"])
                except Exception:
                    log.exception("it will come again: %r", message["Body"])  # when its visibility timeout is over
                else:
                    done.append({"Id": str(len(done)), "ReceiptHandle": message["ReceiptHandle"]})
            if done:
                self._delete(done)

    def _receive(self) -> list[dict[str, str]]:
        try:
            answer = self.sqs.receive_message(QueueUrl=self.queue_url, MaxNumberOfMessages=10, WaitTimeSeconds=20)
        except self.sqs.exceptions.OverLimit:  # too many are in flight: some will be done, or come back
            log.warning("too many messages are in flight")
            time.sleep(20)
            return []
        messages: list[dict[str, str]] = answer.get("Messages", [])
        return messages

    def _delete(self, entries: list[dict[str, str]]) -> None:
        """Delete what is done; the answer to a batch is a success even when some of it was not."""
        answer = self.sqs.delete_message_batch(QueueUrl=self.queue_url, Entries=entries)
        failed = {failure["Id"] for failure in answer.get("Failed", [])}
        for entry in entries:
            if entry["Id"] in failed:
                self.sqs.delete_message(QueueUrl=self.queue_url, ReceiptHandle=entry["ReceiptHandle"])

    def close(self) -> None:
        self.sqs.close()
