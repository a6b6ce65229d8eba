"""Raising an error in the main thread, wherever it waits."""

from __future__ import annotations

import signal
import threading
import warnings
from collections import deque
from typing import TYPE_CHECKING, Any

from . import real

if TYPE_CHECKING:
    from types import CodeType, FrameType

    from .patches import Patches

__all__ = ["Interruption"]

_SIGNAL = getattr(signal, "SIGURG", None)  # one that nobody uses: it is ignored unless there is a handler


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
