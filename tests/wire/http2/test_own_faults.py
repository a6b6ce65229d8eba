"""What only HTTP/2 has goes wrong: the frames that a client gets, and what the ledger says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_integrations.core.errors import ScriptingError
from pytest_integrations.faults import latency
from pytest_integrations.faults.http2 import h2_goaway, h2_max_streams, h2_rst_stream, h2_short_body
from pytest_integrations.wire.http2.frames import DATA, HEADERS
from tests.wire.raw import Raw

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_integrations import FakeRest
    from pytest_integrations.core.fault import Fault

    from .client import Http2Client

pytestmark = [pytest.mark.timeout(30)]

BODY = b'["ada", "grace"]'


def _kinds(client: Http2Client, stream: int) -> list[int]:
    return [frame.type for frame in client.frames if frame.stream_id == stream]


@pytest.mark.parametrize(("last", "told"), [("all", 5), ("none", 0), (1, 1), (3, 3)])
def test_goaway(fake: FakeRest, connect: Callable[[], Http2Client], last: Any, told: int) -> None:
    """The third call brings it about; those up to the last stream are answered, then FIN."""
    fake.get("/slow").reply().inject(latency(0.05), every=1)
    fake.inject(h2_goaway(last, "ENHANCE_YOUR_CALM"), where=lambda call: call.path == "/users")
    client = connect()
    streams = [client.ask("/slow"), client.ask("/slow"), client.ask("/users")]
    client.wait_for_end()
    assert client.goaways == [(told, 11)]
    assert [client.answers[stream].ended for stream in streams] == [stream <= told for stream in streams]
    assert [(call.outcome, call.unprocessed) for call in fake.calls] == [
        ("answered", False) if stream <= told else ("closed", True) for stream in streams
    ]
    assert fake.calls[2].handled == (told == 5)
    assert fake.connections[0].closed_by == "fake"


@pytest.mark.parametrize(
    ("fault", "body", "kinds"),
    [
        (h2_rst_stream(), None, [3]),
        (h2_rst_stream("REFUSED_STREAM"), None, [3]),
        (h2_rst_stream(0x99), None, [3]),
        (h2_rst_stream("CANCEL", after=0), b"", [HEADERS, 3]),
        (h2_rst_stream("CANCEL", after=3), BODY[:3], [HEADERS, DATA, 3]),
        (h2_rst_stream("CANCEL", after=99), BODY, [HEADERS, DATA, 3]),
    ],
)
def test_rst_stream(
    fake: FakeRest, connect: Callable[[], Http2Client], fault: h2_rst_stream, body: bytes | None, kinds: list[int]
) -> None:
    """So much of the answer, then RST_STREAM; the connection and its other streams go on."""
    fake.inject(fault)
    client = connect()
    stream = client.ask("/users")
    answer = client.answer(stream)
    codes = {"INTERNAL_ERROR": 2, "REFUSED_STREAM": 7, "CANCEL": 8, 0x99: 0x99}
    assert (answer.reset, answer.ended, _kinds(client, stream)) == (codes[fault.code], False, kinds)
    assert bytes(answer.body) == (body or b"")
    assert client.answer(client.ask("/users")).status == 200
    spoilt, sound = fake.calls
    assert (spoilt.outcome, spoilt.handled, spoilt.failed) == ("reset", body is not None, True)
    assert spoilt.unprocessed == (fault.code == "REFUSED_STREAM")
    assert spoilt.status == (None if body is None else 200)
    assert spoilt.connection is sound.connection
    assert spoilt.connection.closed is None


def test_a_reset_stream_waits_for_the_window(fake: FakeRest, connect: Callable[[], Http2Client]) -> None:
    """All of what was to come before it comes, however small the client's window is."""
    fake.get("/large").reply(body=bytes(200_000))
    fake.inject(h2_rst_stream("CANCEL", after=150_000))
    client = connect()
    answer = client.answer(client.ask("/large"))
    assert (len(answer.body), answer.reset) == (150_000, 8)


def test_max_streams(fake: FakeRest, connect: Callable[[], Http2Client]) -> None:
    """It is in the first SETTINGS; who opens more is refused, and the call was not processed."""
    fake.inject(h2_max_streams(1))
    fake.get("/slow").reply().inject(latency(0.1))
    client = connect()
    slow, refused = client.ask("/slow"), client.ask("/users")
    assert client.answer(refused).reset == 7
    assert client.h2.remote_settings.max_concurrent_streams == 1
    assert client.answer(slow).status == 200
    assert client.answer(client.ask("/users")).status == 200
    other = connect()
    assert other.answer(other.ask("/users")).status == 200
    assert other.h2.remote_settings.max_concurrent_streams == 1000
    ends = [(call.operation, call.outcome, call.unprocessed) for call in fake.calls]
    assert ends[:2] == [("GET /slow", "answered", False), ("ANY /users", "reset", True)]
    assert fake.connections[0].fault == h2_max_streams(1)


@pytest.mark.parametrize(("missing", "body"), [(1, BODY[:-1]), (15, BODY[:1]), (16, b""), (99, b"")])
def test_short_body(fake: FakeRest, connect: Callable[[], Http2Client], missing: int, body: bytes) -> None:
    """The true length, less than that of the body, and END_STREAM all the same."""
    fake.inject(h2_short_body(missing))
    client = connect()
    stream = client.ask("/users")
    client.h2.streams[stream]._initialize_content_length = lambda _: None  # ours would refuse it
    answer = client.answer(stream)
    assert (answer.header("content-length"), bytes(answer.body), answer.ended) == ("16", body, True)
    assert fake.calls[0].spoiled
    assert fake.calls[0].failed


def test_what_has_no_body_cannot_be_short(fake: FakeRest, connect: Callable[[], Http2Client]) -> None:
    """Nor what has no length."""
    fake.inject(h2_short_body(1), every=1)
    fake.get("/empty").reply(204)
    fake.get("/chunks").reply(chunks=[b"ab"])
    client = connect()
    assert client.answer(client.ask("/empty")).status == 204
    assert client.answer(client.ask("/users", "HEAD")).header("content-length") == "16"
    assert bytes(client.answer(client.ask("/chunks")).body) == b"ab"
    assert [call.spoiled for call in fake.calls] == [False] * 3


@pytest.mark.parametrize("fault", [h2_goaway(), h2_rst_stream(), h2_short_body()])
def test_what_is_of_http_2_does_not_happen_to_http_1(fake: FakeRest, fault: Fault) -> None:
    """It is neither met nor counted, so that it is told as never fired."""
    rule = fake.inject(fault)
    with Raw(fake) as raw:
        assert raw.ask("/users").answer().body == BODY
    assert (fake.calls[0].fault, rule.fired) == (None, 0)
    fake.heal(rule)  # or this test would fail, as one should whose fault never fires


def test_a_limit_that_is_none_is_refused_at_the_scripting_line(fake: FakeRest) -> None:
    """What each of them takes is in its own error."""
    with pytest.raises(ScriptingError, match=r"h2_max_streams: most=2147483648 is out of range"):
        fake.inject(h2_max_streams(2**31))
