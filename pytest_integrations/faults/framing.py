"""Answers whose bytes are not the HTTP that they should be: cut, mislabelled, too long, or not HTTP at all.

Where a fault of this family ends the connection, it does so by a FIN, after everything that it sends. Answers that may
have no body (to HEAD, 204, 304) pass the faults that lie about a body unharmed. Chunks, and lengths that frame a body,
are HTTP/1.1's: those faults do not happen to calls that come by HTTP/2, for which see `h2_short_body`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Literal

from pytest_integrations.core.effect import Cut, Tamper, Work
from pytest_integrations.core.errors import ScriptingError
from pytest_integrations.core.fault import Fault
from pytest_integrations.core.message import chunked
from pytest_integrations.core.settings import among, number, text, whole

from .connection import GARBAGE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_integrations.core.effect import Effect
    from pytest_integrations.core.fault import Occasion
    from pytest_integrations.core.message import Message

__all__ = [
    "bad_chunk_size",
    "content_length",
    "malformed_response_chunk",
    "missing_last_chunk",
    "short_chunk",
    "truncate_body",
    "truncate_headers",
]

_CHUNK_SIZE = re.compile(r"[0-9a-fA-F]+[ \t]*(;.*)?")
_FIN = Cut("close", "answer", 1.0)
_ENDS: dict[str, Literal["close", "reset", "stall"]] = {"close": "close", "reset": "reset", "hang": "stall"}
_LIES = ("conflicting", "with_te", "negative", "not_a_number")


@dataclass(frozen=True, slots=True, repr=False)
class malformed_response_chunk(Fault):  # noqa: N801 -- a word in a script
    """Send a good status line, promise chunks, and send rubbish instead of them.

    Wire definition: `HTTP/1.1 200 OK`, `Transfer-Encoding: chunked`, an empty line, WireMock's 36 bytes of rubbish
    (which are no chunk size), FIN. The handler does not run.

    WireMock: `MALFORMED_RESPONSE_CHUNK`, byte for byte of this shape.

    ```python
    import pytest, requests

    fake_rest.get("/users").reply(json=["ada"])
    fake_rest.inject(malformed_response_chunk())
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        requests.get(f"{fake_rest.url}/users")
    ```
    """

    only_on: ClassVar[str] = "HTTP/1"

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        """Yield a 200 with rubbish in the place of its first chunk."""
        yield Work(runs=False)
        yield Tamper(lambda message: replace(message, fields=((b"Transfer-Encoding", b"chunked"),), content=GARBAGE))
        yield _FIN


@dataclass(frozen=True, slots=True, repr=False)
class bad_chunk_size(Fault):  # noqa: N801 -- a word in a script
    r"""Send the body in a chunk whose size is no hexadecimal number.

    Wire definition: the head of the answer with `Transfer-Encoding: chunked` for its framing, then *size* CRLF, the
    body CRLF, `0` CRLF CRLF, FIN.

    ```python
    import pytest, requests

    fake_rest.get("/users").reply(json=["ada"])
    fake_rest.inject(bad_chunk_size())
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        requests.get(f"{fake_rest.url}/users")
    ```
    """

    only_on: ClassVar[str] = "HTTP/1"
    size: str = "xyz"

    def __post_init__(self) -> None:
        """Check the settings."""
        if _CHUNK_SIZE.fullmatch(text("size", self.size)):
            msg = f"bad_chunk_size: size={self.size!r} is a good chunk size: give one that is no hexadecimal number"
            raise ScriptingError(msg)

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        """Yield a chunk with a wrong size line."""
        line = self.size.encode("latin-1", "replace")
        yield Tamper(lambda message: _rechunked(message, b"%b\r\n%b\r\n0\r\n\r\n" % (line, message.body)))
        yield _FIN


@dataclass(frozen=True, slots=True, repr=False)
class missing_last_chunk(Fault):  # noqa: N801 -- a word in a script
    """Send the whole body in chunks, and close without the last chunk, which says that it was all.

    Wire definition: the head with `Transfer-Encoding: chunked`, the body as one chunk, no `0` CRLF CRLF, FIN. To a
    careful client the body is incomplete (RFC 9112 section 8).

    ```python
    import pytest, requests

    fake_rest.get("/users").reply(json=["ada"])
    fake_rest.inject(missing_last_chunk())
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        requests.get(f"{fake_rest.url}/users")
    ```
    """

    only_on: ClassVar[str] = "HTTP/1"

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        """Yield chunks without an end."""
        yield Tamper(lambda message: _rechunked(message, chunked(_chunks(message), last=False)))
        yield _FIN


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class short_chunk(Fault):  # noqa: N801 -- a word in a script
    """Announce a chunk of a size, and send fewer bytes.

    Wire definition: the head with `Transfer-Encoding: chunked`, a chunk size of *missing* bytes more than the body has,
    the body, FIN.

    ```python
    import pytest, requests

    fake_rest.get("/users").reply(json=["ada"])
    fake_rest.inject(short_chunk(missing=100))
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        requests.get(f"{fake_rest.url}/users")
    ```
    """

    only_on: ClassVar[str] = "HTTP/1"
    missing: int = 10

    def __post_init__(self) -> None:
        """Check the settings."""
        whole("missing", self.missing, 1)

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        """Yield a chunk that ends too early."""
        yield Tamper(lambda message: _rechunked(message, self._short(message.body)))
        yield _FIN

    def _short(self, body: bytes) -> bytes:
        return b"%x\r\n%b" % (len(body) + self.missing, body)


@dataclass(frozen=True, slots=True, repr=False)
class content_length(Fault):  # noqa: N801 -- a word in a script
    """Lie about the length of the body.

    Wire definition: the answer with the body unchunked and whole, and, for its framing, by *lie*:

    - a number, `content_length(+10)` or `content_length(-3)`: `Content-Length` is wrong by so many bytes, never below
      0. Too long: FIN after the body. Too short: the connection is kept, with the rest of the body in it, which is
      what the next answer on it begins with;
    - `"conflicting"`: two `Content-Length` fields, the true one and one that is greater by one; FIN;
    - `"with_te"`: `Transfer-Encoding: chunked`, which is true, and a `Content-Length` that counts the chunks; FIN. The
      chunks decide (RFC 9112 section 6.3), so that a client is right to take the answer;
    - `"negative"`: `Content-Length: -1`; FIN;
    - `"not_a_number"`: `Content-Length: many`; FIN.

    MockServer: `contentLengthHeaderOverride`.

    ```python
    import pytest, requests

    fake_rest.get("/users").reply(json=["ada"])
    fake_rest.inject(content_length(+10))
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        requests.get(f"{fake_rest.url}/users")
    ```
    """

    only_on: ClassVar[str] = "HTTP/1"
    lie: int | Literal["conflicting", "with_te", "negative", "not_a_number"]

    def __post_init__(self) -> None:
        """Check the settings."""
        if isinstance(self.lie, bool) or not isinstance(self.lie, int):
            among("lie", self.lie, (*_LIES, "a number other than 0") if self.lie not in _LIES else _LIES)
        elif self.lie == 0:
            msg = "content_length: lie=0 is the truth: valid are other whole numbers, such as +10 or -3"
            raise ScriptingError(msg)

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        """Yield a wrong length."""
        yield Tamper(self._mislabelled, spoils=self.lie != "with_te")
        if isinstance(self.lie, str) or self.lie > 0:
            yield _FIN

    def _mislabelled(self, message: Message) -> Message:
        if message.bodiless:
            return message
        body = message.body
        if self.lie == "with_te":
            content = chunked(_chunks(message))
            return message.rechunked(content).with_field(b"Content-Length", b"%d" % len(content))
        framed = message.reframed(body)
        if self.lie == "conflicting":
            return framed.with_field(b"Content-Length", b"%d" % (len(body) + 1))
        words = {"negative": b"-1", "not_a_number": b"many"}
        told = words[self.lie] if isinstance(self.lie, str) else b"%d" % max(0, len(body) + self.lie)
        return framed.without(b"Content-Length").with_field(b"Content-Length", told)


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class truncate_body(Fault):  # noqa: N801 -- a word in a script
    """Stop in the middle of the body.

    Wire definition: the true head; then a *fraction* (0 to 1) of the body, or so many *bytes* of it, as framed; then,
    by *end*: FIN (`"close"`), RST (`"reset"`), or nothing more until the client leaves (`"hang"`). Without a number,
    half.

    Toxiproxy: `limit_data`. MockServer: `truncateBodyAtFraction`.

    ```python
    import pytest, requests

    fake_rest.get("/users").reply(json=["ada"])
    fake_rest.inject(truncate_body(fraction=0.9))
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        requests.get(f"{fake_rest.url}/users")
    ```
    """

    fraction: float | None = None
    bytes: int | None = None
    end: Literal["close", "reset", "hang"] = "close"

    def __post_init__(self) -> None:
        """Check the settings."""
        if self.fraction is not None and self.bytes is not None:
            msg = f"truncate_body: fraction={self.fraction!r} and bytes={self.bytes!r} both say where: give one of them"
            raise ScriptingError(msg)
        if self.fraction is not None:
            number("fraction", self.fraction, least=0, most=1)
        if self.bytes is not None:
            whole("bytes", self.bytes)
        among("end", self.end, _ENDS)

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        """Yield a cut in the body."""
        fraction = 0.5 if self.fraction is None else float(self.fraction)
        yield Cut(_ENDS[self.end], "body", fraction if self.bytes is None else self.bytes)


@dataclass(frozen=True, slots=True, repr=False)
class truncate_headers(Fault):  # noqa: N801 -- a word in a script
    """Stop in the middle of the header section.

    Wire definition: the first *after* bytes of the head (an int), or this fraction of it (a float), then FIN. Several
    clients take what came for a whole answer, without a body.

    ```python
    import requests

    fake_rest.get("/users").reply(json=["ada"])
    fake_rest.inject(truncate_headers(after=30))
    assert requests.get(f"{fake_rest.url}/users").text == ""  # and no error
    ```
    """

    after: float = 0.5

    def __post_init__(self) -> None:
        """Check the settings."""
        if isinstance(self.after, float):
            number("after", self.after, least=0, most=1)
        else:
            whole("after", self.after, 1)

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        """Yield a cut in the head."""
        yield Cut("close", "head", self.after)


def _rechunked(message: Message, content: bytes) -> Message:
    return message if message.bodiless else message.rechunked(content)


def _chunks(message: Message) -> tuple[bytes, ...]:
    """Return the body as one chunk; an empty chunk would be the last one."""
    return (message.body,) if message.body else ()
