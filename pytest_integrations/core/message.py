"""An HTTP/1.1 answer between its meaning and its bytes, where every part can still be replaced by a lie.

preface   bytes sent before the answer (103 Early Hints)
start     b"HTTP/1.1 200 OK"
fields    ((b"Content-Type", b"application/json"), (b"Content-Length", b"9"), …)
content   the bytes after the empty line, as they go on the wire: framed, or badly framed
trailer   bytes sent after the answer (a second one, garbage)
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .reply import Reply

__all__ = ["Message", "chunked", "closes", "reason", "unchunked"]

_BODILESS = {204, 304}
_REASONS = {status.value: status.phrase for status in HTTPStatus}


@dataclass(frozen=True, slots=True)
class Message:
    """One answer as the parts of its bytes; `dataclasses.replace` makes a changed one."""

    start: bytes
    fields: tuple[tuple[bytes, bytes], ...] = ()
    content: bytes = b""
    preface: bytes = b""
    trailer: bytes = b""
    persistent: bool = True
    """Whether the connection is kept afterwards, if nothing else decides."""
    bodiless: bool = False
    """Whether no content may follow the head: an answer to HEAD, 1xx, 204 and 304."""

    @classmethod
    def of(cls, reply: Reply, *, head_only: bool = False, persistent: bool = True) -> Message:
        """Frame *reply*: with its chunks if it has any, else with its length.

        An answer to HEAD (*head_only*) tells the length of the body that it leaves out; 1xx, 204 and 304 have neither
        (RFC 9110 section 6.4.1, RFC 9112 section 6.3).
        """
        fields = [(name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in reply.headers]
        present = {name.lower() for name, _ in fields}
        bodiless = reply.status in _BODILESS or reply.status < 200
        content = b""
        if not bodiless:
            if reply.chunks is not None:
                fields.append((b"Transfer-Encoding", b"chunked"))
                content = chunked(reply.chunks)
            else:
                if b"content-length" not in present:
                    fields.append((b"Content-Length", b"%d" % len(reply.body)))
                content = reply.body
        persistent = persistent and not closes(reply)
        if not persistent and b"connection" not in present:
            fields.append((b"Connection", b"close"))
        start = b"HTTP/1.1 %d %s" % (reply.status, reason(reply.status).encode())
        return cls(
            start,
            tuple(fields),
            b"" if head_only else content,
            persistent=persistent,
            bodiless=head_only or bodiless,
        )

    @property
    def head(self) -> bytes:
        """The status line and the header section with its empty line, as bytes; none at all without a status line."""
        if not self.start:
            return b""
        return b"".join((self.start, b"\r\n", *(b"%b: %b\r\n" % field for field in self.fields), b"\r\n"))

    @property
    def wire(self) -> bytes:
        """All bytes of the answer in order."""
        return b"".join((self.preface, self.head, self.content, self.trailer))

    @property
    def body(self) -> bytes:
        """The content without its framing."""
        return unchunked(self.content) if self.field(b"Transfer-Encoding") == b"chunked" else self.content

    def field(self, name: bytes) -> bytes | None:
        """Return the first value of the field called *name* (any case), or None."""
        wanted = name.lower()
        return next((value for key, value in self.fields if key.lower() == wanted), None)

    def without(self, *names: bytes) -> Message:
        """Return the message without the fields called *names* (any case)."""
        dropped = {name.lower() for name in names}
        return replace(self, fields=tuple(field for field in self.fields if field[0].lower() not in dropped))

    def with_field(self, name: bytes, value: bytes) -> Message:
        """Return the message with one more field at the end."""
        return replace(self, fields=(*self.fields, (name, value)))

    def reframed(self, body: bytes) -> Message:
        """Return the message with *body* as its content and a true Content-Length, whatever framing it had."""
        bare = self.without(b"Content-Length", b"Transfer-Encoding")
        return replace(bare.with_field(b"Content-Length", b"%d" % len(body)), content=body)

    def rechunked(self, content: bytes) -> Message:
        """Return the message as chunked, with *content* taken as the bytes of its chunked section, right or wrong."""
        bare = self.without(b"Content-Length", b"Transfer-Encoding")
        return replace(bare.with_field(b"Transfer-Encoding", b"chunked"), content=content)


def chunked(chunks: Iterable[bytes], *, last: bool = True) -> bytes:
    r"""Return *chunks* in the chunked coding of RFC 9112 section 7.1, with the *last* chunk or without.

    >>> chunked([b"ab", b"c"])
    b'2\r\nab\r\n1\r\nc\r\n0\r\n\r\n'
    """
    body = b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks)
    return body + b"0\r\n\r\n" if last else body


def unchunked(content: bytes) -> bytes:
    r"""Return what *content* holds in the chunked coding.

    >>> unchunked(chunked([b"ab", b"c"]))
    b'abc'
    """
    pieces = []
    while content:
        size, _, content = content.partition(b"\r\n")
        length = int(size, 16)
        pieces.append(content[:length])
        content = content[length + 2 :]
    return b"".join(pieces)


def closes(reply: Reply) -> bool:
    """Tell whether *reply* announces that the connection ends with it (RFC 9112 section 9.6)."""
    options = (reply.header("connection") or "").split(",")
    return any(option.strip().lower() == "close" for option in options)


def reason(status: int) -> str:
    """Return the usual reason phrase of *status*, or "Unknown"."""
    return _REASONS.get(status, "Unknown")
