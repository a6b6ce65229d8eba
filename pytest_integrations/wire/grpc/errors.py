"""The error codes of HTTP/2, by number and name (RFC 9113 section 7)."""

from __future__ import annotations

__all__ = ["NO_ERROR", "error_name"]

_NAMES = (
    "NO_ERROR",
    "PROTOCOL_ERROR",
    "INTERNAL_ERROR",
    "FLOW_CONTROL_ERROR",
    "SETTINGS_TIMEOUT",
    "STREAM_CLOSED",
    "FRAME_SIZE_ERROR",
    "REFUSED_STREAM",
    "CANCEL",
    "COMPRESSION_ERROR",
    "CONNECT_ERROR",
    "ENHANCE_YOUR_CALM",
    "INADEQUATE_SECURITY",
    "HTTP_1_1_REQUIRED",
)
NO_ERROR = 0


def error_name(code: int) -> str:
    """Return the name of an error code; of one that has none, its number.

    >>> error_name(8)
    'CANCEL'
    """
    return _NAMES[code] if 0 <= code < len(_NAMES) else str(code)
