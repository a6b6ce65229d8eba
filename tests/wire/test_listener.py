"""Ports: where they are, how they fail, and that they come back under their number."""

from __future__ import annotations

import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from pytest_integrations import FakeRest
from pytest_integrations.core.errors import IntegrationsError
from pytest_integrations.wire.loop import shared_loop

from .raw import Raw

if TYPE_CHECKING:
    from collections.abc import Iterator


def _has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as sock:
            sock.bind(("::1", 0))
    except OSError:
        return False
    return True


@pytest.fixture(params=["127.0.0.1", "::1"])
def server(request: pytest.FixtureRequest) -> Iterator[FakeRest]:
    """A fake on IPv4, and on IPv6."""
    if request.param == "::1" and not _has_ipv6():
        pytest.skip("needs IPv6")
    with FakeRest(host=request.param) as fake:
        fake.get("/").reply(text="ok")
        yield fake


def _ask(fake: FakeRest) -> bytes:
    with Raw(fake) as raw:
        return raw.ask().answer().body


def test_it_listens_on_either_family(server: FakeRest) -> None:
    """The URL has the brackets that IPv6 needs."""
    assert server.url in {f"http://127.0.0.1:{server.port}", f"http://[::1]:{server.port}"}
    assert _ask(server) == b"ok"


def test_a_port_refuses_and_heals(server: FakeRest) -> None:
    """Connecting is refused, again and again, and then all is as before under the same number."""
    listener = server._listener()
    for _ in range(5):
        shared_loop().call(listener.refuse)
        shared_loop().call(listener.refuse)
        with pytest.raises(ConnectionRefusedError):
            Raw(server)
        shared_loop().call(listener.heal)
        shared_loop().call(listener.heal)
        assert _ask(server) == b"ok"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs Linux")
def test_a_port_ignores_and_heals(server: FakeRest) -> None:
    """Connecting times out; after healing every client is served, also one with a port that we had used ourselves."""
    listener = server._listener()
    for _ in range(3):
        shared_loop().call(listener.ignore)
        with pytest.raises(TimeoutError):
            Raw(server, timeout=0.02)
        shared_loop().call(listener.heal)
        assert _ask(server) == b"ok"
    shared_loop().settle()
    assert not listener._own
    assert len(server.calls) == 3


@pytest.mark.parametrize("state", ["up", "refuse", "ignore"])
def test_a_port_is_free_when_its_fake_has_stopped(state: str) -> None:
    """Whatever state it was in; the same number can be used again at once, by the same fake or another."""
    fake = FakeRest().start()
    fake.get("/").reply(text="ok")
    port = fake.port
    if state != "up":
        shared_loop().call(getattr(fake._listener(), state))
    fake.stop()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), 1)
    with fake:
        assert (fake.port, _ask(fake)) == (port, b"ok")
    with FakeRest(port=port) as another:
        assert another.port == port


def test_a_port_that_is_taken() -> None:
    """The message names host, port and reason, and the way out."""
    with (
        FakeRest() as fake,
        pytest.raises(
            IntegrationsError, match=rf"cannot listen on '127.0.0.1' port {fake.port}: .*port=0 takes a free"
        ),
    ):
        FakeRest(port=fake.port).start()


def test_a_host_that_is_none() -> None:
    """The same for a name that cannot be resolved."""
    with pytest.raises(IntegrationsError, match=r"cannot listen on 'no\.such\.host\.invalid' port 0"):
        FakeRest(host="no.such.host.invalid").start()


NO_DESCRIPTORS = """
import resource, socket, sys, threading, time
from pytest_integrations import FakeRest

told = []
threading.excepthook = lambda arguments: told.append(arguments.exc_value)
with FakeRest() as fake:
    fake.get("/").reply(text="ok")
    client = socket.socket()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    lowest = socket.socket()
    limit = lowest.fileno()
    lowest.close()
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
    client.connect(("127.0.0.1", fake.port))
    time.sleep(0.12)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    client.sendall(b"GET / HTTP/1.1\\r\\n\\r\\n")
    client.settimeout(5)
    assert client.recv(100).endswith(b"ok")
    client.close()
assert 1 <= len(told) <= 5, len(told)
print(told[0].strerror)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs limits of descriptors")
def test_a_process_without_descriptors_is_told_so_and_not_too_often() -> None:
    """The port tries again after a moment, and serves the client when there are some."""
    result = subprocess.run(
        [sys.executable, "-c", NO_DESCRIPTORS], capture_output=True, text=True, timeout=30, check=False
    )
    assert (result.stdout, result.stderr) == ("Too many open files\n", "")


def test_a_backlog_of_clients_is_served(server: FakeRest) -> None:
    """60 connect before any is looked at."""
    clients = [Raw(server) for _ in range(60)]
    for raw in clients:
        raw.ask()
    assert [raw.answer().body for raw in clients] == [b"ok"] * 60
    for raw in clients:
        raw.close()
    assert len(server.connections) == 60
