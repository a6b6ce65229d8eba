"""What the wire of HTTP/2 alone can be told to do to a call; the rest of the vocabulary is in `effect`.

instead of the work  ResetStream (with a Cut), Retire
to the connection    LimitStreams, at its accept
"""

from __future__ import annotations

from dataclasses import dataclass

from .effect import Effect

__all__ = ["LimitStreams", "ResetStream", "Retire"]


@dataclass(frozen=True, slots=True)
class ResetStream(Effect):
    """Let the `Cut("reset")` beside it reset the stream, by RST_STREAM with this *code*, and not the connection."""

    code: int


@dataclass(frozen=True, slots=True)
class Retire(Effect):
    """Send GOAWAY with *last* and *code* before the answer.

    *last* is the highest number of a stream that is processed; None names the newest one so far, this call's own or
    one above. A call whose stream is above is not processed. FIN follows when the streams up to it are done.
    """

    last: int | None
    code: int


@dataclass(frozen=True, slots=True)
class LimitStreams(Effect):
    """Tell the client that it may have *most* streams open at a time, and refuse more than that."""

    most: int
