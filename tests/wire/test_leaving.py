"""Clients that leave, and what the ledger knows of it without anybody sleeping."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from pytest_integrations import FakeRest
from pytest_integrations.faults import dribble, latency

from .raw import Raw

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_integrations.core.call import HttpCall

BIG = b"x" * 12_000_000


def _leave(raw: Raw, how: str) -> None:
    raw.close() if how == "fin" else raw.reset()


def _the_call(fake: FakeRest) -> HttpCall:
    (call,) = fake.calls
    return call  # type: ignore[return-value]


@pytest.mark.parametrize("how", ["fin", "rst"])
@pytest.mark.parametrize("phase", ["connected", "head", "upload", "delay", "handler", "body", "unread"])
def test_a_client_that_leaves_is_seen_leaving(fake: FakeRest, how: str, phase: str) -> None:
    """In every phase: an attempt that had begun is abandoned and gone, and none is made up where none was."""
    may_go = threading.Event()
    fake.get("/handler").calls(lambda _request: str(may_go.wait(5)))
    fake.get("/body").reply(body=b"x" * 100)
    fake.get("/unread").reply(body=BIG)
    raw = Raw(fake)
    if phase == "delay":
        fake.inject(latency(60))
    elif phase == "body":
        fake.inject(dribble(chunks=10, duration=60))
    if phase == "head":
        raw.send(b"GET / HTTP/1.1\r\nHost")
    elif phase == "upload":
        raw.send(b"POST /echo HTTP/1.1\r\nContent-Length: 10\r\n\r\nhello")
    elif phase in {"body", "unread"}:
        raw.ask(f"/{phase}")
        assert raw.sock.recv(50)
    elif phase in {"delay", "handler"}:
        raw.ask("/" if phase == "delay" else "/handler")
    while len(fake.connections) < 1 or (phase == "handler" and not fake.calls):
        pass  # it has to be accepted before it can be seen leaving
    _leave(raw, how)

    calls = fake.calls
    assert (fake.connections[0].closed_by, fake.connections[0].closed is not None) == ("client", True)
    may_go.set()
    if phase in {"connected", "head"}:
        assert not calls
        return
    call = _the_call(fake)
    assert (call.outcome, call.gone == fake.connections[0].closed) == ("abandoned", True)
    assert call.failed
    assert call.end is not None
    assert call.operation == {"upload": "POST /echo", "delay": "GET /"}.get(phase, f"GET /{phase}")
    assert call.body == (b"hello" if phase == "upload" else b"")


def test_a_close_is_visible_at_the_next_look(fake: FakeRest) -> None:
    """200 rounds of ask, close, look: never a sleep, never a miss."""
    for number in range(200):
        with Raw(fake) as raw:
            assert raw.ask().answer().body == b"ok"
        assert fake.connections[number].closed_by == "client"
    assert len(fake.calls) == 200


def test_a_request_is_visible_at_the_next_look_and_a_leaving_with_it(fake: FakeRest) -> None:
    """200 rounds of send, leave, look: the attempt is there, whether the kernel brought it alone or with its end."""
    fake.get("/").inject(latency(60), every=1)
    for number in range(200):
        how = ("fin", "rst")[number % 2]
        _leave(Raw(fake).ask(), how)
        calls = fake.calls
        assert len(calls) == 1 or (how == "rst" and not calls)  # a reset may overtake its own request
        assert all((call.outcome, call.gone is not None) == ("abandoned", True) for call in calls)
        fake.ledger.clear()


def test_the_ledger_is_written_before_the_last_byte_is_sent(fake: FakeRest) -> None:
    """Whoever has read the last byte finds the call ended; asked of the raw list, without settling. 300 rounds."""
    fake.get("/handler").calls(lambda _request: "h")
    fake.get("/slow").reply(text="abcdef")
    fake.get("/slow").inject(dribble(chunks=3, duration=0.002), every=1)
    with Raw(fake) as raw:
        for number in range(300):
            target = ("/", "/handler", "/slow")[number % 3 if number < 60 else number % 2]
            raw.ask(target).answer()
            call = fake.ledger._calls[number]
            assert (call.outcome, call.ended is not None, call.status) == ("answered", True, 200)


def test_an_answer_that_could_not_be_sent_is_no_answer(fake: FakeRest) -> None:
    """A client that resets before its answer is written has abandoned the call, however quick the fake was."""
    may_go = threading.Event()
    stops = threading.Event()

    def hold(_request: object) -> str:
        stops.set()
        may_go.wait(5)
        return "held"

    fake.get("/hold").calls(hold, inline=True)  # holds the I/O thread itself, so that both come in together
    holder, leaver = Raw(fake), Raw(fake)
    leaver.ask().answer()
    holder.ask("/hold")
    assert stops.wait(5)
    leaver.ask().reset()
    may_go.set()
    assert holder.answer().body == b"held"

    last = fake.calls.of("GET /")[-1]
    assert len(fake.calls.of("GET /")) == 1 or (last.outcome, last.gone is not None) == ("abandoned", True)
    holder.close()


def test_requests_that_wait_for_their_turn_leave_with_their_client(fake: FakeRest) -> None:
    """Pipelined requests behind a slow one are abandoned too, none is left open."""
    fake.get("/").inject(latency(60))
    raw = Raw(fake).send(b"GET / HTTP/1.1\r\n\r\n" * 3)
    assert len(fake.calls) == 3
    raw.close()

    assert [(call.outcome, call.gone is not None) for call in fake.calls] == [("abandoned", True)] * 3


def test_requests_behind_the_last_answer_of_a_connection_are_closed(fake: FakeRest) -> None:
    """What is pipelined behind `Connection: close` gets no answer, and its client a FIN and no RST."""
    with Raw(fake) as raw:
        raw.send(b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n" + b"GET / HTTP/1.1\r\n\r\n" * 2)
        assert raw.answer().body == b"ok"
        assert raw.rest() == b""
        assert fake.connections[0].closed_by == "fake"
    assert [call.outcome for call in fake.calls][:1] == ["answered"]
    assert "open" not in {call.outcome for call in fake.calls}


def test_a_client_that_sends_on_after_the_end_is_still_told(fake: FakeRest) -> None:
    """Bytes behind the last request do not turn the end of the connection into a reset that eats the answer."""
    fake.get("/long").reply(body=b"x" * 300_000)
    with Raw(fake) as raw:
        raw.send(b"GET /long HTTP/1.1\r\nConnection: close\r\n\r\n" + b"trailing garbage" * 5000)
        assert len(raw.answer().body) == 300_000
        assert raw.rest() == b""


def test_a_fake_that_stops_closes_its_connections() -> None:
    """stop() returns when nothing is left: open calls are abandoned by the fake, clients see the end."""
    fake = FakeRest().start()
    fake.get("/").inject(latency(60), every=1)
    busy, idle = Raw(fake).ask(), Raw(fake)
    while len(fake.connections) < 2 or not fake.calls:
        pass
    fake.stop()

    for raw in (busy, idle):
        with suppress(ConnectionResetError):
            assert raw.sock.recv(10) == b""
        raw.close()
    assert [(call.outcome, call.gone) for call in fake.calls] == [("abandoned", None)]
    assert {connection.closed_by for connection in fake.connections} == {"fake"}


def test_a_slow_reader_of_a_big_body_holds_up_nobody(fake: FakeRest, connect: Callable[[], Raw]) -> None:
    """While 12 MB wait for their reader, other fakes and other connections are answered; then all of it arrives."""
    fake.get("/big").reply(body=BIG)
    slow, other = connect(), connect()
    slow.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
    slow.ask("/big")
    with FakeRest("other") as another, Raw(another) as third:
        another.get("/").reply(text="third")
        for _ in range(20):
            assert other.ask().answer().body == b"ok"
            assert third.ask().answer().body == b"third"
            slow.receive()
    assert slow.answer().body == BIG


def test_answers_are_made_as_fast_as_they_are_taken(fake: FakeRest, connect: Callable[[], Raw]) -> None:
    """Of ten pipelined requests for 12 MB, the second is not answered before the first answer was taken."""
    made: list[int] = []

    def make(_request: object) -> bytes:
        made.append(1)
        return BIG

    fake.get("/big").calls(make, inline=True)
    raw = connect().send(b"GET /big HTTP/1.1\r\n\r\n" * 10)
    raw.take(100)
    assert len(fake.calls) == 10
    assert len(made) == 1
    raw.take(len(BIG))
    while len(made) < 2:
        raw.take(10)
    assert len(made) == 2
