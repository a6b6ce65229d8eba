"""select, poll, epoll and selectors with a timeout."""

from __future__ import annotations

import select
import selectors
import socket
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_integrations.timekeeping import VirtualClock


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


def with_select(sock: socket.socket, timeout: float) -> bool:
    return bool(select.select([sock], [], [], timeout)[0])


def with_poll(sock: socket.socket, timeout: float) -> bool:
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    return bool(poll.poll(timeout * 1000))


def with_epoll(sock: socket.socket, timeout: float) -> bool:
    with select.epoll() as epoll:
        epoll.register(sock, select.EPOLLIN)
        return bool(epoll.poll(timeout))


def with_selector(kind: type[selectors.BaseSelector]) -> Callable[[socket.socket, float], bool]:
    def wait(sock: socket.socket, timeout: float) -> bool:
        with kind() as selector:
            selector.register(sock, selectors.EVENT_READ)
            return bool(selector.select(timeout))

    return wait


WAYS: dict[str, Any] = {
    "select": with_select,
    "poll": with_poll,
    "epoll": with_epoll,
    "SelectSelector": with_selector(selectors.SelectSelector),
    "PollSelector": with_selector(selectors.PollSelector),
    "EpollSelector": with_selector(selectors.EpollSelector),
}


@pytest.mark.parametrize("way", WAYS)
def test_it_waits_in_virtual_time(
    way: str, pair: tuple[socket.socket, socket.socket], virtual_clock: VirtualClock
) -> None:
    ours, theirs = pair

    assert not WAYS[way](ours, 7.0)
    assert virtual_clock.now == 7.0

    threading.Timer(2.5, theirs.send, [b"x"]).start()
    assert WAYS[way](ours, 7.0)
    assert virtual_clock.now == 9.5

    assert WAYS[way](ours, 7.0)  # what is there already takes no time
    assert not WAYS[way](theirs, 0)
    assert virtual_clock.now == 9.5


def test_three_at_once(pair: tuple[socket.socket, socket.socket], virtual_clock: VirtualClock) -> None:
    ours, _theirs = pair
    seen = []

    def wait(way: Callable[[socket.socket, float], bool], seconds: float) -> None:
        way(ours, seconds)
        seen.append(virtual_clock.now)

    threads = [
        threading.Thread(target=wait, args=each) for each in ((with_select, 3), (with_poll, 1.5), (with_epoll, 0.25))
    ]
    for thread in threads:
        thread.start()
    time.sleep(5)

    assert seen == [0.25, 1.5, 3]
