"""Virtual time as numbers."""

from __future__ import annotations

import threading

import pytest

from pytest_integrations.timekeeping.timeline import Timeline, nominal


@pytest.mark.parametrize(
    ("ns", "meant"),
    [
        (2_000_000_000, 2_000_000_000),
        (1_999_998_877, 2_000_000_000),
        (2_000_000_003, 2_000_000_000),
        (1_234_567, 1_234_567),
        (30_000, 30_000),  # short, but longer than a hair
        (1_000, 0),
        (0, 0),
    ],
)
def test_nominal(ns: int, meant: int) -> None:
    """Hairs and the noise of floats are rounded off; what is no whole millisecond stays as it is."""
    assert nominal(ns) == meant


def _nobody(delta: int) -> None:
    """Is told by how much the reading moves."""


@pytest.fixture
def timeline() -> Timeline:
    return Timeline(1_000_000_000, 100_000_000_000, lambda: 0)


def test_waits_end_in_order_and_equal_ones_as_they_were_armed(timeline: Timeline) -> None:
    ended: list[str] = []
    for seconds, name in ((2, "c"), (1, "a"), (1, "b")):
        timeline.arm(seconds, lambda name=name: ended.append(name), name)
    for _ in range(3):
        assert timeline.jump(_nobody)

    assert ended == ["a", "b", "c"]
    assert timeline.elapsed_ns == 2_000_000_000
    assert [jump[:2] for jump in timeline.jumps] == [(0, 1_000_000_000), (1_000_000_000, 2_000_000_000)]


def test_the_fakes_wait_to_the_nanosecond(timeline: Timeline) -> None:
    """They reckon without hairs, so that what is left of a wait is never a whole millisecond by chance."""
    thread = threading.Thread(target=timeline.arm, args=(1.499957, lambda: None, "select"), name="integrations-io")
    thread.start()
    thread.join()
    timeline.jump(_nobody)

    assert timeline.elapsed_ns == 1_499_957_000


@pytest.mark.parametrize("over", [999, 1_000, 1_001])
def test_a_wait_of_the_fakes_leaves_nothing_over_that_they_would_wait_for(timeline: Timeline, over: int) -> None:
    """What is left of it is less than the hair by which a timer may be early, whatever it is."""
    for wait in (1 + over / 1e9 + 0.255e-9, over / 1e9 + 0.255e-9):
        meant = timeline.elapsed_ns / 1e9 + wait
        thread = threading.Thread(target=timeline.arm, args=(wait, lambda: None, "select"), name="integrations-io")
        thread.start()
        thread.join()
        timeline.jump(_nobody)

        assert meant - timeline.elapsed_ns / 1e9 < 1e-6


def test_the_reading_is_a_hair_ahead(timeline: Timeline) -> None:
    moved: list[int] = []
    timeline.arm(1, lambda: None, "a")
    timeline.jump(moved.append)

    assert timeline.reading_ns == 2_000_000_100
    assert moved == [1_000_001_000]  # the time of day, which is coarser as a float
    assert timeline.wall_drift_ns == 1_000


def test_a_wait_that_ended_by_itself_is_skipped(timeline: Timeline) -> None:
    waiters = [timeline.arm(each, lambda: None, "a") for each in range(2000)]
    for waiter in waiters:
        timeline.disarm(waiter)

    assert not timeline.is_pending()
    assert timeline.jump(_nobody)
    assert timeline.elapsed_ns == 0


def test_the_limit(timeline: Timeline) -> None:
    ended: list[int] = []
    timeline.arm(101, lambda: ended.append(1), "a")

    assert not timeline.jump(_nobody)
    timeline.limit_ns *= 2
    assert timeline.jump(_nobody)
    assert ended == [1]


def test_who_is_out_keeps_time_from_moving(timeline: Timeline) -> None:
    timeline.arm(1, lambda: None, "a")
    timeline.hold()
    assert not timeline.is_pending()
    timeline.release()
    assert timeline.is_pending()
    assert timeline.outings == 1


def test_after_the_end_nobody_waits(timeline: Timeline) -> None:
    ended: list[str] = []
    timeline.arm(5, lambda: ended.append("before"), "a")
    timeline.end()
    timeline.jump(_nobody)
    assert ended == []
    timeline.let_go()
    timeline.arm(5, lambda: ended.append("after"), "a")
    assert ended == ["before", "after"]
    assert timeline.elapsed_ns == 0
