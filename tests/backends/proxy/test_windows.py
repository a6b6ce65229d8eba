"""Windows of time begin and end at whatever moment they are told to, however the floats fall."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from pytest_integrations.backends.proxy import FakeProxy
from pytest_integrations.faults import toxics

from .wires import Line, Server

if TYPE_CHECKING:
    from pytest_integrations.timekeeping import VirtualClock


@pytest.mark.usefixtures("no_leaks")
def test_no_window_is_missed(virtual_clock: VirtualClock) -> None:
    draws = random.Random(3)
    with Server() as server, FakeProxy(server.address) as proxy, Line(proxy, server):
        virtual_clock.sleep(1234.56789123)
        for _ in range(40):
            after = draws.uniform(0.001, 50)
            rule = proxy.inject(toxics.slow_close(0), after=after, during=1000)
            virtual_clock.sleep(after + 0.001)
            assert rule.fired == 1, after
            proxy.heal(rule)
