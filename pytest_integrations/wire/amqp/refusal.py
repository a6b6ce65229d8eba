"""What a client is told that it may not do: a reply code, its name, a text, and what ends with it."""

from __future__ import annotations

from typing import Literal

__all__ = ["NAMES", "Refusal", "name_of"]

NAMES = {
    311: "CONTENT_TOO_LARGE",
    312: "NO_ROUTE",
    313: "NO_CONSUMERS",
    320: "CONNECTION_FORCED",
    402: "INVALID_PATH",
    403: "ACCESS_REFUSED",
    404: "NOT_FOUND",
    405: "RESOURCE_LOCKED",
    406: "PRECONDITION_FAILED",
    501: "FRAME_ERROR",
    502: "SYNTAX_ERROR",
    503: "COMMAND_INVALID",
    504: "CHANNEL_ERROR",
    505: "UNEXPECTED_FRAME",
    506: "RESOURCE_ERROR",
    530: "NOT_ALLOWED",
    540: "NOT_IMPLEMENTED",
    541: "INTERNAL_ERROR",
}
_SOFT = frozenset({311, 312, 313, 403, 404, 405, 406})
"""The codes that end a channel only (AMQP 0-9-1, section 1.1)."""


class Refusal(Exception):
    """A client asked for something that cannot be; it ends the channel or the connection, as its *code* has it."""

    def __init__(self, code: int, text: str, ends: Literal["channel", "connection"] | None = None) -> None:
        """Refuse with a reply *code* and *text*, which goes behind the code's name."""
        super().__init__(f"{NAMES.get(code, code)} - {text}")
        self.code: int = code
        self.ends: Literal["channel", "connection"] = ends or ("channel" if code in _SOFT else "connection")

    @property
    def text(self) -> str:
        """What the client reads."""
        return str(self)


def name_of(code: int) -> str:
    """Return the name of a reply *code*; of one that has none, the number."""
    return NAMES.get(code, str(code))
