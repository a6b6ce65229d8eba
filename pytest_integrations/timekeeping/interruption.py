"""Raising an error in the main thread, wherever it waits."""

from __future__ import annotations

import signal
import threading
import warnings
from collections import deque
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .patches import Patches

__all__ = ["Interruption"]

_SIGNAL = getattr(signal, "SIGURG", None)  # one that nobody uses: it is ignored unless there is a handler


class Interruption:
    """The way to the main thread, by a signal. From elsewhere there is none: then an error is a warning."""

    def __init__(self) -> None:
        """Begin without a handler."""
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

    def _handle(self, *_: object) -> None:
        if self._errors:
            raise self._errors.popleft()

    def raise_in_main(self, error: BaseException) -> None:
        """Have *error* raised there, soon."""
        if not self._is_installed or _SIGNAL is None:
            warnings.warn(str(error), stacklevel=1)
            return
        self._errors.append(error)
        signal.pthread_kill(threading.main_thread().ident or 0, _SIGNAL)
