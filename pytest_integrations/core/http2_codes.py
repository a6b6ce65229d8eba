"""The error codes of HTTP/2, by which streams and connections are ended (RFC 9113 section 7)."""

from __future__ import annotations

from .errors import ScriptingError, near_names

__all__ = ["ERROR_CODES", "error_code", "error_name"]

ERROR_CODES = {
    "NO_ERROR": 0,
    "PROTOCOL_ERROR": 1,
    "INTERNAL_ERROR": 2,
    "FLOW_CONTROL_ERROR": 3,
    "SETTINGS_TIMEOUT": 4,
    "STREAM_CLOSED": 5,
    "FRAME_SIZE_ERROR": 6,
    "REFUSED_STREAM": 7,
    "CANCEL": 8,
    "COMPRESSION_ERROR": 9,
    "CONNECT_ERROR": 10,
    "ENHANCE_YOUR_CALM": 11,
    "INADEQUATE_SECURITY": 12,
    "HTTP_1_1_REQUIRED": 13,
}
"""The codes that the RFC has names for."""

_NAMES = {number: name for name, number in ERROR_CODES.items()}
_MOST = 2**32 - 1


def error_code(name: str, value: object) -> int:
    """Return the number of the error code *value*, a number or a name; raises `ScriptingError` about setting *name*.

    >>> error_code("code", "REFUSED_STREAM"), error_code("code", 99)
    (7, 99)
    """
    if isinstance(value, str) and value in ERROR_CODES:
        return ERROR_CODES[value]
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MOST:
        return value
    near = near_names(value.upper(), ERROR_CODES) if isinstance(value, str) else []
    guess = f" Did you mean {near[0]!r}?" if near else ""
    msg = f"{name}={value!r} is not an error code of HTTP/2.{guess} Valid: {', '.join(ERROR_CODES)}, or a 32-bit number"
    raise ScriptingError(msg)


def error_name(number: int) -> str:
    """Return what the RFC calls the error code *number*, or the number itself.

    >>> error_name(7), error_name(99)
    ('REFUSED_STREAM', '99')
    """
    return _NAMES.get(number, str(number))
