"""How long, and in which pieces."""

from __future__ import annotations

from datetime import timedelta

import pytest

from pytest_integrations.core.effect import Cut, Refuse, Trickle
from pytest_integrations.core.message import Message
from pytest_integrations.faults import bandwidth, dribble, hang, slicer, slow_accept, slow_headers
from pytest_integrations.wire.perform import perform
from tests.faults.occasions import NAMES, effect, occasion

_MESSAGE = Message.of(NAMES)
_HEAD, _BODY = _MESSAGE.head, _MESSAGE.content


def _pieces(fault: object, message: Message = _MESSAGE, seed: int = 0) -> tuple[tuple[float, bytes], ...]:
    return perform(message, tuple(fault.effects(occasion(seed)))).pieces


def test_hang_has_an_end_or_none() -> None:
    assert effect(hang(), Cut) == Cut("stall")
    assert effect(hang(for_=timedelta(minutes=1)), Cut) == Cut("stall", seconds=60.0)


def test_dribble_sends_equal_parts_in_the_time_told() -> None:
    head, *parts = _pieces(dribble(chunks=5, duration=10))

    assert head == (0.0, _HEAD)
    assert [len(data) for _, data in parts] == [3, 3, 3, 3, 4]
    assert [pause for pause, _ in parts] == [2.0] * 5
    assert b"".join(data for _, data in parts) == _BODY


@pytest.mark.parametrize("chunks", [1, 16, 17, 100])
def test_dribble_takes_its_time_however_short_the_body(chunks: int) -> None:
    pieces = _pieces(dribble(chunks=chunks, duration=10))

    assert sum(pause for pause, _ in pieces) == pytest.approx(10)
    assert b"".join(data for _, data in pieces) == _MESSAGE.wire


def test_dribble_leaves_an_answer_without_a_body_alone() -> None:
    empty = Message.of(NAMES, head_only=True)

    assert _pieces(dribble(chunks=5, duration=10), empty) == ((0.0, empty.wire),)


@pytest.mark.parametrize("rate_kbps", [0.01, 0.1, 1, 3.3])
def test_bandwidth_is_kept(rate_kbps: float) -> None:
    pieces = _pieces(bandwidth(rate_kbps))

    sent = 0
    elapsed = 0.0
    for pause, data in pieces:
        elapsed += pause
        assert sent <= elapsed * rate_kbps * 1000 + 1e-6, "ahead of the rate"
        sent += len(data)
    assert b"".join(data for _, data in pieces) == _MESSAGE.wire


def test_slow_headers_slow_the_head_alone() -> None:
    pieces = _pieces(slow_headers(10))

    assert len(pieces) == len(_HEAD)
    assert {pause for pause, _ in pieces[1:]} == {0.1}
    assert pieces[-1][1] == _HEAD[-1:] + _BODY


def test_slices_vary_within_bounds_and_repeat_with_the_seed() -> None:
    fault = slicer(average_size=8, size_variation=4, delay=0.5)
    pieces = _pieces(fault)

    assert b"".join(data for _, data in pieces) == _MESSAGE.wire
    assert all(1 <= len(data) <= 12 for _, data in pieces)
    assert {pause for pause, _ in pieces[1:]} == {0.5}
    assert pieces == _pieces(fault)
    assert pieces != _pieces(fault, seed=1)


def test_slices_without_variation_are_all_of_a_size() -> None:
    sizes = effect(slicer(average_size=10), Trickle).split(25)

    assert list(sizes) == [10, 10, 5]


def test_a_late_accept_is_told_in_seconds() -> None:
    assert effect(slow_accept(timedelta(seconds=2)), Refuse) == Refuse("late", 2.0)
