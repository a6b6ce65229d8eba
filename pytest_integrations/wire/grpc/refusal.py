"""What makes the wire itself end a call with an error."""

from __future__ import annotations

__all__ = ["Refusal"]


class Refusal(Exception):
    """Something that a client sent cannot be taken; it is told this code and text."""

    def __init__(self, *, code: str, text: str) -> None:
        """Refuse with the status *code* of this name."""
        super().__init__(f"{code}: {text}")
        self.code: str = code
        self.text: str = text
