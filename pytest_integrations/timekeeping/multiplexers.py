"""select, poll, epoll, kqueue and the selectors on them, which is all that asyncio and trio need."""

from __future__ import annotations

import select
import selectors
from typing import TYPE_CHECKING, Any

from . import real
from .neighbours import waits_for_ever
from .readiness import wait_for_descriptor, wait_for_poll
from .ruled import timeline_for_wait

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from .patches import Patches

__all__ = ["install"]

_SELECTORS = ("EpollSelector", "PollSelector", "KqueueSelector")  # whichever of them this platform has


def install(patches: Patches) -> None:
    """Make those waits virtual that have a timeout."""
    patches.redirect(select.select, _select)
    patches.put(type(select.poll()), "poll", _poll)
    if real.epoll is not None:
        patches.put(select.epoll, "poll", _epoll)
    for name in _SELECTORS:
        kind = getattr(selectors, name, None)
        if kind is not None:
            patches.wrap(kind, "select", _selector_select)


def _descriptor_of(waited_on: Any) -> int:
    return waited_on if isinstance(waited_on, int) else int(waited_on.fileno())


def _select(
    rlist: Iterable[Any], wlist: Iterable[Any], xlist: Iterable[Any], timeout: float | None = None, /
) -> tuple[list[Any], list[Any], list[Any]]:
    timeline = timeline_for_wait() if timeout is not None and timeout > 0 else None
    if timeline is None or timeout is None:
        return real.select_(rlist, wlist, xlist, timeout)  # type: ignore[no-any-return]
    lists = list(rlist), list(wlist), list(xlist)
    ready: tuple[list[Any], list[Any], list[Any]] = real.select_(*lists, 0)
    if any(ready):
        return ready
    masks: dict[int, int] = {}
    for waited_on, mask in zip(lists, (select.POLLIN, select.POLLOUT, select.POLLPRI), strict=True):
        for each in waited_on:
            descriptor = _descriptor_of(each)
            masks[descriptor] = masks.get(descriptor, 0) | mask
    poll = select.poll()
    for descriptor, mask in masks.items():
        poll.register(descriptor, mask)
    wait_for_poll(timeline, poll, timeout, "select")
    return real.select_(*lists, 0)  # type: ignore[no-any-return]


def _poll(self: Any, timeout: float | None = None, /) -> list[tuple[int, int]]:
    timeline = timeline_for_wait() if timeout is not None and timeout > 0 else None
    if timeline is None or timeout is None:
        return real.poll(self, timeout)  # type: ignore[no-any-return]
    return wait_for_poll(timeline, self, timeout / 1e3, "poll")


def _epoll(self: Any, timeout: float | None = None, maxevents: int = -1) -> list[tuple[int, int]]:
    timeline = timeline_for_wait() if timeout is not None and timeout > 0 else None
    if timeline is not None and timeout is not None:
        if waits_for_ever(timeout):
            timeout = None
        else:
            wait_for_descriptor(timeline, self.fileno(), select.POLLIN, timeout, "epoll")
            timeout = 0
    return real.epoll(self, timeout, maxevents)  # type: ignore[no-any-return]


def _selector_select(original: Callable[..., list[Any]]) -> Callable[..., list[Any]]:
    """As the standard one, less its rounding of the timeout to milliseconds."""

    def select_(self: Any, timeout: float | None = None) -> list[Any]:
        timeline = timeline_for_wait() if timeout is not None and timeout > 0 else None
        if timeline is None or timeout is None:
            return original(self, timeout)
        ready = original(self, 0)
        if ready:
            return ready
        selector = self._selector
        if hasattr(selector, "fileno"):  # epoll and kqueue are descriptors themselves
            wait_for_descriptor(timeline, selector.fileno(), select.POLLIN, timeout, "select")
        else:
            wait_for_poll(timeline, selector, timeout, "select")
        return original(self, 0)

    return select_
