"""Sockets, what waits for several of them, and a server for Redis."""

from __future__ import annotations

import select
import selectors
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import fakeredis
import redis
import trustme

from tests.timekeeping.soak.bench import scenario

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_integrations import FakeRest
    from pytest_integrations.timekeeping import VirtualClock

_LATE_PEER = (
    "import socket, sys, time; s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]); s.listen();"
    "print(flush=True); c, _ = s.accept(); time.sleep(0.05); c.send(b'late')"
)


@contextmanager
def _pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        ours = socket.create_connection(listener.getsockname())
        theirs, _ = listener.accept()
    with ours, theirs:
        yield ours, theirs


def _or_timeout(call: Callable[[], object]) -> object:
    try:
        return call()
    except TimeoutError:
        return "timeout"


@scenario(("timeout", 5.0))
def connect_timeout(_: FakeRest, clock: VirtualClock) -> object:
    with socket.create_server(("127.0.0.1", 0), backlog=1) as listener:
        address, filling = listener.getsockname(), []
        for _number in range(4):  # more than the backlog takes
            sock = socket.socket()
            sock.setblocking(False)
            sock.connect_ex(address)
            filling.append(sock)
        seen = _or_timeout(lambda: socket.create_connection(address, timeout=5))
        for sock in filling:
            sock.close()
    return seen, clock.now


@scenario(("timeout", 7.0))
def accept_timeout(_: FakeRest, clock: VirtualClock) -> object:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(7)
        return _or_timeout(listener.accept), clock.now


@scenario(("timeout", 4.0))
def send_timeout(_: FakeRest, clock: VirtualClock) -> object:
    with _pair() as (ours, _theirs):
        ours.settimeout(4)
        return _or_timeout(lambda: ours.sendall(bytes(20_000_000))), clock.now


@scenario([([], 3.0), ([], 5.0), ([], 9.0), ([], 10.0), ([], 11.0), (True, 11.5)])
def multiplexers(_: FakeRest, clock: VirtualClock) -> object:
    with _pair() as (ours, theirs), select.epoll() as epoll, selectors.DefaultSelector() as selector:
        poll = select.poll()
        poll.register(ours, select.POLLIN)
        epoll.register(ours, select.EPOLLIN)
        selector.register(ours, selectors.EVENT_READ)
        waits: list[Callable[[], object]] = [
            lambda: select.select([ours], [], [], 3)[0],
            lambda: poll.poll(2000),
            lambda: epoll.poll(4),
            lambda: selector.select(1),
            lambda: selector.select(1.0),
        ]
        seen = [(wait(), clock.now) for wait in waits]
        threading.Timer(0.5, theirs.send, [b"x"]).start()
        return [*seen, (bool(selector.select(7)), clock.now)]


@scenario((b"ok", b"ok", 0.0))
def nagle_left_on(_: FakeRest, clock: VirtualClock) -> object:
    """A request in two pieces waits for an acknowledgement that the kernel delays by 40 real ms: no timeout."""
    with _pair() as (ours, theirs):
        ours.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 0)
        ours.settimeout(5)

        def serve() -> None:
            for _number in range(2):
                got = b""
                while len(got) < 8:
                    got += theirs.recv(8)
                theirs.send(b"ok")

        thread = threading.Thread(target=serve)
        thread.start()
        seen = []
        for _number in range(2):
            ours.send(b"head")
            ours.send(b"body")
            seen.append(_or_timeout(lambda: ours.recv(8)))
        thread.join()
        return *seen, clock.now


@scenario((b"a record", 3.0, "timeout", 8.0))
def half_a_tls_record(_: FakeRest, clock: VirtualClock) -> object:
    here, there = ssl.create_default_context(), ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    _AUTHORITY.configure_trust(here)
    _CERTIFICATE.configure_cert(there)
    with _pair() as (ours, theirs):

        def serve() -> None:
            incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
            tls = there.wrap_bio(incoming, outgoing, server_side=True)
            while True:
                try:
                    tls.do_handshake()
                    break
                except ssl.SSLWantReadError:
                    theirs.sendall(outgoing.read())
                    incoming.write(theirs.recv(10_000))
            theirs.sendall(outgoing.read())
            for wait in (3, 6):
                tls.write(b"a record")
                record = outgoing.read()
                theirs.sendall(record[:10])
                time.sleep(wait)
                theirs.sendall(record[10:])

        thread = threading.Thread(target=serve)
        thread.start()
        ours.settimeout(5)
        with here.wrap_socket(ours, server_hostname="localhost") as sock:
            seen = [sock.recv(100), clock.now, _or_timeout(lambda: sock.recv(100)), clock.now]
            thread.join()
    return tuple(seen)


_AUTHORITY = trustme.CA()
_CERTIFICATE = _AUTHORITY.issue_cert("localhost")


@scenario((b"late", 0.0), by_default=2)  # a process each time
def unix_peer_outside(_: FakeRest, clock: VirtualClock) -> object:
    """It knows nothing of virtual time, which stands still."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-S", "-E", "-c", _LATE_PEER, f"{folder}/socket"]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as child, socket.socket(socket.AF_UNIX) as sock:
            with clock.real_time():  # on a busy machine a process takes long to start
                child.stdout.readline()
            sock.settimeout(5)
            sock.connect(f"{folder}/socket")
            return _or_timeout(lambda: sock.recv(10)), clock.now


@scenario([None, 30.0, b"v", None, (b"q", b"x"), 44.5], by_default=1)  # that server polls
def redis_blocking_pop_and_expiry(_: FakeRest, clock: VirtualClock) -> object:
    server = fakeredis.TcpFakeServer(("127.0.0.1", 0), server_type="redis")
    serving = threading.Thread(target=server.serve_forever)
    serving.start()
    port = server.server_address[1]
    try:
        with (
            redis.Redis(port=port, socket_timeout=60, protocol=2) as client,
            redis.Redis(port=port, protocol=2) as other,
        ):
            seen = [client.blpop("q", timeout=30), clock.now]
            client.set("k", "v", ex=10)
            time.sleep(9.5)
            seen.append(client.get("k"))
            time.sleep(1)
            seen.append(client.get("k"))
            pushing = threading.Timer(4, other.rpush, ["q", "x"])
            pushing.start()
            seen += [client.blpop("q", timeout=30), clock.now]
            pushing.join()
            return seen
    finally:
        server.shutdown()
        server.server_close()
        serving.join()
