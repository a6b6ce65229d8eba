"""Answers that go on, by HTTP/2: pieces are DATA, their end is END_STREAM, and no protocol is switched to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_integrations.faults import connection_reset, truncate_body
from pytest_integrations.faults.http2 import h2_rst_stream
from pytest_integrations.wire.http2.frames import DATA, HEADERS
from tests.wire.streaming import Streaming

from .client import Http2Client

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_integrations.core.fault import Fault

pytestmark = [pytest.mark.timeout(30)]


@pytest.fixture
def streaming(no_leaks: None) -> Iterator[Streaming]:
    """A fake with an answer at `/stream` that goes on."""
    with Streaming() as fake:
        yield fake


@pytest.fixture
def client(streaming: Streaming) -> Iterator[Http2Client]:
    """A connection to it."""
    with Http2Client(streaming.port) as client:
        yield client


def test_pieces_are_data_and_the_end_is_the_streams(streaming: Streaming, client: Http2Client) -> None:
    """Others go on meanwhile."""
    stream = client.ask("/stream")
    client.until(lambda: client.answers[stream].fields)
    streaming.send(b"one")
    client.until(lambda: bytes(client.answers[stream].body) == b"one")
    assert client.answer(client.ask("/plain")).status == 200
    assert streaming.calls[0].outcome == "open"
    streaming.send(b"two", end=True)
    answer = client.answer(stream)
    assert (bytes(answer.body), answer.ended, answer.header("transfer-encoding")) == (b"onetwo", True, None)
    assert [frame.type for frame in client.frames if frame.stream_id == stream] == [HEADERS, DATA, DATA, DATA]
    assert (streaming.calls[0].outcome, streaming.gone) == ("answered", [])


@pytest.mark.parametrize("how", ["cancel", "leave"])
def test_who_sends_is_told_that_the_client_has_gone(streaming: Streaming, client: Http2Client, how: str) -> None:
    """By RST_STREAM or with its connection; what is sent after that goes nowhere."""
    stream = client.ask("/stream")
    client.until(lambda: client.answers[stream].fields)
    if how == "cancel":
        client.h2.reset_stream(stream, 8)
        client.flush()
    else:
        client.sock.close()
    streaming.send(b"to nobody", end=True)
    assert streaming.gone == [True]
    assert streaming.calls[0].outcome == "abandoned"


@pytest.mark.parametrize(
    ("fault", "body", "reset", "outcome"),
    [
        (h2_rst_stream("CANCEL", after=4), b"onet", 8, "reset"),
        (connection_reset(at="after_headers"), b"", None, "reset"),
        (truncate_body(bytes=5), b"onetw", None, "truncated"),
    ],
    ids=repr,
)
def test_a_cut_waits_for_its_place(  # noqa: PLR0917 -- one for each question
    streaming: Streaming, client: Http2Client, fault: Fault, body: bytes, reset: int | None, outcome: str
) -> None:
    """In the bytes of the body, as they come."""
    streaming.inject(fault)
    stream = client.ask("/stream")
    if body:
        client.until(lambda: client.answers[stream].fields)
        streaming.send(b"one", b"two", b"three")
    answer = client.answer(stream)
    assert (bytes(answer.body), answer.reset, answer.ended) == (body, reset, False)
    assert client.is_closed == (reset is None)
    assert streaming.calls[0].outcome == outcome


def test_another_protocol_is_not_to_be_had(streaming: Streaming, client: Http2Client) -> None:
    """101 has no meaning on a stream; the field that asks for it may not be sent."""
    stream = client.h2.get_next_available_stream_id()
    head = [(":method", "GET"), (":scheme", "http"), (":path", "/echo"), ("upgrade", "echo")]
    client.h2.send_headers(stream, head, end_stream=True)
    client.flush()
    assert client.answer(client.ask("/plain")).status == 200
    assert [call.outcome for call in streaming.calls] == ["reset", "answered"]
