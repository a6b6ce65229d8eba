"""What can be done to one direction of a connection whose protocol nobody looks at: bytes that pass through a proxy.

A part of the vocabulary of `effect.py`, for wires that pass bytes on. Each of these holds the bytes of one direction
up, or ends it; several of them stand in a row, and each takes what the one before it lets through.

    to the bytes      Lag, Pace, Slices
    to the end        Linger
    to both           Silence, Sever, Limit

A stream that is *ended* by one of them ends its whole connection: a FIN to each side, where nothing else is said.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from .effect import Effect

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["Direction", "Lag", "Limit", "Linger", "Pace", "Sever", "Silence", "Slices", "StreamEffect"]

Direction = Literal["upstream", "downstream"]
"""`"upstream"`: what the client sends to the server; `"downstream"`: what the server sends to the client."""


@dataclass(frozen=True, slots=True)
class StreamEffect(Effect):
    """Something that is done to one direction of a connection."""

    stream: Direction


@dataclass(frozen=True, slots=True)
class Lag(StreamEffect):
    """Pass each piece on `draw()` seconds after it came in, and none before the one that came before it."""

    draw: Callable[[], float]


@dataclass(frozen=True, slots=True)
class Pace(StreamEffect):
    """Pass on *rate* bytes per second: pieces of a tenth of a second's bytes at most, each when its time is up."""

    rate: float


@dataclass(frozen=True, slots=True)
class Slices(StreamEffect):
    """Pass each piece on in slices: `split(length)` gives the sizes, *pause* the seconds after each of them.

    Where *first* is set, the pause comes before each of them instead.
    """

    split: Callable[[int], Sequence[int]]
    pause: float
    first: bool = False


@dataclass(frozen=True, slots=True)
class Linger(StreamEffect):
    """Pass the end of the stream on *seconds* late."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Silence(StreamEffect):
    """Throw all bytes away, and end the stream when *seconds* have passed without one, or when this is taken back."""

    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Sever(StreamEffect):
    """Hold all bytes back, and reset the connection on both sides *seconds* after the first, or after the end."""

    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Limit(StreamEffect):
    """Let *count* bytes pass, and then: `"close"` ends the stream, `"reset"` resets the connection on both sides.

    `"stall"` throws away what comes after them, and ends the stream after *seconds*, if that is not None. With a count
    of 0 it is the first byte that has this effect, and which does not pass.
    """

    count: int
    how: Literal["close", "reset", "stall"] = "close"
    seconds: float | None = None
