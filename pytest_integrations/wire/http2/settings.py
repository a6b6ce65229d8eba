"""What a server tells its clients at the beginning of a connection, and how much it puts up with."""

from __future__ import annotations

from dataclasses import dataclass

from . import frames

__all__ = ["Http2Settings"]

_LEAST_FRAME = 16384
"""The size of frames that everybody takes, and nobody has to be told (RFC 9113 section 6.5.2)."""


@dataclass(frozen=True, slots=True)
class Http2Settings:
    """The settings of one connection, told in SETTINGS and kept.

    *max_streams*: how many streams a client may have open at a time; one more is refused, by RST_STREAM
    (REFUSED_STREAM). *stream_window* and *connection_window*: bytes that a client may send on a stream, and on all of
    them, before it is told that they were read; with a *stream_window* of 0 no body arrives. *max_headers*: bytes of
    a request's header list, counted as RFC 9113 section 6.5.2 has it: told to the client, and kept up to twice that
    by the wire, so that its service can tell a client off; beyond, the connection ends with ENHANCE_YOUR_CALM.
    *max_frame*: bytes of a frame that a client may send.
    """

    max_streams: int = 1000
    stream_window: int = 1024 * 1024
    connection_window: int = 16 * 1024 * 1024
    max_headers: int = 64 * 1024
    max_frame: int = _LEAST_FRAME

    def wire(self) -> bytes:
        """Return the SETTINGS frame that tells them."""
        larger = {frames.MAX_FRAME_SIZE: self.max_frame} if self.max_frame != _LEAST_FRAME else {}
        return frames.settings(
            {
                **larger,
                frames.MAX_CONCURRENT_STREAMS: self.max_streams,
                frames.INITIAL_WINDOW_SIZE: self.stream_window,
                frames.MAX_HEADER_LIST_SIZE: self.max_headers,
            }
        )
