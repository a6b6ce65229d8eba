"""Each toxic by its bytes, its times and its end, in virtual time: what is told is exact."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from pytest_integrations.backends.proxy import FakeProxy
from pytest_integrations.core.seed import Seed
from pytest_integrations.faults import toxics

from .wires import Line, Server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_integrations.core.call import Outcome
    from pytest_integrations.core.stream import Direction
    from pytest_integrations.timekeeping import VirtualClock

    from .wires import End

pytestmark = pytest.mark.usefixtures("no_leaks")

STREAMS = pytest.mark.parametrize("stream", ["downstream", "upstream"])


@pytest.fixture
def proxy(virtual_clock: VirtualClock, server: Server) -> Iterator[FakeProxy]:
    with FakeProxy(server.address, seed=Seed(7)) as proxy:
        yield proxy


@pytest.fixture
def line(proxy: FakeProxy, server: Server) -> Iterator[Line]:
    with Line(proxy, server, patience=100.0) as line:
        yield line


def ends(line: Line, stream: Direction) -> tuple[End, End]:
    """Return who sends on *stream* and who receives."""
    return (line.server, line.client) if stream == "downstream" else (line.client, line.server)


def outcome(proxy: FakeProxy) -> Outcome:
    return proxy.calls[0].outcome


# -- latency


@STREAMS
def test_latency_delays_each_piece_and_keeps_their_distance(
    virtual_clock: VirtualClock, proxy: FakeProxy, line: Line, stream: Direction
) -> None:
    proxy.inject(toxics.latency(1.5, stream=stream))
    sender, receiver = ends(line, stream)
    sender.send(b"one")
    virtual_clock.sleep(0.25)
    sender.send(b"two")
    sender.half_close()
    assert receiver.timed(virtual_clock) == [(1.5, b"one"), (1.75, b"two"), (1.75, "fin")]
    receiver.send(b"the other way").half_close()
    assert sender.timed(virtual_clock) == [(1.75, b"the other way"), (1.75, "fin")]


def test_jitter_comes_from_the_seed_and_does_not_change_the_order(
    virtual_clock: VirtualClock, proxy: FakeProxy, line: Line
) -> None:
    proxy.inject(toxics.latency(1, jitter=0.9))
    pieces = [b"%d" % number for number in range(10)]
    for piece in pieces:
        line.server.send(piece)
        proxy.ledger.settle()
        virtual_clock.sleep(0.01)
    line.server.close()
    timed = line.client.timed(virtual_clock)
    assert b"".join(piece for _, piece in timed[:-1] if isinstance(piece, bytes)) == b"".join(pieces)
    random = Seed(7).stream("fault", "fake_proxy", "connect upstream", 1, "toxics.latency(1, 0.9)")
    due, latest = [], 0.0
    for number in range(10):
        latest = max(latest, number * 0.01 + 1 + random.uniform(-0.9, 0.9))
        due.append(latest)
    assert [moment for moment, _ in timed[:-1]] == pytest.approx(sorted(set(due)), abs=1e-4)  # as exact as `now` tells


def test_latency_healed_passes_on_at_once_what_is_under_way(
    virtual_clock: VirtualClock, proxy: FakeProxy, line: Line
) -> None:
    rule = proxy.inject(toxics.latency(60))
    line.server.send(b"early").half_close()
    virtual_clock.sleep(1)
    assert line.client.at_once() == "open"
    proxy.heal(rule)
    assert line.client.timed(virtual_clock) == [(1.0, b"early"), (1.0, "fin")]


def test_a_delay_does_not_limit_the_throughput(virtual_clock: VirtualClock, proxy: FakeProxy, line: Line) -> None:
    proxy.inject(toxics.latency(1))
    sender = threading.Thread(target=lambda: line.server.send(bytes(10_000_000)).half_close())
    sender.start()
    timed = line.client.timed(virtual_clock)
    sender.join()
    assert {moment for moment, _ in timed} == {1.0}
    assert sum(len(piece) for _, piece in timed if isinstance(piece, bytes)) == 10_000_000


# -- bandwidth


@STREAMS
def test_bandwidth_sends_a_tenth_of_a_second_at_a_time(
    virtual_clock: VirtualClock, proxy: FakeProxy, line: Line, stream: Direction
) -> None:
    proxy.inject(toxics.bandwidth(1, stream=stream))
    sender, receiver = ends(line, stream)
    sender.send(b"a" * 100 + b"b" * 100 + b"c" * 50).half_close()
    assert receiver.timed(virtual_clock) == [
        (0.1, b"a" * 100),
        (0.2, b"b" * 100),
        (0.25, b"c" * 50),
        (0.25, "fin"),
    ]


def test_bandwidth_takes_its_time_from_the_first_byte_on_and_saves_none_up(
    virtual_clock: VirtualClock, proxy: FakeProxy, line: Line
) -> None:
    proxy.inject(toxics.bandwidth(1))
    for moment in (0, 10):
        virtual_clock.sleep(moment - virtual_clock.now)
        line.server.send(b"x" * 20)
        assert line.client.exactly(20) == b"x" * 20
        assert virtual_clock.now == pytest.approx(moment + 0.02, abs=1e-6)


def test_bandwidth_takes_what_comes_meanwhile_behind_what_is_there(
    virtual_clock: VirtualClock, proxy: FakeProxy, line: Line
) -> None:
    proxy.inject(toxics.bandwidth(1))
    line.server.send(b"a" * 150)
    virtual_clock.sleep(0.05)
    line.server.send(b"b" * 50)
    proxy.ledger.settle()
    line.server.half_close()
    assert line.client.timed(virtual_clock) == [
        (0.1, b"a" * 100),
        (0.15, b"a" * 50),
        (0.2, b"b" * 50),
        (0.2, "fin"),
    ]


def test_bandwidth_holds_the_sender_up_and_lets_it_go_on(
    virtual_clock: VirtualClock, proxy: FakeProxy, line: Line
) -> None:
    """More than the proxy holds at a time takes as long as its bytes do."""
    proxy.inject(toxics.bandwidth(10_000))
    sender = threading.Thread(target=lambda: line.server.send(bytes(5_000_000)).half_close())
    sender.start()
    data, end = line.client.to_the_end()
    sender.join()
    assert (len(data), end) == (5_000_000, "fin")
    assert virtual_clock.now == pytest.approx(0.5, abs=0.01)


def test_a_fraction_of_a_byte_in_a_tenth_of_a_second(virtual_clock: VirtualClock, proxy: FakeProxy, line: Line) -> None:
    proxy.inject(toxics.bandwidth(0.002))
    line.server.send(b"ab").half_close()
    assert line.client.timed(virtual_clock) == [(0.5, b"a"), (1.0, b"b"), (1.0, "fin")]


def test_bandwidth_healed_passes_the_rest_on_at_once(virtual_clock: VirtualClock, proxy: FakeProxy, line: Line) -> None:
    rule = proxy.inject(toxics.bandwidth(1))
    line.server.send(b"x" * 5000).half_close()
    virtual_clock.sleep(0.35)
    assert line.client.at_once() == b"x" * 300
    proxy.heal(rule)
    assert line.client.timed(virtual_clock) == [(0.35, b"x" * 4700), (0.35, "fin")]


# -- slow_close


@STREAMS
def test_slow_close_delays_the_fin_alone(
    virtual_clock: VirtualClock, proxy: FakeProxy, line: Line, stream: Direction
) -> None:
    proxy.inject(toxics.slow_close(5, stream=stream))
    sender, receiver = ends(line, stream)
    sender.send(b"last words").half_close()
    assert receiver.timed(virtual_clock) == [(0.0, b"last words"), (5.0, "fin")]


def test_slow_close_healed_closes_at_once(virtual_clock: VirtualClock, proxy: FakeProxy, line: Line) -> None:
    with proxy.injected(toxics.slow_close(5)):
        line.server.close()
        virtual_clock.sleep(1)
        assert line.client.at_once() == "open"
    assert line.client.timed(virtual_clock) == [(1.0, "fin")]


# -- timeout


@STREAMS
def test_timeout_throws_bytes_away_and_closes_both_sides(
    virtual_clock: VirtualClock, proxy: FakeProxy, line: Line, stream: Direction
) -> None:
    proxy.inject(toxics.timeout(3, stream=stream))
    sender, receiver = ends(line, stream)
    virtual_clock.sleep(1)
    sender.send(b"into the void")
    assert receiver.timed(virtual_clock) == [(4.0, "fin")]
    assert sender.timed(virtual_clock) == [(4.0, "fin")]
    assert outcome(proxy) == "hung"


def test_timeout_counts_from_its_injection_where_nothing_comes(
    virtual_clock: VirtualClock, proxy: FakeProxy, line: Line
) -> None:
    virtual_clock.sleep(10)
    proxy.inject(toxics.timeout(3))
    line.client.send(b"a request")
    assert line.server.exactly(9) == b"a request"
    assert line.client.timed(virtual_clock) == [(13.0, "fin")]
    assert outcome(proxy) == "closed"


def test_a_timeout_of_0_keeps_the_connection_until_it_is_healed(
    virtual_clock: VirtualClock, proxy: FakeProxy, line: Line
) -> None:
    rule = proxy.inject(toxics.timeout(0))
    line.server.send(b"lost")
    virtual_clock.sleep(3600)
    assert line.client.at_once() == "open"
    line.client.send(b"the other way")
    assert line.server.exactly(13) == b"the other way"
    proxy.heal(rule)
    assert line.client.timed(virtual_clock) == [(3600.0, "fin")]
    assert line.server.timed(virtual_clock) == [(3600.0, "fin")]


# -- reset_peer


@STREAMS
def test_reset_peer_resets_both_sides_after_the_first_byte(
    virtual_clock: VirtualClock, proxy: FakeProxy, line: Line, stream: Direction
) -> None:
    proxy.inject(toxics.reset_peer(2, stream=stream))
    sender, receiver = ends(line, stream)
    virtual_clock.sleep(10)
    assert receiver.at_once() == "open"
    sender.send(b"anything")
    virtual_clock.sleep(1)
    sender.send(b"more")
    assert receiver.timed(virtual_clock) == [(12.0, "rst")]
    assert sender.timed(virtual_clock) == [(12.0, "rst")]
    assert outcome(proxy) == "reset"


def test_reset_peer_without_a_time_resets_at_once(virtual_clock: VirtualClock, proxy: FakeProxy, line: Line) -> None:
    proxy.inject(toxics.reset_peer())
    line.client.send(b"a request")
    assert line.server.exactly(9) == b"a request"
    line.server.send(b"an answer")
    assert line.client.timed(virtual_clock) == [(0.0, "rst")]


def test_reset_peer_takes_a_fin_for_something_to_pass_on(
    virtual_clock: VirtualClock, proxy: FakeProxy, line: Line
) -> None:
    proxy.inject(toxics.reset_peer(1))
    line.server.half_close()
    assert line.client.timed(virtual_clock) == [(1.0, "rst")]
    assert line.server.timed(virtual_clock) == [(1.0, "rst")]


def test_reset_peer_healed_in_time_has_lost_nothing(virtual_clock: VirtualClock, proxy: FakeProxy, line: Line) -> None:
    with proxy.injected(toxics.reset_peer(5)):
        line.server.send(b"kept").half_close()
        virtual_clock.sleep(4)
        assert line.client.at_once() == "open"
    assert line.client.timed(virtual_clock) == [(4.0, b"kept"), (4.0, "fin")]
    assert outcome(proxy) == "answered"


# -- slicer


@STREAMS
def test_slicer_sends_slices_with_a_delay_after_each(
    virtual_clock: VirtualClock, proxy: FakeProxy, line: Line, stream: Direction
) -> None:
    proxy.inject(toxics.slicer(average_size=4, delay=0.5, stream=stream))
    sender, receiver = ends(line, stream)
    sender.send(b"0123456789").half_close()
    assert receiver.timed(virtual_clock) == [(0.0, b"0123"), (0.5, b"4567"), (1.0, b"89"), (1.0, "fin")]


def test_slicer_keeps_its_delay_between_what_comes_one_after_the_other(
    virtual_clock: VirtualClock, proxy: FakeProxy, line: Line
) -> None:
    proxy.inject(toxics.slicer(average_size=2, delay=1))
    line.server.send(b"abcd")
    virtual_clock.sleep(0.5)
    line.server.send(b"ef").half_close()
    assert line.client.timed(virtual_clock) == [
        (0.5, b"ab"),  # it came at 0, and is read only now
        (1.0, b"cd"),
        (2.0, b"ef"),
        (2.0, "fin"),
    ]


def test_slicer_draws_its_sizes_from_the_seed(virtual_clock: VirtualClock, proxy: FakeProxy, line: Line) -> None:
    proxy.inject(toxics.slicer(average_size=10, size_variation=5, delay=1))
    line.server.send(bytes(range(200))).half_close()
    timed = line.client.timed(virtual_clock)
    pieces = [piece for _, piece in timed if isinstance(piece, bytes)]
    assert b"".join(pieces) == bytes(range(200))
    assert all(5 <= len(piece) <= 15 for piece in pieces[:-1])
    assert len({len(piece) for piece in pieces}) > 3
    assert [moment for moment, _ in timed[:-1]] == [float(number) for number in range(len(pieces))]


def test_slicer_healed_passes_the_rest_on_in_one_piece(
    virtual_clock: VirtualClock, proxy: FakeProxy, line: Line
) -> None:
    with proxy.injected(toxics.slicer(average_size=1, delay=1)):
        line.server.send(b"abcdef").half_close()
        virtual_clock.sleep(1.5)
        assert line.client.at_once() == b"ab"
    assert line.client.timed(virtual_clock) == [(1.5, b"cdef"), (1.5, "fin")]


# -- limit_data


@STREAMS
@pytest.mark.parametrize("sent", [b"12345", b"1234567890"])
def test_limit_data_closes_both_sides_after_so_many_bytes(
    virtual_clock: VirtualClock, proxy: FakeProxy, line: Line, stream: Direction, sent: bytes
) -> None:
    proxy.inject(toxics.limit_data(5, stream=stream))
    sender, receiver = ends(line, stream)
    sender.send(sent)
    assert receiver.timed(virtual_clock) == [(0.0, b"12345"), (0.0, "fin")]
    assert sender.timed(virtual_clock) == [(0.0, "fin")]
    assert outcome(proxy) == ("truncated" if stream == "downstream" else "closed")


def test_limit_data_counts_over_all_pieces_from_its_injection(
    virtual_clock: VirtualClock, proxy: FakeProxy, line: Line
) -> None:
    line.server.send(b"before")
    assert line.client.exactly(6) == b"before"
    proxy.inject(toxics.limit_data(5))
    for piece in (b"12", b"34", b"56"):
        line.server.send(piece)
        proxy.ledger.settle()
    assert line.client.timed(virtual_clock) == [(0.0, b"12345"), (0.0, "fin")]


def test_a_limit_of_0_closes_at_the_first_byte(virtual_clock: VirtualClock, proxy: FakeProxy, line: Line) -> None:
    proxy.inject(toxics.limit_data(0))
    virtual_clock.sleep(5)
    assert line.client.at_once() == "open"
    line.server.send(b"x")
    assert line.client.timed(virtual_clock) == [(5.0, "fin")]
    assert outcome(proxy) == "closed"


def test_limit_data_healed_before_it_is_reached_has_done_nothing(
    virtual_clock: VirtualClock, proxy: FakeProxy, line: Line
) -> None:
    with proxy.injected(toxics.limit_data(5)):
        line.server.send(b"1234")
        assert line.client.exactly(4) == b"1234"
    line.server.send(b"567890").half_close()
    assert line.client.timed(virtual_clock) == [(0.0, b"567890"), (0.0, "fin")]
