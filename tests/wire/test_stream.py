"""Answers that go on, and connections that go over to another protocol: bytes, ledger, faults and leaving."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import httpx
import pytest

from pytest_integrations.faults import (
    connection_reset,
    corrupt_body,
    early_hints,
    latency,
    stale_keepalive,
    status,
    truncate_body,
)
from pytest_integrations.wire.loop import shared_loop

from .raw import Raw
from .streaming import Streaming

if TYPE_CHECKING:
    from collections.abc import Iterator

UPGRADE = b"GET /echo HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n"
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
SWITCHED = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\n"


@pytest.fixture
def fake() -> Iterator[Streaming]:
    with Streaming() as fake:
        yield fake


@pytest.fixture
def raw(fake: Streaming) -> Iterator[Raw]:
    with Raw(fake) as raw:
        yield raw


def test_pieces_are_chunks_as_they_come_and_the_connection_is_kept(fake: Streaming, raw: Raw) -> None:
    """The ledger is right at every moment: status and first byte with the head, open until the end."""
    raw.ask("/stream")
    assert raw.take(len(HEAD)) == HEAD
    call = fake.calls[0]
    assert (call.status, call.outcome, call.first_byte is not None, call.ended) == (200, "open", True, None)
    fake.send(b"ab", b"", b"c")
    assert raw.take(13) == b"2\r\nab\r\n1\r\nc\r\n"[:13]
    assert fake.calls[0].outcome == "open"
    fake.send(end=True)
    assert raw.take(5) == b"0\r\n\r\n"
    call = fake.calls[0]
    assert (call.outcome, call.failed, call.reply) == ("answered", False, HEAD + b"2\r\nab\r\n1\r\nc\r\n0\r\n\r\n")
    assert call.ended is not None
    assert fake.connections[0].sent == len(call.reply)
    assert raw.ask("/plain").answer().body == b"plain"
    assert not fake.gone


@pytest.mark.parametrize("path", ["/stream", "/late"])
def test_a_real_client_gets_the_pieces(fake: Streaming, path: str) -> None:
    """Handed over at once or later."""
    with httpx.Client(trust_env=False) as client, client.stream("GET", f"{fake.url}{path}") as answer:
        pieces = answer.iter_raw()
        for piece in (b"one", b"two"):
            fake.send(piece)
            assert next(pieces) == piece
        fake.send(end=True)
        assert list(pieces) == []
    assert fake.calls[0].outcome == "answered"


def test_a_request_behind_a_stream_waits_for_its_end(fake: Streaming, raw: Raw) -> None:
    """Answers go out in the order of the requests."""
    raw.ask("/stream").ask("/plain")
    fake.send(b"x", end=True)
    assert raw.answer().body == b"x"
    assert raw.answer().body == b"plain"


def test_an_http_1_0_client_gets_the_bytes_and_the_end_of_the_connection(fake: Streaming, raw: Raw) -> None:
    """It knows no chunks."""
    raw.send(b"GET /stream HTTP/1.0\r\n\r\n")
    fake.send(b"ab", b"c", end=True)
    head, _, body = raw.rest().partition(b"\r\n\r\n")
    assert body == b"abc"
    assert b"Transfer-Encoding" not in head
    assert b"Content-Length" not in head
    assert b"Connection: close" in head
    assert (fake.calls[0].outcome, fake.connections[0].closed_by) == ("answered", "fake")


def test_a_client_that_asked_for_the_end_gets_it(fake: Streaming, raw: Raw) -> None:
    """Connection: close, after the last chunk."""
    raw.ask("/stream", "GET", b"", "Connection: close")
    fake.send(b"ab", end=True)
    assert raw.rest().endswith(b"2\r\nab\r\n0\r\n\r\n")
    assert fake.calls[0].outcome == "answered"


def test_head_gets_the_head_alone(fake: Streaming, raw: Raw) -> None:
    """Nothing begins."""
    assert raw.ask("/stream", "HEAD").answer("HEAD").header("Transfer-Encoding") == "chunked"
    assert raw.ask("/plain").answer().body == b"plain"
    assert not fake.streams


@pytest.mark.parametrize("leave", ["close", "reset"])
def test_a_client_that_leaves_is_noticed(fake: Streaming, raw: Raw, leave: str) -> None:
    """The stream is over, and whoever sends is told."""
    raw.ask("/stream")
    fake.send(b"ab")
    raw.take(len(HEAD) + 7)
    getattr(raw, leave)()
    call = fake.calls[0]
    assert (call.outcome, call.gone is not None, fake.gone) == ("abandoned", True, [True])
    fake.send(b"to nobody", end=True)
    assert fake.calls[0].reply == HEAD + b"2\r\nab\r\n"


def test_a_fake_that_stops_ends_its_streams(fake: Streaming, raw: Raw) -> None:
    """It was not the client that left."""
    raw.ask("/stream")
    fake.send(b"ab")
    fake.stop()
    assert (fake.calls[0].outcome, fake.calls[0].gone, fake.gone) == ("abandoned", None, [False])


def test_a_slow_reader_is_seen(fake: Streaming, raw: Raw) -> None:
    """What the client does not take is counted, until it takes it."""
    raw.ask("/stream")
    megabyte = b"x" * 1024 * 1024
    fake.send(*[megabyte] * 16)
    unsent = shared_loop().call(lambda: fake.streams[0].unsent)
    assert 0 < unsent < 17 * len(megabyte)
    fake.send(end=True)
    assert len(raw.answer().body) == 16 * len(megabyte)
    assert shared_loop().call(lambda: fake.streams[0].unsent) == 0


# -- faults on the head


def test_faults_of_the_head(fake: Streaming) -> None:
    """Late, replaced, cut: as with any other answer; a body that is replaced is in place of the stream."""
    cases = [
        (latency(0.05), None, "open"),
        (early_hints(), None, "open"),
        (status(503), 503, "answered"),
        (corrupt_body("html_error_page"), 200, "answered"),
    ]
    for number, (fault, code, outcome) in enumerate(cases):
        fake.inject(fault)
        begun = len(fake.streams)
        with Raw(fake) as raw:
            raw.ask("/stream")
            if code is None:
                raw._until(b"chunked\r\n\r\n")
                fake.ledger.settle()
            else:
                assert raw.answer().status == code
            assert (fake.calls[number].outcome, len(fake.streams) - begun) == (outcome, int(code is None)), fault


def test_a_reset_before_the_head(fake: Streaming, raw: Raw) -> None:
    """Nothing begins."""
    fake.inject(connection_reset())
    raw.ask("/stream")
    with pytest.raises(ConnectionResetError):
        raw.rest()
    assert (fake.calls[0].outcome, fake.streams) == ("reset", [])


def test_a_promise_broken_after_a_stream(fake: Streaming, raw: Raw) -> None:
    """A connection that is closed once the stream is out."""
    fake.inject(stale_keepalive())
    raw.ask("/stream")
    fake.send(b"ab", end=True)
    assert raw.answer().body == b"ab"
    raw.ask("/plain")
    assert fake.calls[0].outcome == "answered"
    with pytest.raises(OSError, match=r"reset|closed"):
        raise OSError("closed" if not raw.rest() else "answered")


# -- faults of the body


@pytest.mark.parametrize(
    ("fault", "got", "outcome"),
    [
        (connection_reset(at="after_bytes", bytes=len(HEAD) + 9), b"2\r\nab\r\n3\r", "reset"),
        (connection_reset(at="mid_body"), b"2\r\n", "reset"),
        (truncate_body(bytes=7), b"2\r\nab\r\n", "truncated"),
        (truncate_body(fraction=0.5), b"2\r\n", "truncated"),
    ],
)
def test_a_body_is_cut_as_it_comes(fake: Streaming, raw: Raw, fault: object, got: bytes, outcome: str) -> None:
    """After so many bytes, framing included, or after a fraction of the first piece."""
    fake.inject(fault)  # type: ignore[arg-type]
    raw.ask("/stream")
    raw._until(b"\r\n\r\n")
    fake.send(b"ab", b"cde", b"f")
    if outcome == "truncated":
        assert raw.rest() == got
    else:
        assert raw.take(len(got)) == got
        with pytest.raises(ConnectionResetError):
            raw.rest()
    call = fake.calls[0]
    assert (call.outcome, call.failed, fake.gone, fake.connections[0].closed_by) == (outcome, True, [False], "fake")


@pytest.mark.parametrize(("length", "got"), [(1000, b"0\r\n\r\n"), (9, b"0\r")])
def test_a_body_that_is_shorter_than_its_cut(fake: Streaming, raw: Raw, length: int, got: bytes) -> None:
    """It goes out whole, and then comes what the cut ends with; or it is cut in the framing of its end."""
    fake.inject(truncate_body(bytes=length))
    raw.ask("/stream")
    raw._until(b"\r\n\r\n")
    fake.send(b"ab", end=True)
    assert raw.rest() == b"2\r\nab\r\n" + got
    assert (fake.calls[0].outcome, fake.connections[0].closed_by) == (
        "answered" if length == 1000 else "truncated",
        "fake",
    )


def test_a_stream_that_hangs(fake: Streaming, raw: Raw) -> None:
    """Nothing comes any more, until the client has had enough."""
    fake.inject(truncate_body(bytes=2, end="hang"))
    raw.ask("/stream")
    raw._until(b"\r\n\r\n")
    fake.send(b"ab", end=True)
    assert raw.take(2) == b"2\r"
    raw.sock.settimeout(0.05)
    with pytest.raises(TimeoutError):
        raw.receive()
    raw.close()
    call = fake.calls[0]
    assert (call.outcome, call.gone is not None) == ("hung", True)


@pytest.mark.parametrize("how", ["finish", "reset", "stall"])
def test_whoever_sends_may_break_it_off(fake: Streaming, raw: Raw, how: str) -> None:
    """Without the last chunk; a stall ends when its patience does."""
    raw.ask("/stream")
    fake.send(b"ab")
    raw.take(len(HEAD) + 7)
    shared_loop().call(lambda: fake.streams[0].break_off(how, 0.02))  # type: ignore[arg-type]
    if how == "reset":
        with pytest.raises(ConnectionResetError):
            raw.rest()
    else:
        assert raw.rest() == b""
    outcome = {"finish": "truncated", "reset": "reset", "stall": "hung"}[how]
    assert (fake.calls[0].outcome, fake.connections[0].closed_by, fake.gone) == (outcome, "fake", [])


# -- another protocol


@pytest.mark.parametrize("pieces", [[UPGRADE + b"early"], [UPGRADE, b"early"], [UPGRADE[:20], UPGRADE[20:] + b"early"]])
def test_a_connection_is_handed_over_with_what_came_early(fake: Streaming, raw: Raw, pieces: list[bytes]) -> None:
    """The 101, and then the other protocol alone; every byte is counted once."""
    raw.send_in(pieces)
    assert raw.take(len(SWITCHED) + 7) == SWITCHED + b"<early>"
    raw.send(b"GET / HTTP/1.1\r\n\r\n")
    assert raw.take(20) == b"<GET / HTTP/1.1\r\n\r\n>"
    call = fake.calls[0]
    assert (call.status, call.outcome, call.ended is not None, len(fake.calls)) == (101, "answered", True, 1)
    assert fake.connections[0].received == len(UPGRADE)


def test_over_tls_as_well() -> None:
    """The other protocol takes the TLS for its transport."""
    with Streaming(tls=True) as fake, Raw(fake, tls=fake.client_context()) as raw:
        raw.send(UPGRADE + b"early")
        assert raw.take(len(SWITCHED) + 7) == SWITCHED + b"<early>"
        raw.send(b"more")
        assert raw.take(6) == b"<more>"


def test_what_comes_early_waits_for_a_late_101(fake: Streaming, raw: Raw) -> None:
    """It is not taken for HTTP meanwhile."""
    fake.inject(latency(0.05))
    raw.send(UPGRADE + b"early").send(b" and more")
    assert raw.take(len(SWITCHED)) == SWITCHED
    assert raw.take(7) == b"<early "
    assert fake.calls[0].outcome == "answered"


def test_behind_other_requests(fake: Streaming, raw: Raw) -> None:
    """A pipelined one switches when its turn comes."""
    raw.send(b"GET /stream HTTP/1.1\r\nHost: x\r\n\r\n" + UPGRADE + b"early")
    fake.send(b"ab", end=True)
    assert raw.answer().body == b"ab"
    assert raw.take(len(SWITCHED) + 7) == SWITCHED + b"<early>"


@pytest.mark.parametrize("path", ["/plain", "/stream"])
def test_who_is_not_given_the_protocol_goes_on_in_http(fake: Streaming, raw: Raw, path: str) -> None:
    """A server may ignore the wish (RFC 9110 section 7.8), and what comes behind is the next request."""
    raw.send(UPGRADE.replace(b"/echo", path.encode()) + b"GET /plain HTTP/1.1\r\nHost: x\r\n\r\n")
    if path == "/stream":
        fake.send(b"plain", end=True)
    assert [raw.answer().body for _ in range(2)] == [b"plain", b"plain"]
    assert [call.path for call in fake.calls] == [path, "/plain"]


def test_a_fault_refuses_to_switch(fake: Streaming) -> None:
    """503 in place of the 101; a reset after it."""
    with ExitStack() as stack:
        fake.inject(status(503))
        raw = stack.enter_context(Raw(fake)).send(UPGRADE)
        assert raw.answer().status == 503
        assert raw.ask("/plain").answer().body == b"plain"
        fake.inject(connection_reset(at="after_headers"))
        raw = stack.enter_context(Raw(fake)).send(UPGRADE)
        assert raw.take(len(SWITCHED)) == SWITCHED
        with pytest.raises(ConnectionResetError):
            raw.rest()
    assert fake.calls.of("GET /echo")[1].outcome == "reset"
