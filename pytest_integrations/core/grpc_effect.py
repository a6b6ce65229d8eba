"""What the wire of gRPC alone can be told to do to a call; the rest of the vocabulary is in `effect`.

Where in a call each of them acts:

    instead of the work  Conclude, Abort (after no message)
    to the messages      Reframe
    to the end           Conclude, Abort, Unended; HalfFrame (with a Cut)
    to the connection    Depart; Neglect, at its accept
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from .effect import Effect

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Abort", "Conclude", "Depart", "FrameKind", "HalfFrame", "Neglect", "Reframe", "Unended"]

FrameKind = Literal["headers", "data", "trailers"]
"""The frames of an answer: its head, its messages, its end."""


@dataclass(frozen=True, slots=True)
class Conclude(Effect):
    """End the call with the status *code*, *text* and *trailing* metadata once *after* of its messages went out.

    With `after=0` nothing is done for it, and it gets trailers only, unless *headers* are to come first; with None all
    messages go out, and only the end is another one. A stream that ends before *after* messages ends with it as well.
    Where it *spoils*, a careful client must not take that for an answer, whatever its code says.
    """

    code: int
    text: str = ""
    trailing: tuple[tuple[str, str | bytes], ...] = ()
    after: int | None = 0
    headers: bool = False
    spoils: bool = False


@dataclass(frozen=True, slots=True)
class Abort(Effect):
    """End the stream with RST_STREAM and this *error* code of HTTP/2 once *after* messages went out."""

    error: int
    after: int = 0


@dataclass(frozen=True, slots=True)
class Reframe(Effect):
    """Send *change(frame)* in the place of a message's frame: its prefix of five bytes, and the message.

    *at* is the number of the message, from 1 on; None: each.
    """

    change: Callable[[bytes], bytes]
    at: int | None = None


@dataclass(frozen=True, slots=True)
class Unended(Effect):
    """End the stream with its last message (END_STREAM on DATA), or its headers, and never tell a status."""


@dataclass(frozen=True, slots=True)
class HalfFrame(Effect):
    """Let the `Cut` beside it be inside a frame of HTTP/2: the first half of one *of* these goes out before it."""

    of: FrameKind


@dataclass(frozen=True, slots=True)
class Depart(Effect):
    """Send GOAWAY: the connection takes no further streams, and ends when those that it has are done.

    *processed* tells whether this call is among those that are (the last stream that it names), and answered; where it
    is not, nothing is done for it, and its client may try it again wherever it likes.
    """

    processed: bool
    error: int = 0


@dataclass(frozen=True, slots=True)
class Neglect(Effect):
    """Leave out *what* keeps a connection going: the answers to PINGs, or every window for the bodies of requests."""

    what: Literal["ping", "window"]
