"""The real clock."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pytest_integrations.core.clock import REAL

if TYPE_CHECKING:
    import pytest


def test_it_tells_the_time_of_the_machine() -> None:
    """monotonic() and wall() lie between two looks at `time`; wall() is aware, in UTC."""
    before, clock, after = time.monotonic(), REAL.monotonic(), time.monotonic()
    assert before <= clock <= after
    wall = REAL.wall()
    assert wall.tzinfo is UTC
    assert abs(wall.timestamp() - time.time()) < 1


def test_it_follows_what_a_test_puts_in_place_of_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """The functions of `time` are looked up at each call, so that frozen time is frozen here too."""
    slept: list[float] = []
    monkeypatch.setattr(time, "monotonic", lambda: 5.0)
    monkeypatch.setattr(time, "time", lambda: 86400.0)
    monkeypatch.setattr(time, "sleep", slept.append)
    REAL.sleep(3)

    assert (REAL.monotonic(), REAL.wall(), slept) == (5.0, datetime(1970, 1, 2, tzinfo=UTC), [3])


def test_it_says_which_clock_it_is() -> None:
    """The repr is how it is made."""
    assert repr(REAL) == "RealClock()"
