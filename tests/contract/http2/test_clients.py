"""Real clients of HTTP/2 and the REST fake: what they get, what they raise, and what the ledger says of it."""

from __future__ import annotations

import asyncio
import contextlib
import re
import shutil
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from pytest_integrations import FakeRest, NothingToCheck, assert_no_unsafe_retry
from pytest_integrations.faults import (
    connection_reset,
    early_hints,
    empty_response,
    hang,
    latency,
    many_headers,
    random_data_then_close,
    slicer,
    stale_keepalive,
    status,
    truncate_body,
    truncate_headers,
)
from pytest_integrations.faults.http2 import h2_goaway, h2_max_streams, h2_rst_stream, h2_short_body

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_integrations.core.fault import Fault

pytestmark = [pytest.mark.usefixtures("no_leaks"), pytest.mark.timeout(60)]

BODY = b'["ada", "grace"]'


@pytest.fixture
def api(no_leaks: None) -> Iterator[FakeRest]:
    """A fake that answers at `/users`, and echoes what is posted to `/echo`."""
    with FakeRest("api") as fake:
        fake.any("/users").reply(json=["ada", "grace"])
        fake.post("/echo").calls(lambda request: request.get_data(), inline=True)
        yield fake


def _httpx(**settings: Any) -> httpx.Client:
    return httpx.Client(**{"http1": False, "http2": True, "timeout": 5, **settings})


# -- httpx


def test_httpx_by_prior_knowledge(api: FakeRest) -> None:
    """One connection for all, in both directions, large and small."""
    with _httpx() as client:
        answer = client.get(f"{api.url}/users", params={"a": "b"})
        assert (answer.http_version, answer.status_code, answer.json()) == ("HTTP/2", 200, ["ada", "grace"])
        body = bytes(range(256)) * 8000
        assert client.post(f"{api.url}/echo", content=body).content == body
    assert [call.version for call in api.calls] == ["HTTP/2", "HTTP/2"]
    assert len(api.connections) == 1


@pytest.mark.parametrize(("http2", "version"), [(True, "HTTP/2"), (False, "HTTP/1.1")])
def test_httpx_by_alpn(no_leaks: None, http2: bool, version: str) -> None:  # noqa: FBT001
    """It gets the version that it offers."""
    with FakeRest(tls=True) as fake:
        fake.get("/users").reply(json=["ada"])
        with httpx.Client(http2=http2, verify=fake.client_context()) as client:
            assert client.get(f"{fake.url}/users").http_version == version
        assert [(call.version, call.connection.tls) for call in fake.calls] == [(version, "TLSv1.3")]


def test_httpx_many_at_a_time(api: FakeRest) -> None:
    """A hundred calls on one connection, answered out of order."""

    def answer(request: object, number: int) -> dict[str, int]:
        return {"number": number}

    api.get("/late/<int:number>").calls(answer)

    async def ask() -> list[int]:
        async with httpx.AsyncClient(http1=False, http2=True, timeout=20) as client:
            answers = await asyncio.gather(*(client.get(f"{api.url}/late/{number}") for number in range(100)))
        return [answer.json()["number"] for answer in answers]

    assert asyncio.run(ask()) == list(range(100))
    assert len(api.calls) == 100
    assert len(api.connections) == 1


@dataclass(frozen=True)
class Raised:
    """A fault, what httpx raises (None: nothing) or gives, and how the call ended."""

    fault: Fault
    error: type[Exception] | tuple[type[Exception], ...] | None
    outcome: str
    says: str = ""
    is_failed: bool = True


# Where a reset meets a client that is just sending an acknowledgement, it is a write that fails instead of a read.
_RESET = (httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError)
_CASES = [
    Raised(h2_goaway("none"), httpx.RemoteProtocolError, "closed", "last_stream_id:0"),
    Raised(h2_rst_stream(), httpx.RemoteProtocolError, "reset", "error_code:2"),
    Raised(h2_rst_stream("REFUSED_STREAM"), httpx.RemoteProtocolError, "reset", "error_code:7"),
    Raised(h2_rst_stream("CANCEL", after=4), httpx.RemoteProtocolError, "reset", "error_code:8"),
    Raised(h2_max_streams(1), None, "answered", is_failed=False),
    Raised(h2_short_body(3), httpx.LocalProtocolError, "answered", "Expected 16 bytes, received 13"),
    Raised(h2_short_body(16), None, "answered"),  # silently, an empty answer
    Raised(latency(0.01), None, "answered", is_failed=False),
    Raised(status(503), None, "answered"),
    Raised(early_hints("</x>"), None, "answered", is_failed=False),
    Raised(many_headers(100), None, "answered", is_failed=False),
    Raised(slicer(average_size=7), None, "answered", is_failed=False),
    Raised(connection_reset(), _RESET, "reset"),
    Raised(connection_reset(at="after_headers"), _RESET, "reset"),
    Raised(connection_reset(at="mid_body"), _RESET, "reset"),
    Raised(empty_response(), httpx.RemoteProtocolError, "closed", "Server disconnected"),
    Raised(truncate_headers(10), httpx.RemoteProtocolError, "truncated", "Server disconnected"),
    Raised(truncate_body(fraction=0.5), httpx.RemoteProtocolError, "truncated", "Server disconnected"),
    Raised(random_data_then_close(), httpx.RemoteProtocolError, "answered"),
    Raised(hang(), httpx.ReadTimeout, "hung"),
    Raised(hang(for_=0.05), httpx.RemoteProtocolError, "hung", "error_code:8"),
]


@pytest.mark.parametrize("case", _CASES, ids=lambda case: repr(case.fault))
def test_what_httpx_raises(api: FakeRest, case: Raised) -> None:
    """And that a new client is well again."""
    api.inject(case.fault)
    with _httpx(timeout=0.3 if isinstance(case.fault, hang) else 5) as client:
        if case.error is None:
            client.get(f"{api.url}/users")
        else:
            with pytest.raises(case.error, match=re.escape(case.says) or None):
                client.get(f"{api.url}/users")
    with _httpx() as client:
        assert client.get(f"{api.url}/users").content == BODY
    call = api.calls[0]
    assert (call.outcome, call.failed) == (case.outcome, case.is_failed)


def test_httpx_does_not_take_the_answer_after_a_goaway(api: FakeRest) -> None:
    """Though it is among those that are processed: h2, which it is built on, ends its state machine there."""
    api.inject(h2_goaway())
    with _httpx() as client, pytest.raises(httpx.ProtocolError):
        client.get(f"{api.url}/users")
    (call,) = api.calls
    assert (call.outcome, call.handled, call.unprocessed) == ("answered", True, False)


@pytest.mark.parametrize("kind", ["fin_idle", "fin_on_next", "reset_on_next"])
def test_httpx_and_a_connection_that_is_gone(api: FakeRest, kind: Any) -> None:
    """The second call on it fails; httpx tries nothing again by itself."""
    api.inject(stale_keepalive(kind))
    with _httpx() as client:
        client.get(f"{api.url}/users")
        api.ledger.settle()
        with pytest.raises(httpx.TransportError):
            client.get(f"{api.url}/users")
    assert api.calls[0].outcome == "answered"


def test_httpx_with_no_streams_at_all(api: FakeRest) -> None:
    """It opens one before it has read the limit, is refused, and heeds it from then on: a second call waits."""
    api.inject(h2_max_streams(0))
    with _httpx(timeout=0.3) as client, pytest.raises(httpx.RemoteProtocolError, match="error_code:7"):
        client.get(f"{api.url}/users")
    assert [(call.outcome, call.unprocessed, call.handled) for call in api.calls] == [("reset", True, False)]


def test_what_was_not_processed_may_be_tried_again(api: FakeRest) -> None:
    """A POST after REFUSED_STREAM or a GOAWAY that leaves it out; not after another reset."""

    def pay(body: bytes) -> None:
        for _ in range(2):
            with _httpx() as client, contextlib.suppress(httpx.RemoteProtocolError):
                client.post(f"{api.url}/echo", content=body)
                return

    api.inject(h2_rst_stream("REFUSED_STREAM"), h2_goaway("none"))
    pay(b"refused")
    pay(b"left out")
    with pytest.raises(NothingToCheck):  # nothing is in doubt
        assert_no_unsafe_retry(api.calls)
    api.inject(h2_rst_stream("CANCEL"))
    pay(b"cancelled")
    with pytest.raises(AssertionError, match="POST /echo"):
        assert_no_unsafe_retry(api.calls)


# -- curl, nghttp, h2load: other people's state machines


def _curl(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(["curl", "-s", "-S", "--max-time", "5", *arguments], capture_output=True, check=False)


curl = pytest.mark.skipif(
    shutil.which("curl") is None
    or b"HTTP2" not in subprocess.run(["curl", "-V"], capture_output=True, check=False).stdout,
    reason="no curl with HTTP/2 here",
)


@curl
@pytest.mark.parametrize("size", [0, 10, 2_000_000])
def test_curl_by_prior_knowledge(api: FakeRest, tmp_path: Any, size: int) -> None:
    """Both ways, large and small; a large body it announces with Expect."""
    file = tmp_path / "body"
    file.write_bytes(bytes(size))
    done = _curl("--http2-prior-knowledge", "--data-binary", f"@{file}", f"{api.url}/echo")
    assert (done.returncode, done.stdout) == (0, bytes(size))
    assert api.calls[0].version == "HTTP/2"  # type: ignore[attr-defined]


@curl
def test_curl_by_alpn(no_leaks: None) -> None:
    """It prefers HTTP/2, and so do we."""
    with FakeRest(tls=True) as fake:
        fake.get("/users").reply(json=["ada"])
        done = _curl("--cacert", fake.ca_file, "-w", "%{http_version}", f"https://localhost:{fake.port}/users")
        assert done.stdout == b'["ada"]2'


@curl
@pytest.mark.parametrize(
    ("fault", "codes", "calls"),
    [
        (h2_goaway(), {0}, 1),
        (h2_goaway("none"), {16}, 1),
        (h2_rst_stream("INTERNAL_ERROR"), {92}, 1),
        (h2_rst_stream("REFUSED_STREAM"), {0}, 2),  # it tries again by itself, as it may
        (h2_max_streams(0), {0}, 2),  # the same, on another connection
        (h2_rst_stream("CANCEL", after=4), {92}, 1),
        (h2_short_body(3), {92}, 1),
        (h2_short_body(16), {92}, 1),
        (connection_reset(), {55, 56}, 1),  # as its reads or its writes meet the reset
        (truncate_body(fraction=0.5), {18}, 1),
        (truncate_headers(10), {18}, 1),
        (empty_response(), {18}, 1),
        (random_data_then_close(), {52}, 1),
    ],
    ids=repr,
)
def test_what_curl_makes_of_it(api: FakeRest, fault: Fault, codes: set[int], calls: int) -> None:
    """Its exit code, and how often it tries."""
    api.inject(fault)
    done = _curl("--http2-prior-knowledge", f"{api.url}/users")
    assert done.returncode in codes
    assert (done.stdout == BODY) == (done.returncode == 0)
    assert len(api.calls) == calls


nghttp2 = pytest.mark.skipif(shutil.which("nghttp") is None, reason="no nghttp2-client here")


@nghttp2
def test_nghttp_with_trailers_padding_and_priorities(api: FakeRest, tmp_path: Any) -> None:
    """What few other clients send."""
    file = tmp_path / "body"
    file.write_bytes(bytes(100_000))
    command = ["nghttp", "-v", "-d", str(file), "--padding=100", "--trailer=checksum: 1", f"{api.url}/echo"]
    done = subprocess.run(command, capture_output=True, timeout=20, check=True)
    assert b":status: 200" in done.stdout
    assert api.calls[0].body == bytes(100_000)
    assert api.calls[0].outcome == "answered"


@nghttp2
@pytest.mark.parametrize(("connections", "streams"), [(1, 1), (4, 20), (2, 100)])
def test_h2load_gets_all_of_its_answers(api: FakeRest, connections: int, streams: int) -> None:
    """3000 of 3000."""
    command = ["h2load", "-n", "3000", "-c", str(connections), "-m", str(streams), f"{api.url}/users"]
    done = subprocess.run(command, capture_output=True, timeout=50, check=True, text=True)
    assert "3000 done, 3000 succeeded, 0 failed, 0 errored, 0 timeout" in done.stdout
    assert len(api.calls) == 3000
    assert {call.outcome for call in api.calls} == {"answered"}
    assert len(api.connections) == connections
