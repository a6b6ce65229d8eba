"""Methods: what the client asks, read by pamqp, and what the broker says, written by ourselves.

pamqp checks what it writes by the letter of AMQP's grammar, and RabbitMQ passes on names that the grammar does not
allow; so the few methods that a broker sends are packed here.
"""

from __future__ import annotations

import re
import struct
from typing import TYPE_CHECKING, Any

from pamqp import commands

from . import frames
from .refusal import Refusal
from .table import join, longstr, raw

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pamqp.base import Frame as Method

__all__ = ["about", "flag", "long", "longlong", "method", "parse", "short", "shortstr", "spoken", "start"]

_WORD = re.compile(r"(?<=[a-z])(?=[A-Z])")
_SPOKEN: dict[str, str] = {}


def parse(payload: bytes) -> Method:
    """Return the method of a method frame; raises `Refusal` where it is none, or malformed."""
    kind: type[Method] | None = commands.INDEX_MAPPING.get(int.from_bytes(payload[:4], "big"))
    if kind is None:
        class_id, method_id = struct.unpack(">HH", payload[:4].ljust(4, b"\0"))
        raise Refusal(540, f"unknown method: class {class_id}, method {method_id}")
    method: Method = object.__new__(kind)  # its checks are for those who write, and not RabbitMQ's
    try:
        method.unmarshal(payload[4:])
    except (ValueError, IndexError, OverflowError, TypeError, struct.error) as error:
        raise Refusal(502, f"cannot decode {spoken(method)!r}: {error}") from error
    return method


def spoken(method: Method) -> str:
    """Return the method's name as the protocol has it: `basic.publish`, `basic.recover-async`."""
    name = method.name
    known = _SPOKEN.get(name)
    if known is None:
        known = _SPOKEN[name] = _WORD.sub("-", name).lower()
    return known


def about(method: Method | None) -> tuple[int, int]:
    """Return the class and method ids that a close names as its cause."""
    return (method.index >> 16, method.index & 0xFFFF) if method is not None else (0, 0)


# -- what the broker says


def method(channel: int, class_id: int, method_id: int, *arguments: bytes) -> bytes:
    """Return the frame of a method with packed *arguments*."""
    return frames.frame(frames.METHOD, channel, struct.pack(">HH", class_id, method_id) + b"".join(arguments))


def shortstr(text: str) -> bytes:
    """Return a short string, cut to the 255 bytes that it may have."""
    data = text.encode("utf-8", "surrogateescape")[:255]
    return bytes((len(data),)) + data


def flag(*bits: bool) -> bytes:
    """Return up to eight bits in their octet."""
    return bytes((sum(bit << place for place, bit in enumerate(bits)),))


def short(number: int) -> bytes:
    """Return 16 bits."""
    return struct.pack(">H", number)


def long(number: int) -> bytes:
    """Return 32 bits."""
    return struct.pack(">I", number)


def longlong(number: int) -> bytes:
    """Return 64 bits."""
    return struct.pack(">Q", number)


def start(properties: Mapping[str, Any], mechanisms: str) -> bytes:
    """Return connection.start."""
    packed = join({name: raw(value) for name, value in properties.items()})
    return method(0, 10, 10, b"\x00\x09", packed, longstr(mechanisms)[1:], longstr("en_US")[1:])
