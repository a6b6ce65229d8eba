"""HTTP/2 as it would look in HTTP/1.1, which is how the ledger shows it, and the other way round.

:method GET, :path /users, :authority shop   <->   GET /users HTTP/2 CRLF host: shop
:status 200                                  <->   HTTP/2 200
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_integrations.core.message import unchunked

from .fields import CONNECTION_SPECIFIC

if TYPE_CHECKING:
    from pytest_integrations.core.message import Message

    from .fields import Pairs

__all__ = ["as_http2", "head_of", "interim_of", "pairs_of"]


def head_of(headers: Pairs) -> bytes:
    r"""Return the head of a request with these *headers*, its lines in HTTP/1.1's order.

    >>> head_of(((b":method", b"GET"), (b":path", b"/"), (b":authority", b"shop"), (b"accept", b"*/*")))
    b'GET / HTTP/2\r\nhost: shop\r\naccept: */*'
    """
    pseudo = {name: value for name, value in headers if name.startswith(b":")}
    authority = pseudo.get(b":authority")
    target = pseudo.get(b":path", authority or b"")
    lines = [b"%b %b HTTP/2" % (pseudo.get(b":method", b""), target)]
    if authority is not None:
        lines.append(b"host: %b" % authority)
    cookies = [value for name, value in headers if name == b"cookie"]
    for name, value in headers:
        if name == b"cookie":  # which clients may cut into crumbs (RFC 9113 section 8.2.3)
            if cookies:
                lines.append(b"cookie: %b" % b"; ".join(cookies))
                cookies.clear()
        elif not name.startswith(b":") and not (name == b"host" and authority is not None):
            lines.append(b"%b: %b" % (name, value))
    return b"\r\n".join(lines)


def as_http2(message: Message) -> Message:
    """Return *message* without what only HTTP/1.1 has: reason, chunks, fields that speak of the connection, capitals.

    What has no status line is not HTTP, and left as it is.
    """
    if not message.start:
        return message
    content = message.content
    if message.field(b"transfer-encoding") is not None:
        with suppress(ValueError):  # chunks that are none are sent as they are
            content = unchunked(content)
    fields = tuple((name.lower(), value) for name, value in message.fields if name.lower() not in CONNECTION_SPECIFIC)
    start = b"HTTP/2 %b" % (message.start.split(None, 2)[1:2] or [b""])[0]
    return replace(message, start=start, fields=fields, content=content, trailer=b"", persistent=True)


def pairs_of(message: Message) -> Pairs:
    """Return the header section of an answer that `as_http2` has made."""
    return ((b":status", message.start.rpartition(b" ")[2]), *message.fields)


def interim_of(preface: bytes) -> list[Pairs]:
    r"""Return the header sections of the interim answers in *preface*.

    >>> interim_of(b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n")
    [((b':status', b'103'), (b'link', b'</x>'))]
    """
    sections = []
    for head in preface.split(b"\r\n\r\n"):
        start, *lines = head.split(b"\r\n")
        parts = start.split(None, 2)
        if len(parts) > 1:
            pairs = [line.partition(b":") for line in lines]
            fields = tuple((name.lower(), value.strip()) for name, colon, value in pairs if colon)
            sections.append(((b":status", parts[1]), *fields))
    return sections
