"""Plain and TLS sockets with a timeout."""

from __future__ import annotations

import os
import socket
import ssl
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest
import trustme

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_integrations.plugin.factory import Fakes
    from pytest_integrations.timekeeping import VirtualClock


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0), backlog=1) as listener:
        yield listener


@pytest.fixture
def pair(listener: socket.socket) -> Iterator[tuple[socket.socket, socket.socket]]:
    ours = socket.create_connection(listener.getsockname())
    theirs, _ = listener.accept()
    with ours, theirs:
        yield ours, theirs


def test_recv(pair: tuple[socket.socket, socket.socket], virtual_clock: VirtualClock) -> None:
    ours, theirs = pair
    ours.settimeout(5)
    with pytest.raises(TimeoutError, match="timed out"):
        ours.recv(10)
    assert virtual_clock.now == 5.0

    threading.Timer(4.999, theirs.send, [b"just in time"]).start()
    assert ours.recv(100) == b"just in time"
    assert virtual_clock.now == 9.999

    with pytest.raises(TimeoutError):
        ours.recv_into(bytearray(10))
    with pytest.raises(TimeoutError):
        ours.makefile("rb").read(1)
    assert virtual_clock.now == 19.999


def test_accept(listener: socket.socket, virtual_clock: VirtualClock) -> None:
    listener.settimeout(7)
    with pytest.raises(TimeoutError):
        listener.accept()
    assert virtual_clock.now == 7.0


def test_send_to_one_who_does_not_read(pair: tuple[socket.socket, socket.socket], virtual_clock: VirtualClock) -> None:
    ours, _theirs = pair
    ours.settimeout(4)
    with pytest.raises(TimeoutError):
        ours.sendall(bytes(50_000_000))
    assert virtual_clock.now == 4.0


def test_sendall_to_a_slow_reader(pair: tuple[socket.socket, socket.socket], virtual_clock: VirtualClock) -> None:
    """The timeout is for all of it, and what arrives is complete."""
    ours, theirs = pair
    ours.settimeout(60)
    data, got = os.urandom(20_000_000), bytearray()

    def read() -> None:
        while len(got) < len(data):
            time.sleep(0.5)
            got.extend(theirs.recv(5_000_000))

    thread = threading.Thread(target=read)
    thread.start()
    ours.sendall(data)
    thread.join()

    assert bytes(got) == data
    assert ours.gettimeout() == 60


def test_connect_to_a_port_that_does_not_answer(listener: socket.socket, virtual_clock: VirtualClock) -> None:
    address = listener.getsockname()
    filling = []
    for _ in range(4):  # more than the backlog takes
        sock = socket.socket()
        sock.setblocking(False)
        sock.connect_ex(address)
        filling.append(sock)
    with pytest.raises(TimeoutError):
        socket.create_connection(address, timeout=5)
    for sock in filling:
        sock.close()

    assert virtual_clock.now == 5.0


def test_connect_to_a_closed_port_is_refused_at_once(listener: socket.socket, virtual_clock: VirtualClock) -> None:
    address = listener.getsockname()
    listener.close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address, timeout=5)
    assert virtual_clock.now == 0


def test_half_a_tls_record(pair: tuple[socket.socket, socket.socket], virtual_clock: VirtualClock) -> None:
    """One operation of TLS may need several of the socket's; its timeout is for all of them."""
    authority = trustme.CA()
    here, there = ssl.create_default_context(), ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.configure_trust(here)
    authority.issue_cert("localhost").configure_cert(there)
    ours, theirs = pair

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
        assert sock.recv(100) == b"a record"
        assert virtual_clock.now == 3.0
        with pytest.raises(TimeoutError, match="read operation timed out"):
            sock.recv(100)
        assert virtual_clock.now == 8.0
        assert sock.gettimeout() == 5
        thread.join()


def test_a_handshake_that_never_ends(listener: socket.socket, fakes: Fakes, virtual_clock: VirtualClock) -> None:
    context = fakes.rest("vault", tls=True).client_context()
    with (
        socket.create_connection(listener.getsockname(), timeout=5) as plain,
        pytest.raises(TimeoutError, match="handshake operation timed out"),
    ):
        context.wrap_socket(plain, server_hostname="localhost")
    assert virtual_clock.now == 5.0


def test_a_child_process_keeps_real_time(virtual_clock: VirtualClock) -> None:
    """Virtual time stands still while one waits for it, here with a thread that would let it run."""
    threading.Thread(target=time.sleep, args=(100,), daemon=True).start()
    code = "import time; time.sleep(0.1); print('done')"
    answer = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, timeout=30)

    assert answer.stdout.strip() == b"done"
    assert virtual_clock.now == 0


def test_a_unix_socket_to_another_process_keeps_real_time(tmp_path: object, virtual_clock: VirtualClock) -> None:
    path = f"{tmp_path}/socket"
    code = (
        "import socket, sys, time; s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]); s.listen();"
        "print(flush=True); c, _ = s.accept(); time.sleep(0.1); c.send(b'late')"
    )
    with subprocess.Popen([sys.executable, "-c", code, path], stdout=subprocess.PIPE) as child:
        with virtual_clock.real_time():  # a thread that an earlier test has left may wait for time to pass
            child.stdout.readline()
            before = virtual_clock.now
        with socket.socket(socket.AF_UNIX) as sock:
            sock.settimeout(5)
            sock.connect(path)
            assert sock.recv(10) == b"late"
            assert virtual_clock.now == before
