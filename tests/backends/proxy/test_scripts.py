"""Which connections a fault takes hold of, what else can be injected, and what cannot."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

import pytest

from pytest_integrations import CannotPerform, FakeRest, ScriptingError
from pytest_integrations.backends.proxy import FakeProxy
from pytest_integrations.core.errors import FakeStopped, IntegrationsError
from pytest_integrations.core.seed import Seed
from pytest_integrations.faults import (
    bandwidth,
    close_on_accept,
    connect_timeout,
    connection_refused,
    connection_reset,
    corrupt_body,
    dribble,
    duplicate,
    empty_response,
    hang,
    latency,
    lost_request,
    lost_response,
    reset_on_accept,
    slicer,
    slow_accept,
    slow_headers,
    status,
    tls,
    toxics,
    truncate_body,
)
from pytest_integrations.wire.loop import shared_loop

from .wires import End, Line, Server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_integrations.core.fault import Fault
    from pytest_integrations.timekeeping import VirtualClock

    from .wires import Ending

pytestmark = pytest.mark.usefixtures("no_leaks")


@pytest.fixture
def proxy(virtual_clock: VirtualClock, server: Server) -> Iterator[FakeProxy]:
    with FakeProxy(server.address) as proxy:
        yield proxy


def answer_through(proxy: FakeProxy, server: Server) -> tuple[bytes, Ending]:
    """Return what comes of an answer of ten bytes on a new connection."""
    with Line(proxy, server) as line:
        line.server.send(b"0123456789").half_close()
        return line.client.to_the_end()


WHOLE = (b"0123456789", "fin")
CUT = (b"01234", "fin")


# -- which connections


def test_a_toxic_takes_hold_of_every_connection_until_it_is_healed(proxy: FakeProxy, server: Server) -> None:
    proxy.inject(toxics.limit_data(5))
    assert [answer_through(proxy, server) for _ in range(3)] == [CUT] * 3
    proxy.heal()
    assert answer_through(proxy, server) == WHOLE


def test_it_takes_hold_of_those_that_are_open(proxy: FakeProxy, server: Server) -> None:
    with Line(proxy, server) as first, Line(proxy, server) as second:
        with proxy.injected(toxics.limit_data(5)):
            for line in (first, second):
                line.server.send(b"0123456789")
                assert line.client.to_the_end() == CUT
        assert [call.fault for call in proxy.calls] == [toxics.limit_data(5)] * 2


def test_the_words_of_when_count_connections(proxy: FakeProxy, server: Server) -> None:
    proxy.inject(toxics.limit_data(5), times=1, skip=1)
    assert [answer_through(proxy, server) for _ in range(3)] == [WHOLE, CUT, WHOLE]
    proxy.heal()
    proxy.inject(toxics.limit_data(5), every=2)
    assert [answer_through(proxy, server) for _ in range(4)] == [WHOLE, CUT, WHOLE, CUT]


def test_other_faults_act_once_where_nothing_else_is_said(proxy: FakeProxy, server: Server) -> None:
    proxy.inject(connection_reset(at="after_bytes", bytes=5), empty_response())
    found = [answer_through(proxy, server) for _ in range(3)]
    assert found == [(b"01234", "rst"), (b"", "fin"), WHOLE]
    assert [call.outcome for call in proxy.calls] == ["reset", "closed", "answered"]


def test_open_connections_are_counted_in_the_order_of_their_opening(proxy: FakeProxy, server: Server) -> None:
    with Line(proxy, server) as first, Line(proxy, server) as second:
        proxy.inject(toxics.limit_data(5), times=1)
        for line in (first, second):
            line.server.send(b"0123456789").half_close()
        assert first.client.to_the_end() == CUT
        assert second.client.to_the_end() == WHOLE


def test_a_window_of_time_opens_and_closes_on_open_connections(
    virtual_clock: VirtualClock, proxy: FakeProxy, server: Server
) -> None:
    with Line(proxy, server) as line:
        line.client.sock.settimeout(100)
        proxy.inject(toxics.latency(1.5), after=10, during=5)
        came = []
        for moment in (9, 10, 14, 15, 16):
            virtual_clock.sleep(moment - virtual_clock.now)
            line.server.send(b"x")
            line.client.exactly(1)
            came.append(virtual_clock.now)
            virtual_clock.sleep(0)
        # What is sent at 14 is under way at 15, when the window closes.
        assert came == [9, 11.5, 15, 15, 16]


def test_toxicity_is_drawn_by_the_seed_for_each_connection(server: Server) -> None:
    def draws(seed: int) -> list[bool]:
        with FakeProxy(server.address, seed=Seed(seed)) as proxy:
            proxy.inject(toxics.limit_data(5), probability=0.3)
            return [answer_through(proxy, server) == CUT for _ in range(40)]

    first, again, other = draws(1), draws(1), draws(2)
    assert first == again
    assert first != other
    assert 4 < sum(first) < 20


def test_a_rule_is_asked_once_about_each_connection(proxy: FakeProxy, server: Server) -> None:
    asked: list[int] = []
    rule = proxy.inject(toxics.limit_data(5), where=lambda call: asked.append(call.seq) is None, after=1, during=100)
    with Line(proxy, server), Line(proxy, server):
        proxy.ledger.clock.sleep(2)
        with Line(proxy, server):
            assert len(proxy.calls) == 3
            shared_loop().call(lambda: proxy._take_hold(rule))  # as if it came in while the rule was injected
    assert asked == [1, 2, 3]


def test_a_connection_whose_client_has_left_is_not_counted(proxy: FakeProxy, server: Server) -> None:
    with Line(proxy, server) as left, Line(proxy, server) as line:
        left.client.close()
        assert left.server.to_the_end() == (b"", "fin")
        proxy.inject(toxics.limit_data(5), times=1)
        line.server.send(b"0123456789")
        assert line.client.to_the_end() == CUT


def test_what_was_done_is_told_of_each_connection(proxy: FakeProxy, server: Server) -> None:
    proxy.inject(toxics.latency(1))
    proxy.inject(toxics.limit_data(5), times=1)
    assert [answer_through(proxy, server) for _ in range(2)] == [CUT, WHOLE]
    assert [repr(call.fault) for call in proxy.calls] == [
        "toxics.latency(1) + toxics.limit_data(5)",
        "toxics.latency(1)",
    ]
    assert proxy.connections[0].fault == proxy.calls[0].fault


def test_a_profile_leaves_alone_what_the_test_has_scripted(proxy: FakeProxy, server: Server) -> None:
    proxy.inject_from("narrow", (toxics.limit_data(5),), {})
    assert answer_through(proxy, server) == CUT
    rule = proxy.inject(toxics.slow_close(0))
    assert answer_through(proxy, server) == WHOLE
    proxy.heal(rule)
    with Line(proxy, server) as line:
        proxy.clear_profile()
        line.server.send(b"0123456789").half_close()
        assert line.client.to_the_end() == WHOLE


# -- down and up


def test_down_closes_what_is_open_and_refuses_what_is_new(proxy: FakeProxy, server: Server) -> None:
    with Line(proxy, server) as line:
        line.server.send(b"0")
        assert line.client.exactly(1) == b"0"
        assert proxy.down() is proxy.down()
        assert line.client.to_the_end() == (b"", "fin")
        assert line.server.to_the_end() == (b"", "fin")
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(proxy.address)
    proxy.up()
    proxy.up()
    assert answer_through(proxy, server) == WHOLE
    assert [call.outcome for call in proxy.calls] == ["truncated", "answered"]


def test_heal_brings_it_up_as_well(proxy: FakeProxy, server: Server) -> None:
    proxy.down()
    proxy.heal()
    assert answer_through(proxy, server) == WHOLE
    proxy.down()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(proxy.address)


def test_it_is_down_for_a_time(virtual_clock: VirtualClock, proxy: FakeProxy, server: Server) -> None:
    proxy.inject(connection_refused(), after=5, during=5)
    assert answer_through(proxy, server) == WHOLE
    virtual_clock.sleep(6)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(proxy.address)
    virtual_clock.sleep(5)
    assert answer_through(proxy, server) == WHOLE


# -- the port


def test_connections_are_spoilt_at_the_accept(virtual_clock: VirtualClock, proxy: FakeProxy, server: Server) -> None:
    proxy.inject(reset_on_accept(), close_on_accept())
    found = []
    for _ in range(2):
        client = socket.socket()
        client.settimeout(5)
        try:
            client.connect(proxy.address)
            found.append(End(client).to_the_end())
        except ConnectionResetError:  # as fast as connect() returns
            found.append((b"", "rst"))
        client.close()
    assert found == [(b"", "rst"), (b"", "fin")]
    assert [call.operation for call in proxy.calls] == ["connect", "connect"]
    assert answer_through(proxy, server) == WHOLE
    proxy.inject(slow_accept(3))
    begin = virtual_clock.now
    with Line(proxy, server):
        assert virtual_clock.now - begin == 3


def test_connecting_takes_for_ever(proxy: FakeProxy, server: Server) -> None:
    with proxy.injected(connect_timeout()), pytest.raises(TimeoutError):
        socket.create_connection(proxy.address, 1)
    assert answer_through(proxy, server) == WHOLE


# -- faults that are made for answers


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (latency(2), [(2.0, b"0123456789"), (2.0, "fin")]),
        (slicer(average_size=5, delay=1), [(1.0, b"01234"), (2.0, b"56789"), (2.0, "fin")]),
        (dribble(chunks=2, duration=4), [(2.0, b"01234"), (4.0, b"56789"), (4.0, "fin")]),
        (bandwidth(0.5), [(0.01, b"01234"), (0.02, b"56789"), (0.02, "fin")]),
        (connection_reset(), [(0.0, "rst")]),
        (connection_reset(at="after_bytes", bytes=4), [(0.0, b"0123"), (0.0, "rst")]),
        (empty_response(), [(0.0, "fin")]),
        (hang(), [(5.0, "open")]),
        (hang(for_=3), [(3.0, "fin")]),
        (latency(2) + connection_reset(), [(2.0, "rst")]),
        (lost_response(), [(0.0, "rst")]),
        (lost_response(then="empty_response"), [(0.0, "fin")]),
    ],
    ids=repr,
)
def test_their_effect_on_the_stream(
    virtual_clock: VirtualClock, proxy: FakeProxy, server: Server, fault: Fault, expected: list[tuple[float, object]]
) -> None:
    proxy.inject(fault)
    with Line(proxy, server) as line:
        line.client.send(b"a request")
        assert line.server.exactly(9) == b"a request"
        line.server.send(b"0123456789")
        if not isinstance(fault, hang):
            line.server.half_close()
        assert line.client.timed(virtual_clock) == expected


def test_a_lost_request_does_not_arrive(proxy: FakeProxy, server: Server) -> None:
    proxy.inject(lost_request())
    with Line(proxy, server) as line:
        line.client.send(b"a request")
        assert line.server.to_the_end() == (b"", "rst")
        assert line.client.to_the_end() == (b"", "rst")


# -- what cannot be


@pytest.mark.parametrize(
    ("fault", "word"),
    [
        (status(503), "it needs Answer"),
        (corrupt_body(), "it needs Tamper"),
        (duplicate(), "it needs Copies"),
        (tls("expired"), "it needs Handshake"),
        (truncate_body(), "faults.toxics"),
        (connection_reset(at="mid_body"), "does not know what is the body"),
        (slow_headers(100), "does not know where a head ends"),
    ],
    ids=repr,
)
def test_what_a_stream_does_not_know_is_refused_at_its_line(proxy: FakeProxy, fault: Fault, word: str) -> None:
    with pytest.raises(CannotPerform, match="fake_proxy") as caught:
        proxy.inject(fault)
    assert word in str(caught.value)
    assert not proxy.script.rules


@pytest.mark.parametrize(
    "toxic", [toxics.latency(1), toxics.limit_data(1), toxics.timeout(), toxics.slow_close(1)], ids=repr
)
def test_other_fakes_have_no_streams(toxic: Fault) -> None:
    with FakeRest() as rest, pytest.raises(CannotPerform, match="it needs"):
        rest.inject(toxic)


@pytest.mark.parametrize(
    ("write", "word"),
    [
        (lambda: toxics.latency(-1), "latency=-1"),
        (lambda: toxics.latency(1, jitter="a"), "jitter='a'"),  # type: ignore[arg-type]
        (lambda: toxics.latency(1, stream="sideways"), "valid are 'upstream', 'downstream'"),  # type: ignore[arg-type]
        (lambda: toxics.bandwidth(0), "rate=0"),
        (lambda: toxics.slow_close(-1), "delay=-1"),
        (lambda: toxics.timeout(float("inf")), "timeout=inf"),
        (lambda: toxics.reset_peer(-1), "timeout=-1"),
        (lambda: toxics.slicer(average_size=0), "average_size=0"),
        (lambda: toxics.slicer(average_size=5, size_variation=5), "size_variation=5"),
        (lambda: toxics.slicer(delay=0), "delay=0"),
        (lambda: toxics.limit_data(-1), "bytes=-1"),
    ],
)
def test_settings_are_checked_at_their_line(write: Callable[[], object], word: str) -> None:
    with pytest.raises(ScriptingError) as caught:
        write()
    assert word in str(caught.value)


def test_toxics_are_written_as_they_are_shown() -> None:
    assert repr(toxics.latency(1, stream="upstream")) == "toxics.latency(1, stream='upstream')"
    assert toxics.timeout().name == "toxics.timeout"


# -- the upstream


@pytest.mark.parametrize(
    ("upstream", "shown", "url"),
    [
        ("127.0.0.1:5432", "127.0.0.1:5432", "tcp://127.0.0.1:1"),
        ("db.example:5432", "db.example:5432", "tcp://127.0.0.1:1"),
        ("[::1]:5432", "[::1]:5432", "tcp://127.0.0.1:1"),
        (("::1", 5432), "[::1]:5432", "tcp://127.0.0.1:1"),
        ("redis://:secret@127.0.0.1/2", "127.0.0.1:6379", "redis://:secret@127.0.0.1:1/2"),
        ("postgresql+psycopg://me:pw@[::1]:99/app?x=1", "[::1]:99", "postgresql+psycopg://me:pw@127.0.0.1:1/app?x=1"),
        ("amqp://localhost/%2F", "localhost:5672", "amqp://127.0.0.1:1/%2F"),
    ],
)
def test_what_may_be_written_for_an_upstream(upstream: Any, shown: str, url: str) -> None:
    found = FakeProxy(upstream).upstream
    assert str(found) == shown
    assert found.url_by("127.0.0.1", 1) == url


@pytest.mark.parametrize(
    "upstream",
    [
        "", "5432", ":5432", "localhost", "localhost:", "localhost:http", "localhost:0", "localhost:65536", "::1:5432",
        "a/b:5432", "redis:///0", "unix://tmp/x", "xyz://host", "redis://a:1,b:2/0", "http://[::1",
        ("", 1), ("a", "b"), ("a",), 5432, None, 4.5, ("a", True),
    ],
    ids=repr,
)  # fmt: skip
def test_what_cannot_be_an_upstream_is_refused_in_one_sentence(upstream: Any) -> None:
    with pytest.raises(ScriptingError, match="upstream="):
        FakeProxy(upstream)


def test_a_fake_as_upstream_runs_and_has_a_port() -> None:
    with pytest.raises(FakeStopped, match="fake_rest is not running"):
        FakeProxy(FakeRest())


def test_a_name_that_nobody_has() -> None:
    with pytest.raises(IntegrationsError, match=r"fake_proxy cannot find 'no\.such\.host\.invalid'"):
        FakeProxy("no.such.host.invalid:1").start()
