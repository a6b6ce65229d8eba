"""What two attempts have in common: their bodies, as far as they were read and without what is drawn anew."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pytest_integrations.core.call import HttpCall
from pytest_integrations.core.grpc_call import GrpcCall

if TYPE_CHECKING:
    from collections.abc import Hashable

    from pytest_integrations.core.call import Call

__all__ = [
    "alike",
    "alike_as_far_as_read",
    "as_far_as_read",
    "declared_lengths",
    "is_cut",
    "without_boundaries",
    "without_boundary",
]

_BOUNDARY = re.compile(r"""boundary=("[^"]*"|[^;\s]+)""", re.IGNORECASE)
_MARK = "BOUNDARY"


def alike(call: Call) -> tuple[Hashable, ...]:
    """Return what two attempts of the same logical call have in common: fake, operation, target and body."""
    return call.fake, call.operation, getattr(call, "target", ""), without_boundary(call)


def alike_as_far_as_read(first: Call, other: Call) -> bool:
    """Tell whether two calls may be alike, by what was read of both bodies and by their lengths."""
    bodies = (as_far_as_read(first, other), declared_lengths(first, other))
    return alike(first)[:-1] == alike(other)[:-1] and all(one == another for one, another in bodies)


def without_boundary(call: Call) -> bytes:
    """Return the body of *call* with a fixed boundary between its parts: clients draw a new one for each attempt."""
    mark = _boundary(call)
    return call.body.replace(mark, _MARK.encode()) if mark else call.body


def without_boundaries(header: str) -> str:
    """Return the value of a *header* with that boundary in place of its own."""
    return _BOUNDARY.sub(f"boundary={_MARK}", header)


def is_cut(call: Call) -> bool:
    """Tell whether the request ended, for the fake, before its body did: nobody knows what was still to come."""
    if call.fault is not None and call.fault.scope == "upload" and not call.handled:
        return True
    if isinstance(call, GrpcCall):  # a stream of requests is its body when it is at its end
        return call.failed and not call.body and call.method is not None and call.method.streams_requests
    length = _length(call)
    return length.isdecimal() and len(call.body) < int(length)


def declared_lengths(first: Call, other: Call) -> tuple[bytes, bytes]:
    """Return how long two bodies are by their headers; nothing, if not both say it."""
    before, after = _length(first).encode("latin-1"), _length(other).encode("latin-1")
    return (before, after) if before and after else (b"", b"")


def as_far_as_read(first: Call, other: Call) -> tuple[bytes, bytes]:
    """Return two bodies, the longer one no further than the other was read."""
    short, long = sorted((first, other), key=lambda call: len(call.body))
    whole, marks = long.body, (_boundary(long), _boundary(short))
    if all(marks):  # the other way round would miss a boundary that is cut
        whole = whole.replace(*marks)
    part = whole[: len(short.body)] if is_cut(short) else whole
    return (short.body, part) if short is first else (part, short.body)


def _length(call: Call) -> str:
    return call.headers.get("Content-Length", "") if isinstance(call, HttpCall) else ""


def _boundary(call: Call) -> bytes:
    if not isinstance(call, HttpCall) or not call.body:
        return b""
    found = _BOUNDARY.search(call.headers.get("Content-Type", ""))
    return found[1].strip('"').encode("latin-1") if found else b""
