"""One exchange and one connection, as they were seen on the wire.

Both are written by the wire alone, on its one thread, and read by everybody else. They are plain slotted objects
rather than frozen ones because an exchange is recorded when it begins and completed as it goes on; a run of 100,000
calls must stay below 800 bytes each.
"""

from __future__ import annotations

import json
from collections.abc import ItemsView, Mapping, ValuesView
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import parse_qsl, unquote

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .effect import Effect
    from .fault import Fault

__all__ = ["CONNECT", "Call", "Connection", "Headers", "HttpCall", "Outcome"]

Outcome = Literal["open", "answered", "truncated", "reset", "closed", "hung", "abandoned"]
"""How an exchange ended, seen from the fake.

`open`: not yet; `answered`: every byte of the answer was sent; `truncated`: some bytes, then FIN; `reset`: RST, at
whatever point; `closed`: FIN without a byte; `hung`: held without an end; `abandoned`: the client left before the
answer was out.
"""

_IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE", "QUERY"})
"""RFC 9110 section 9.2.2, and QUERY of draft-ietf-httpbis-safe-method-w-body."""

CONNECT = "connect"
"""The operation of an attempt that did not come as far as a request, because its connection was spoilt by a fault."""


class Connection:
    """One accepted connection: when it came and went, who ended it, and what it carried. Times as in `Call`."""

    __slots__ = (
        "calls",
        "closed",
        "closed_by",
        "effects",
        "fake",
        "fault",
        "id",
        "opened",
        "received",
        "sent",
        "tls",
    )

    def __init__(self, id: int, fake: str, opened: float) -> None:  # noqa: A002 -- its name in the ledger
        """Record a connection that was accepted at *opened*."""
        self.id: int = id
        """1 for the first connection of the ledger, 2 for the next, whichever fake accepted it."""
        self.fake: str = fake
        """The name of the fake that accepted it."""
        self.opened: float = opened
        """When it was accepted."""
        self.closed: float | None = None
        """When it was closed; None while it is open."""
        self.closed_by: Literal["client", "fake"] | None = None
        """Who ended it; None while it is open."""
        self.calls: int = 0
        """How many requests came over it."""
        self.received: int = 0
        """Bytes that came from the client, TLS not counted."""
        self.sent: int = 0
        """Bytes that went to the client, TLS not counted."""
        self.tls: str | None = None
        """The negotiated TLS version, or None for plain TCP."""
        self.fault: Fault | None = None
        """The fault that was performed on the connection itself."""
        self.effects: tuple[Effect, ...] = ()
        """What that asked for."""

    def __repr__(self) -> str:
        """Show when it was open and how much it carried."""
        end = "open" if self.closed is None else f"{self.closed:.3f} by {self.closed_by}"
        return f"<Connection {self.id} of {self.fake}: {self.opened:.3f} to {end}, {self.calls} calls>"


class Call:
    """One attempt by the client: what it asked, what was done to it, and when.

    Times are seconds on the clock in force since the ledger was opened: *started* (the request was fully read),
    *first_byte* (of the answer), *ended* (the last byte was sent or the fault was done), *gone* (the client's FIN or
    RST was seen while the exchange was open). Those that did not happen are None.
    """

    __slots__ = (
        "_cache",
        "block",
        "body",
        "connection",
        "ended",
        "fake",
        "fault",
        "first_byte",
        "gone",
        "handled",
        "head",
        "number",
        "operation",
        "outcome",
        "reply",
        "seq",
        "spoiled",
        "started",
        "status",
    )
    protocol = "tcp"

    def __init__(self, fake: str, connection: Connection, head: bytes = b"", operation: str = CONNECT) -> None:
        """Begin the record of a request with this raw *head*; the ledger gives it its number and time."""
        self.seq: int = 0
        """1 for the first call of the ledger, 2 for the next, whichever fake got it."""
        self.fake: str = fake
        """The name of the fake that got it."""
        self.operation: str = operation
        """What was asked for, as the fake's protocol has it: `"GET /users/<int:id>"`."""
        self.connection: Connection = connection
        """The connection that it came over."""
        self.number: int = 1
        """1 for the first request of its connection, 2 for the next, which reuses it."""
        self.head: bytes = head
        """The request's head, as it came."""
        self.body: bytes = b""
        """The request's body, as it came."""
        self.started: float = 0.0
        """When the request was fully read."""
        self.first_byte: float | None = None
        """When the first byte of the answer was sent."""
        self.ended: float | None = None
        """When the last byte was sent, or the fault was done."""
        self.gone: float | None = None
        """When the client was seen to leave while the exchange was open."""
        self.fault: Fault | None = None
        """The fault that it met."""
        self.handled: bool = False
        """Whether the scripted handler ran, so that its effects happened, whatever the client saw."""
        self.status: int | None = None
        """The status of the answer, where the protocol has such a number."""
        self.outcome: Outcome = "open"
        """How it ended: `"open"`, `"answered"`, `"truncated"`, `"reset"`, `"closed"`, `"hung"`, `"abandoned"`."""
        self.reply: bytes = b""
        """The answer as it was to be sent; what a fault cut off is in it."""
        self.spoiled: bool = False
        """Whether the answer's bytes were changed in a way that a careful client must notice."""
        self.block: int | None = None
        """The number of the `logical_call()` block that it came in, if any."""
        self._cache: Any = None

    @property
    def kind(self) -> str:
        """The kind of operation, by which some faults choose: `"request"`, of queues `"publish"`, `"receive"`, ...."""
        return "request"

    @property
    def version(self) -> str:
        """The version of the protocol that it came by, where there are several that differ: `"HTTP/2"`."""
        return ""

    @property
    def is_spared(self) -> bool:
        """Whether only those faults happen to it that are for its `kind`: it is not what a test has asked for."""
        return False

    @property
    def repeatable(self) -> bool:
        """Whether by its nature doing it twice does no more than doing it once, as far as the protocol tells."""
        return False

    @property
    def reused(self) -> bool:
        """Whether its connection had carried a request before."""
        return self.number > 1

    @property
    def end(self) -> float | None:
        """When the attempt was over for the client: the later of *ended* and *gone*; None while it goes on."""
        if self.gone is None or self.ended is None:
            return self.gone if self.ended is None else self.ended
        return max(self.ended, self.gone)

    @property
    def failed(self) -> bool:
        """Whether a careful client must take the attempt for failed: no whole and sound answer, or 429 or a 5xx."""
        if self.outcome == "open":
            return False
        return self.outcome != "answered" or self.spoiled or self._refused()

    @property
    def denied(self) -> bool:
        """Whether the client was told no, for whatever reason: a 4xx or 5xx, an error of the protocol's own."""
        return self._refused()

    @property
    def unprocessed(self) -> bool:
        """Whether the answer itself tells that nothing was done, as the protocol has it."""
        return False

    @property
    def verdict(self) -> str:
        """What the client was shown, in a word or two: `"503"`, `"reset"`, `"200 spoiled"`, `"hung"`."""
        if self.outcome == "answered":
            return " ".join((*([str(self.status)] if self.status else []), *(["spoiled"] if self.spoiled else [])))
        return f"{self.outcome} in {self.status}" if self.status and self.first_byte is not None else self.outcome

    @property
    def headers(self) -> Mapping[str, str]:
        """The request's metadata, looked up in any case."""
        return Headers()

    def _refused(self) -> bool:
        return False

    def __repr__(self) -> str:
        """Show number, time, operation, verdict and fault."""
        fault = f" <- {self.fault!r}" if self.fault else ""
        return f"<Call #{self.seq} {self.started:.3f} {self.fake} {self.operation}: {self.verdict}{fault}>"


class HttpCall(Call):
    """One HTTP request and its answer; the raw head is kept, and taken apart when somebody looks."""

    __slots__ = ("found", "passed_over")
    protocol = "http"

    passed_over: bool
    """Whether HTTP/2 itself has told the client that the request was not processed; set only where it is so."""

    found: Any
    """What the fake's service found for it; its own affair."""

    @property
    def method(self) -> str:
        """The method, as sent."""
        return self.head.partition(b" ")[0].decode("latin-1")

    @property
    def unprocessed(self) -> bool:
        """Whether HTTP/2 itself has told the client so: by REFUSED_STREAM, or a GOAWAY of a lower stream."""
        return getattr(self, "passed_over", False)  # a slot that is empty costs the usual call nothing

    @property
    def version(self) -> str:
        """The version of HTTP that it came by: `"HTTP/1.1"`, `"HTTP/1.0"`, `"HTTP/2"`; of what was no request, `""`."""
        version = self.head.partition(b"\r\n")[0].rpartition(b" ")[2]
        return version.decode("latin-1") if version.startswith(b"HTTP/") else ""

    @property
    def repeatable(self) -> bool:
        """Whether its method is idempotent: of the usual ones all but POST and PATCH."""
        return self.method in _IDEMPOTENT

    @property
    def target(self) -> str:
        """The request target, as sent: path and query, percent-encoded."""
        return self._target.decode("latin-1")

    @property
    def _target(self) -> bytes:
        parts = self.head.split(None, 2)
        return parts[1] if len(parts) > 1 else b""

    @property
    def path(self) -> str:
        """The path, percent-decoded; of the absolute form, which proxies get, without scheme and authority."""
        return unquote(self.raw_path)

    @property
    def raw_path(self) -> bytes:
        """The path as sent, percent-encoded."""
        path = self._target.partition(b"?")[0]
        if not path.startswith(b"/") and b"://" in path:
            path = b"/" + path.partition(b"://")[2].partition(b"/")[2]
        return path

    @property
    def query(self) -> dict[str, str]:
        """The query parameters, decoded; of a repeated one the last."""
        query = self._target.partition(b"?")[2].decode("utf-8", "replace")
        return dict(parse_qsl(query, keep_blank_values=True))

    @property
    def headers(self) -> Headers:
        """The header fields of the request, looked up in any case."""
        return Headers(_fields(self.head))

    @property
    def reply_headers(self) -> Headers:
        """The header fields of the answer as sent, right or wrong, looked up in any case."""
        return Headers(_fields(self.final_reply.partition(b"\r\n\r\n")[0]))

    @property
    def final_reply(self) -> bytes:
        """The answer as it was to be sent, without interim ones (1xx) before it."""
        reply = self.reply
        while reply.startswith((b"HTTP/1.1 1", b"HTTP/2 1")) and b"\r\n\r\nHTTP/" in reply:
            reply = reply.partition(b"\r\n\r\n")[2]
        return reply

    @property
    def text(self) -> str:
        """The request's body as UTF-8, with replacement characters where it is not."""
        return self.body.decode("utf-8", "replace")

    def json(self) -> Any:
        """Return the request's body, parsed as JSON; raises `json.JSONDecodeError` where it is not."""
        return json.loads(self.body)

    @property
    def denied(self) -> bool:
        """Whether the status is a 4xx or 5xx."""
        return self.status is not None and self.status >= 400

    def _refused(self) -> bool:
        return self.status is not None and (self.status == 429 or self.status >= 500)


class Headers(Mapping[str, str]):
    """Header fields in order, looked up in any case; of repeated ones all are kept."""

    __slots__ = ("fields",)

    def __init__(self, fields: tuple[tuple[str, str], ...] = ()) -> None:
        """Keep *fields* as they came."""
        self.fields: tuple[tuple[str, str], ...] = fields
        """The names and values, in order, as sent."""

    def __getitem__(self, name: str) -> str:
        """Return the first value of the field called *name*."""
        wanted = name.lower()
        for key, value in self.fields:
            if key.lower() == wanted:
                return value
        raise KeyError(name)

    def all(self, name: str) -> list[str]:
        """Return every value of the field called *name*, in order."""
        wanted = name.lower()
        return [value for key, value in self.fields if key.lower() == wanted]

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names, in order, as sent."""
        return iter([key for key, _ in self.fields])

    def __len__(self) -> int:
        """Return the number of fields."""
        return len(self.fields)

    def items(self) -> ItemsView[str, str]:
        """Return the fields as pairs, in order, repeated ones included."""
        return _Pairs(self)

    def values(self) -> ValuesView[str]:
        """Return the values, in order, those of repeated names included."""
        return _Values(self)

    def __repr__(self) -> str:
        """Show the fields."""
        return f"Headers({self.fields!r})"


class _Pairs(ItemsView[str, str]):
    """The fields as they came: a mapping's own view would show the first value of a repeated name twice."""

    _mapping: Headers

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self._mapping.fields)


class _Values(ValuesView[str]):
    """The values as they came."""

    _mapping: Headers

    def __iter__(self) -> Iterator[str]:
        return iter([value for _, value in self._mapping.fields])


def _fields(head: bytes) -> tuple[tuple[str, str], ...]:
    lines = head.decode("latin-1").split("\r\n")[1:]
    pairs = (line.partition(":") for line in lines if line)
    return tuple((name, value.strip(" \t")) for name, colon, value in pairs if colon)
