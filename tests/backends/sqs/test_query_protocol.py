"""The protocol of older clients: a form in, XML out. Real ones meet it in tests/contract/sqs."""

from __future__ import annotations

from http.client import HTTPConnection
from typing import TYPE_CHECKING
from urllib.parse import urlencode
from xml.etree import ElementTree as ET

import pytest

from pytest_integrations.core.errors import UnexpectedCall
from pytest_integrations.faults.sqs import md5_mismatch, sqs_error

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_integrations.backends.sqs.fake import FakeSqs

_SPACE = "{http://queue.amazonaws.com/doc/2012-11-05/}"


class QueryClient:
    """One connection to a fake."""

    def __init__(self, broker: FakeSqs) -> None:
        self.broker = broker
        self.connection = HTTPConnection("127.0.0.1", broker.port, timeout=5)

    def ask(self, action: str, queue: str = "", **parameters: str) -> tuple[int, ET.Element]:
        """Return status and content of the answer."""
        form = {"Action": action, "Version": "2012-11-05", **parameters}
        path = f"/000000000000/{queue}" if queue else "/"
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        self.connection.request("POST", path, urlencode(form), headers)
        answer = self.connection.getresponse()
        assert answer.headers["Content-Type"] == "text/xml"
        assert answer.headers["x-amzn-RequestId"]
        return answer.status, ET.fromstring(answer.read())

    def texts(self, action: str, element: str, queue: str = "", **parameters: str) -> list[str | None]:
        """Return what stands in the elements called *element* of a good answer."""
        status, content = self.ask(action, queue, **parameters)
        assert (status, content.tag) == (200, f"{_SPACE}{action}Response")
        return [each.text for each in content.iter(f"{_SPACE}{element}")]


@pytest.fixture
def query(broker: FakeSqs) -> Iterator[QueryClient]:
    """A client of `broker` that speaks the older protocol."""
    client = QueryClient(broker)
    yield client
    client.connection.close()


def test_a_message_goes_round(broker: FakeSqs, query: QueryClient) -> None:
    attributes = {
        "Attribute.1.Name": "VisibilityTimeout",
        "Attribute.1.Value": "5",
        "Tag.1.Key": "team",
        "Tag.1.Value": "books",
    }
    (url,) = query.texts("CreateQueue", "QueueUrl", QueueName="orders", **attributes)
    assert url == broker.url_of("orders")
    assert query.texts("ListQueueTags", "Value", "orders") == ["books"]
    sent = {
        "MessageBody": "<ü>\r\n",
        "MessageAttribute.1.Name": "n",
        "MessageAttribute.1.Value.DataType": "Number",
        "MessageAttribute.1.Value.StringValue": "7",
        "MessageAttribute.2.Name": "b",
        "MessageAttribute.2.Value.DataType": "Binary",
        "MessageAttribute.2.Value.BinaryValue": "AAE=",
    }
    (key,) = query.texts("SendMessage", "MessageId", "orders", **sent)
    assert (broker.messages[0].key, broker.messages[0].headers) == (key, {"n": "7", "b": b"\0\1"})
    wanted = {"AttributeName.1": "ApproximateReceiveCount", "MessageAttributeName.1": "n"}
    status, content = query.ask("ReceiveMessage", "orders", **wanted)
    assert status == 200
    (message,) = content.iter(f"{_SPACE}Message")
    found = {each.tag.removeprefix(_SPACE): each for each in message}
    assert found["Body"].text == "<ü>\r\n"
    assert [each.text for each in found["Attribute"]] == ["ApproximateReceiveCount", "1"]
    assert [each.text for each in found["MessageAttribute"][1]] == ["Number", "7"]
    query.texts("DeleteMessage", "none", "orders", ReceiptHandle=found["ReceiptHandle"].text or "")
    assert broker.messages[0].deliveries[0].outcome == "acked"
    assert [call.operation for call in broker.calls] == [
        "CreateQueue orders",
        "ListQueueTags orders",
        "SendMessage orders",
        "ReceiveMessage orders",
        "DeleteMessage orders",
    ]


def test_batches_and_lists_are_flat(broker: FakeSqs, query: QueryClient) -> None:
    broker.queue("orders")
    broker.queue("bills")
    assert query.texts("ListQueues", "QueueUrl") == [broker.url_of("bills"), broker.url_of("orders")]
    entries = {}
    for number in range(1, 11):
        entries[f"SendMessageBatchRequestEntry.{number}.Id"] = str(number)
        entries[f"SendMessageBatchRequestEntry.{number}.MessageBody"] = "\0" if number == 2 else f"body {number}"
    status, content = query.ask("SendMessageBatch", "orders", **entries)
    assert status == 200
    assert len(list(content.iter(f"{_SPACE}SendMessageBatchResultEntry"))) == 9
    (failed,) = content.iter(f"{_SPACE}BatchResultErrorEntry")
    assert {each.tag.removeprefix(_SPACE): each.text for each in failed}["SenderFault"] == "true"
    assert [message.text for message in broker.messages] == [f"body {n}" for n in (1, *range(3, 11))]


def test_an_error_has_its_old_code(broker: FakeSqs, query: QueryClient) -> None:
    broker.queue("orders")
    status, content = query.ask("ReceiveMessage", "no")
    code = next(content.iter(f"{_SPACE}Code")).text
    assert (status, content.tag, code) == (400, f"{_SPACE}ErrorResponse", "AWS.SimpleQueueService.NonExistentQueue")
    broker.inject(sqs_error("ServiceUnavailable", "<busy>"))
    status, content = query.ask("ReceiveMessage", "orders")
    told = [next(content.iter(f"{_SPACE}{name}")).text for name in ("Type", "Code", "Message")]
    assert (status, told) == (503, ["Receiver", "ServiceUnavailable", "<busy>"])


def test_a_digest_can_be_wrong_here_too(broker: FakeSqs, query: QueryClient) -> None:
    broker.queue("orders")
    (right,) = query.texts("SendMessage", "MD5OfMessageBody", "orders", MessageBody="x")
    broker.inject(md5_mismatch())
    (wrong,) = query.texts("SendMessage", "MD5OfMessageBody", "orders", MessageBody="x")
    assert (wrong or "")[:-1] == (right or "")[:-1]
    assert wrong != right


def test_a_get_works_as_well(broker: FakeSqs, query: QueryClient) -> None:
    broker.queue("orders")
    query.connection.request("GET", "/000000000000/orders?Action=SendMessage&MessageBody=x")
    assert query.connection.getresponse().status == 200
    assert broker.messages.bodies == [b"x"]


@pytest.mark.parametrize("path", ["/", "/000000000000/orders?Attribute.1=x&Attribute.1.Name=y", "/favicon.ico"])
def test_what_names_no_action_fails_the_test(broker: FakeSqs, query: QueryClient, path: str) -> None:
    query.connection.request("GET", path)
    assert query.connection.getresponse().status == 400
    with pytest.raises(UnexpectedCall, match="names no action"):
        broker.verify()
