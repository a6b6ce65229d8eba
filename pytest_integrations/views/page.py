"""The report as one page."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .facts import Health


def page(health: Health) -> str:
    """Return the page."""
    return str(health)
