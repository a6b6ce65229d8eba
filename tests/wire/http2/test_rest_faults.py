"""Faults by HTTP/2, by the frames that a client gets."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

from pytest_integrations.faults import (
    bad_chunk_size,
    bad_status_line,
    bandwidth,
    connection_reset,
    content_length,
    dribble,
    duplicate_reply,
    early_hints,
    early_response,
    empty_response,
    hang,
    http_version,
    illegal_header,
    latency,
    lost_response,
    malformed_response_chunk,
    many_headers,
    missing_last_chunk,
    no_continue,
    random_data_then_close,
    reset_mid_upload,
    short_chunk,
    slicer,
    slow_headers,
    slow_read,
    stale_keepalive,
    status,
    truncate_body,
    truncate_headers,
)
from pytest_integrations.wire.http2.frames import DATA, HEADERS
from tests.wire.raw import Raw

from .client import Answer, Http2Client

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_integrations import FakeRest
    from pytest_integrations.core.fault import Fault

pytestmark = [pytest.mark.timeout(30)]

BODY = b'["ada", "grace"]'
HEAD = b"HTTP/2 200\r\ncontent-type: application/json\r\ncontent-length: 16\r\n\r\n"
MIDDLE = len(HEAD) + 5


def _kinds(client: Http2Client, stream: int) -> list[int]:
    return [frame.type for frame in client.frames if frame.stream_id == stream]


# -- those of HTTP/1.1


@pytest.mark.parametrize(
    "fault",
    [
        bad_status_line(),
        illegal_header(),
        http_version("1.0"),
        malformed_response_chunk(),
        bad_chunk_size("zz"),
        missing_last_chunk(),
        short_chunk(missing=1),
        content_length(5),
        duplicate_reply(),
        latency(0.0) + bad_status_line(),
    ],
    ids=repr,
)
def test_what_is_of_http_1_does_not_happen_to_http_2(
    fake: FakeRest, connect: Callable[[], Http2Client], fault: Fault
) -> None:
    """It waits for a call that it has a meaning for."""
    rule = fake.inject(fault)
    client = connect()
    assert bytes(client.answer(client.ask("/users")).body) == BODY
    assert (fake.calls[0].fault, rule.fired) == (None, 0)
    with Raw(fake) as raw:
        raw.ask("/users").receive()
    assert rule.fired == 1


# -- those of both


@pytest.mark.parametrize(
    ("fault", "kinds", "rest", "was_reset", "outcome"),
    [
        (connection_reset(), [], False, True, "reset"),
        (connection_reset(at="after_headers"), [HEADERS], False, True, "reset"),
        (connection_reset(at="mid_body"), [HEADERS, DATA], False, True, "reset"),
        (connection_reset(at="after_bytes", bytes=20), [], True, True, "reset"),
        (connection_reset(at="after_bytes", bytes=MIDDLE), [HEADERS, DATA], False, True, "reset"),
        (empty_response(), [], False, False, "closed"),
        (truncate_headers(10), [], True, False, "truncated"),
        (truncate_body(fraction=0.25), [HEADERS, DATA], False, False, "truncated"),
        (truncate_body(fraction=0.25, end="reset"), [HEADERS, DATA], False, True, "reset"),
        (lost_response(), [], False, True, "reset"),
    ],
    ids=repr,
)
def test_cuts_end_the_connection(  # noqa: PLR0917 -- one for each question
    fake: FakeRest,
    connect: Callable[[], Http2Client],
    fault: Fault,
    kinds: list[int],
    rest: bool,  # noqa: FBT001
    was_reset: bool,  # noqa: FBT001
    outcome: str,
) -> None:
    """By RST or FIN after so much of the answer, in the middle of a frame if that is where it is; no GOAWAY."""
    fake.get("/slow").reply().inject(hang(), every=1)
    fake.inject(fault, where=lambda call: call.path == "/users")
    client = connect()
    other = client.ask("/slow")
    stream = client.ask("/users")
    client.wait_for_end()
    assert (_kinds(client, stream), client.was_reset, client.goaways) == (kinds, was_reset, [])
    assert bool(client.rest) == rest
    assert not client.answers[stream].is_over
    assert not client.answers[other].is_over
    hung, cut = fake.calls
    assert (cut.outcome, hung.outcome) == (outcome, "hung")
    assert cut.handled == (outcome != "closed" and fault != connection_reset())
    assert fake.connections[0].closed_by == "fake"


def test_what_waits_on_a_connection_that_is_cut_ends_with_it(
    fake: FakeRest, connect: Callable[[], Http2Client]
) -> None:
    """The other calls are recorded as what their client sees."""
    fake.get("/slow").reply().inject(latency(30), every=1)
    fake.inject(connection_reset(), where=lambda call: call.path == "/users")
    client = connect()
    client.ask("/slow")
    client.ask("/users")
    client.wait_for_end()
    assert [(call.outcome, call.ended is not None) for call in fake.calls] == [("reset", True)] * 2


def test_a_hang_is_of_one_stream(fake: FakeRest, connect: Callable[[], Http2Client]) -> None:
    """Nothing on that; others are answered; when its time has come, RST_STREAM (CANCEL)."""
    fake.inject(hang(for_=0.1), hang())
    client = connect()
    for_a_time, for_ever = client.ask("/users"), client.ask("/users")
    assert client.answer(client.ask("/users")).status == 200
    assert client.answer(for_a_time).reset == 8
    client.h2.reset_stream(for_ever, 8)
    client.flush()
    first, second, _ = fake.calls
    assert (first.outcome, first.ended is not None, first.gone) == ("hung", True, None)
    assert (second.outcome, second.ended, second.gone is not None) == ("hung", None, True)
    assert fake.connections[0].closed is None


@pytest.mark.parametrize("fault", [slow_headers(2000), slicer(average_size=16), bandwidth(2)], ids=repr)
def test_a_head_in_pieces_keeps_the_others_waiting(
    fake: FakeRest, connect: Callable[[], Http2Client], fault: Fault
) -> None:
    """Its frame is whole in the end, and no other frame is in the middle of it."""
    fake.inject(fault, fault)
    client = connect()
    streams = [client.ask("/users") for _ in range(3)]
    for stream in streams:
        answer = client.answer(stream)
        assert (answer.status, bytes(answer.body)) == (200, BODY)
    assert [call.outcome for call in fake.calls] == ["answered"] * 3


def test_a_client_that_cancels_in_the_middle_of_a_head(fake: FakeRest, connect: Callable[[], Http2Client]) -> None:
    """Gets the rest of the frame, without which no other could be sent."""
    fake.inject(slow_headers(10))
    client = connect()
    slow = client.ask("/users")
    client.until(lambda: client.rest)
    client.h2.reset_stream(slow, 8)
    client.flush()
    assert client.answer(client.ask("/users")).status == 200
    assert fake.calls[0].outcome == "abandoned"


def test_a_body_in_pieces_is_data_frames(fake: FakeRest, connect: Callable[[], Http2Client]) -> None:
    """One for each piece."""
    fake.inject(dribble(chunks=4, duration=0.04))
    client = connect()
    stream = client.ask("/users")
    assert bytes(client.answer(stream).body) == BODY
    assert _kinds(client, stream) == [HEADERS, DATA, DATA, DATA, DATA]


def test_heads_that_clients_do_not_expect(fake: FakeRest, connect: Callable[[], Http2Client]) -> None:
    """Interim answers, and more fields than go into one frame."""
    fake.inject(early_hints("</x>; rel=preload"), many_headers(3000), status(429))
    client = connect()
    answer = client.answer(client.ask("/users"))
    assert answer.interim == [[(":status", "103"), ("link", "</x>; rel=preload")]]
    assert (answer.status, fake.calls[0].response.status_code) == (200, 200)  # type: ignore[attr-defined]
    client.h2.decoder.max_header_list_size = 1 << 20
    stream = client.ask("/users")
    assert len(client.answer(stream).fields) == 3003
    assert _kinds(client, stream)[:2] == [HEADERS, 9]
    assert client.answer(client.ask("/users")).status == 429


def test_what_is_no_http_2_at_all(fake: FakeRest, connect: Callable[[], Http2Client]) -> None:
    """Bytes where a frame should be, and FIN."""
    fake.inject(random_data_then_close(size=100))
    client = connect()
    client.ask("/users")
    client.wait_for_end()
    assert fake.calls[0].spoiled
    assert fake.calls[0].reply in client.rest or len(client.rest) <= 100


@pytest.mark.parametrize("kind", ["fin_idle", "fin_on_next", "reset_on_next"])
def test_promises_are_broken(fake: FakeRest, connect: Callable[[], Http2Client], kind: Any) -> None:
    """After the answer, or at the next request; without GOAWAY, which would be honest."""
    fake.inject(stale_keepalive(kind))
    client = connect()
    assert client.answer(client.ask("/users")).status == 200
    if kind != "fin_idle":
        client.ask("/users")
    client.wait_for_end()
    assert (client.was_reset, client.goaways) == (kind == "reset_on_next", [])
    outcomes = {"fin_idle": [], "fin_on_next": ["closed"], "reset_on_next": ["reset"]}
    assert [call.outcome for call in fake.calls] == ["answered", *outcomes[kind]]


# -- on the request's side


def test_an_answer_that_comes_early(fake: FakeRest, connect: Callable[[], Http2Client]) -> None:
    """Whole, and then RST_STREAM (NO_ERROR), since the rest is not needed."""
    fake.inject(early_response(413))
    client = connect()
    stream = client.ask("/echo", "POST", bytes(20), end=False)
    answer = client.answer(stream)
    client.until(lambda: answer.reset is not None)
    assert (answer.status, answer.ended, answer.reset) == (413, True, 0)
    assert (fake.calls[0].outcome, fake.calls[0].handled) == ("answered", False)
    assert client.answer(client.ask("/users")).status == 200


@pytest.mark.parametrize("sent", [20, 20_000])
def test_an_answer_that_comes_early_at_the_last_of_the_request(
    fake: FakeRest, connect: Callable[[], Http2Client], sent: int
) -> None:
    """There is nothing left to be reset, and the connection goes on."""
    fake.inject(early_response(413, after_bytes=sent))
    client = connect()
    answer = client.answer(client.ask("/echo", "POST", bytes(sent)))
    assert (answer.status, answer.ended) == (413, True)
    assert client.answer(client.ask("/users")).status == 200
    assert (answer.reset, client.goaways, len(fake.connections)) == (None, [], 1)


@pytest.mark.parametrize(("after", "sent"), [(0, 0), (10, 20), (99, 20)])
def test_an_upload_that_is_cut(fake: FakeRest, connect: Callable[[], Http2Client], after: int, sent: int) -> None:
    """The connection is reset in the middle of the request, or at its end if it is too short for that."""
    fake.inject(reset_mid_upload(after))
    client = connect()
    client.ask("/echo", "POST", bytes(sent), end=after == 99)
    client.wait_for_end()
    assert client.was_reset
    (call,) = fake.calls
    assert (call.outcome, call.handled, len(call.body)) == ("reset", False, sent)


def test_a_slow_reader_holds_the_window(fake: FakeRest, connect: Callable[[], Http2Client]) -> None:
    """The upload takes as long as the rate says; others do not."""
    fake.inject(slow_read(10_000_000))
    client = connect()
    clock = fake.ledger.now
    begin = clock()
    stream = client.ask("/echo", "POST", bytes(3_000_000))
    assert len(client.answer(stream).body) == 3_000_000
    assert 0.29 < clock() - begin < 5
    assert client.answer(client.ask("/users")).status == 200


def test_a_continue_that_is_withheld(fake: FakeRest, connect: Callable[[], Http2Client]) -> None:
    """No 100; a client that sends its body all the same is answered."""
    fake.inject(no_continue())
    client = connect()
    stream = client.ask("/echo", "POST", None, ("expect", "100-continue"), end=False)
    client.answers[stream] = Answer()
    client.send_body(stream, b"x")
    assert (client.answer(stream).status, client.answers[stream].interim) == (200, [])


@pytest.mark.parametrize("how", ["cancel", "leave"])
def test_a_client_that_leaves_in_the_middle_of_a_head_without_a_body(
    fake: FakeRest, connect: Callable[[], Http2Client], how: str
) -> None:
    """The stream is not over before its only frame is."""
    fake.get("/empty").reply(204)
    fake.inject(slow_headers(10))
    client = connect()
    slow = client.ask("/empty")
    client.until(lambda: client.rest)
    if how == "cancel":
        client.h2.reset_stream(slow, 8)
        client.flush()
        assert client.answer(client.ask("/users")).status == 200
    else:
        client.sock.close()
    assert (fake.calls[0].outcome, fake.calls[0].gone is not None) == ("abandoned", True)


def test_a_limit_of_calls_at_a_time_counts_those_of_one_connection(
    fake: FakeRest, connect: Callable[[], Http2Client]
) -> None:
    """Which only HTTP/2 can have several of."""
    gate = threading.Event()

    def wait(request: object) -> str:
        assert gate.wait(5)
        return "done"

    fake.get("/slow").calls(wait)
    fake.max_concurrency(2)
    client = connect()
    first, second, third = (client.ask("/slow") for _ in range(3))
    assert client.answer(third).status == 503
    gate.set()
    assert (client.answer(first).status, client.answer(second).status) == (200, 200)
    assert client.answer(client.ask("/slow")).status == 200
