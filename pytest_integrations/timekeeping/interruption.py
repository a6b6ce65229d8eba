"""Raising an error in the main thread, wherever it waits, and holding back those of others."""

from __future__ import annotations

import signal
import threading
import warnings
from collections import deque
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from . import real

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import CodeType, FrameType

    from .patches import Patches

__all__ = ["Interruption", "uninterrupted"]

_SIGNAL = getattr(signal, "SIGURG", None)  # one that nobody uses: it is ignored unless there is a handler

_HELD_BACK = [getattr(signal, name) for name in ("SIGINT", "SIGALRM") if hasattr(signal, name)]
"""The signals whose handlers raise wherever the main thread is: Ctrl-C, and the timeout of a test."""


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Let the main thread come to the end of the block before the handlers of those signals run.

    Whoever asks twice is heard at once: perhaps it is the block that hangs.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    handlers = {number: signal.getsignal(number) for number in _HELD_BACK}

    def hold_back(number: int, frame: FrameType | None) -> None:
        came.append(number)
        handler = handlers[number]
        if came.count(number) > 1 and callable(handler):
            handler(number, frame)

    def raise_late(number: int) -> None:
        if came.count(number) == 1:
            signal.raise_signal(number)

    with ExitStack() as stack:
        for number, handler in handlers.items():
            if callable(handler):
                stack.callback(raise_late, number)
                stack.callback(signal.signal, number, handler)
                signal.signal(number, hold_back)
        yield


class Interruption:
    """The way to the main thread, by a signal. From elsewhere there is none: then an error is a warning."""

    def __init__(self, shielded: CodeType) -> None:
        """Begin without a handler; nothing is raised in what the function of the code *shielded* calls."""
        self._shielded = shielded
        self._errors: deque[BaseException] = deque()
        self._is_installed = False

    def install(self, patches: Patches) -> None:
        """Listen to the signal, if this is the main thread."""
        if _SIGNAL is None or threading.current_thread() is not threading.main_thread():
            return
        before = signal.signal(_SIGNAL, self._handle)
        self._is_installed = True
        patches.callback(self._remove, before)

    def _remove(self, before: Any) -> None:
        self._is_installed = False
        if _SIGNAL is not None:
            signal.signal(_SIGNAL, signal.SIG_DFL if before is None else before)

    def _handle(self, _signal: int, frame: FrameType | None) -> None:
        __tracebackhide__ = True  # the line that waited is what one looks for
        while frame is not None:
            if frame.f_code is self._shielded:
                self._errors.clear()  # too late: what is being restored goes before
            frame = frame.f_back
        if self._errors:
            raise self._errors.popleft()

    def raise_in_main(self, error: BaseException) -> None:
        """Have *error* raised there, and return when it has been."""
        if not self._is_installed or _SIGNAL is None:
            warnings.warn(str(error), stacklevel=1)
            return
        self._errors.append(error)
        main = threading.main_thread().ident or 0
        while error in self._errors and self._is_installed:
            # Again and again: a signal that comes just before a thread begins to wait for a lock does not wake it.
            signal.pthread_kill(main, _SIGNAL)
            real.sleep(0.005)
