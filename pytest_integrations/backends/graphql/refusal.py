"""What is not GraphQL over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["HttpRefusal"]


class HttpRefusal(Exception):
    """A request that is not GraphQL over HTTP, and what it is answered."""

    def __init__(self, status: int, why: str, headers: Mapping[str, str] | None = None) -> None:
        """Refuse with *status* and say *why*."""
        super().__init__(why)
        self.status: int = status
        self.why: str = why
        self.headers: Mapping[str, str] = headers or {}
