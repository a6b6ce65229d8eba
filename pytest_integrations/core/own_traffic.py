"""Connections that the fakes make themselves, to a service behind them: nobody may take these for the client's."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["is_own_traffic", "own_traffic"]

_here = threading.local()


@contextmanager
def own_traffic() -> Iterator[None]:
    """Mark what the present thread looks up and connects to meanwhile as a fake's own."""
    before = is_own_traffic()
    _here.is_own = True
    try:
        yield
    finally:
        _here.is_own = before


def is_own_traffic() -> bool:
    """Tell whether the present thread connects on behalf of a fake."""
    return getattr(_here, "is_own", False)
