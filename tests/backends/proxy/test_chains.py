"""Several toxics in a row, and what becomes of them when the client leaves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_integrations.backends.proxy import FakeProxy
from pytest_integrations.faults import hang, lost_request, toxics

from .wires import Line, Server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_integrations.core.fault import Fault
    from pytest_integrations.timekeeping import VirtualClock

pytestmark = pytest.mark.usefixtures("no_leaks")


@pytest.fixture
def proxy(virtual_clock: VirtualClock, server: Server) -> Iterator[FakeProxy]:
    with FakeProxy(server.address) as proxy:
        yield proxy


@pytest.fixture
def line(proxy: FakeProxy, server: Server) -> Iterator[Line]:
    with Line(proxy, server, patience=100.0) as line:
        yield line


def test_toxics_stand_in_a_row_in_the_order_of_their_injection(
    virtual_clock: VirtualClock, proxy: FakeProxy, line: Line
) -> None:
    proxy.inject(toxics.limit_data(6))
    proxy.inject(toxics.slicer(average_size=3, delay=1))
    proxy.inject(toxics.latency(10))
    proxy.inject(toxics.slow_close(5))
    line.server.send(b"123456789")
    assert line.client.timed(virtual_clock) == [(10.0, b"123"), (11.0, b"456"), (16.0, "fin")]


def test_one_of_a_row_is_healed(virtual_clock: VirtualClock, proxy: FakeProxy, line: Line) -> None:
    proxy.inject(toxics.latency(1))
    middle = proxy.inject(toxics.latency(100))
    proxy.inject(toxics.latency(2))
    line.server.send(b"x").half_close()
    virtual_clock.sleep(5)
    proxy.heal(middle)
    assert line.client.timed(virtual_clock) == [(7.0, b"x"), (7.0, "fin")]


def test_a_sum_of_toxics_is_a_row_as_well(virtual_clock: VirtualClock, proxy: FakeProxy, line: Line) -> None:
    proxy.inject(toxics.latency(1) + toxics.slow_close(2) + toxics.latency(3, stream="upstream"))
    line.client.send(b"up").half_close()
    line.server.send(b"down").half_close()
    assert line.client.timed(virtual_clock) == [(1.0, b"down"), (3.0, "fin")]
    assert line.server.timed(virtual_clock) == [(3.0, b"up"), (3.0, "fin")]


@pytest.mark.parametrize("toxic", [toxics.latency(1, stream="upstream"), toxics.slow_close(1, stream="upstream")])
def test_what_is_under_way_to_the_server_arrives_before_a_close(
    virtual_clock: VirtualClock, proxy: FakeProxy, line: Line, toxic: Fault
) -> None:
    proxy.inject(toxic)
    proxy.inject(toxics.limit_data(1))
    line.client.send(b"a request")
    line.server.send(b"x")
    assert line.client.timed(virtual_clock) == [(0.0, b"x"), (0.0, "fin")]
    assert line.server.timed(virtual_clock)[-1] == (1.0, "fin")


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
@pytest.mark.parametrize("how", ["fin", "rst"])
def test_a_client_that_leaves_leaves_nothing_behind(
    virtual_clock: VirtualClock, proxy: FakeProxy, line: Line, toxic: Fault, how: str
) -> None:
    proxy.inject(toxic)
    line.server.send(b"an answer")
    proxy.ledger.settle()
    line.client.close() if how == "fin" else line.client.reset()
    line.server.close()
    virtual_clock.sleep(1000)
    proxy.ledger.settle()
    assert not proxy._tunnels
    assert proxy.calls[0].outcome in {"abandoned", "hung", "truncated", "answered", "reset"}


@pytest.mark.parametrize("answer", [b"", b"an answer"])
def test_timeout_hides_the_fin_of_the_server_as_well(
    virtual_clock: VirtualClock, proxy: FakeProxy, line: Line, answer: bytes
) -> None:
    proxy.inject(toxics.timeout(3))
    line.server.send(answer).half_close()
    assert line.client.timed(virtual_clock) == [(3.0, "fin")]
    assert proxy.calls[0].outcome == "hung"


def test_a_timeout_of_0_lets_the_client_go_whose_server_has_gone(
    virtual_clock: VirtualClock, proxy: FakeProxy, line: Line
) -> None:
    proxy.inject(toxics.timeout(0))
    line.server.send(b"HTTP/1.0 200 OK").half_close()
    virtual_clock.sleep(3600)
    assert line.client.at_once() == "open"
    line.client.close()
    assert line.server.timed(virtual_clock) == [(3600.0, "fin")]
    line.server.close()
    proxy.ledger.settle()
    assert not proxy._tunnels


@pytest.mark.parametrize("answer", [b"", b"an answer"])
def test_a_hang_hides_the_fin_of_the_server_as_well(
    virtual_clock: VirtualClock, proxy: FakeProxy, line: Line, answer: bytes
) -> None:
    proxy.inject(hang())
    line.server.send(answer).half_close()
    virtual_clock.sleep(3600)
    assert line.client.at_once() == "open"
    line.client.close()
    assert line.server.timed(virtual_clock) == [(3600.0, "fin")]
    line.server.close()
    proxy.ledger.settle()
    assert not proxy._tunnels
    assert proxy.calls[0].outcome == "hung"


def test_a_hang_that_is_healed_closes_the_connection(virtual_clock: VirtualClock, proxy: FakeProxy, line: Line) -> None:
    rule = proxy.inject(hang())
    line.server.send(b"an answer")
    virtual_clock.sleep(10)
    proxy.heal(rule)
    assert line.client.timed(virtual_clock) == [(10.0, "fin")]


def test_a_lost_request_that_hangs_tells_the_server_when_the_client_leaves(
    virtual_clock: VirtualClock, proxy: FakeProxy, line: Line
) -> None:
    proxy.inject(lost_request(then="hang"))
    line.client.send(b"a request")
    virtual_clock.sleep(10)
    assert line.server.at_once() == "open"
    line.client.close()
    assert line.server.timed(virtual_clock) == [(10.0, "fin")]
    assert proxy.calls[0].outcome == "hung"
