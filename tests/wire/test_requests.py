"""Reading HTTP/1.1 requests: framing, pipelining, interim answers, and what is no request at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pytest_integrations import FakeRest
from pytest_integrations.wire.http1.reader import BadRequest, RequestReader

from .raw import Raw

if TYPE_CHECKING:
    from collections.abc import Callable

Connect = "Callable[[], Raw]"


# -- the reader alone


class _Heard:
    """What a reader tells."""

    def __init__(self) -> None:
        self.requests: list[tuple[bytes, bytes, bool]] = []
        self._head = self._body = b""

    def head_received(self, head: bytes) -> None:
        self._head, self._body = head, b""

    def body_received(self, data: bytes) -> None:
        self._body += data

    def request_received(self, *, keep_alive: bool) -> None:
        self.requests.append((self._head, self._body, keep_alive))

    def upgrade_received(self, rest: bytes) -> bytes:
        return rest


def _read(*pieces: bytes, max_head: int = 65536) -> list[tuple[bytes, bytes, bool]]:
    heard = _Heard()
    reader = RequestReader(heard, max_head)
    for piece in pieces:
        reader.feed(piece)
    assert reader.is_idle
    return heard.requests


_A = b"GET /a HTTP/1.1\r\nHost: h"
_POST = b"POST /b HTTP/1.1\r\nHost: h\r\nContent-Length: %d"
_CHUNKED = b"PUT /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked"
_END = b"\r\n\r\n"
_DECOY = _A + _END  # a body that looks like the request after it

MIXED = [
    (_A + _END, (_A, b"", True)),
    (_POST % 5 + _END + b"hello", (_POST % 5, b"hello", True)),
    (
        _CHUNKED + _END + b"3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nX-T: 1\r\nX-U: GET /a HTTP/1.1\r\n\r\n",
        (_CHUNKED, b"abcde", True),
    ),
    (b"\r\n" + _A + _END, (_A, b"", True)),
    (_POST % len(_DECOY) + _END + _DECOY, (_POST % len(_DECOY), _DECOY, True)),
    (_CHUNKED + _END + b"0\r\n\r\n", (_CHUNKED, b"", True)),
    (_CHUNKED + _END + b"%x\r\n%b\r\n0\r\n\r\n" % (len(_DECOY), _DECOY), (_CHUNKED, _DECOY, True)),
    (_A + b"\r\nUpgrade: websocket\r\nConnection: upgrade" + _END, None),
    (b"CONNECT example.com:443 HTTP/1.1\r\nHost: h" + _END, None),
    (_A + _END, (_A, b"", True)),
]
STREAM = b"".join(sent for sent, _ in MIXED)


def _expect_mixed(requests: list[tuple[bytes, bytes, bool]]) -> None:
    assert len(requests) == len(MIXED)
    for got, (sent, wanted) in zip(requests, MIXED, strict=True):
        head, _, body = sent.partition(_END)
        assert got[:2] == (wanted[:2] if wanted else (head, body)), sent


def test_requests_are_told_apart_at_every_byte_boundary() -> None:
    """Heads, lengths, chunks, trailers, upgrades and decoys: cut in two anywhere, each request is the same."""
    _expect_mixed(_read(STREAM))
    for cut in range(1, len(STREAM)):
        _expect_mixed(_read(STREAM[:cut], STREAM[cut:]))


@given(sizes=st.lists(st.integers(1, 60), min_size=1, max_size=200))
def test_requests_are_told_apart_in_any_pieces(sizes: list[int]) -> None:
    """Cut into pieces of any sizes, down to single bytes, each request is the same."""
    pieces, position = [], 0
    for size in sizes:
        pieces.append(STREAM[position : position + size])
        position += size
    _expect_mixed(_read(*(piece for piece in (*pieces, STREAM[position:]) if piece)))


def test_a_request_in_single_bytes() -> None:
    """The slowest of all clients."""
    _expect_mixed(_read(*(STREAM[index : index + 1] for index in range(len(STREAM)))))


def test_many_upgrades_in_one_piece() -> None:
    """2,000 refused upgrades in one segment do not pile up on the stack."""
    upgrade = _A + b"\r\nUpgrade: x\r\nConnection: upgrade" + _END
    assert len(_read(upgrade * 2000)) == 2000


@pytest.mark.parametrize(
    ("version", "fields", "is_kept"),
    [
        (b"1.1", b"", True),
        (b"1.1", b"Connection: close\r\n", False),
        (b"1.1", b"Connection: foo, Close\r\n", False),
        (b"1.0", b"", False),
        (b"1.0", b"Connection: keep-alive\r\n", False),
    ],
)
def test_who_keeps_a_connection(version: bytes, fields: bytes, is_kept: bool) -> None:  # noqa: FBT001
    """HTTP/1.1 unless it says close; HTTP/1.0 never."""
    assert _read(b"GET / HTTP/" + version + b"\r\n" + fields + b"\r\n")[0][2] is is_kept


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\nHost: h\n\n",
        b"FOO / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nA: b\r\n folded\r\n\r\n",
        b"GET / HTTP/1.1\r\nA b\r\n\r\n",
        b"GET / HTTP/1.1\r\nA: b\0c\r\n\r\n",
        b"GET / HTTP/1.1\r\nA: b\rc\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        b"POST / HTTP/1.1\r\nContent-Length: 5, 6\r\n\r\nhello",
        b"POST / HTTP/1.1\r\nContent-Length: -5\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 0x5\r\n\r\nhello",
        b"POST / HTTP/1.1\r\nContent-Length : 5\r\n\r\nhello",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: xchunked\r\n\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked, gzip\r\n\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhellos\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\na\r\n0\r\n\r\n",
    ],
)
def test_what_is_no_request_or_means_two_things_is_refused(data: bytes) -> None:
    """Garbage, other protocols, and every shape that smuggles a request past a proxy."""
    with pytest.raises(BadRequest) as caught:
        _read(data)
    assert caught.value.status == 400
    with pytest.raises(BadRequest):
        _read(*(data[index : index + 1] for index in range(len(data))))


@pytest.mark.parametrize("step", [1, 7, 100, 10_000])
def test_a_head_is_limited_however_it_comes(step: int) -> None:
    """One byte too many is 431, in drops or at once; one of exactly the limit passes."""
    head = b"GET / HTTP/1.1\r\nX: "
    fits = head + b"a" * (500 - len(head))
    for data, is_fine in ((fits + _END, True), (fits + b"a" + _END, False), (fits + b"a" * 5000, False)):
        pieces = [data[index : index + step] for index in range(0, len(data), step)]
        if is_fine:
            assert _read(*pieces, max_head=500)[0][0] == fits
            continue
        with pytest.raises(BadRequest, match="head is longer than 500 bytes") as caught:
            _read(*pieces, max_head=500)
        assert caught.value.status == 431


def test_trailers_are_limited_too() -> None:
    """Trailers without an end do not fill the memory."""
    with pytest.raises(BadRequest, match="longer than 500 bytes"):
        _read(_CHUNKED + _END + b"0\r\n", *[b"X-T: " + b"a" * 100 + b"\r\n"] * 10, max_head=500)


# -- over the wire


def test_a_connection_is_kept_and_counted(fake: FakeRest, connect: Callable[[], Raw]) -> None:
    """Requests one after the other on one connection; the ledger numbers them."""
    raw = connect()
    for _ in range(3):
        assert raw.ask().answer().body == b"ok"

    assert [(call.number, call.reused) for call in fake.calls] == [(1, False), (2, True), (3, True)]
    (connection,) = fake.connections
    assert (connection.calls, connection.closed, connection.tls) == (3, None, None)
    assert connection.received == sum(len(call.head) + 4 for call in fake.calls)
    assert connection.sent == sum(len(call.reply) for call in fake.calls)


def test_a_hundred_pipelined_requests_are_answered_in_order(fake: FakeRest, connect: Callable[[], Raw]) -> None:
    """More than may wait at a time, with slow handlers among them; nothing overtakes."""
    fake.get("/<int:number>").calls(lambda _request, number: str(number), inline=True)
    fake.get("/slow/<int:number>").calls(lambda _request, number: str(number))
    raw = connect()
    targets = [f"/slow/{number}" if number % 10 == 0 else f"/{number}" for number in range(100)]
    raw.send(b"".join(f"GET {target} HTTP/1.1\r\nHost: h\r\n\r\n".encode() for target in targets))

    assert [int(raw.answer().body) for _ in range(100)] == list(range(100))
    assert [call.target for call in fake.calls] == targets
    assert all(call.outcome == "answered" for call in fake.calls)


def test_a_chunked_upload_with_trailers_and_the_next_request_behind_it(connect: Callable[[], Raw]) -> None:
    """The body is put together, the trailers are not part of it, and what comes behind is a request of its own."""
    raw = connect()
    raw.send(
        b"POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"5\r\nhello\r\n6;ext=1\r\n world\r\n0\r\nX-Checksum: 1\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n"
    )

    assert [raw.answer().body, raw.answer().body] == [b"hello world", b"ok"]


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(body=st.binary(max_size=3000), sizes=st.lists(st.integers(1, 700), max_size=8))
def test_any_upload_arrives_as_it_was_sent(fake: FakeRest, body: bytes, sizes: list[int]) -> None:
    """Any bytes, in chunks of any sizes, come back as they are."""
    with Raw(fake) as raw:
        raw.send(b"POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n")
        rest = body
        for size in (*sizes, len(body)):
            piece, rest = rest[:size], rest[size:]
            if piece:
                raw.send(b"%x\r\n%b\r\n" % (len(piece), piece))
        assert raw.send(b"0\r\n\r\n").answer().body == body


def test_the_client_is_asked_for_the_body_that_it_holds_back(fake: FakeRest, connect: Callable[[], Raw]) -> None:
    """`Expect: 100-continue` gets a 100, then the answer; other expectations and HTTP/1.0 get none."""
    raw = connect()
    raw.send(b"POST /echo HTTP/1.1\r\nHost: h\r\nExpect: 100-Continue\r\nContent-Length: 2\r\n\r\n")
    assert raw.answer().status == 100
    assert raw.send(b"hi").answer().body == b"hi"

    for head in (
        b"POST /echo HTTP/1.1\r\nHost: h\r\nX: 100-continue\r\nContent-Length: 2\r\n\r\n",
        b"POST /echo HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n",
    ):
        assert connect().send(head + b"hi").answer().status == 200
    assert [call.body for call in fake.calls] == [b"hi"] * 3


def test_the_body_is_asked_for_after_the_answer_before_it(fake: FakeRest, connect: Callable[[], Raw]) -> None:
    """A 100 Continue waits for the answer to the request before, and is never sent into the middle of it."""
    fake.get("/slow").calls(lambda _request: "slow")
    raw = connect()
    raw.send(
        b"GET /slow HTTP/1.1\r\nHost: h\r\n\r\n"
        b"POST /echo HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"
    )

    assert raw.answer().body == b"slow"
    assert raw.answer().status == 100
    assert raw.send(b"hi").answer().body == b"hi"


@pytest.mark.parametrize("target", ["http://example.com/a?x=1", "/a//b", "/a%2Fb", "/%E2%82%AC", "/a;b=c", "*"])
def test_every_form_of_target_finds_its_route(fake: FakeRest, connect: Callable[[], Raw], target: str) -> None:
    """Absolute-form, empty segments, percent-encoding: the path is what is left when all that is taken off."""
    paths = {"http://example.com/a?x=1": "/a", "/%E2%82%AC": "/\u20ac", "/a%2Fb": "/a/b"}
    path = paths.get(target, target)
    if target == "*":
        assert connect().ask("*", "OPTIONS").answer().status == 404
        assert "nothing answers OPTIONS *" in fake.ledger.untold()[0].text
        return
    fake.get(path).reply(text="found")

    assert connect().ask(target).answer().body == b"found"
    assert (fake.calls[-1].path, fake.calls[-1].target) == (path, target)  # type: ignore[attr-defined]


def test_a_doubled_slash_is_not_forgiven(fake: FakeRest, connect: Callable[[], Raw]) -> None:
    """A client that joins its base URL and path badly asks for `//a`, which is not `/a`."""
    fake.get("/a").reply(text="found")

    assert connect().ask("//a").answer().status == 404
    assert "path is '//a'" in fake.ledger.untold()[0].text


def test_blanks_between_the_parts_of_a_request_line_are_forgiven(fake: FakeRest, connect: Callable[[], Raw]) -> None:
    """As RFC 9112 section 3 allows; the parts are the same."""
    assert connect().send(b"GET   / HTTP/1.1\r\nHost: h\r\n\r\n").answer().body == b"ok"
    assert (fake.calls[0].target, fake.calls[0].method) == ("/", "GET")  # type: ignore[attr-defined]


def test_an_upgrade_is_answered_as_plain_http(fake: FakeRest, connect: Callable[[], Raw]) -> None:
    """A WebSocket handshake to a fake that speaks none gets an ordinary answer, and the connection goes on."""
    raw = connect()
    answer = raw.ask("/", "GET", b"", "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Key: a").answer()

    assert (answer.status, answer.body) == (200, b"ok")
    assert raw.ask().answer().body == b"ok"


# -- refusals over the wire


@pytest.mark.parametrize(
    ("data", "status"),
    [(b"garbage\r\n\r\n", 400), (b"GET / HTTP/1.1\r\nX: " + b"a" * 3000 + b"\r\n\r\n", 431)],
)
def test_a_refusal_is_answered_recorded_and_final(data: bytes, status: int) -> None:
    """The client reads why, then FIN and no RST, though it goes on sending; the ledger has the attempt."""
    with FakeRest(max_head=2000) as fake, Raw(fake) as raw:
        answer = raw.send(data).answer()
        raw.send(b"more" * 1000)

        assert (answer.status, answer.header("Connection")) == (status, "close")
        assert answer.body.endswith(b"\n")
        assert raw.rest() == b""
        (call,) = fake.calls
        assert (call.operation, call.status, call.outcome) == ("bad request", status, "answered")
        assert fake.connections[0].closed_by == "fake"


def test_a_body_that_is_too_long_is_refused_as_what_it_is() -> None:
    """413 names the limit; the ledger has the operation, and the part that was read."""
    with FakeRest(max_body=1000) as fake, Raw(fake) as raw:
        fake.post("/x").reply(201)
        assert raw.ask("/x", "POST", b"a" * 1000).answer().status == 201
        answer = raw.ask("/x", "POST", b"a" * 1001).answer()

        assert (answer.status, b"longer than 1000 bytes" in answer.body) == (413, True)
        assert [(call.operation, call.status) for call in fake.calls] == [("POST /x", 201), ("POST /x", 413)]


def test_requests_before_garbage_are_answered_first(fake: FakeRest, connect: Callable[[], Raw]) -> None:
    """A refusal waits for its turn behind the answers to good requests, slow ones too."""
    fake.get("/slow").calls(lambda _request: "slow")
    raw = connect().send(b"GET /slow HTTP/1.1\r\nHost: h\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n\x00\x01")

    assert [raw.answer().body, raw.answer().body, raw.answer().status] == [b"slow", b"ok", 400]
    assert raw.rest() == b""
