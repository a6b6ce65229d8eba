"""Proxies come and go, and nothing is left of them."""

from __future__ import annotations

import socket
import statistics
import time
from typing import TYPE_CHECKING

import pytest
import requests

from pytest_integrations import FakeRest
from pytest_integrations.backends.proxy import FakeProxy
from pytest_integrations.core.errors import FakeStopped
from pytest_integrations.faults import connect_timeout, toxics
from pytest_integrations.wire.loop import shared_loop

from .wires import End, Line, Server

if TYPE_CHECKING:
    from pytest_integrations.core.fault import Fault
    from pytest_integrations.wire.loop import Timer

pytestmark = pytest.mark.usefixtures("no_leaks")


def test_500_lives_with_a_connection_each_leave_nothing(server: Server) -> None:
    for _ in range(500):
        with FakeProxy(server.address) as proxy, Line(proxy, server) as line:
            line.client.send(b"x")
            assert line.server.exactly(1) == b"x"


def test_a_life_takes_less_than_a_millisecond(server: Server) -> None:
    took = []
    for _ in range(100):
        begin = time.perf_counter()
        with FakeProxy(server.address):
            pass
        took.append(time.perf_counter() - begin)
    assert statistics.median(took) < 0.001


def timers() -> set[Timer]:
    """Return what the loop waits for, which would be waited for in the next test, in virtual time."""
    loop = shared_loop()
    return loop.call(lambda: {timer for _, _, timer in loop._timers if timer.action is not None})


@pytest.mark.parametrize(
    "toxic",
    [
        toxics.latency(60),
        toxics.bandwidth(0.01),
        toxics.slow_close(60),
        toxics.timeout(60),
        toxics.reset_peer(60),
        toxics.slicer(average_size=1, delay=60),
        toxics.limit_data(1),
    ],
    ids=lambda toxic: toxic.name,
)
def test_stopping_closes_both_sides_whatever_is_held(server: Server, toxic: Fault) -> None:
    before = timers()
    with FakeProxy(server.address) as proxy:
        proxy.inject(toxic)
        line = Line(proxy, server)
        line.server.send(b"0123456789")
        proxy.ledger.settle()
    for end in (line.client, line.server):
        assert end.to_the_end()[1] in {"fin", "rst"}
    line.__exit__()
    assert not timers() - before


def test_an_idle_connection_that_is_stopped_has_not_failed(server: Server) -> None:
    with FakeProxy(server.address) as proxy, Line(proxy, server) as line:
        line.server.send(b"0123456789")
        assert line.client.exactly(10) == b"0123456789"
        proxy.stop()
        assert line.client.to_the_end() == (b"", "fin")
        (call,) = proxy.calls
        assert (call.outcome, call.failed, call.connection.closed_by) == ("answered", False, "fake")


def test_stopping_while_it_connects() -> None:
    with FakeRest() as silent, FakeProxy(silent, connect_timeout=60) as proxy:
        silent.inject(connect_timeout())
        client = End(socket.create_connection(proxy.address))
        proxy.ledger.settle()
        proxy.stop()
        assert client.to_the_end() == (b"", "fin")
        client.close()


def test_it_starts_again_on_the_same_port(server: Server) -> None:
    proxy = FakeProxy(server.address)
    with pytest.raises(FakeStopped):
        proxy.address  # noqa: B018 -- asked for, to see it refused
    with proxy:
        before = proxy.address
        proxy.down()
    with proxy:
        assert proxy.address == before
        with Line(proxy, server):
            pass


def test_proxies_in_a_row() -> None:
    with FakeRest() as rest, FakeProxy(rest, "inner") as inner, FakeProxy(inner, "outer") as outer:
        rest.get("/users").reply(json=["ada"])
        assert requests.get(f"{outer.url}/users", timeout=5).json() == ["ada"]
        inner.inject(toxics.limit_data(5))
        with pytest.raises(requests.ConnectionError):
            requests.get(f"{outer.url}/users", timeout=5)
        assert [call.outcome for call in inner.calls] == ["answered", "truncated"]
