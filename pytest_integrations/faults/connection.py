"""Connections that never come to be, break, or end too early."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Literal

from pytest_integrations.core.effect import Cut, Expire, Refuse, Tamper, Work
from pytest_integrations.core.errors import ScriptingError
from pytest_integrations.core.fault import Fault
from pytest_integrations.core.settings import among, whole

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_integrations.core.effect import Effect
    from pytest_integrations.core.fault import Occasion, Scope
    from pytest_integrations.core.message import Message

__all__ = [
    "close_on_accept",
    "connect_timeout",
    "connection_refused",
    "connection_reset",
    "empty_response",
    "lost_request",
    "lost_response",
    "random_data_then_close",
    "reset_on_accept",
    "stale_keepalive",
]

GARBAGE = b"lskdu018973t09sylgasjkfg1][]'./.sdlv"
"""What WireMock sends where it is to send rubbish."""

Where = Literal["before_headers", "after_headers", "mid_body", "after_bytes"]
Symptom = Literal["connection_reset", "hang", "empty_response"]

_RESETS = {
    "before_headers": Cut("reset"),
    "after_headers": Cut("reset", "body", 0),
    "mid_body": Cut("reset", "body", 0.5),
}
_SYMPTOMS = {"connection_reset": Cut("reset"), "hang": Cut("stall"), "empty_response": Cut("close")}


@dataclass(frozen=True, slots=True, repr=False)
class connection_refused(Fault):  # noqa: N801 -- a word in a script
    """Close the port, as if the process were down; it keeps its number and opens again when it is healed.

    Wire definition: SYN is answered by RST, and the connections that are open are closed. It happens to the port, not
    to a call, so it is scripted by time (`after=`, `during=`) or ended by `heal()`.

    Toxiproxy: a proxy that is disabled ("down").

    ```python
    import pytest, requests

    with fake_rest.injected(connection_refused()), pytest.raises(requests.ConnectionError):
        requests.get(f"{fake_rest.url}/users")
    ```
    """

    scope: ClassVar[Scope] = "listener"

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        """Yield a closed port."""
        yield Refuse("refuse")


@dataclass(frozen=True, slots=True, repr=False)
class connect_timeout(Fault):  # noqa: N801 -- a word in a script
    """Let connecting hang, as a packet filter or a host that is gone does.

    Wire definition: SYN is not answered, since the accept queue of the port is kept full. Linux only. Scripted by time,
    as `connection_refused` is; open connections go on.

    WireMock: asked for in its issues 591 and 2519.

    ```python
    import pytest, requests

    with fake_rest.injected(connect_timeout()), pytest.raises(requests.ConnectTimeout):
        requests.get(f"{fake_rest.url}/users", timeout=0.1)
    ```
    """

    scope: ClassVar[Scope] = "listener"

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        """Yield a silent port."""
        yield Refuse("ignore")


@dataclass(frozen=True, slots=True, repr=False)
class reset_on_accept(Fault):  # noqa: N801 -- a word in a script
    """Reset a connection as soon as it is there.

    Wire definition: the handshake of TCP succeeds, then RST, before a byte is read. Whether the client learns of it
    while it connects, sends or reads is a race on its side. One connection each time, not one call.

    ```python
    import pytest, requests

    fake_rest.get("/users").reply(json=["ada"])
    fake_rest.inject(reset_on_accept())
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{fake_rest.url}/users")
    ```
    """

    scope: ClassVar[Scope] = "connection"

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        """Yield a reset at the accept."""
        yield Refuse("reset")


@dataclass(frozen=True, slots=True, repr=False)
class close_on_accept(Fault):  # noqa: N801 -- a word in a script
    """Close a connection as soon as it is there.

    Wire definition: the handshake of TCP succeeds, then FIN, before a byte is read; what the client sends all the
    same is swallowed.

    ```python
    import pytest, requests

    fake_rest.get("/users").reply(json=["ada"])
    fake_rest.inject(close_on_accept())
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{fake_rest.url}/users")
    ```
    """

    scope: ClassVar[Scope] = "connection"

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        """Yield a FIN at the accept."""
        yield Refuse("close")


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class connection_reset(Fault):  # noqa: N801 -- a word in a script
    """Reset the connection in the middle of an exchange.

    Wire definition: the whole request is read; so much of the answer is sent as *at* says; when the client's kernel has
    acknowledged it, RST. *at*:

    - `"before_headers"`: no byte of the answer, and the handler does not run;
    - `"after_headers"`: the head with its empty line, no byte of the body;
    - `"mid_body"`: the head and the first half of the body, as framed;
    - `"after_bytes"`: *bytes* bytes, counted from the first of the status line; a shorter answer is sent whole.

    WireMock and mockttp: `CONNECTION_RESET_BY_PEER` (before headers; mountebank's fault of that name sends FIN).
    Toxiproxy: `reset_peer`. MockServer: `resetMidResponse`.

    ```python
    import pytest, requests

    fake_rest.get("/users").reply(json=["ada"])
    fake_rest.inject(connection_reset(at="mid_body"))
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        requests.get(f"{fake_rest.url}/users")
    ```
    """

    at: Where = "before_headers"
    bytes: int | None = None

    def __post_init__(self) -> None:
        """Check the settings."""
        among("at", self.at, (*_RESETS, "after_bytes"))
        if (self.at == "after_bytes") != (self.bytes is not None):
            msg = (
                f"connection_reset: at={self.at!r} and bytes={self.bytes!r} do not fit: "
                "bytes= goes with at='after_bytes', and only with it"
            )
            raise ScriptingError(msg)
        if self.bytes is not None:
            whole("bytes", self.bytes, 1)

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        """Yield a cut."""
        yield _RESETS.get(self.at) or Cut("reset", "answer", self.bytes or 0)


@dataclass(frozen=True, slots=True, repr=False)
class empty_response(Fault):  # noqa: N801 -- a word in a script
    """Read the request and close the connection without a word.

    Wire definition: the whole request is read, then FIN; no byte of an answer. The handler does not run.

    WireMock: `EMPTY_RESPONSE`. mockttp: `thenCloseConnection`. MockServer: `dropConnection`.

    ```python
    import pytest, requests

    fake_rest.get("/users").reply(json=["ada"])
    fake_rest.inject(empty_response())
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{fake_rest.url}/users")
    ```
    """

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        """Yield a cut before the first byte."""
        yield Cut("close")


@dataclass(frozen=True, slots=True, repr=False)
class random_data_then_close(Fault):  # noqa: N801 -- a word in a script
    """Answer with bytes that are not HTTP, then close.

    Wire definition: the whole request is read; *size* random bytes from the seed, none of which is a line feed and the
    first of which has its high bit set, so that no client can take them for a status line; then FIN. With *ascii* it is
    WireMock's text of 36 characters instead, or so much of it, repeated, as *size* says. The handler does not run.

    WireMock: `RANDOM_DATA_THEN_CLOSE`.

    ```python
    import pytest, requests

    fake_rest.get("/users").reply(json=["ada"])
    fake_rest.inject(random_data_then_close(size=100))
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{fake_rest.url}/users")
    ```
    """

    size: int = len(GARBAGE)
    ascii: bool = False

    def __post_init__(self) -> None:
        """Check the settings."""
        whole("size", self.size, 1)

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        """Yield rubbish in the answer's place."""
        if self.ascii:
            rubbish = (GARBAGE * (self.size // len(GARBAGE) + 1))[: self.size]
        else:
            drawn = occasion.random.randbytes(self.size).replace(b"\n", b"\v")
            rubbish = bytes((drawn[0] | 0x80,)) + drawn[1:]
        yield Work(runs=False)
        yield Tamper(lambda message: _only(message, rubbish))
        yield Cut("close", "answer", 1.0)


@dataclass(frozen=True, slots=True, repr=False)
class stale_keepalive(Fault):  # noqa: N801 -- a word in a script
    """Promise to keep the connection, and do not.

    Wire definition: the call is answered as it is, without `Connection: close`; then, by *kind*:

    - `"fin_idle"`: FIN right after the answer, as a server with a short idle timeout sends it;
    - `"fin_on_next"`: FIN when the next request has come in on the connection; it is read, and not processed;
    - `"reset_on_next"`: the same with RST.

    The last two are the race that no client can avoid: whether it may send the request again depends on the request.

    ```python
    import pytest, requests

    fake_rest.get("/users").reply(json=["ada"])
    fake_rest.inject(stale_keepalive("reset_on_next"))
    with requests.Session() as session, pytest.raises(requests.ConnectionError):
        session.get(f"{fake_rest.url}/users")
        session.get(f"{fake_rest.url}/users")  # on the same connection
    ```
    """

    kind: Literal["fin_idle", "fin_on_next", "reset_on_next"] = "fin_on_next"

    def __post_init__(self) -> None:
        """Check the settings."""
        among("kind", self.kind, ("fin_idle", "fin_on_next", "reset_on_next"))

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        """Yield a broken promise."""
        yield Expire(self.kind)


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class lost_response(Fault):  # noqa: N801 -- a word in a script
    """Do the work, and lose the answer: the payment is made, and the client does not know.

    Wire definition: the whole request is read, **the handler runs**, and then nothing of its answer is sent; what the
    client sees is what *then* names: `"connection_reset"`, `"hang"` or `"empty_response"`. Its twin `lost_request`
    looks the same on the wire, without the work: a client cannot tell them apart and must be right in both cases.

    ```python
    import pytest, requests

    fake_rest.post("/charges").reply(201)
    fake_rest.inject(lost_response())
    with pytest.raises(requests.ConnectionError):
        requests.post(f"{fake_rest.url}/charges")
    assert fake_rest.calls[0].handled
    ```
    """

    then: Symptom = "connection_reset"

    def __post_init__(self) -> None:
        """Check the settings."""
        among("then", self.then, _SYMPTOMS)

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        """Yield work, and the symptom."""
        yield Work(runs=True)
        yield _SYMPTOMS[self.then]


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class lost_request(Fault):  # noqa: N801 -- a word in a script
    """Lose the request: nothing was done, and the client does not know.

    Wire definition: that of `lost_response`, but the handler does not run.

    ```python
    import pytest, requests

    fake_rest.post("/charges").reply(201)
    fake_rest.inject(lost_request())
    with pytest.raises(requests.ConnectionError):
        requests.post(f"{fake_rest.url}/charges")
    assert not fake_rest.calls[0].handled
    ```
    """

    then: Symptom = "connection_reset"

    def __post_init__(self) -> None:
        """Check the settings."""
        among("then", self.then, _SYMPTOMS)

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        """Yield no work, and the symptom."""
        yield Work(runs=False)
        yield _SYMPTOMS[self.then]


def _only(message: Message, data: bytes) -> Message:
    """Return *data* in the place of the whole *message*."""
    return replace(message, start=b"", fields=(), content=data, preface=b"", trailer=b"")
