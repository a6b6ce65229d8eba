"""The faults of gRPC by their frames, seen by a client of HTTP/2 that checks nothing."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest

from pytest_integrations.backends.grpc.fake import FakeGrpc
from pytest_integrations.core.errors import CannotPerform, ScriptingError
from pytest_integrations.faults import connection_reset, dribble, empty_response, hang, malformed_response_chunk, status
from pytest_integrations.faults.grpc import (
    break_stream,
    empty_ok,
    fail_after_headers,
    goaway,
    grpc_status,
    http_status,
    no_ping_ack,
    no_trailers,
    reset_stream,
    unknown_code,
    window_stall,
)
from pytest_integrations.faults.grpc_messages import (
    bad_flag,
    false_compression,
    garbage_message,
    oversize,
    truncated_message,
    two_messages,
)
from pytest_integrations.faults.http2 import h2_goaway, h2_max_streams, h2_rst_stream, h2_short_body
from tests.backends.grpc.orders import PROTO
from tests.wire.http2.client import Answer, Http2Client

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_integrations.core.fault import Fault

GET, LIST = "/shop.v1.Orders/Get", "/shop.v1.Orders/List"
REPLY = bytes.fromhex("0000000004 0a026f31")
"""The frame of the message {id: "o1"}."""
HEADERS = [("content-type", "application/grpc"), ("te", "trailers")]


@pytest.fixture
def fake(no_leaks: None) -> Iterator[FakeGrpc]:
    with FakeGrpc("shop") as fake:
        fake.load(PROTO)
        orders = fake.service("shop.v1.Orders")
        orders.Get.reply(id="o1")
        orders.List.reply_stream([{"id": "o1"}] * 3)
        yield fake


@pytest.fixture
def client(fake: FakeGrpc) -> Iterator[Http2Client]:
    with Http2Client(fake.port) as client:
        yield client


def ask(client: Http2Client, path: str = GET, *fields: tuple[str, str]) -> Answer:
    return client.answer(client.ask(path, "POST", bytes(5), *HEADERS, *fields))


def trailers_only(answer: Answer) -> dict[str, str]:
    assert (answer.status, answer.body, answer.trailers, answer.ended) == (200, b"", [], True)
    assert answer.header("content-type") == "application/grpc"
    return dict(answer.fields)


def answered(answer: Answer) -> tuple[bytes, dict[str, str]]:
    assert answer.status == 200
    assert answer.header("grpc-status") is None
    assert answer.ended
    return bytes(answer.body), dict(answer.trailers)


def test_an_answer_without_a_fault(fake: FakeGrpc, client: Http2Client) -> None:
    assert answered(ask(client)) == (REPLY, {"grpc-status": "0"})
    assert answered(ask(client, LIST)) == (REPLY * 3, {"grpc-status": "0"})


# -- the status


def test_a_status_is_trailers_only(fake: FakeGrpc, client: Http2Client) -> None:
    fake.inject(grpc_status("UNAVAILABLE", "50 % of Zoë", trailing={"x-a": "b", "x-b-bin": b"\0"}, pushback_ms=20))
    told = trailers_only(ask(client))
    assert told["grpc-status"] == "14"
    assert told["grpc-message"] == "50 %25 of Zo%C3%AB"
    assert (told["x-a"], told["x-b-bin"], told["grpc-retry-pushback-ms"]) == ("b", "AA", "20")
    assert not fake.calls[0].handled
    assert (fake.calls[0].code, fake.calls[0].failed) == ("UNAVAILABLE", True)
    assert answered(ask(client)) == (REPLY, {"grpc-status": "0"})


@pytest.mark.parametrize(("given", "sent"), [(0, "1"), ("0", "0"), (-1, "-1"), ("abc", "abc")])
def test_pushback(fake: FakeGrpc, client: Http2Client, given: Any, sent: str) -> None:
    fake.inject(grpc_status(14, pushback_ms=given))
    assert trailers_only(ask(client))["grpc-retry-pushback-ms"] == sent


def test_details_are_a_google_rpc_status(fake: FakeGrpc, client: Http2Client) -> None:
    error_details = pytest.importorskip("google.rpc.error_details_pb2")
    status_pb2 = pytest.importorskip("google.rpc.status_pb2")
    info = error_details.ErrorInfo(reason="STOCK", domain="shop")
    fake.inject(grpc_status("ABORTED", "again", details=(info,), retry_after=1.5))
    value = trailers_only(ask(client))["grpc-status-details-bin"]
    rich = status_pb2.Status.FromString(base64.b64decode(value + "=="))
    assert (rich.code, rich.message) == (10, "again")
    unpacked, retry = error_details.ErrorInfo(), error_details.RetryInfo()
    assert rich.details[0].Unpack(unpacked)
    assert unpacked == info
    assert rich.details[1].Unpack(retry)
    assert (retry.retry_delay.seconds, retry.retry_delay.nanos) == (1, 500_000_000)


def test_an_unknown_code(fake: FakeGrpc, client: Http2Client) -> None:
    fake.inject(unknown_code(99))
    assert trailers_only(ask(client))["grpc-status"] == "99"
    assert (fake.calls[0].verdict, fake.calls[0].failed) == ("99", True)


def test_fail_after_headers(fake: FakeGrpc, client: Http2Client) -> None:
    fake.inject(fail_after_headers("INTERNAL", "broken"))
    assert answered(ask(client)) == (b"", {"grpc-status": "13", "grpc-message": "broken"})
    assert not fake.calls[0].handled


def test_break_stream(fake: FakeGrpc, client: Http2Client) -> None:
    fake.inject(break_stream(after=2, code="DATA_LOSS"), break_stream(after=7))
    assert answered(ask(client, LIST)) == (REPLY * 2, {"grpc-status": "15"})
    assert answered(ask(client, LIST)) == (REPLY * 3, {"grpc-status": "14"})
    assert [len(call.raw_replies) for call in fake.calls] == [2, 3]
    assert fake.calls[0].handled


def test_empty_ok(fake: FakeGrpc, client: Http2Client) -> None:
    fake.inject(empty_ok())
    assert answered(ask(client)) == (b"", {"grpc-status": "0"})
    assert (fake.calls[0].verdict, fake.calls[0].failed, fake.calls[0].handled) == ("OK spoiled", True, True)


def test_no_trailers(fake: FakeGrpc, client: Http2Client) -> None:
    fake.inject(no_trailers())
    assert answered(ask(client)) == (REPLY, {})
    assert (fake.calls[0].verdict, fake.calls[0].failed) == ("no status", True)


@pytest.mark.parametrize("fault", [http_status(502), status(502, text="bad gateway")])
def test_http_status(fake: FakeGrpc, client: Http2Client, fault: Fault) -> None:
    fake.inject(fault)
    answer = ask(client)
    assert answer.status == 502
    assert (answer.header("content-type") or "").startswith("text/")
    assert answer.header("content-length") == str(len(answer.body)) != "0"
    assert answer.trailers == []
    assert (fake.calls[0].verdict, fake.calls[0].failed, fake.calls[0].denied) == ("502", True, True)


# -- the stream and the connection


@pytest.mark.parametrize(("code", "number"), [("INTERNAL_ERROR", 2), ("REFUSED_STREAM", 7), (99, 99)])
def test_reset_stream(fake: FakeGrpc, client: Http2Client, code: str | int, number: int) -> None:
    fake.inject(reset_stream(code))
    answer = ask(client)
    assert (answer.fields, answer.reset) == ([], number)
    call = fake.calls[0]
    assert (call.verdict, call.failed, call.handled) == (f"reset {code}", True, False)
    assert call.unprocessed == (code == "REFUSED_STREAM")


def test_reset_stream_after_messages(fake: FakeGrpc, client: Http2Client) -> None:
    fake.inject(reset_stream("CANCEL", after=2), reset_stream("CANCEL", after=5))
    for sent in (2, 3):
        answer = ask(client, LIST)
        assert (answer.body, answer.trailers, answer.reset) == (REPLY * sent, [], 8)


def test_goaway_after_which_the_call_is_answered(fake: FakeGrpc, client: Http2Client) -> None:
    fake.inject(goaway())
    assert answered(ask(client)) == (REPLY, {"grpc-status": "0"})
    assert client.goaways == [(1, 0)]
    client.wait_for_end()
    assert (client.was_reset, fake.connections[0].closed_by) == (False, "fake")


def test_goaway_by_which_the_call_was_not_processed(fake: FakeGrpc, client: Http2Client) -> None:
    answered(ask(client))
    fake.inject(goaway(processed=False))
    stream = client.ask(GET, "POST", bytes(5), *HEADERS)
    client.wait_for_end()
    assert client.goaways == [(stream - 1, 0)]
    assert client.answers[stream].fields == []
    call = fake.calls[1]
    assert (call.verdict, call.unprocessed, call.handled) == ("goaway", True, False)


def test_a_connection_that_is_cut(fake: FakeGrpc) -> None:
    fake.inject(
        connection_reset(), empty_response(), connection_reset(at="after_headers"), connection_reset(at="mid_body")
    )
    for was_reset, body, headers in ((True, b"", 0), (False, b"", 0), (True, b"", 1), (True, REPLY[:4], 1)):
        with Http2Client(fake.port) as client:
            answer = ask(client)
            client.wait_for_end()
            assert (client.was_reset, bytes(answer.body), bool(answer.fields)) == (was_reset, body, bool(headers))
    assert [call.outcome for call in fake.calls] == ["reset", "closed", "reset", "reset"]
    assert [call.handled for call in fake.calls] == [False, False, True, True]


def test_a_hang_ends_with_the_client(fake: FakeGrpc, client: Http2Client) -> None:
    fake.inject(hang())
    stream = client.ask(GET, "POST", bytes(5), *HEADERS)
    client.h2.ping(bytes(8))
    client.flush()
    client.until(lambda: any(type(frame).__name__ == "PingFrame" for frame in client.frames))
    assert client.answers[stream].fields == []
    client.h2.reset_stream(stream, 8)
    client.flush()
    call = fake.ledger.calls[0]
    assert (call.outcome, call.verdict, call.cancelled, call.reset) == ("hung", "cancelled", True, "CANCEL")
    assert call.gone is not None
    assert not call.handled


def test_a_dribble_comes_in_pieces(fake: FakeGrpc, client: Http2Client) -> None:
    fake.inject(dribble(chunks=3, duration=0.03))
    assert answered(ask(client)) == (REPLY, {"grpc-status": "0"})
    data = [bytes(frame.data) for frame in client.frames if type(frame).__name__ == "DataFrame"]
    assert data == [REPLY[:3], REPLY[3:6], REPLY[6:]]


def test_no_ping_ack(fake: FakeGrpc) -> None:
    fake.inject(no_ping_ack())
    for acknowledged in (False, True):
        with Http2Client(fake.port) as client:
            client.h2.ping(b"12345678")
            client.flush()
            assert answered(ask(client)) == (REPLY, {"grpc-status": "0"})
            assert any(type(frame).__name__ == "PingFrame" for frame in client.frames) is acknowledged
    assert [connection.fault for connection in fake.connections] == [no_ping_ack(), None]


def test_window_stall(fake: FakeGrpc) -> None:
    fake.inject(window_stall())
    with Http2Client(fake.port) as client:
        client.until(lambda: client.frames)
        stream = client.ask(GET, "POST", None, *HEADERS, end=False)
        assert client.h2.local_flow_control_window(stream) == 0
        client.h2.reset_stream(stream, 8)
        client.flush()
        call = fake.ledger.calls[0]
        assert (call.verdict, call.outcome, call.raw_requests) == ("cancelled", "abandoned", [])


# -- the faults of HTTP/2 beneath


def test_h2_goaway(fake: FakeGrpc, client: Http2Client) -> None:
    fake.inject(h2_goaway("all", code="ENHANCE_YOUR_CALM"))
    assert answered(ask(client)) == (REPLY, {"grpc-status": "0"})
    assert client.goaways == [(1, 11)]


def test_h2_goaway_that_processes_nothing(fake: FakeGrpc, client: Http2Client) -> None:
    fake.inject(h2_goaway("none"))
    stream = client.ask(GET, "POST", bytes(5), *HEADERS)
    client.wait_for_end()
    assert (client.goaways, client.answers[stream].fields) == ([(0, 0)], [])
    assert (fake.calls[0].verdict, fake.calls[0].unprocessed, fake.calls[0].handled) == ("goaway", True, False)


def test_h2_rst_stream(fake: FakeGrpc, client: Http2Client) -> None:
    fake.inject(h2_rst_stream("REFUSED_STREAM"), h2_rst_stream("CANCEL", after=3))
    assert ask(client).reset == 7
    answer = ask(client)
    assert (answer.status, answer.body, answer.reset) == (200, REPLY[:3], 8)
    assert [call.verdict for call in fake.calls] == ["reset REFUSED_STREAM", "reset CANCEL"]
    assert [call.unprocessed for call in fake.calls] == [True, False]


def test_h2_max_streams(fake: FakeGrpc) -> None:
    fake.inject(h2_max_streams(1))
    with Http2Client(fake.port) as client:
        hanging = client.ask("/shop.v1.Orders/Upload", "POST", bytes(5), *HEADERS, end=False)
        answer = ask(client)
        assert (answer.reset, answer.fields) == (7, [])
        client.h2.reset_stream(hanging, 8)
        client.flush()
        assert answered(ask(client)) == (REPLY, {"grpc-status": "0"})
    assert sorted(call.verdict for call in fake.calls) == ["OK", "cancelled", "reset REFUSED_STREAM"]
    assert [call.unprocessed for call in fake.calls if call.outcome == "reset"] == [True]


# -- messages


@pytest.mark.parametrize(
    ("fault", "body"),
    [
        (truncated_message(), REPLY[:-1]),
        (truncated_message(3), REPLY[:-3]),
        (two_messages(), REPLY * 2),
        (garbage_message(b"nope"), b"\0\0\0\0\4nope"),
        (oversize(10), b"\0\0\0\0\x0a" + bytes(10)),
        (oversize(10, announced=True), b"\0\0\0\0\x0a" + REPLY[5:]),
        (bad_flag(7), b"\7" + REPLY[1:]),
        (false_compression(), b"\1" + REPLY[1:]),
    ],
    ids=repr,
)
def test_a_message_that_is_wrong(fake: FakeGrpc, client: Http2Client, fault: Fault, body: bytes) -> None:
    fake.inject(fault)
    assert answered(ask(client)) == (body, {"grpc-status": "0"})
    call = fake.calls[0]
    assert (call.verdict, call.failed, call.handled) == ("OK spoiled", True, True)
    assert call.raw_replies == [REPLY[5:]]
    assert answered(ask(client)) == (REPLY, {"grpc-status": "0"})


def test_only_one_of_many_messages_is_wrong(fake: FakeGrpc, client: Http2Client) -> None:
    fake.inject(garbage_message(b"x", at=2))
    assert answered(ask(client, LIST))[0] == REPLY + b"\0\0\0\0\1x" + REPLY


def test_faults_add_up(fake: FakeGrpc, client: Http2Client) -> None:
    fake.inject(garbage_message(b"x") + break_stream(after=1))
    assert answered(ask(client, LIST)) == (b"\0\0\0\0\1x", {"grpc-status": "14"})


# -- what is refused


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: grpc_status("GONE"), r"'GONE' is not a status code of gRPC"),
        (lambda: grpc_status("OK"), r"code='OK' is no failure: an answer without a message is empty_ok"),
        (lambda: grpc_status(14, 7), r"7 is not the text of a status: valid is a str, such as '7'"),
        (lambda: unknown_code(99, OSError("gone")), r"OSError\('gone'\) is not the text of a status: .* as 'gone'"),
        (lambda: break_stream(1, 14, b"x"), r"b'x' is not the text of a status"),
        (lambda: fail_after_headers(14, 7), r"7 is not the text of a status"),
        (lambda: grpc_status(14, pushback_ms=1.5), r"pushback_ms=1\.5 is not a number of milliseconds"),
        (lambda: grpc_status(14, details=(7,)), r"details: 7 is not a detail"),
        (lambda: grpc_status(14, trailing={"X-A": "b"}), r"trailing: 'X-A' is not a key of metadata"),
        (lambda: grpc_status(14, trailing={"x-a-bin": "b"}), r"x-a-bin='b' is not a value of metadata: valid is bytes"),
        (lambda: grpc_status(14, retry_after=-1), r"retry_after=-1 is not a duration"),
        (lambda: unknown_code(3), r"number=3 is not a count: valid are whole numbers from 17 on"),
        (lambda: reset_stream("NOPE"), r"code='NOPE' is not an error code of HTTP/2"),
        (lambda: break_stream(after=-1), r"after=-1 is not a count"),
        (lambda: http_status(99), r"status=99 is not a status code"),
        (lambda: truncated_message(0), r"missing=0 is not a count"),
        (lambda: bad_flag(1), r"flag=1 is no bad flag"),
        (lambda: garbage_message("x"), r"data='x' is not bytes"),
        (lambda: oversize(2**32), r"size=4294967296 does not fit into the four bytes"),
    ],
)
def test_a_setting_that_cannot_be(make: Any, words: str) -> None:
    with pytest.raises(ScriptingError, match=words):
        make()


def test_what_cannot_be_injected(fake: FakeGrpc) -> None:
    orders = fake.service("shop.v1.Orders")
    with pytest.raises(ScriptingError, match=r"happens before it is known which method is called"):
        orders.Get.inject(window_stall())
    with pytest.raises(ScriptingError, match=r"is decided when it begins, before there is a request to ask"):
        orders.Upload.when(id="o1").inject(grpc_status(14))
    for fault in (malformed_response_chunk(), h2_short_body()):
        with pytest.raises(CannotPerform):
            fake.inject(fault)


def test_a_fault_of_some_requests(fake: FakeGrpc, client: Http2Client) -> None:
    orders = fake.service("shop.v1.Orders")
    orders.Get.when(id="o2").inject(grpc_status("NOT_FOUND"), every=1)
    assert answered(ask(client)) == (REPLY, {"grpc-status": "0"})
    request = b"\0\0\0\0\4\x0a\2o2"
    assert trailers_only(client.answer(client.ask(GET, "POST", request, *HEADERS)))["grpc-status"] == "5"
