"""What passes when nothing goes wrong, and when the ends go wrong by themselves: bytes, FIN and RST, as they are."""

from __future__ import annotations

import random
import socket
import threading
from typing import TYPE_CHECKING

import pytest
import requests

from pytest_integrations import FakeRest
from pytest_integrations.backends.proxy import FakeProxy
from pytest_integrations.faults import connect_timeout
from pytest_integrations.wire.upstream import resolve

from .wires import End, Line, Server

if TYPE_CHECKING:
    from pytest_integrations.core.tunnel_call import TunnelCall

pytestmark = pytest.mark.usefixtures("no_leaks")


def the_call(proxy: FakeProxy) -> TunnelCall:
    (call,) = proxy.calls
    return call  # type: ignore[return-value]


def held(proxy: FakeProxy) -> int:
    """Return how many bytes the proxy itself holds."""
    proxy.ledger.settle()
    return sum(link.held for tunnel in proxy._tunnels for link in (tunnel._upstream, tunnel._downstream))


def test_bytes_pass_both_ways_as_they_are(proxy: FakeProxy, server: Server) -> None:
    up, down = random.Random(1).randbytes(3_000_000), random.Random(2).randbytes(3_000_000)
    with Line(proxy, server) as line:
        sender = threading.Thread(target=lambda: line.client.send(up).half_close())
        answerer = threading.Thread(target=lambda: line.server.send(down).half_close())
        received: list[object] = []
        reader = threading.Thread(target=lambda: received.append(line.server.to_the_end()))
        for thread in (sender, answerer, reader):
            thread.start()
        assert line.client.to_the_end() == (down, "fin")
        for thread in (sender, answerer, reader):
            thread.join()
    assert received == [(up, "fin")]
    call = the_call(proxy)
    assert (call.connection.received, call.connection.sent) == (3_000_000, 3_000_000)
    assert call.outcome == "answered"


def test_a_fin_of_the_client_is_a_fin_and_the_answer_still_comes(proxy: FakeProxy, server: Server) -> None:
    with Line(proxy, server) as line:
        line.client.send(b"the question").half_close()
        assert line.server.to_the_end() == (b"the question", "fin")
        line.server.send(b"the answer")
        assert line.client.exactly(10) == b"the answer"
        assert line.client.at_once() == "open"
        line.server.send(b", and more").close()
        assert line.client.to_the_end() == (b", and more", "fin")


def test_a_client_that_ends_its_side_and_waits_has_not_given_up(proxy: FakeProxy, server: Server) -> None:
    """Until the answer is there it may have: a FIN does not tell."""
    with Line(proxy, server) as line:
        line.client.send(b"the question").half_close()
        assert line.server.to_the_end() == (b"the question", "fin")
        assert the_call(proxy).outcome == "abandoned"
        line.server.send(b"the answer").close()
        assert line.client.to_the_end() == (b"the answer", "fin")
        assert the_call(proxy).outcome == "answered"


def test_a_client_that_has_gone_when_the_answer_comes_has_given_up(proxy: FakeProxy, server: Server) -> None:
    with Line(proxy, server) as line:
        line.client.send(b"the question")
        assert line.server.exactly(12) == b"the question"
        line.client.close()
        line.server.send(b"the answer").half_close()
        line.server.to_the_end()
        call = the_call(proxy)
        assert (call.outcome, call.connection.closed_by) == ("abandoned", "client")


def test_a_fin_of_the_server_is_a_fin_and_the_client_may_go_on(proxy: FakeProxy, server: Server) -> None:
    with Line(proxy, server) as line:
        line.server.send(b"goodbye").half_close()
        assert line.client.to_the_end() == (b"goodbye", "fin")
        line.client.send(b"not yet")
        assert line.server.exactly(7) == b"not yet"
        line.client.close()
        assert line.server.to_the_end() == (b"", "fin")
        call = the_call(proxy)
    assert (call.outcome, call.connection.closed_by, call.connection.sent) == ("answered", "fake", 7)


def test_a_reset_of_the_client_is_a_reset(proxy: FakeProxy, server: Server) -> None:
    with Line(proxy, server) as line:
        line.client.send(b"half a quest")
        assert line.server.exactly(12) == b"half a quest"
        line.client.reset()
        assert line.server.to_the_end() == (b"", "rst")
    call = the_call(proxy)
    assert (call.outcome, call.connection.closed_by) == ("abandoned", "client")
    assert call.gone is not None


def test_a_reset_of_the_server_is_a_reset(proxy: FakeProxy, server: Server) -> None:
    with Line(proxy, server) as line:
        line.server.send(b"half an ans")
        assert line.client.exactly(11) == b"half an ans"
        line.server.reset()
        assert line.client.to_the_end() == (b"", "rst")
    call = the_call(proxy)
    assert (call.outcome, call.connection.closed_by, call.failed) == ("reset", "fake", True)


def test_a_client_that_leaves_without_an_answer_has_given_up(proxy: FakeProxy, server: Server) -> None:
    with Line(proxy, server) as line:
        line.client.send(b"anybody?")
        assert line.server.exactly(8) == b"anybody?"
        line.client.close()
        assert line.server.to_the_end() == (b"", "fin")
    assert the_call(proxy).outcome == "abandoned"


def test_a_server_that_closes_without_a_byte(proxy: FakeProxy, server: Server) -> None:
    with Line(proxy, server) as line:
        line.server.close()
        assert line.client.to_the_end() == (b"", "fin")
        assert the_call(proxy).outcome == "closed"


def test_a_server_that_is_down_is_told_in_the_ledger_and_fails_nothing() -> None:
    with Server() as server:
        address = server.address
    with FakeProxy(address) as proxy:
        client = End(socket.create_connection(proxy.address))
        assert client.to_the_end() == (b"", "fin")
        client.close()
        call = the_call(proxy)
        assert (call.outcome, call.error, call.failed) == ("closed", "Connection refused", True)
        assert call.upstream == f"127.0.0.1:{address[1]}"
        assert repr(call).endswith("fake_proxy connect upstream: closed: Connection refused>")
        proxy.verify()


def test_a_server_that_does_not_answer_the_syn() -> None:
    with FakeRest() as rest, FakeProxy(rest, connect_timeout=0.05) as proxy:
        rest.inject(connect_timeout())
        client = End(socket.create_connection(proxy.address))
        client.send(b"hello")
        assert client.to_the_end() == (b"", "fin")
        client.close()
        assert the_call(proxy).error == "Connection timed out"


def test_what_the_client_sends_while_it_connects_is_kept(server: Server) -> None:
    with FakeRest() as silent, FakeProxy(silent, connect_timeout=0.1) as proxy:
        silent.inject(connect_timeout())
        proxy.addresses = (*proxy.addresses, *resolve(*server.address))
        client = End(socket.create_connection(proxy.address))
        client.send(b"the whole question").half_close()
        accepted = server.accept()
        assert accepted.to_the_end() == (b"the whole question", "fin")
        accepted.send(b"the answer").close()
        assert client.to_the_end() == (b"the answer", "fin")
        client.close()


def test_a_client_that_leaves_before_the_server_is_there() -> None:
    with FakeRest() as rest, FakeProxy(rest, connect_timeout=60) as proxy:
        rest.inject(connect_timeout())
        client = End(socket.create_connection(proxy.address))
        client.reset()
        assert the_call(proxy).outcome == "abandoned"


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_ipv6_on_both_sides(host: str) -> None:
    with Server("::1") as server, FakeProxy(f"[::1]:{server.address[1]}", host=host) as proxy:
        with Line(proxy, server) as line:
            line.client.send(b"six")
            assert line.server.exactly(3) == b"six"
        assert the_call(proxy).upstream == f"[::1]:{server.address[1]}"


@pytest.mark.parametrize("stream", ["upstream", "downstream"])
def test_who_does_not_read_holds_the_sender_up(proxy: FakeProxy, server: Server, stream: str) -> None:
    """What the proxy takes has a limit, and nothing of it is lost."""
    with Line(proxy, server) as line:
        sender, receiver = (line.client, line.server) if stream == "upstream" else (line.server, line.client)
        block, taken = bytes(65536), 0
        sender.sock.settimeout(0.3)
        try:
            while taken < 100_000_000:
                taken += sender.sock.send(block)
        except TimeoutError:
            pass
        assert taken < 40_000_000  # the kernel's buffers of two connections, and 256 KiB of ours
        assert 256 * 1024 < held(proxy) < 512 * 1024
        sender.half_close()
        data, end = receiver.to_the_end()
        assert (len(data), end) == (taken, "fin")


def test_a_client_that_ends_its_side_still_gets_what_waits_for_it_and_the_fin(proxy: FakeProxy, server: Server) -> None:
    """Both FINs are in, and bytes that the client's socket did not take yet stand before one of them."""
    with Line(proxy, server) as line:
        sent = 0
        while not held(proxy):
            sent += line.server.sock.send(bytes(65536))
        line.server.half_close()
        line.client.half_close()
        assert line.server.to_the_end() == (b"", "fin")
        data, end = line.client.to_the_end()
        assert (len(data), end) == (sent, "fin")
    assert the_call(proxy).outcome == "answered"


def test_tls_passes_through_untouched() -> None:
    with FakeRest(tls=True) as rest, FakeProxy(rest) as proxy:
        rest.get("/users").reply(json=["ada"])
        assert proxy.url.startswith("https://127.0.0.1:")
        assert requests.get(f"{proxy.url}/users", verify=rest.ca_file, timeout=5).json() == ["ada"]
        assert rest.connections[0].tls
        assert proxy.connections[0].tls is None


def test_many_connections_at_a_time(proxy: FakeProxy, server: Server) -> None:
    lines = [Line(proxy, server) for _ in range(50)]
    for number, line in enumerate(lines):
        line.client.send(b"%d" % number)
    for number, line in enumerate(lines):
        assert line.server.exactly(len(str(number))) == b"%d" % number
    for line in lines:
        line.__exit__()
    assert {call.outcome for call in proxy.calls} == {"abandoned"}
