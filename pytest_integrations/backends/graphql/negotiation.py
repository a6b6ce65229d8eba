"""Which media type an answer has, by what its client accepts (RFC 9110 section 12.5.1)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

__all__ = ["EVENTS", "JSON", "MIXED", "RESPONSE", "Accepted", "accepted"]

JSON = "application/json"
RESPONSE = "application/graphql-response+json"
MIXED = "multipart/mixed"
EVENTS = "text/event-stream"


@dataclass(frozen=True, slots=True)
class Accepted:
    """What a client accepts, the most wanted first."""

    ranges: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]
    """Media ranges with their parameters: `("multipart/mixed", (("deferspec", "20220824"),))`."""

    @property
    def media(self) -> str | None:
        """The media type of a result in one piece; None if it accepts none that we have."""
        for name, parameters in self.ranges:
            if dict(parameters).get("charset", "utf-8").lower() not in {"utf-8", "utf8"}:
                continue
            if name in {JSON, "application/*", "*/*"}:
                return JSON
            if name == RESPONSE:
                return RESPONSE
        return None

    def parameters(self, media: str) -> dict[str, str] | None:
        """Return the parameters that *media* is accepted with, None if it is not named."""
        return next((dict(parameters) for name, parameters in self.ranges if name == media), None)


@lru_cache(maxsize=256)
def accepted(header: str | None) -> Accepted:
    """Read an Accept *header*; without one, anything is accepted."""
    ranked: list[tuple[float, int, str, tuple[tuple[str, str], ...]]] = []
    for number, part in enumerate((header or "*/*").split(",")):
        name, *words = (word.strip() for word in part.split(";"))
        pairs = [(key.strip().lower(), value.strip().strip('"')) for key, _, value in (w.partition("=") for w in words)]
        weight = _weight(dict(pairs).get("q", "1"))
        if name and weight > 0:
            ranked.append((-weight, number, name.lower(), tuple(pair for pair in pairs if pair[0] != "q")))
    return Accepted(tuple((name, parameters) for _, _, name, parameters in sorted(ranked)))


def _weight(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 1.0
