"""One call on its stream, by its frames: what a client may send wrong, and what the ledger says when it leaves."""

from __future__ import annotations

import gzip
import socket
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from h2.settings import SettingCodes

from pytest_integrations.backends.grpc.fake import FakeGrpc
from pytest_integrations.faults.grpc import grpc_status
from pytest_integrations.wire.grpc.framing import framed
from tests.backends.grpc.orders import PROTO
from tests.wire.http2.client import Answer, Http2Client

if TYPE_CHECKING:
    from collections.abc import Iterator

ORDERS = "/shop.v1.Orders/"
TYPE = ("content-type", "application/grpc+proto")
O1 = framed(b"\x0a\x02o1")


@pytest.fixture
def fake(no_leaks: None) -> Iterator[FakeGrpc]:
    with FakeGrpc("shop", max_message=1000) as fake:
        fake.load(PROTO)
        orders = fake.service("shop.v1.Orders")
        orders.Get.reply(id="o1")
        orders.Upload.reply(lambda requests: {"count": len(requests)})
        orders.Chat.reply(lambda note: {"text": note.text})
        yield fake


@pytest.fixture
def client(fake: FakeGrpc) -> Iterator[Http2Client]:
    with Http2Client(fake.port) as client:
        yield client


def ask(client: Http2Client, body: bytes | None = O1, *fields: tuple[str, str], method: str = "Get") -> Answer:
    return client.answer(client.ask(ORDERS + method, "POST", body, TYPE, *fields))


def status(answer: Answer) -> tuple[str, str]:
    told = dict(answer.trailers or answer.fields)
    return told["grpc-status"], told.get("grpc-message", "")


# -- what is sent


def test_the_frames_of_an_answer(fake: FakeGrpc, client: Http2Client) -> None:
    answer = ask(client)
    assert answer.fields == [(":status", "200"), ("content-type", "application/grpc+proto")]
    assert (answer.body, answer.trailers) == (O1, [("grpc-status", "0")])
    kinds = [type(frame).__name__ for frame in client.frames if frame.stream_id]
    assert kinds == ["HeadersFrame", "DataFrame", "HeadersFrame"]


def test_one_write_has_the_whole_answer(fake: FakeGrpc) -> None:
    with Http2Client(fake.port) as client:
        ask(client)
        client.ask(ORDERS + "Get", "POST", O1, TYPE)
        before = len(client.frames)
        client.receive()
        assert len([frame for frame in client.frames[before:] if frame.stream_id]) == 3


def test_a_generator_is_asked_for_more_by_a_client_that_takes_all_at_once(fake: FakeGrpc) -> None:
    """Whose windows are so large that nothing ever waits; ruby-grpc's are."""
    size = 300_000

    def orders(request: Any) -> Iterator[dict[str, bytes]]:
        for _ in range(4):
            yield {"blob": bytes(size)}

    fake.service("shop.v1.Orders").List.reply(orders)
    with Http2Client(fake.port) as client:
        client.h2.update_settings({SettingCodes.INITIAL_WINDOW_SIZE: 8 * 1024 * 1024})
        client.h2.increment_flow_control_window(8 * 1024 * 1024)
        client.flush()
        client.ask(ORDERS + "Get", "POST", O1, TYPE)
        answer = ask(client, method="List")
    assert len(answer.body) > 4 * size
    assert status(answer) == ("0", "")


@pytest.mark.parametrize("form", ["message", "callable"])
def test_requests_are_answered_no_faster_than_their_client_takes_it(
    fake: FakeGrpc, client: Http2Client, form: str
) -> None:
    note = {"text": "x" * 100_000}
    fake.service("shop.v1.Orders").Chat.reply(note if form == "message" else lambda _note: note)
    number = client.ask(ORDERS + "Chat", "POST", O1 * 100, TYPE)
    deadline = time.monotonic() + 5
    while not (fake.calls and fake.calls[0].raw_replies) and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.2)  # more would come
    assert len(fake.calls[0].raw_requests) == 100
    assert 1 <= len(fake.calls[0].raw_replies) < 10
    answer = client.answer(number)
    assert len(answer.body) > 100 * 100_000
    assert status(answer) == ("0", "")


# -- what clients may send wrong


def test_a_request_that_is_not_grpc(fake: FakeGrpc, client: Http2Client) -> None:
    answer = client.answer(client.ask(ORDERS + "Get", "GET"))
    assert (answer.status, answer.header("content-type")) == (415, "text/plain; charset=utf-8")
    assert fake.calls[0].status == 415


@pytest.mark.parametrize(
    ("kind", "is_grpc"),
    [("application/grpc", True), ("application/grpc;charset=utf-8", True), ("application/grpc-web+proto", False)],
)
def test_grpc_is_told_by_its_content_type(client: Http2Client, kind: str, is_grpc: bool) -> None:  # noqa: FBT001
    answer = client.answer(client.ask(ORDERS + "Get", "POST", O1, ("content-type", kind)))
    assert answer.status == (200 if is_grpc else 415)


@pytest.mark.parametrize(
    ("body", "fields", "code", "words"),
    [
        (None, (), "12", "one message is expected, 0 came"),
        (O1 * 2, (), "12", "one message is expected, 2 came"),
        (O1[:-1], (), "13", "the request ends in the middle of a message"),
        (b"\7" + O1[1:], (), "13", "begins with the flag 7"),
        (framed(bytes(1001)), (), "8", "larger than max (1001 vs. 1000)"),
        (
            O1,
            (("grpc-encoding", "zstd"),),
            "12",
            "the message encoding 'zstd' is not supported: identity, deflate, gzip",
        ),
        (
            framed(gzip.compress(bytes(5000), mtime=0), flag=1),
            (("grpc-encoding", "gzip"),),
            "8",
            "over 1000, decompressed",
        ),
    ],
)
def test_a_request_that_cannot_be_taken(  # noqa: PLR0917 -- two fixtures and what is sent and told
    fake: FakeGrpc, client: Http2Client, body: bytes | None, fields: Any, code: str, words: str
) -> None:
    answer = ask(client, body, *fields)
    told = status(answer)
    assert told[0] == code
    assert words in told[1]
    assert (answer.header("grpc-accept-encoding") == "identity,deflate,gzip") == bool(fields)
    assert status(ask(client)) == ("0", "")
    call: Any = fake.calls[0]
    assert (call.outcome, call.handled) == ("answered", False)


def test_a_request_that_is_not_protobuf_fails_the_test(fake: FakeGrpc, client: Http2Client) -> None:
    told = status(ask(client, framed(b"\xff\xff")))
    assert told[0] == "13"
    assert "a request of /shop.v1.Orders/Get is not a shop.v1.GetOrder" in told[1]
    assert len(fake.ledger.untold()) == 1


def test_an_encoding_that_is_known(fake: FakeGrpc, client: Http2Client) -> None:
    assert status(ask(client, framed(gzip.compress(b"\x0a\x02o7"), flag=1), ("grpc-encoding", "gzip"))) == ("0", "")
    assert fake.calls[0].request.id == "o7"  # type: ignore[attr-defined]


def test_a_deadline_that_is_malformed_is_none(fake: FakeGrpc, client: Http2Client) -> None:
    assert status(ask(client, O1, ("grpc-timeout", "soon"))) == ("0", "")
    call: Any = fake.calls[0]
    assert (call.timeout, call.deadline) == (None, None)


def test_a_client_of_http_1_is_told_off(fake: FakeGrpc) -> None:
    with socket.create_connection(("127.0.0.1", fake.port), 5) as sock:
        sock.settimeout(5)
        sock.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        while sock.recv(4096):
            pass
    assert list(fake.calls) == []


def test_a_request_without_an_end(no_leaks: None) -> None:
    with FakeGrpc("shop", max_request=1000) as fake:
        fake.load(PROTO)
        fake.service("shop.v1.Orders").Upload.reply(count=1)
        with Http2Client(fake.port) as client:
            stream = client.ask(ORDERS + "Upload", "POST", O1 * 100, TYPE, end=False)
            client.send_body(stream, bytes(5) * 30, end=False)  # empty ones count, too
            answer = client.answers[stream]
            client.until(lambda: answer.reset is not None)
            assert status(answer)[0] == "8"
            assert "over 1000 bytes in all its messages" in status(answer)[1]


# -- streams, step by step


def test_a_server_that_answers_early_asks_for_no_more(fake: FakeGrpc, client: Http2Client) -> None:
    fake.inject(grpc_status("RESOURCE_EXHAUSTED", "enough"))
    stream = client.ask(ORDERS + "Upload", "POST", O1, TYPE, end=False)
    answer = client.answers[stream]
    client.until(lambda: answer.reset is not None)
    assert (status(answer), answer.reset) == (("8", "enough"), 0)


def test_a_conversation_message_by_message(fake: FakeGrpc, client: Http2Client) -> None:
    stream = client.ask(ORDERS + "Chat", "POST", None, TYPE, end=False)
    answer = client.answers[stream]
    for number in (1, 2):
        client.send_body(stream, framed(b"\x0a\x01a"), end=False)
        client.until(lambda number=number: len(answer.body) >= 8 * number)  # type: ignore[misc]
        assert not answer.is_over
    client.send_body(stream, framed(b"\x0a\x01b"))
    assert status(client.answer(stream)) == ("0", "")
    call: Any = fake.calls[0]
    assert [each.text for each in call.replies] == ["a", "a", "b"]
    assert call.body == b"\x0a\x01a\x0a\x01a\x0a\x01b"


# -- clients that leave


def test_a_client_that_cancels_while_it_sends(fake: FakeGrpc, client: Http2Client) -> None:
    stream = client.ask(ORDERS + "Get", "POST", O1[:3], TYPE, end=False)
    client.h2.reset_stream(stream, 8)
    client.flush()
    assert status(ask(client)) == ("0", "")
    call: Any = fake.calls[0]
    assert (call.outcome, call.verdict, call.reset, call.handled) == ("abandoned", "cancelled", "CANCEL", False)


def test_a_client_that_cancels_with_another_code(fake: FakeGrpc, client: Http2Client) -> None:
    stream = client.ask(ORDERS + "Chat", "POST", None, TYPE, end=False)
    client.h2.reset_stream(stream, 2)
    client.flush()
    assert status(ask(client)) == ("0", "")
    call: Any = fake.calls[0]
    assert (call.verdict, call.reset, call.cancelled) == ("abandoned", "INTERNAL_ERROR", False)


def test_a_client_that_leaves_in_the_middle(fake: FakeGrpc) -> None:
    release, seen = threading.Event(), threading.Event()

    def slow(_request: Any) -> Any:
        seen.set()
        assert release.wait(5)
        return {"id": "late"}

    fake.service("shop.v1.Orders").Get.reply(slow)
    with Http2Client(fake.port) as client:
        client.ask(ORDERS + "Get", "POST", O1, TYPE)
        assert seen.wait(5)
    call: Any = fake.calls[0]
    assert (call.outcome, call.failed) == ("abandoned", True)
    assert call.gone is not None
    release.set()


def test_a_client_that_does_not_take_its_answer(fake: FakeGrpc) -> None:
    fake.service("shop.v1.Orders").List.reply_stream([{"blob": bytes(100_000)}] * 3)
    with Http2Client(fake.port) as client:
        client.acknowledges = False
        stream = client.ask(ORDERS + "List", "POST", bytes(5), TYPE)
        client.until(lambda: len(client.answers[stream].body) >= 65535)
        assert not client.answers[stream].is_over
        client.h2.reset_stream(stream, 8)
        client.flush()
        call: Any = fake.calls[0]
        assert (call.outcome, call.cancelled) == ("abandoned", True)


def test_a_fake_that_stops_ends_all_calls() -> None:
    with FakeGrpc() as fake:
        fake.load(PROTO)
        fake.service("shop.v1.Orders").Chat.reply(lambda note: {"text": note.text})
        client = Http2Client(fake.port)
        client.ask(ORDERS + "Chat", "POST", None, TYPE, end=False)
        client.h2.ping(bytes(8))
        client.flush()
        client.until(lambda: any(type(frame).__name__ == "PingFrame" for frame in client.frames))
        fake.stop()
        client.wait_for_end()
        client.sock.close()


def test_many_fakes_take_no_thread(no_leaks: None) -> None:
    before = threading.active_count()
    fakes = [FakeGrpc().start() for _ in range(50)]
    began = time.perf_counter()
    for fake in fakes:
        fake.load(PROTO)
        fake.service("shop.v1.Orders").Get.reply(id="o1")
        with Http2Client(fake.port) as client:
            assert status(ask(client)) == ("0", "")
    assert threading.active_count() == before
    for fake in fakes:
        fake.stop()
    assert time.perf_counter() - began < 5
