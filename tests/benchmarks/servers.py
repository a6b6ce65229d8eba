"""What is measured: ours, the peer, and a bare socket, which no server can beat."""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
import time
from typing import TYPE_CHECKING

from pytest_httpserver import HTTPServer

from pytest_integrations import FakeRest
from pytest_integrations.wire.loop import shared_loop

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["BODY", "PATH", "Server", "bare_accept_loop", "bare_connections", "ours", "peer"]

PATH = "/users/7"
BODY = b'{"id": 1}'
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(BODY), BODY)


class Server:
    """A port that answers `GET /users/7`, and the CPU seconds that its threads have used."""

    def __init__(self, port: int, cpu: Callable[[], float] | None = None) -> None:
        """Keep *port* and, if it can be told, how to ask for the *cpu* time."""
        self.port = port
        self.url = f"http://127.0.0.1:{port}{PATH}"
        self.cpu = cpu


@contextlib.contextmanager
def ours() -> Iterator[Server]:
    """Serve by a FakeRest with one declared reply."""
    with FakeRest() as fake:
        fake.get("/users/<int:id>").reply(json={"id": 1})
        loop = shared_loop()
        yield Server(fake.port, lambda: loop.call(time.thread_time))


@contextlib.contextmanager
def peer() -> Iterator[Server]:
    """Serve by pytest-httpserver with one declared reply."""
    server = HTTPServer(host="127.0.0.1", port=0)
    server.expect_request(PATH).respond_with_data(BODY, content_type="application/json")
    # It logs a line per request; what a log costs is not what is compared here.
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server.start()
    try:
        yield Server(server.port)
    finally:
        server.stop()


@contextlib.contextmanager
def _listening(serve: Callable[[socket.socket], object]) -> Iterator[Server]:
    listener = socket.create_server(("127.0.0.1", 0), backlog=128)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def run() -> None:
        with contextlib.suppress(OSError):
            while True:
                serve(listener.accept()[0])

    threading.Thread(target=run, daemon=True).start()
    try:
        yield Server(listener.getsockname()[1])
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def bare_connections() -> contextlib.AbstractContextManager[Server]:
    """Serve kept connections by a thread each that sends fixed bytes: the limit."""

    def answer(connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while connection.recv(65536):
                connection.send(ANSWER)

    return _listening(lambda connection: threading.Thread(target=answer, args=(connection,), daemon=True).start())


def bare_accept_loop() -> contextlib.AbstractContextManager[Server]:
    """Serve one request a connection by accept, recv, send, close in one thread: the limit for new connections."""

    def answer(connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            connection.recv(65536)
            connection.send(ANSWER)

    return _listening(answer)
