"""The one I/O thread of all fakes of the process.

A small loop of our own: a selector, a heap of timers, and a socket that other threads wake it by. It is not asyncio
because a fake must start and stop without a thread hop, play its faults in an order that is the same each time, and
take its timers from a `Clock` that can be made virtual. What happens on it must not block: callables of the test run
on other threads.
"""

from __future__ import annotations

import contextlib
import heapq
import itertools
import os
import selectors
import socket
import sys
import threading
from collections import deque
from typing import TYPE_CHECKING, TypeVar

from pytest_integrations.core.clock import IN_FORCE

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_integrations.core.clock import Clock

__all__ = ["READ", "WRITE", "Loop", "Timer", "close_shared_loop", "shared_loop"]

READ = selectors.EVENT_READ
WRITE = selectors.EVENT_WRITE
T = TypeVar("T")

_LONGEST = 1e6
"""Seconds that the loop waits at most before it looks again; a kernel takes no more than about twice that."""
_HAIR = 1e-6
"""A timer is due within this many seconds of its moment: sums of floats do not meet exactly."""


class Timer:
    """A call that the loop will make at a moment of its clock, unless it is cancelled."""

    __slots__ = ("action", "when")

    def __init__(self, when: float, action: Callable[[], object]) -> None:
        """Call *action* at *when*."""
        self.when: float = when
        self.action: Callable[[], object] | None = action

    def cancel(self) -> None:
        """Do not call it; harmless if that has happened."""
        self.action = None


class Loop:
    """A thread that waits for sockets and for the clock, and calls what is to be called.

    `watch`, `unwatch`, `post`, `call` and `settle` may be used by any thread, the rest by the loop's own only.
    """

    def __init__(self, clock: Clock = IN_FORCE) -> None:
        """Prepare a loop on *clock*; `start` starts its thread."""
        self.clock = clock
        self.pid: int = os.getpid()
        self._selector = selectors.DefaultSelector()
        self._timers: list[tuple[float, int, Timer]] = []
        self._order = itertools.count()
        self._ready: deque[Callable[[], object]] = deque()
        self._settlers: deque[threading.Lock] = deque()
        self._inner, self._outer = socket.socketpair()
        self._inner.setblocking(False)
        self._outer.setblocking(False)
        self._running = True
        self._thread = threading.Thread(target=self._run, name="integrations-io", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self.watch(self._inner, READ, self._woken)
        IN_FORCE.watchers.append(self._clock_changed)
        self._thread.start()

    @property
    def is_usable(self) -> bool:
        """Whether its thread runs in this process; it does not in a child after a fork."""
        return self._running and self.pid == os.getpid() and self._thread.is_alive()

    @property
    def is_here(self) -> bool:
        """Whether the caller is the loop's own thread."""
        return threading.current_thread() is self._thread

    # -- sockets

    def watch(self, sock: socket.socket, events: int, callback: Callable[[int], object]) -> None:
        """Call *callback(events)* whenever *sock* is ready; adding to epoll and kqueue is safe from any thread."""
        self._selector.register(sock, events, callback)

    def rewatch(self, sock: socket.socket, events: int, callback: Callable[[int], object]) -> None:
        """Wait for other *events* of a watched *sock*."""
        self._selector.modify(sock, events, callback)

    def unwatch(self, sock: socket.socket) -> None:
        """Wait for *sock* no more; harmless if it is not watched, or watched by the process that this one came from."""
        if self.pid != os.getpid():  # both have the same selector
            return
        with contextlib.suppress(KeyError, ValueError):
            self._selector.unregister(sock)

    # -- time

    def call_later(self, seconds: float, action: Callable[[], object]) -> Timer:
        """Call *action* after *seconds*."""
        timer = Timer(self.clock.monotonic() + seconds, action)
        heapq.heappush(self._timers, (timer.when, next(self._order), timer))
        return timer

    def call_soon(self, action: Callable[[], object]) -> None:
        """Call *action* once the present callback has returned."""
        self._ready.append(action)

    # -- other threads

    def post(self, action: Callable[[], object]) -> None:
        """Have *action* called on the loop, soon; returns at once."""
        self._ready.append(action)
        self._wake()

    def call(self, action: Callable[[], T]) -> T:
        """Have *action* called on the loop and return its result, or raise what it raised.

        Where the loop does not run any more, there is nobody to disturb, and it is called here.
        """
        if self.is_here or not self.is_usable:
            return action()
        results: list[T] = []
        errors: list[BaseException] = []
        done = threading.Lock()
        done.acquire()

        def run() -> None:
            try:
                results.append(action())
            except BaseException as error:  # noqa: BLE001 -- handed to the caller's thread, which raises it
                errors.append(error)
            finally:
                done.release()

        self.post(run)
        done.acquire()
        if errors:
            raise errors[0]
        return results[0]

    def settle(self) -> None:
        """Return when everything that the kernel has already delivered, or that is already due, has been dealt with."""
        if self.is_here or not self.is_usable:
            return
        done = threading.Lock()
        done.acquire()
        self._settlers.append(done)
        self._wake()
        done.acquire()

    def stop(self) -> None:
        """End the thread and close what the loop itself has open."""
        if self.is_usable and not self.is_here:
            self._running = False
            self._wake()
            self._thread.join()
        self._running = False
        with contextlib.suppress(ValueError):  # it was never started
            IN_FORCE.watchers.remove(self._clock_changed)
        self._selector.close()
        self._inner.close()
        self._outer.close()

    def _wake(self) -> None:
        # Where so many wake-ups are waiting that the socket is full, one more would tell nothing new.
        with contextlib.suppress(BlockingIOError):
            self._outer.send(b"\0")

    def _woken(self, _events: int) -> None:
        self._inner.recv(4096)

    def _clock_changed(self) -> None:
        """Wait anew: for how long, and by which of the two `select`s, depends on the clock in force."""
        if self.is_usable:
            self._wake()

    # -- the loop itself

    def _run(self) -> None:
        selector = self._selector
        ready = self._ready
        while self._running:
            is_settling = bool(self._settlers)  # who comes after the selector has looked waits until it looks again
            events = selector.select(self._patience())  # looked up each time: a virtual clock replaces it
            for key, mask in events:
                try:
                    key.data(mask)
                except BaseException:  # noqa: BLE001 -- as in _guarded, without its call: this is the hot path
                    self._tell()
            if ready:
                for _ in range(len(ready)):
                    self._guarded(ready.popleft())
            fired = self._fire_timers() if self._timers else 0
            if is_settling and not (events or ready or fired):
                self._settlers.popleft().release()
        while ready:  # somebody may wait for it
            self._guarded(ready.popleft())
        while self._settlers:
            self._settlers.popleft().release()

    def _patience(self) -> float | None:
        if self._ready or self._settlers:
            return 0
        timers = self._timers
        while timers and timers[0][2].action is None:
            heapq.heappop(timers)
        return min(max(0.0, timers[0][0] - self.clock.monotonic()), _LONGEST) if timers else None

    def _fire_timers(self) -> int:
        now = self.clock.monotonic() + _HAIR
        fired = 0
        while self._timers and self._timers[0][0] <= now:
            action = heapq.heappop(self._timers)[2].action
            if action is not None:
                fired += 1
                self._guarded(action)
        return fired

    def _guarded(self, action: Callable[[], object]) -> None:
        """Call *action*; what it raises is a bug, which is told, and the loop goes on."""
        try:
            action()
        except BaseException:  # noqa: BLE001 -- one broken connection must not take the other fakes down
            self._tell()

    def _tell(self) -> None:
        """Tell of the exception being handled, through the thread's excepthook."""
        threading.excepthook(threading.ExceptHookArgs((*sys.exc_info(), self._thread)))


_shared: Loop | None = None
_lock = threading.Lock()


def shared_loop() -> Loop:
    """Return the running loop of this process, made when first asked for, and made anew after a fork."""
    global _shared  # noqa: PLW0603 -- one thread a process is the design, and this is where it is kept
    loop = _shared
    if loop is None or not loop.is_usable:
        with _lock:
            if _shared is None or not _shared.is_usable:
                _shared = Loop()
                _shared.start()
            loop = _shared
    return loop


def close_shared_loop() -> None:
    """End the loop of this process, if there is one; the next fake starts another."""
    global _shared
    with _lock:
        loop, _shared = _shared, None
    if loop is not None and loop.is_usable:
        loop.stop()
