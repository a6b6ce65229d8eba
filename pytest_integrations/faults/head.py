"""Heads that clients do not expect: no status line, no fields, far too many, other versions, interim answers."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from pytest_integrations.core.effect import Cut, Tamper
from pytest_integrations.core.errors import ScriptingError
from pytest_integrations.core.fault import Fault
from pytest_integrations.core.settings import text, whole

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_integrations.core.effect import Effect
    from pytest_integrations.core.fault import Occasion
    from pytest_integrations.core.message import Message

__all__ = ["bad_status_line", "early_hints", "http_version", "huge_header", "illegal_header", "many_headers"]

_FIN = Cut("close", "answer", 1.0)
_STATUS_LINE = re.compile(r"HTTP/\d\.\d \d{3}( .*)?")


@dataclass(frozen=True, slots=True, repr=False)
class bad_status_line(Fault):  # noqa: N801 -- a word in a script
    """Begin the answer with a line that is no status line.

    Wire definition: *line* CRLF where the status line should be, then the fields and the body as they are, FIN.

    ```python
    import pytest, requests

    fake_rest.get("/users").reply(json=["ada"])
    fake_rest.inject(bad_status_line("ICY 200 OK"))
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{fake_rest.url}/users")
    ```
    """

    only_on: ClassVar[str] = "HTTP/1"
    line: str = "HTTP/1.1 OK"

    def __post_init__(self) -> None:
        """Check the settings."""
        if _STATUS_LINE.fullmatch(text("line", self.line)):
            msg = f"bad_status_line: line={self.line!r} is a good status line; see status() and http_version()"
            raise ScriptingError(msg)

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        """Yield another first line."""
        yield Tamper(lambda message: replace(message, start=self.line.encode("latin-1")))
        yield _FIN


@dataclass(frozen=True, slots=True, repr=False)
class illegal_header(Fault):  # noqa: N801 -- a word in a script
    """Put a line that is no field between the fields.

    Wire definition: *line* CRLF right after the status line, then the fields and the body as they are, FIN. By
    default a line without a colon, as a broken gateway leaves it there; a client that goes on reading may miss all
    that follows.

    ```python
    import requests

    fake_rest.get("/users").reply(json=["ada"])
    fake_rest.inject(illegal_header("Set Cookie: a=b"))
    assert requests.get(f"{fake_rest.url}/users").ok  # and no error
    ```
    """

    only_on: ClassVar[str] = "HTTP/1"
    line: str = "this line has no colon"

    def __post_init__(self) -> None:
        """Check the settings."""
        text("line", self.line)

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        """Yield one line more."""
        line = self.line.encode("latin-1")
        yield Tamper(lambda message: replace(message, start=b"%b\r\n%b" % (message.start, line)))
        yield _FIN


@dataclass(frozen=True, slots=True, repr=False)
class huge_header(Fault):  # noqa: N801 -- a word in a script
    """Send one field that is far longer than clients expect.

    Wire definition: one more field, `X-Huge`, whose value is *size* times the letter `a`; all else as it is. That is
    legal: a client that refuses it protects itself, and must not crash.

    ```python
    import pytest, requests

    fake_rest.get("/users").reply(json=["ada"])
    fake_rest.inject(huge_header(size=1_000_000))
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{fake_rest.url}/users")
    ```
    """

    size: int = 200_000

    def __post_init__(self) -> None:
        """Check the settings."""
        whole("size", self.size, 1)

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        """Yield a long field."""
        yield Tamper(lambda message: message.with_field(b"X-Huge", b"a" * self.size), spoils=False)


@dataclass(frozen=True, slots=True, repr=False)
class many_headers(Fault):  # noqa: N801 -- a word in a script
    """Send more fields than clients expect.

    Wire definition: *n* more fields, `X-Header-1: 1` and so on; all else as it is. Legal, as `huge_header` is.

    ```python
    import pytest, requests

    fake_rest.get("/users").reply(json=["ada"])
    fake_rest.inject(many_headers(1000))
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{fake_rest.url}/users")
    ```
    """

    n: int = 500

    def __post_init__(self) -> None:
        """Check the settings."""
        whole("n", self.n, 1)

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        """Yield many fields."""
        more = tuple((b"X-Header-%d" % each, b"%d" % each) for each in range(1, self.n + 1))
        yield Tamper(lambda message: replace(message, fields=(*message.fields, *more)), spoils=False)


@dataclass(frozen=True, slots=True, repr=False)
class early_hints(Fault):  # noqa: N801 -- a word in a script
    """Send an interim answer that nobody asked for, and then the real one.

    Wire definition: `HTTP/1.1 103 Early Hints`, a `Link` field with *link*, an empty line; then the answer as it is. A
    client must go on to the real answer (RFC 9110 section 15.2); several return the 103.

    ```python
    import requests

    fake_rest.get("/users").reply(json=["ada"])
    fake_rest.inject(early_hints())
    assert requests.get(f"{fake_rest.url}/users").status_code == 103  # not 200
    ```
    """

    link: str = "</style.css>; rel=preload"

    def __post_init__(self) -> None:
        """Check the settings."""
        text("link", self.link)

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        """Yield a preface."""
        hints = b"HTTP/1.1 103 Early Hints\r\nLink: %b\r\n\r\n" % self.link.encode("latin-1")
        yield Tamper(lambda message: replace(message, preface=hints), spoils=False)


@dataclass(frozen=True, slots=True, repr=False)
class http_version(Fault):  # noqa: N801 -- a word in a script
    """Answer in another version of HTTP than the request's.

    Wire definition: `HTTP/` and *version* in the status line, then the fields and the body as they are, FIN. For
    `"1.0"`, which is legal, chunks are replaced by a `Content-Length`, since that version has none.

    ```python
    import requests

    fake_rest.get("/users").reply(json=["ada"])
    fake_rest.inject(http_version("1.0"))
    assert requests.get(f"{fake_rest.url}/users").raw.version == 10
    ```
    """

    only_on: ClassVar[str] = "HTTP/1"
    version: str = "1.0"

    def __post_init__(self) -> None:
        """Check the settings."""
        if not re.fullmatch(r"\d\.\d", str(self.version)) or self.version == "1.1":
            msg = (
                f"http_version: version={self.version!r} is not another version: "
                "valid are two digits with a dot between them, other than 1.1, such as '1.0' and '9.9'"
            )
            raise ScriptingError(msg)

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        """Yield another version."""
        yield Tamper(self._versioned, spoils=self.version != "1.0")
        yield _FIN

    def _versioned(self, message: Message) -> Message:
        if self.version == "1.0" and message.field(b"Transfer-Encoding") and not message.bodiless:
            message = message.reframed(message.body)
        return replace(message, start=b"HTTP/%b %b" % (self.version.encode(), message.start.partition(b" ")[2]))
