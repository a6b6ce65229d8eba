"""Connecting out without blocking: the first address that answers, and an error in the system's words."""

from __future__ import annotations

import errno
import socket
import threading
from typing import TYPE_CHECKING

import pytest

from pytest_integrations import FakeRest
from pytest_integrations.faults import connect_timeout
from pytest_integrations.wire.loop import shared_loop
from pytest_integrations.wire.upstream import Dial, is_itself, resolve

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_integrations.wire.upstream import Address

pytestmark = pytest.mark.usefixtures("no_leaks")


class Outcome:
    """What became of a dial, on the loop; read on the test's thread."""

    def __init__(self, addresses: Sequence[Address], timeout: float = 5.0) -> None:
        self.error: OSError | None = None
        self.sock: socket.socket | None = None
        self._over = threading.Event()
        self.dial = Dial(shared_loop(), addresses, timeout, self._connected, self._failed)
        shared_loop().call(self.dial.start)

    def _connected(self, sock: socket.socket) -> None:
        self.sock = sock
        self._over.set()

    def _failed(self, error: OSError) -> None:
        self.error = error
        self._over.set()

    def wait(self, patience: float = 5.0) -> bool:
        return self._over.wait(patience)


@pytest.fixture
def server() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(5)
        yield server


@pytest.fixture
def nobody() -> Address:
    """An address that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return socket.AF_INET, server.getsockname()


def at(server: socket.socket) -> Address:
    return server.family, server.getsockname()


def test_a_socket_that_does_not_block_and_does_not_wait_with_small_segments(server: socket.socket) -> None:
    outcome = Outcome([at(server)])
    assert outcome.wait()
    assert outcome.sock is not None
    assert not outcome.sock.getblocking()
    assert outcome.sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
    accepted, address = server.accept()
    assert address == outcome.sock.getsockname()
    accepted.close()
    outcome.sock.close()


def test_the_next_address_where_the_first_refuses(server: socket.socket, nobody: Address) -> None:
    outcome = Outcome([nobody, at(server)])
    assert outcome.wait()
    assert outcome.sock is not None
    assert outcome.sock.getpeername() == server.getsockname()
    outcome.sock.close()


def test_the_next_address_where_the_first_is_silent(server: socket.socket) -> None:
    with FakeRest() as silent:
        silent.inject(connect_timeout())
        outcome = Outcome([(socket.AF_INET, ("127.0.0.1", silent.port)), at(server)], timeout=0.05)
        assert outcome.wait()
        assert outcome.sock is not None
        outcome.sock.close()


def test_the_last_address_says_why(nobody: Address) -> None:
    outcome = Outcome([nobody, nobody])
    assert outcome.wait()
    assert outcome.error is not None
    assert (outcome.error.errno, outcome.error.strerror) == (errno.ECONNREFUSED, "Connection refused")


def test_no_address_at_all() -> None:
    outcome = Outcome([])
    assert outcome.wait()
    assert outcome.error is not None
    assert outcome.error.errno == errno.EADDRNOTAVAIL


def test_an_address_that_the_kernel_knows_no_way_to() -> None:
    outcome = Outcome([(socket.AF_INET, ("255.255.255.255", 1))])
    assert outcome.wait()
    assert outcome.error is not None
    assert outcome.error.errno in {errno.ENETUNREACH, errno.EACCES, errno.EHOSTUNREACH, errno.EINVAL}


def test_cancelled_it_tells_nobody_and_leaves_nothing() -> None:
    with FakeRest() as silent:
        silent.inject(connect_timeout())
        outcome = Outcome([(socket.AF_INET, ("127.0.0.1", silent.port))], timeout=0.05)
        shared_loop().call(outcome.dial.cancel)
        shared_loop().call(outcome.dial.cancel)
        assert not outcome.wait(0.1)


def test_a_socket_that_has_met_itself_is_refused() -> None:
    """A port of the kernel's own range that nobody listens on may be chosen for the very socket that connects to it."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        assert sock.connect_ex(sock.getsockname()) == 0  # what happens by chance, made to happen
        assert is_itself(sock)
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as sock:
        assert not is_itself(sock)


def test_names_are_looked_up_and_what_has_no_address_is_an_error() -> None:
    assert (socket.AF_INET, ("127.0.0.1", 80)) in resolve("localhost", 80)
    assert resolve("::1", 80) == ((socket.AF_INET6, ("::1", 80, 0, 0)),)
    with pytest.raises(OSError, match=r"\w"):
        resolve("no.such.host.invalid", 1)


@pytest.mark.parametrize("is_reset", [False, True])
def test_one_that_is_stopped_when_the_kernel_has_connected_it(server: socket.socket, *, is_reset: bool) -> None:
    """The loop has not heard of it yet; the server has, and is told by FIN or by RST."""
    dial = Dial(shared_loop(), [at(server)], 5.0, lambda _: None, lambda _: None)

    def start_and_stop() -> None:
        dial.start()
        (dial.abort if is_reset else dial.cancel)()

    shared_loop().call(start_and_stop)
    accepted, _ = server.accept()
    with accepted:
        if is_reset:
            with pytest.raises(ConnectionResetError):
                accepted.recv(1)
        else:
            assert accepted.recv(1) == b""
