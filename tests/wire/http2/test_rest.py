"""The REST fake by HTTP/2: what comes in, what goes out, and what the ledger says of it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from pytest_integrations import FakeRest
from pytest_integrations.core.errors import HandlerFailed, UnexpectedCall

from . import client as clients
from .client import Http2Client

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = [pytest.mark.timeout(30)]


def test_a_call_looks_in_the_ledger_as_one_of_http_1(fake: FakeRest, connect: Callable[[], Http2Client]) -> None:
    """Method, target, fields and body are where they always are; the version tells the difference."""
    client = connect()
    answer = client.answer(client.ask("/users?a=%20b", "PUT", b"{}", ("content-type", "application/json")))
    assert (answer.status, bytes(answer.body)) == (200, b'["ada", "grace"]')
    assert answer.fields == [(":status", "200"), ("content-type", "application/json"), ("content-length", "16")]
    (call,) = fake.calls
    assert (call.version, call.method, call.target, call.path, call.query) == (  # type: ignore[attr-defined]
        "HTTP/2",
        "PUT",
        "/users?a=%20b",
        "/users",
        {"a": " b"},
    )
    assert call.head == b"PUT /users?a=%20b HTTP/2\r\nhost: fake\r\ncontent-type: application/json"
    assert (call.body, call.headers["Host"], call.operation) == (b"{}", "fake", "ANY /users")
    assert (call.status, call.outcome, call.handled, call.number) == (200, "answered", True, 1)
    assert call.reply.startswith(b"HTTP/2 200\r\ncontent-type: application/json\r\n")
    assert call.reply_headers["content-length"] == "16"  # type: ignore[attr-defined]
    assert call.response.get_json() == ["ada", "grace"]  # type: ignore[attr-defined]
    assert call.request.environ["SERVER_PROTOCOL"] == "HTTP/2"  # type: ignore[attr-defined]
    assert not call.unprocessed


def test_bytes_are_counted_in_frames(fake: FakeRest, connect: Callable[[], Http2Client]) -> None:
    """What the connection has sent and received is what crossed the wire."""
    client = connect()
    client.answer(client.ask("/users"))
    (connection,) = fake.connections
    came = sum(9 + frame.body_len for frame in client.frames)
    assert connection.sent == came
    assert connection.received > len(clients.PREFACE)


def test_calls_share_a_connection_at_the_same_time(fake: FakeRest, connect: Callable[[], Http2Client]) -> None:
    """Each is answered when its handler is done, not in the order in which they came."""
    gates = {name: threading.Event() for name in "abc"}

    def handle(request: object, name: str) -> str:
        assert gates[name].wait(5)
        return name

    fake.get("/gate/<name>").calls(handle)
    client = connect()
    streams = {name: client.ask(f"/gate/{name}") for name in gates}
    for name in "cab":
        gates[name].set()
        assert bytes(client.answer(streams[name]).body) == name.encode()
    assert [call.target for call in fake.calls] == ["/gate/a", "/gate/b", "/gate/c"]  # type: ignore[attr-defined]
    assert [call.number for call in fake.calls] == [1, 2, 3]
    assert len({call.connection.id for call in fake.calls}) == 1
    ends = {call.target[-1]: call.ended or 0.0 for call in fake.calls}  # type: ignore[attr-defined]
    assert ends["c"] <= ends["a"] <= ends["b"]


@pytest.mark.parametrize("size", [0, 1, 70_000, 3_500_000])
def test_bodies_of_any_size(fake: FakeRest, connect: Callable[[], Http2Client], size: int) -> None:
    """Both ways, through whatever windows."""
    client = connect()
    body = bytes(size)
    assert client.answer(client.ask("/echo", "POST", body)).body == body
    assert fake.calls[0].body == body


@pytest.mark.parametrize("status", [200, 204, 304, 404, 503])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("form", ["text", "chunks", "nothing"])
def test_every_answer_ends_its_stream(
    fake: FakeRest, connect: Callable[[], Http2Client], status: int, method: str, form: str
) -> None:
    """With no empty DATA frame where there is no body; chunks are a body like any other."""
    content = {"text": {"text": "hello"}, "chunks": {"chunks": [b"hel", b"lo"]}, "nothing": {}}[form]
    fake.get("/x").reply(status, **content)
    client = connect()
    stream = client.ask("/x", method)
    answer = client.answer(stream)
    has_body = method == "GET" and status not in {204, 304} and form != "nothing"
    assert (answer.status, bytes(answer.body), answer.ended) == (status, b"hello" if has_body else b"", True)
    frames = [frame for frame in client.frames if frame.stream_id == stream]
    assert len(frames) == (2 if has_body else 1)
    assert "END_STREAM" in frames[-1].flags
    assert answer.header("transfer-encoding") is None
    assert (answer.header("content-length") == "5") == (form == "text" and status not in {204, 304})
    assert fake.calls[0].outcome == "answered"


def test_what_speaks_of_a_connection_is_left_out(fake: FakeRest, connect: Callable[[], Http2Client]) -> None:
    """And "close" is said as HTTP/2 says it, after the answer: GOAWAY, and FIN when no stream is open."""
    fake.get("/last").reply(
        text="bye", headers={"Connection": "close", "Keep-Alive": "timeout=5", "Upgrade": "h2c", "X-Kept": "Yes"}
    )
    client = connect()
    answer = client.answer(client.ask("/last"))
    assert [name for name, _ in answer.fields] == [":status", "content-type", "x-kept", "content-length"]
    assert client.wait_for_end().goaways == [(1, 0)]
    assert fake.connections[0].closed_by == "fake"


def test_crumbs_of_a_cookie_are_one_field(fake: FakeRest, connect: Callable[[], Http2Client]) -> None:
    """RFC 9113 section 8.2.3."""
    client = connect()
    client.answer(client.ask("/users", "GET", None, ("cookie", "a=1"), ("x", "y"), ("cookie", "b=2")))
    assert fake.calls[0].headers["cookie"] == "a=1; b=2"
    assert dict(fake.calls[0].request.cookies) == {"a": "1", "b": "2"}  # type: ignore[attr-defined]


def test_a_client_that_asks_gets_100(fake: FakeRest, connect: Callable[[], Http2Client]) -> None:
    """Before the answer, at once."""
    client = connect()
    stream = client.ask("/echo", "POST", None, ("expect", "100-continue"), end=False)
    client.until(lambda: client.answers[stream].interim)
    client.send_body(stream, b"body")
    assert bytes(client.answer(stream).body) == b"body"
    assert client.answers[stream].interim == [[(":status", "100")]]
    assert fake.calls[0].status == 200


# -- what fails a test by itself


def test_what_nothing_answers_fails_the_test(fake: FakeRest, connect: Callable[[], Http2Client]) -> None:
    """404 with near misses, as ever."""
    client = connect()
    answer = client.answer(client.ask("/nowhere"))
    assert (answer.status, answer.header("content-type")) == (404, "application/problem+json")
    with pytest.raises(UnexpectedCall, match="GET /nowhere"):
        fake.verify()


@pytest.mark.parametrize("inline", [True, False])
def test_a_handler_that_raises_fails_the_test(
    fake: FakeRest,
    connect: Callable[[], Http2Client],
    inline: bool,  # noqa: FBT001
) -> None:
    """500, wherever it ran."""

    def fail(request: object) -> None:
        raise LookupError

    fake.get("/x").calls(fail, inline=inline)
    client = connect()
    assert client.answer(client.ask("/x")).status == 500
    with pytest.raises(HandlerFailed):
        fake.verify()


# -- limits


def test_too_much_is_answered_and_not_read(no_leaks: None) -> None:
    """413 and 431; the rest of the request is waved off, and the connection goes on."""
    with FakeRest(max_head=2000, max_body=1000) as fake, Http2Client(fake.port) as client:
        fake.any("/").reply()
        stream = client.ask("/", "POST", bytes(1001), end=False)
        answer = client.answer(stream)
        client.until(lambda: answer.reset is not None)
        assert (answer.status, answer.ended, answer.reset) == (413, True, 0)
        assert client.answer(client.ask("/", "GET", None, ("x-long", "a" * 2000))).status == 431
        assert client.answer(client.ask("/", "POST", bytes(1000))).status == 200
        assert [call.status for call in fake.calls] == [413, 431, 200]


def test_a_bad_request_is_in_the_ledger(fake: FakeRest, connect: Callable[[], Http2Client]) -> None:
    """One whose header section is malformed: reset, and an attempt all the same."""
    client = connect()
    client.h2.send_headers(1, [(":method", "GET"), (":path", "/users"), ("Bad", "x")], end_stream=True)
    client.flush()
    assert client.answer(client.ask("/users")).status == 200
    bad, good = fake.calls
    assert (bad.operation, bad.outcome, bad.unprocessed, good.number) == ("bad request", "reset", False, 2)


# -- clients that leave


@pytest.mark.parametrize("how", ["cancel", "fin", "rst"])
@pytest.mark.parametrize("when", ["request", "handler", "answer"])
def test_clients_that_leave(fake: FakeRest, connect: Callable[[], Http2Client], how: str, when: str) -> None:
    """In each phase: the call is abandoned, and when the client left is in the ledger."""
    gate = threading.Event()
    fake.get("/slow").calls(lambda: str(gate.wait(5)))
    fake.get("/large").reply(body=bytes(1_000_000))
    client = connect()
    client.acknowledges = False
    stream = {
        "request": lambda: client.ask("/echo", "POST", b"part", end=False),
        "handler": lambda: client.ask("/slow"),
        "answer": lambda: client.ask("/large"),
    }[when]()
    if when == "answer":
        client.until(lambda: len(client.answers[stream].body) == 65535)
    fake.ledger.settle()
    if how == "cancel":
        client.h2.reset_stream(stream, 8)
        client.flush()
    elif how == "fin":
        client.sock.close()
    else:
        client.leave_abruptly()
    (call,) = fake.calls
    gate.set()
    assert (call.outcome, call.gone is not None) == ("abandoned", True)
    assert call.body == (b"part" if when == "request" else b"")
    assert fake.connections[0].closed_by == (None if how == "cancel" else "client")
    if how == "cancel":
        client.h2.increment_flow_control_window(65535)
        assert client.answer(client.ask("/users")).status == 200


def test_a_fake_that_stops_ends_its_calls(no_leaks: None) -> None:
    """Whatever they wait for."""
    with FakeRest() as fake:
        fake.get("/large").reply(body=bytes(1_000_000))
        client = Http2Client(fake.port)
        client.acknowledges = False
        stream = client.ask("/large")
        client.until(lambda: len(client.answers[stream].body) == 65535)
        ledger = fake.ledger
    with client:
        client.wait_for_end()
    assert ledger.calls[0].outcome == "abandoned"
