"""What only HTTP/2 has (RFC 9113): GOAWAY, streams that are reset, limits of streams, bodies that end too early.

These happen to calls that come by HTTP/2; those by HTTP/1.1 neither meet nor count them, so that a test whose client
speaks HTTP/1.1 is told that the fault never fired. `h2_max_streams` is decided before that can be known, and has no
meaning for a connection that turns out to be one of HTTP/1.1.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Literal

from pytest_integrations.core.effect import Cut, Tamper
from pytest_integrations.core.errors import ScriptingError
from pytest_integrations.core.fault import Fault
from pytest_integrations.core.http2_codes import error_code
from pytest_integrations.core.http2_effect import LimitStreams, ResetStream, Retire
from pytest_integrations.core.settings import whole

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_integrations.core.effect import Effect
    from pytest_integrations.core.fault import Occasion, Scope
    from pytest_integrations.core.message import Message

__all__ = ["h2_goaway", "h2_max_streams", "h2_rst_stream", "h2_short_body"]

_MOST = 2**31 - 1
"""The highest number of a stream, and the most that a window or a setting of this kind can be."""


@dataclass(frozen=True, slots=True, repr=False)
class h2_goaway(Fault):  # noqa: N801 -- a word in a script
    """Send GOAWAY: the server takes no further requests on this connection, as one does that is shut down.

    Wire definition: the whole request is read; GOAWAY with *code* (a number, or a name of RFC 9113 section 7), whose
    last stream is, by *last*:

    - `"all"`: the newest one, so that this call and all others that are open are answered, and nothing new is;
    - `"none"`: 0: nothing is processed, this call neither. Its client may try it again, whatever it asks: nothing was
      done, and the handler does not run (`call.unprocessed`);
    - a number: that one. Streams up to it are answered, those above it are not.

    When the streams that are processed are done, FIN. What comes for others is not looked at.

    The GOAWAY goes before the answer, as when a server is shut down in the middle of a call. Some clients (httpx and
    whatever else is built on h2) then do not take the answer that still comes.

    ```python
    import httpx, pytest

    fake_rest.post("/charges").reply(201)
    fake_rest.inject(h2_goaway("none"))
    with httpx.Client(http1=False, http2=True) as client, pytest.raises(httpx.RemoteProtocolError):
        client.post(f"{fake_rest.url}/charges")
    assert fake_rest.calls[0].unprocessed and not fake_rest.calls[0].handled
    ```
    """

    only_on: ClassVar[str] = "HTTP/2"
    last: Literal["all", "none"] | int = "all"
    code: int | str = "NO_ERROR"

    def __post_init__(self) -> None:
        """Check the settings."""
        error_code("code", self.code)
        is_number = isinstance(self.last, int) and not isinstance(self.last, bool) and 0 <= self.last <= _MOST
        if self.last not in {"all", "none"} and not is_number:
            msg = (
                f"h2_goaway: last={self.last!r} is not a stream: valid are 'all', 'none', and numbers from 0 to {_MOST}"
            )
            raise ScriptingError(msg)

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        """Yield the end of a connection."""
        last = {"all": None, "none": 0}[self.last] if isinstance(self.last, str) else self.last
        yield Retire(last, error_code("code", self.code))


@dataclass(frozen=True, slots=True, repr=False)
class h2_rst_stream(Fault):  # noqa: N801 -- a word in a script
    """Reset the stream of a call; its connection and the other calls on it go on.

    Wire definition: the whole request is read; without *after* no byte of the answer is sent and the handler does not
    run, else HEADERS and *after* bytes of the body in DATA (of a shorter body all, without END_STREAM); then RST_STREAM
    with *code*, a number or a name of RFC 9113 section 7. `REFUSED_STREAM` tells the client that nothing was done, so
    that it may try again, whatever it asks (`call.unprocessed`).

    ```python
    import httpx, pytest

    fake_rest.get("/users").reply(json=["ada"])
    fake_rest.inject(h2_rst_stream("INTERNAL_ERROR", after=3))
    with httpx.Client(http1=False, http2=True) as client, pytest.raises(httpx.RemoteProtocolError):
        client.get(f"{fake_rest.url}/users")
    ```
    """

    only_on: ClassVar[str] = "HTTP/2"
    code: int | str = "INTERNAL_ERROR"
    after: int | None = None

    def __post_init__(self) -> None:
        """Check the settings."""
        error_code("code", self.code)
        if self.after is not None:
            whole("after", self.after)
            if error_code("code", self.code) == error_code("code", "REFUSED_STREAM"):
                msg = (
                    f"h2_rst_stream: after={self.after!r} and code='REFUSED_STREAM' do not fit: a server that has "
                    "begun to answer cannot say that nothing was done (RFC 9113 section 8.7)"
                )
                raise ScriptingError(msg)

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        """Yield a cut that is the stream's alone."""
        yield ResetStream(error_code("code", self.code))
        yield Cut("reset") if self.after is None else Cut("reset", "body", self.after)


@dataclass(frozen=True, slots=True, repr=False)
class h2_max_streams(Fault):  # noqa: N801 -- a word in a script
    """Let a connection have at most *most* streams open at a time.

    Wire definition: the first SETTINGS frame of the connection has SETTINGS_MAX_CONCURRENT_STREAMS with that number; a
    stream beyond it, which a client opens that has not read this yet or does not heed it, is answered by RST_STREAM
    (REFUSED_STREAM), and recorded as a call that was not processed. With 0 a client that heeds it sends no request at
    all and waits, for ever if it has no timeout. One connection each time, not one call: `every=1` for all.

    ```python
    import httpx, pytest

    fake_rest.get("/users").reply(json=["ada"])
    fake_rest.inject(h2_max_streams(1))
    with httpx.Client(http1=False, http2=True) as client:
        assert client.get(f"{fake_rest.url}/users").json() == ["ada"]
    ```
    """

    scope: ClassVar[Scope] = "connection"
    most: int

    def __post_init__(self) -> None:
        """Check the settings."""
        if whole("most", self.most) > _MOST:
            msg = f"h2_max_streams: most={self.most!r} is out of range: valid are whole numbers from 0 to {_MOST}"
            raise ScriptingError(msg)

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        """Yield the limit."""
        yield LimitStreams(self.most)


@dataclass(frozen=True, slots=True, repr=False)
class h2_short_body(Fault):  # noqa: N801 -- a word in a script
    """End the body before its `content-length` is reached.

    Wire definition: HEADERS with the true `content-length`, then DATA with the last *missing* bytes of the body left
    out, and END_STREAM: a whole answer, as far as the stream goes, that is malformed all the same (RFC 9113 section
    8.1.1). Of a body that has no more than that nothing is left, and HEADERS end the stream, which few clients notice.
    Answers without a length or a body are as they are.

    ```python
    import httpx, pytest

    fake_rest.get("/users").reply(json=["ada"])
    fake_rest.inject(h2_short_body(1))
    with httpx.Client(http1=False, http2=True) as client, pytest.raises(httpx.ProtocolError):
        client.get(f"{fake_rest.url}/users")
    ```
    """

    only_on: ClassVar[str] = "HTTP/2"
    missing: int = 1

    def __post_init__(self) -> None:
        """Check the settings."""
        whole("missing", self.missing, 1)

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        """Yield a shorter body."""
        yield Tamper(self._shortened)

    def _shortened(self, message: Message) -> Message:
        if message.field(b"content-length") is None:
            return message
        return replace(message, content=message.content[: -self.missing])
