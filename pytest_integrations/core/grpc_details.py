"""What a status of gRPC says beyond its code and text: google.rpc.Status, in the bytes of protobuf.

    message Status    { int32 code = 1; string message = 2; repeated google.protobuf.Any details = 3; }
    message Any       { string type_url = 1; bytes value = 2; }
    message RetryInfo { google.protobuf.Duration retry_delay = 1; }
    message Duration  { int64 seconds = 1; int32 nanos = 2; }

Four messages that will not change are written by hand, so that nobody needs generated code for them.
"""

from __future__ import annotations

from typing import Any

from .errors import ScriptingError
from .protobuf_bytes import bytes_field, fields, number_field

__all__ = ["retry_delay", "retry_info", "rich_status"]

_TYPES = "type.googleapis.com"


def rich_status(code: int, text: str, details: tuple[Any, ...]) -> bytes:
    """Return the value of `grpc-status-details-bin` for a status with these *details*.

    Each is a protobuf message (packed into an Any), an Any, or a pair of a full name and the message's bytes.
    """
    packed = b"".join(bytes_field(3, _packed(detail)) for detail in details)
    return number_field(1, code) + bytes_field(2, text.encode()) + packed


def retry_info(seconds: float) -> tuple[str, bytes]:
    r"""Return the detail that asks a client to wait *seconds* before it tries again.

    >>> retry_info(1.5)
    ('google.rpc.RetryInfo', b'\n\x08\x08\x01\x10\x80\xca\xb5\xee\x01')
    """
    whole, nanos = divmod(round(seconds * 1_000_000_000), 1_000_000_000)
    return "google.rpc.RetryInfo", bytes_field(1, number_field(1, whole) + number_field(2, nanos))


def retry_delay(status: bytes) -> float | None:
    """Return the seconds that the RetryInfo in a `grpc-status-details-bin` asks for; None if there is none.

    >>> retry_delay(rich_status(14, "later", (retry_info(1.5),)))
    1.5
    """
    try:
        for number, detail in fields(status):
            parts = dict(fields(detail)) if number == 3 and isinstance(detail, bytes) else {}
            if parts.get(1) == f"{_TYPES}/google.rpc.RetryInfo".encode():
                delay = dict(fields(bytes(dict(fields(bytes(parts.get(2, b"")))).get(1, b""))))
                return int(delay.get(1, 0)) + int(delay.get(2, 0)) / 1e9
    except (ValueError, TypeError):  # details of a server's own making
        return None
    return None


def _packed(detail: Any) -> bytes:
    if isinstance(detail, tuple) and len(detail) == 2 and isinstance(detail[0], str) and isinstance(detail[1], bytes):
        return bytes_field(1, f"{_TYPES}/{detail[0]}".encode()) + bytes_field(2, detail[1])
    message: Any = detail
    descriptor = getattr(message, "DESCRIPTOR", None)
    if descriptor is None or not hasattr(message, "SerializeToString"):
        msg = (
            f"details: {detail!r} is not a detail: valid are protobuf messages, and pairs of a message's full name and "
            "its bytes, such as ('google.rpc.RetryInfo', b'...')"
        )
        raise ScriptingError(msg)
    value: bytes = message.SerializeToString()
    if descriptor.full_name == "google.protobuf.Any":
        return value
    return _packed((descriptor.full_name, value))
