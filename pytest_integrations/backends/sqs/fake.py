"""The fake SQS service, as a test sees it."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any, TypeVar

from pytest_integrations.backends.queues import Queue, QueueFake
from pytest_integrations.core import effect
from pytest_integrations.core.errors import ScriptingError, UnknownName
from pytest_integrations.core.settings import seconds, whole
from pytest_integrations.wire.http1.protocol import Http1Protocol
from pytest_integrations.wire.loop import shared_loop

from .actions import ACTIONS
from .errors import SqsError
from .request import Request
from .service import SqsService
from .store import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import timedelta

    from pytest_integrations.core.call import Connection
    from pytest_integrations.core.clock import Clock
    from pytest_integrations.core.delivery import Messages, QueueMessage
    from pytest_integrations.core.fault import Fault
    from pytest_integrations.core.ledger import Ledger
    from pytest_integrations.core.seed import Seed

__all__ = ["FakeSqs", "SqsQueue"]

T = TypeVar("T")
_DELIVERIES = 3


class SqsQueue(Queue):
    """One queue of a fake SQS."""

    fake: FakeSqs

    @property
    def url(self) -> str:
        """The `QueueUrl` that clients name it by."""
        return self.fake.url_of(self.name)

    @property
    def arn(self) -> str:
        """The ARN that redrive policies name it by."""
        return self.fake.arn_of(self.name)

    @property
    def attributes(self) -> dict[str, str]:
        """What `GetQueueAttributes` tells of it: settings, and how many messages it has."""
        return self.fake.attributes_of(self.name)


class FakeSqs(QueueFake):
    """Amazon SQS on loopback: standard and FIFO queues, visibility timeouts, long polling, dead-letter queues.

    It speaks both protocols of the service, JSON and the older query one, on plain HTTP or TLS. Signatures are not
    checked, but clients must have some credentials to sign with; `client_arguments` has dummies.

    ```python
    import boto3
    from pytest_integrations.backends.sqs.fake import FakeSqs

    with FakeSqs() as broker:
        orders = broker.queue("orders", visibility=10, dead_letter="orders-dlq", max_deliveries=3)
        sqs = boto3.client("sqs", **broker.client_arguments)
        sqs.send_message(QueueUrl=orders.url, MessageBody="one book")
        (got,) = sqs.receive_message(QueueUrl=orders.url)["Messages"]
        sqs.delete_message(QueueUrl=orders.url, ReceiptHandle=got["ReceiptHandle"])
        assert broker.messages[0].deliveries[0].outcome == "acked"
        sqs.close()
    ```
    """

    protocol = "sqs"
    performs: frozenset[type[effect.Effect]] = frozenset(
        {
            effect.Answer,
            effect.Confirm,
            effect.Copies,
            effect.Cut,
            effect.Delay,
            effect.Expire,
            effect.Fail,
            effect.Full,
            effect.Garble,
            effect.Hide,
            effect.Lose,
            effect.Poison,
            effect.Partly,
            effect.Preempt,
            effect.Pretend,
            effect.Refuse,
            effect.Swap,
            effect.TakeBack,
            effect.Tamper,
            effect.Throttle,
            effect.Trickle,
            effect.Withhold,
            effect.Work,
        }
    )

    def __init__(
        self,
        name: str = "fake_sqs",
        *,
        region: str = "us-east-1",
        account: str = "000000000000",
        host: str = "127.0.0.1",
        port: int = 0,
        tls: bool = False,
        ledger: Ledger | None = None,
        seed: Seed | None = None,
        clock: Clock | None = None,
    ) -> None:
        """Make a service called *name*, for one *region* and *account*, which stand in the ARNs of its queues.

        It listens on *host* (`"::1"` for IPv6) and *port* (0: any free one). With *tls* it speaks HTTPS, with a
        certificate of the process's own authority (see `ca_file`); that needs the extra `tls`.
        """
        super().__init__(name, host=host, port=port, tls=tls, ledger=ledger, seed=seed, clock=clock)
        self._store = Store(name, self.ledger, self.seed, region, account)
        self._service = SqsService(self, self._store)

    # -- life

    def _open(self) -> None:
        super()._open()
        self._store.url = f"http{'s' if self._tls else ''}://{self.host}:{self._port}"
        shared_loop().call(self._store.agenda.start)

    def _close(self) -> None:
        shared_loop().call(self._store.agenda.stop)
        super()._close()

    def _speak(self, connection: Connection) -> Http1Protocol:
        return Http1Protocol(shared_loop(), self._service, connection)

    # -- how clients find it

    @property
    def url(self) -> str:
        """The endpoint: `boto3.client("sqs", endpoint_url=fake_sqs.url)`."""
        self._must_run()
        return self._store.url

    @property
    def client_arguments(self) -> dict[str, str]:
        """The arguments of `boto3.client("sqs", **fake_sqs.client_arguments)`: endpoint, region, dummy credentials."""
        return {
            "endpoint_url": self.url,
            "region_name": self._store.region,
            "aws_access_key_id": "test",
            "aws_secret_access_key": "test",
        }

    def url_of(self, queue: str) -> str:
        """Return the `QueueUrl` of the queue called *queue*, whether there is one or not."""
        self._must_run()
        return self._store.url_of(queue)

    def arn_of(self, queue: str) -> str:
        """Return the ARN of the queue called *queue*, whether there is one or not."""
        return self._store.arn_of(queue)

    # -- queues and messages

    def queue(  # type: ignore[override]  # explicit in place of **settings
        self,
        name: str,
        *,
        visibility: float | timedelta | None = None,
        dead_letter: str | bool | None = None,
        max_deliveries: int | None = None,
        delay: float | timedelta | None = None,
        wait: float | timedelta | None = None,
        retention: float | timedelta | None = None,
        max_size: int | None = None,
        max_in_flight: int | None = None,
        content_deduplication: bool | None = None,
    ) -> SqsQueue:
        """Make a queue, or change the one that is there, and return it; a name that ends in `.fifo` makes it FIFO.

        What is left out stays as it is, for a new queue what SQS has: *visibility* (a received message is hidden for
        so long) 30 s, *delay* (a sent one is hidden) 0, *wait* (of a receiver that does not say) 0, *retention* 4
        days, all in whole seconds or timedeltas; *max_size* of a message 1 MiB; *max_in_flight* 120,000, of FIFO
        queues 20,000. A message that was received *max_deliveries* times (3) and would be once more goes to the queue
        *dead_letter*, made if it is not there; True is one called `NAME-dlq`. With *content_deduplication* a FIFO
        queue takes the digest of the body for a deduplication id.
        """
        __tracebackhide__ = True
        self._must_run()
        attributes: dict[str, Any] = {
            "VisibilityTimeout": _whole_seconds("visibility", visibility),
            "DelaySeconds": _whole_seconds("delay", delay),
            "ReceiveMessageWaitTimeSeconds": _whole_seconds("wait", wait),
            "MessageRetentionPeriod": _whole_seconds("retention", retention),
            "MaximumMessageSize": max_size,
            "ContentBasedDeduplication": content_deduplication,
        }
        dead = self._dead_letter_queue(name, dead_letter)
        if dead is not None:
            limit = whole("max_deliveries", _DELIVERIES if max_deliveries is None else max_deliveries, 1)
            policy = {"deadLetterTargetArn": self.arn_of(dead), "maxReceiveCount": limit}
            attributes["RedrivePolicy"] = json.dumps(policy)
        elif max_deliveries is not None:
            msg = f"max_deliveries={max_deliveries!r} without dead_letter=: name the queue that messages go to then"
            raise ScriptingError(msg)
        self._declare(name, {key: value for key, value in attributes.items() if value is not None})
        if max_in_flight is not None:
            limit = whole("max_in_flight", max_in_flight, 1)
            shared_loop().call(lambda: setattr(self._store.queues[name], "max_in_flight", limit))
        return SqsQueue(self, name, dead)

    def _dead_letter_queue(self, name: str, dead_letter: str | bool | None) -> str | None:  # noqa: FBT001 -- as users give it
        """Return the name of the dead-letter queue, made if it is not there."""
        __tracebackhide__ = True
        if dead_letter is None or dead_letter is False:
            return None
        stem, fifo = name.removesuffix(".fifo"), ".fifo" if name.endswith(".fifo") else ""
        dead = f"{stem}-dlq{fifo}" if dead_letter is True else dead_letter
        self._declare(dead, {})
        return dead

    def _declare(self, name: str, attributes: dict[str, Any]) -> None:
        """Create the queue called *name* or set its *attributes*."""
        __tracebackhide__ = True
        if name in self._names():
            if attributes:
                self._do("SetQueueAttributes", {"QueueUrl": self.url_of(name), "Attributes": attributes})
            return
        if isinstance(name, str) and name.endswith(".fifo"):
            attributes = {**attributes, "FifoQueue": "true"}
        self._do("CreateQueue", {"QueueName": name, "Attributes": attributes})

    def attributes_of(self, queue: str) -> dict[str, str]:
        """Return the attributes of the queue called *queue*."""
        __tracebackhide__ = True
        self._must_know(queue)
        answer = self._do("GetQueueAttributes", {"QueueUrl": self.url_of(queue), "AttributeNames": ["All"]})
        attributes: dict[str, str] = answer["Attributes"]
        return attributes

    def publish(  # type: ignore[override]  # explicit in place of **properties
        self,
        queue: str,
        body: bytes | str,
        headers: Mapping[str, Any] | None = None,
        *,
        delay: float | timedelta | None = None,
        group: str | None = None,
        deduplication: str | None = None,
    ) -> QueueMessage:
        """Put a message into *queue*, as a producer would, and return it as the ledger has it.

        *headers* become message attributes: text a String, a number a Number, bytes a Binary. *delay* hides it for so
        many seconds; *group* and *deduplication* are the ids that FIFO queues want. No fault acts on it.
        """
        __tracebackhide__ = True
        self._must_run()
        self._must_know(queue)
        parameters = {
            "QueueUrl": self.url_of(queue),
            "MessageBody": _text(body),
            "MessageAttributes": {name: _attribute(name, value) for name, value in (headers or {}).items()},
            "DelaySeconds": _whole_seconds("delay", delay),
            "MessageGroupId": group,
            "MessageDeduplicationId": deduplication,
        }
        self._do("SendMessage", parameters)
        return self.messages[-1]

    def _names(self) -> list[str]:
        return self._on_loop(lambda: list(self._store.queues))

    def _must_know(self, queue: str) -> None:
        __tracebackhide__ = True
        known = self._names()
        if queue not in known:
            kind, hint = "queue", f"Make it first: {self.name}.queue({queue!r})."
            raise UnknownName(kind, str(queue), known, hint)

    @property
    def messages(self) -> Messages:
        """Every message that was published so far, oldest first, with its story."""
        self._on_loop(self._store.expire_all)
        return super().messages

    def _do(self, action: str, parameters: dict[str, Any]) -> dict[str, Any]:
        """Do an *action* in the name of the test; what SQS refuses is a mistake of the line that asked for it."""
        __tracebackhide__ = True
        do, request = ACTIONS[action].do, Request(parameters)
        if do is None:
            raise NotImplementedError(action)

        def run() -> dict[str, Any] | SqsError:
            try:
                answer = do(self._store, request)
            except SqsError as error:
                return error
            for each in request.told:
                each()
            return answer

        answer = self._on_loop(run)
        if isinstance(answer, SqsError):
            raise ScriptingError(answer.text) from answer
        return answer

    def _on_loop(self, action: Callable[[], T]) -> T:
        def run() -> T:
            if self.is_running:
                self._store.agenda.catch_up()
            return action()

        return shared_loop().call(run)

    # -- faults

    def _check(self, fault: Fault) -> None:
        __tracebackhide__ = True
        super()._check(fault)
        mode = getattr(fault, "mode", "")
        if mode and fault.name == "queue_full":
            msg = f"{fault!r}: mode={mode!r} is for other brokers; SQS has one way only: leave mode= out"
            raise ScriptingError(msg)


def _whole_seconds(name: str, value: float | timedelta | None) -> int | None:
    if value is None:
        return None
    length = seconds(name, value)
    if length != int(length):
        msg = f"{name}={value!r} is not a number of whole seconds, and SQS knows no others"
        raise ScriptingError(msg)
    return int(length)


def _text(body: bytes | str) -> str:
    try:
        return body.decode() if isinstance(body, bytes) else body
    except UnicodeDecodeError as error:
        msg = f"body={body!r} is not UTF-8, and SQS carries text only: encode it, as Base64 for instance"
        raise ScriptingError(msg) from error


def _attribute(name: str, value: Any) -> dict[str, str]:
    if isinstance(value, bytes):
        return {"DataType": "Binary", "BinaryValue": base64.b64encode(value).decode()}
    if isinstance(value, str):
        return {"DataType": "String", "StringValue": value}
    if isinstance(value, int | float) and not isinstance(value, bool):
        return {"DataType": "Number", "StringValue": str(value)}
    msg = f"headers: {name}={value!r} is no message attribute: valid are text, numbers and bytes"
    raise ScriptingError(msg)
