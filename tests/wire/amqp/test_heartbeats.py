"""Heartbeats, both ways."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_integrations.backends.amqp.fake import FakeAmqp

from .client import HEARTBEAT, Client

if TYPE_CHECKING:
    from pytest_integrations.timekeeping import VirtualClock


def test_ours_go_out_at_half_the_interval(virtual_clock: VirtualClock) -> None:
    with FakeAmqp() as broker, Client(broker.port, timeout=100).login(heartbeat=10) as client:
        for number in range(1, 4):
            assert client.take(8) == HEARTBEAT
            assert broker.ledger.now() == pytest.approx(5.0 * number, abs=0.001)


def test_a_client_that_is_silent_for_two_intervals_is_gone(virtual_clock: VirtualClock) -> None:
    with FakeAmqp() as broker, Client(broker.port, timeout=100).login(heartbeat=10) as client:
        assert client.rest() == HEARTBEAT * 3
        (connection,) = broker.connections
        assert connection.closed_by == "fake"
        assert connection.closed == pytest.approx(20.0, abs=0.001)


def test_one_that_beats_is_kept(virtual_clock: VirtualClock) -> None:
    with FakeAmqp() as broker, Client(broker.port, timeout=100).login(heartbeat=10) as client:
        for _ in range(10):
            client.send(HEARTBEAT)
            virtual_clock.sleep(9)
        assert broker.connections[0].closed is None


def test_without_heartbeats_nobody_beats(virtual_clock: VirtualClock) -> None:
    with FakeAmqp() as broker, Client(broker.port, timeout=1000).login(heartbeat=0) as client:
        with pytest.raises(TimeoutError):
            client.take(1)
        assert broker.connections[0].closed is None
