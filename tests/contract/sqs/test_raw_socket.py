"""Every fault of the service alone, by its bytes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest

from pytest_integrations.backends.sqs.errors import Refusal
from pytest_integrations.backends.sqs.fake import FakeSqs
from pytest_integrations.faults.queue import empty_receive, lost_confirm, queue_full, refused_publish
from pytest_integrations.faults.sqs import _ERRORS, clock_skew, md5_mismatch, partial_batch, sqs_error
from tests.contract.raw_socket import RawSocket

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


@pytest.fixture
def broker() -> Iterator[FakeSqs]:
    with FakeSqs() as broker:
        broker.queue("orders")
        yield broker


def _json(broker: FakeSqs, action: str, **parameters: Any) -> bytes:
    body = json.dumps({"QueueUrl": broker.url_of("orders"), **parameters}).encode()
    lines = ["POST / HTTP/1.1", "Host: sqs", f"X-Amz-Target: AmazonSQS.{action}", f"Content-Length: {len(body)}"]
    return "\r\n".join((*lines, "", "")).encode() + body


def _query(broker: FakeSqs, action: str, **parameters: str) -> bytes:
    body = urlencode({"Action": action, "QueueUrl": broker.url_of("orders"), **parameters}).encode()
    lines = ["POST / HTTP/1.1", "Host: sqs", f"Content-Length: {len(body)}"]
    return "\r\n".join((*lines, "", "")).encode() + body


def _answer(broker: FakeSqs, request: bytes) -> tuple[bytes, dict[str, str], bytes]:
    """Return status line, header section and body of what comes back at once, on a connection that stays open."""
    with RawSocket(broker) as raw:  # type: ignore[arg-type]  # any fake with a port
        raw.send(request)
        data = raw.at_once()
        assert raw.is_open
    head, _, body = data.partition(b"\r\n\r\n")
    start, *lines = head.split(b"\r\n")
    fields = dict(line.decode().split(": ", 1) for line in lines)
    return start, fields, body


@pytest.mark.parametrize("name", _ERRORS)
def test_an_error_in_json(broker: FakeSqs, name: str) -> None:
    broker.inject(sqs_error(name, "why <so>"))
    start, fields, body = _answer(broker, _json(broker, "SendMessage", MessageBody="x"))
    code, status, _ = Refusal[name].value
    assert start.split()[1] == str(status).encode()
    assert fields["Content-Type"] == "application/x-amz-json-1.0"
    assert fields["x-amzn-query-error"] == f"{code};{'Sender' if status < 500 else 'Receiver'}"
    assert body == b'{"__type": "com.amazonaws.sqs#%b", "message": "why <so>"}' % name.encode()
    assert broker.messages == []


@pytest.mark.parametrize("name", _ERRORS)
def test_an_error_in_xml(broker: FakeSqs, name: str) -> None:
    broker.inject(sqs_error(name, "why <so>"))
    start, fields, body = _answer(broker, _query(broker, "SendMessage", MessageBody="x"))
    code, status, _ = Refusal[name].value
    kind = "Sender" if status < 500 else "Receiver"
    assert start.split()[1] == str(status).encode()
    assert body.decode() == (
        '<?xml version="1.0"?><ErrorResponse xmlns="http://queue.amazonaws.com/doc/2012-11-05/">'
        f"<Error><Type>{kind}</Type><Code>{code}</Code><Message>why &lt;so&gt;</Message><Detail/></Error>"
        f"<RequestId>{fields['x-amzn-RequestId']}</RequestId></ErrorResponse>"
    )


def test_a_refused_entry(broker: FakeSqs) -> None:
    broker.inject(partial_batch(0, code="RequestThrottled"))
    entries = [{"Id": "a", "MessageBody": "x"}]
    start, _, body = _answer(broker, _json(broker, "SendMessageBatch", Entries=entries))
    failed = {
        "Id": "a",
        "SenderFault": True,
        "Code": "RequestThrottled",
        "Message": "The request was denied due to request throttling.",
    }
    assert (start, json.loads(body)) == (b"HTTP/1.1 200 OK", {"Successful": [], "Failed": [failed]})


def test_a_digest_with_another_last_digit(broker: FakeSqs) -> None:
    broker.inject(md5_mismatch(), times=2)
    _, fields, body = _answer(broker, _json(broker, "SendMessage", MessageBody="x"))
    assert json.loads(body)["MD5OfMessageBody"] == "9dd4e461268c8034f5c8564e155c67a0"
    assert fields["Content-Length"] == str(len(body))
    _, _, body = _answer(broker, _query(broker, "ReceiveMessage"))
    assert b"<MD5OfBody>9dd4e461268c8034f5c8564e155c67a0</MD5OfBody><Body>x</Body>" in body


def test_the_dates_of_a_skewed_clock(broker: FakeSqs) -> None:
    broker.inject(clock_skew(600))
    start, _, body = _answer(broker, _json(broker, "SendMessage", MessageBody="x"))
    assert start == b"HTTP/1.1 403 Forbidden"
    assert json.loads(body)["__type"] == "com.amazonaws.sqs#SignatureDoesNotMatch"


def test_the_neutral_faults(broker: FakeSqs) -> None:
    broker.on("receive").inject(empty_receive(), queue_full())
    broker.publish("orders", "x")
    receive = _json(broker, "ReceiveMessage", WaitTimeSeconds=20)
    assert _answer(broker, receive)[2] == b"{}"
    assert b"#OverLimit" in _answer(broker, receive)[2]
    broker.on("publish").inject(refused_publish())
    assert _answer(broker, _json(broker, "SendMessage", MessageBody="y"))[0] == b"HTTP/1.1 500 Internal Server Error"


def test_the_silence_of_a_lost_confirm(broker: FakeSqs) -> None:
    broker.inject(lost_confirm())
    with RawSocket(broker) as raw:  # type: ignore[arg-type]  # any fake with a port
        raw.send(_json(broker, "SendMessage", MessageBody="x"))
        assert raw.is_open
    assert broker.messages.bodies == [b"x"]


def test_an_empty_answer_has_its_element(broker: FakeSqs) -> None:
    _, fields, body = _answer(broker, _query(broker, "ReceiveMessage"))
    metadata = f"<ResponseMetadata><RequestId>{fields['x-amzn-RequestId']}</RequestId></ResponseMetadata>"
    assert f"<ReceiveMessageResult></ReceiveMessageResult>{metadata}" in body.decode()
    _, _, body = _answer(broker, _query(broker, "PurgeQueue"))
    assert b"PurgeQueueResult" not in body
