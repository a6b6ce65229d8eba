"""Calls that go on to a real service, with faults on top."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from pytest_integrations import FakeProxy, FakeRest, Interception, ScriptingError, VirtualClock
from pytest_integrations.core.seed import Seed
from pytest_integrations.faults import (
    connection_refused,
    connection_reset,
    hang,
    latency,
    lost_response,
    status,
    truncate_body,
)
from pytest_integrations.profiles import Profile, rule

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.usefixtures("no_leaks")


@pytest.fixture
def real() -> Iterator[FakeRest]:
    """The service behind."""
    with FakeRest("real") as real:
        yield real


@pytest.fixture
def fake(real: FakeRest) -> Iterator[FakeRest]:
    with FakeRest("fake", upstream=real.url) as fake:
        yield fake


@pytest.fixture
def client(fake: FakeRest) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=fake.url, timeout=5, trust_env=False) as client:
        yield client


@contextmanager
def served(talk: Callable[[socket.socket], object]) -> Iterator[str]:
    """Let *talk* have each connection of a small server, and return its URL."""
    server = socket.create_server(("127.0.0.1", 0))

    def accept() -> None:
        while True:
            try:
                sock, _ = server.accept()
            except OSError:
                return
            with sock:
                talk(sock)

    thread = threading.Thread(target=accept)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
    finally:
        server.shutdown(socket.SHUT_RDWR)
        server.close()
        thread.join(5)


def _says(answer: bytes) -> Callable[[socket.socket], object]:
    def talk(sock: socket.socket) -> None:
        sock.recv(65536)
        sock.sendall(answer)

    return talk


# -- what is passed on


def test_requests_and_answers_pass_through(fake: FakeRest, client: httpx.Client, real: FakeRest) -> None:
    real.post("/charges").calls(
        lambda request: ({"got": request.get_json(), "q": request.args["q"]}, 201, {"ETag": "x"})
    )
    answer = client.post("/charges?q=%20a", json={"amount": 7}, headers={"X-Trace": "t"})

    assert (answer.status_code, answer.json(), answer.headers["etag"]) == (201, {"got": {"amount": 7}, "q": " a"}, "x")
    assert real.calls[0].headers["x-trace"] == "t"
    assert real.calls[0].headers["host"] == f"127.0.0.1:{real.port}"
    assert (fake.calls[0].operation, fake.calls[0].handled) == ("POST /charges", True)


def test_what_is_between_neighbours_is_not_passed_on(fake: FakeRest, client: httpx.Client, real: FakeRest) -> None:
    real.get("/a").reply(headers={"Connection": "X-Hop", "X-Hop": "1", "Keep-Alive": "timeout=5", "X-End": "2"})
    sent = {"Connection": "keep-alive, X-Mine", "X-Mine": "1", "TE": "trailers", "X-Kept": "2"}
    answer = client.get("/a", headers=sent)

    assert {"x-mine", "te"}.isdisjoint(name.lower() for name in real.calls[0].headers)
    assert real.calls[0].headers["x-kept"] == "2"
    assert real.calls[0].headers["connection"] == "close"
    assert ("x-hop" in answer.headers, "keep-alive" in answer.headers, answer.headers["x-end"]) == (False, False, "2")


def test_repeated_fields_empty_bodies_and_heads(fake: FakeRest, client: httpx.Client, real: FakeRest) -> None:
    real.get("/a").reply(text="four", headers=[("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")])
    real.delete("/a").reply(204)

    assert client.get("/a").headers.get_list("set-cookie") == ["a=1", "b=2"]
    assert (client.head("/a").headers["content-length"], client.head("/a").content) == ("4", b"")
    assert client.delete("/a").status_code == 204
    assert client.post("/none").status_code == 404
    real.ledger.untold()


def test_a_path_before_a_redirect_and_what_is_encoded(real: FakeRest) -> None:
    real.get("/v2/<path:rest>").reply(302, headers={"Location": "/elsewhere"})
    with FakeRest("fake", upstream=f"{real.url}/v2/") as fake:
        answer = httpx.get(f"{fake.url}/caf%C3%A9/a%2Fb?x=%26")

    assert answer.status_code == 302
    assert real.calls[0].target == "/v2/caf%C3%A9/a%2Fb?x=%26"


def test_chunked_and_compressed_bodies(fake: FakeRest, client: httpx.Client, real: FakeRest) -> None:
    import gzip

    real.get("/chunks").reply(chunks=[b"ab", b"c"])
    real.get("/gzip").reply(body=gzip.compress(b"abc"), headers={"Content-Encoding": "gzip"})

    def chunks() -> Iterator[bytes]:
        yield b"sent "
        yield b"in chunks"

    real.post("/up").calls(lambda request: request.get_data())
    assert client.get("/chunks").text == client.get("/gzip").text == "abc"
    assert client.post("/up", content=chunks()).text == "sent in chunks"


def test_over_tls_and_http_2(real: FakeRest) -> None:
    with FakeRest("real", tls=True) as secure, FakeRest("fake", upstream=secure) as fake:
        secure.get("/a").reply(text="all")
        with httpx.Client(http2=True, http1=False) as client:
            assert client.get(f"{fake.url}/a").text == "all"
    assert fake.calls[0].version == "HTTP/2"


def test_a_service_that_is_not_trusted_is_told() -> None:
    with FakeRest("real", tls=True) as secure, FakeRest("fake", upstream=secure.url) as fake:
        answer = httpx.get(f"{fake.url}/a")

    assert answer.status_code == 502
    assert "certificate verify failed" in answer.json()["detail"]


# -- with everything else


def test_routes_go_before_it(fake: FakeRest, client: httpx.Client, real: FakeRest) -> None:
    real.get("/a").reply(text="real")
    real.post("/b").reply(text="real")
    fake.get("/a").reply(text="mine")
    fake.post("/b", json={"special": True}).reply(text="mine")

    assert client.get("/a").text == client.post("/b", json={"special": True}).text == "mine"
    assert client.post("/b", json={"special": False}).text == "real"
    assert [call.operation for call in fake.calls] == ["GET /a", "POST /b", "POST /b"]


def test_faults_happen_on_top(fake: FakeRest, client: httpx.Client, real: FakeRest) -> None:
    """Those that answer instead never reach the service; those that spoil its answer do."""
    real.get("/a").reply(text="0123456789")
    fake.inject(status(503), connection_reset(), truncate_body(bytes=4), lost_response())
    told: list[Any] = []
    for _ in range(5):
        try:
            told.append(client.get("/a").text[:4])
        except httpx.HTTPError as error:
            told.append(type(error).__name__)

    assert told == ["", "ReadError", "RemoteProtocolError", "ReadError", "0123"]
    assert len(real.calls) == 3
    assert [call.handled for call in fake.calls] == [False, False, True, True, True]


def test_profiles_apply_to_what_is_passed_on(fake: FakeRest, client: httpx.Client, real: FakeRest) -> None:
    real.get("/a").reply(204)
    Profile("bad", "", (rule(status(503), times=2),)).apply(fake)

    assert [client.get("/a").status_code for _ in range(3)] == [503, 503, 204]


def test_in_virtual_time(fake: FakeRest, client: httpx.Client, real: FakeRest) -> None:
    pytest.importorskip("time_machine")
    with VirtualClock() as clock:
        real.get("/a").reply(text="all")
        real.inject(latency(20))
        fake.inject(latency(5))
        assert client.get("/a", timeout=60).text == "all"
        assert clock.now == 25


def test_a_hard_coded_url_goes_on_to_the_service_itself() -> None:
    """What the fake connects to itself is not intercepted, so that the URL may be that of the real service."""
    with FakeRest("real") as real, FakeRest("fake", upstream=f"http://localhost:{real.port}") as fake:
        real.get("/a").reply(text="all")
        with Interception() as intercept:
            intercept(f"http://localhost:{real.port}", fake)
            assert httpx.get(f"http://localhost:{real.port}/a").text == "all"

    assert len(fake.calls) == len(real.calls) == 1


# -- a service that fails


def test_a_service_that_is_down_is_a_bad_gateway(fake: FakeRest, client: httpx.Client, real: FakeRest) -> None:
    with real.injected(connection_refused()):
        answer = client.get("/a")

    assert (answer.status_code, answer.headers["content-type"]) == (502, "application/problem+json")
    assert answer.json()["detail"] == f"the upstream {real.url} gave no answer: [Errno 111] Connection refused"
    fake.verify()


def test_a_service_that_hangs_is_a_gateway_timeout(real: FakeRest) -> None:
    real.get("/a").reply(204)
    real.inject(hang())
    with FakeRest("fake", upstream=real.url, upstream_timeout=0.05) as fake:
        answer = httpx.get(f"{fake.url}/a")

    assert (answer.status_code, answer.json()["detail"]) == (504, f"the upstream {real.url} gave no answer: timed out")


@pytest.mark.parametrize("said", [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort"])
def test_a_service_that_speaks_badly_is_a_bad_gateway(said: bytes) -> None:
    with served(_says(said)) as url, FakeRest("fake", upstream=url) as fake:
        answer = httpx.get(f"{fake.url}/a")

    assert answer.status_code == 502
    assert url in answer.json()["detail"]


@pytest.mark.parametrize("length", ["Content-Length: 100\r\n", "", "Transfer-Encoding: chunked\r\n"])
def test_an_answer_that_is_too_long_is_a_bad_gateway(length: str) -> None:
    body = b"x" * 100 if "chunked" not in length else b"64\r\n" + b"x" * 100 + b"\r\n0\r\n\r\n"
    answer = f"HTTP/1.1 200 OK\r\n{length}\r\n".encode() + body
    with served(_says(answer)) as url, FakeRest("fake", upstream=url, max_body=99) as fake:
        told = httpx.get(f"{fake.url}/a")

    assert (told.status_code, "is longer than 99 bytes" in told.text) == (502, True)


def test_a_stopped_fake_does_not_wait_for_its_service(real: FakeRest) -> None:
    """The call that is under way is broken off, and so is its client."""
    real.get("/a").reply(204)
    real.inject(hang())
    told: list[str] = []

    def ask(url: str) -> None:
        try:
            httpx.get(url, timeout=30)
        except httpx.HTTPError as error:
            told.append(type(error).__name__)

    with FakeRest("fake", upstream=real.url) as fake:
        thread = threading.Thread(target=ask, args=(f"{fake.url}/a",))
        thread.start()
        while not len(real.ledger):
            pass
    thread.join(5)
    assert told


# -- answers that go on


def _events(sock: socket.socket, go_on: threading.Event) -> None:
    sock.recv(65536)
    sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n")
    go_on.wait(5)
    sock.sendall(b"data: 2\n\n")


def test_events_pass_as_they_come() -> None:
    go_on = threading.Event()
    with (
        served(lambda sock: _events(sock, go_on)) as url,
        FakeRest("fake", upstream=url) as fake,
        httpx.stream("GET", f"{fake.url}/events", timeout=5) as answer,
    ):
        lines = answer.iter_lines()
        first = [next(lines), next(lines)]
        go_on.set()
        rest = list(lines)

    assert (first, rest) == (["data: 1", ""], ["data: 2", ""])
    assert fake.calls[0].outcome == "answered"


def test_a_client_that_leaves_ends_the_events() -> None:
    left = threading.Event()

    def talk(sock: socket.socket) -> None:
        sock.recv(65536)
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n")
        sock.settimeout(5)
        if sock.recv(1) == b"":
            left.set()

    with served(talk) as url, FakeRest("fake", upstream=url) as fake:
        with httpx.stream("GET", f"{fake.url}/events", timeout=5) as answer:
            next(answer.iter_lines())
        assert left.wait(5)


def test_events_that_break_off_break_off() -> None:
    answer = (
        b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n9\r\ndata: 1\n\n\r\n"
    )
    with (
        served(_says(answer)) as url,
        FakeRest("fake", upstream=url) as fake,
        httpx.stream("GET", f"{fake.url}/events", timeout=5) as told,
        pytest.raises(httpx.HTTPError),
    ):
        list(told.iter_bytes())


def test_a_slow_reader_holds_the_service_up() -> None:
    """What waits for it is bounded, whatever the service sends."""
    sent = 0
    stop = threading.Event()

    def talk(sock: socket.socket) -> None:
        nonlocal sent
        sock.recv(65536)
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
        sock.settimeout(0.3)
        try:
            while not stop.is_set():
                sent += sock.send(b"x" * 65536)
        except OSError:
            return

    with (
        served(talk) as url,
        FakeRest("fake", upstream=url) as fake,
        socket.create_connection(("127.0.0.1", fake.port)) as sock,
    ):
        sock.sendall(b"GET /a HTTP/1.1\r\nHost: a\r\n\r\n")
        stop.wait(1)
        assert 0 < sent < 32 * 1024 * 1024
        stop.set()


# -- what goes in wrong


@pytest.mark.parametrize(
    "upstream", ["api.example.com", "ftp://a", "http://", "http://a:b", "http://a/?q", "http://ada:pw@a", 7]
)
def test_a_wrong_upstream_is_told(upstream: Any) -> None:
    with pytest.raises(ScriptingError, match=r"upstream=.*valid are 'https://api.example.com'"):
        FakeRest("fake", upstream=upstream).start()


def test_a_proxy_may_stand_between(real: FakeRest) -> None:
    real.get("/a").reply(text="all")
    with FakeProxy(real) as proxy, FakeRest("fake", upstream=proxy.url, seed=Seed(1)) as fake:
        assert httpx.get(f"{fake.url}/a").text == "all"
