"""gRPC calls that end as they should not: with another status, at another place, or with none.

Faults of time and of connections (`latency`, `hang`, `connection_reset`, …) do to gRPC what they do to HTTP; the
faults whose names begin with `h2_` do it to the HTTP/2 beneath. What a message itself says wrong is in `grpc_messages`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from pytest_integrations.core.effect import Answer, Work
from pytest_integrations.core.errors import ScriptingError
from pytest_integrations.core.fault import Fault
from pytest_integrations.core.grpc_details import retry_info, rich_status
from pytest_integrations.core.grpc_effect import Abort, Conclude, Depart, Neglect, Unended
from pytest_integrations.core.grpc_metadata import metadata_pairs
from pytest_integrations.core.grpc_status import check_failure, check_text, code_number
from pytest_integrations.core.http2_codes import error_code
from pytest_integrations.core.reply import Reply
from pytest_integrations.core.settings import seconds, whole

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import timedelta

    from pytest_integrations.core.effect import Effect
    from pytest_integrations.core.fault import Occasion, Scope
    from pytest_integrations.core.grpc_metadata import Metadata, MetadataLike

__all__ = [
    "break_stream",
    "empty_ok",
    "fail_after_headers",
    "goaway",
    "grpc_status",
    "http_status",
    "no_ping_ack",
    "no_trailers",
    "reset_stream",
    "unknown_code",
    "window_stall",
]


@dataclass(frozen=True, slots=True, repr=False)
class grpc_status(Fault):  # noqa: N801 -- a word in a script
    """Answer this status instead of what was scripted.

    Wire definition: trailers only, that is one HEADERS frame with END_STREAM, `:status` 200, `grpc-status` and
    `grpc-message` (percent-encoded). The handler does not run, and since no headers came first, clients may try again.
    *code* is a name, a number or a `grpc.StatusCode`. *details* are protobuf messages, or pairs of a full name and
    bytes, and *retry_after* (seconds) is a google.rpc.RetryInfo among them: they make up `grpc-status-details-bin`.
    *pushback_ms* is `grpc-retry-pushback-ms`, by which clients that retry by themselves wait so long, or, below 0, do
    not retry. Text is sent as it is. 0 is sent as 1, which is as good: grpcio since 1.76 waits for ever on a 0
    (`pushback_ms="0"` sends it). *trailing* is further metadata.

    Envoy: `abort.grpc_status`. WireMock's gRPC extension: `WireMockGrpc.Status`.

    ```python
    import grpc, pytest

    fake_grpc.inject(grpc_status("UNAVAILABLE", "no database", retry_after=1.5))
    with grpc.insecure_channel(fake_grpc.target) as channel, pytest.raises(grpc.RpcError) as caught:
        channel.unary_unary("/shop.Orders/Get")(b"", timeout=5)
    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
    assert fake_grpc.calls[0].verdict == "UNAVAILABLE"
    ```
    """

    code: Any
    message: str = ""
    details: tuple[Any, ...] = ()
    pushback_ms: int | str | None = None
    retry_after: float | timedelta | None = None
    trailing: MetadataLike = ()

    def __post_init__(self) -> None:
        """Check the settings."""
        check_failure(self.code, self.message)
        self._trailing()

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        """Yield the status, at once."""
        yield Conclude(code_number(self.code), self.message, self._trailing())

    def _trailing(self) -> Metadata:
        """Return the metadata that comes with the status."""
        pairs = [*metadata_pairs("trailing", self.trailing)]
        details = list(self.details)
        if self.retry_after is not None:
            details.append(retry_info(seconds("retry_after", self.retry_after)))
        if details:
            pairs.append(("grpc-status-details-bin", rich_status(code_number(self.code), self.message, tuple(details))))
        if self.pushback_ms is not None:
            pairs.append(("grpc-retry-pushback-ms", _pushback(self.pushback_ms)))
        return tuple(pairs)


@dataclass(frozen=True, slots=True, repr=False)
class unknown_code(Fault):  # noqa: N801 -- a word in a script
    """Answer a status whose *number* no code has.

    Wire definition: as `grpc_status`, with a `grpc-status` from 17 on. Clients are to take it for UNKNOWN.

    ```python
    import grpc, pytest

    fake_grpc.inject(unknown_code(99))
    with grpc.insecure_channel(fake_grpc.target) as channel, pytest.raises(grpc.RpcError) as caught:
        channel.unary_unary("/shop.Orders/Get")(b"", timeout=5)
    assert caught.value.code() is grpc.StatusCode.UNKNOWN
    ```
    """

    number: int = 99
    message: str = ""

    def __post_init__(self) -> None:
        """Check the settings."""
        whole("number", self.number, 17)
        check_text(self.message)

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        """Yield the status, at once."""
        yield Conclude(self.number, self.message)


@dataclass(frozen=True, slots=True, repr=False)
class fail_after_headers(Fault):  # noqa: N801 -- a word in a script
    """Send the headers of an answer, and then a status.

    Wire definition: HEADERS without END_STREAM, then trailers; no message, the handler does not run. The call is
    committed by that: clients that retry by themselves do not retry it.

    ```python
    import grpc, pytest

    fake_grpc.inject(fail_after_headers("UNAVAILABLE"))
    with grpc.insecure_channel(fake_grpc.target) as channel, pytest.raises(grpc.RpcError) as caught:
        channel.unary_unary("/shop.Orders/Get")(b"", timeout=5)
    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
    ```
    """

    code: Any = "UNAVAILABLE"
    message: str = ""

    def __post_init__(self) -> None:
        """Check the settings."""
        check_failure(self.code, self.message)

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        """Yield the status, after headers."""
        yield Conclude(code_number(self.code), self.message, headers=True)


@dataclass(frozen=True, slots=True, repr=False)
class break_stream(Fault):  # noqa: N801 -- a word in a script
    """Send the first *after* messages of an answer, and then a status in the place of the rest.

    Wire definition: HEADERS, the first messages as they are, each with its pause, then trailers with *code* and
    *message*. The handler runs. An answer of fewer messages ends with the status as well.

    ```python
    import grpc, pytest

    shop = 'syntax = "proto3"; message Row { string id = 1; } service Orders { rpc List(Row) returns (stream Row); }'
    fake_grpc.load(shop).List.reply_stream([{"id": "a"}, {"id": "b"}, {"id": "c"}])
    fake_grpc.inject(break_stream(after=2))
    got = []
    with grpc.insecure_channel(fake_grpc.target) as channel, pytest.raises(grpc.RpcError):
        got.extend(channel.unary_stream("/Orders/List")(b"", timeout=5))
    assert len(fake_grpc.calls[0].replies) == 2
    ```
    """

    after: int = 1
    code: Any = "UNAVAILABLE"
    message: str = ""

    def __post_init__(self) -> None:
        """Check the settings."""
        whole("after", self.after)
        check_failure(self.code, self.message)

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        """Yield the status, after so many messages."""
        yield Work(True)
        yield Conclude(code_number(self.code), self.message, after=self.after, headers=True)


@dataclass(frozen=True, slots=True, repr=False)
class reset_stream(Fault):  # noqa: N801 -- a word in a script
    """End the call by RST_STREAM, which is no status at all.

    Wire definition: RST_STREAM with the error *code* of HTTP/2 (RFC 9113 section 7), once *after* messages went out;
    with 0 the handler does not run and nothing comes before. REFUSED_STREAM says that nothing was done: clients may
    try again, and some do so by themselves. What grpcio makes of the codes: REFUSED_STREAM UNAVAILABLE, CANCEL
    CANCELLED, ENHANCE_YOUR_CALM RESOURCE_EXHAUSTED, INADEQUATE_SECURITY PERMISSION_DENIED, all others INTERNAL.

    ```python
    import grpc, pytest

    fake_grpc.inject(reset_stream("INTERNAL_ERROR"))
    with grpc.insecure_channel(fake_grpc.target) as channel, pytest.raises(grpc.RpcError) as caught:
        channel.unary_unary("/shop.Orders/Get")(b"", timeout=5)
    assert caught.value.code() is grpc.StatusCode.INTERNAL
    assert fake_grpc.calls[0].verdict == "reset INTERNAL_ERROR"
    ```
    """

    code: str | int = "INTERNAL_ERROR"
    after: int = 0

    def __post_init__(self) -> None:
        """Check the settings."""
        error_code("code", self.code)
        whole("after", self.after)

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        """Yield the reset."""
        yield Abort(error_code("code", self.code), self.after)


@dataclass(frozen=True, slots=True, repr=False)
class goaway(Fault):  # noqa: N801 -- a word in a script
    """Let the server leave, as one does that is shut down or has a maximum age of connections.

    Wire definition: GOAWAY with NO_ERROR. With *processed*, it names this call as the last one that is answered, which
    it is; the next call takes a new connection. Without, it names the stream before: this call was not processed, the
    handler does not run, and clients try it again on a new connection by themselves, whatever their policy. FIN comes
    when the calls that go on are done.

    ```python
    import grpc

    shop = 'syntax = "proto3"; message Order { string id = 1; } service Orders { rpc Get(Order) returns (Order); }'
    fake_grpc.load(shop).Get.reply(id="o1")
    fake_grpc.inject(goaway(processed=False))
    with grpc.insecure_channel(fake_grpc.target) as channel:
        channel.unary_unary("/Orders/Get")(b"", timeout=5)
    assert len(fake_grpc.connections) == len(fake_grpc.calls) == 2
    ```
    """

    processed: bool = True

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        """Yield GOAWAY."""
        yield Depart(self.processed)


@dataclass(frozen=True, slots=True, repr=False)
class no_trailers(Fault):  # noqa: N801 -- a word in a script
    """Send the whole answer, and never tell a status.

    Wire definition: HEADERS, the messages, and END_STREAM on DATA; the trailers are missing. The handler runs. Clients
    are to call that an error: whether the answer was whole, nobody knows. grpcio says UNKNOWN.

    ```python
    import grpc, pytest

    shop = 'syntax = "proto3"; message Order { string id = 1; } service Orders { rpc Get(Order) returns (Order); }'
    fake_grpc.load(shop).Get.reply(id="o1")
    fake_grpc.inject(no_trailers())
    with grpc.insecure_channel(fake_grpc.target) as channel, pytest.raises(grpc.RpcError) as caught:
        channel.unary_unary("/Orders/Get")(b"", timeout=5)
    assert caught.value.code() is grpc.StatusCode.UNKNOWN
    ```
    """

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        """Yield the missing end."""
        yield Unended()


@dataclass(frozen=True, slots=True, repr=False)
class empty_ok(Fault):  # noqa: N801 -- a word in a script
    """Say OK, and send no message.

    Wire definition: HEADERS, then trailers with `grpc-status: 0`; the handler runs, and what it answers is left out. A
    unary call has to have one message, so that clients are to call it an error (UNIMPLEMENTED or INTERNAL). grpcio
    returns None.

    ```python
    import grpc

    shop = 'syntax = "proto3"; message Order { string id = 1; } service Orders { rpc Get(Order) returns (Order); }'
    fake_grpc.load(shop).Get.reply(id="o1")
    fake_grpc.inject(empty_ok())
    with grpc.insecure_channel(fake_grpc.target) as channel:
        assert channel.unary_unary("/Orders/Get")(b"", timeout=5) is None
    ```
    """

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        """Yield OK before the first message."""
        yield Work(True)
        yield Conclude(0, headers=True, spoils=True)


@dataclass(frozen=True, slots=True, repr=False)
class http_status(Fault):  # noqa: N801 -- a word in a script
    """Let something answer that is no gRPC server: a proxy, a load balancer, a web server.

    Wire definition: HEADERS with this `:status` and `content-type: text/html`, then *body*; no `grpc-status`. The
    handler does not run. Clients are to make a status of it: 400 INTERNAL, 401 UNAUTHENTICATED, 403 PERMISSION_DENIED,
    404 UNIMPLEMENTED, 429, 502, 503 and 504 UNAVAILABLE, all others UNKNOWN. Of a method that streams, grpcio now and
    then hears of the end of the page first, and says UNKNOWN or INTERNAL.

    ```python
    import grpc, pytest

    fake_grpc.inject(http_status(502))
    with grpc.insecure_channel(fake_grpc.target) as channel, pytest.raises(grpc.RpcError) as caught:
        channel.unary_unary("/shop.Orders/Get")(b"", timeout=5)
    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
    ```
    """

    code: int
    body: str = "<html><body><h1>Not a gRPC server</h1></body></html>"

    def __post_init__(self) -> None:
        """Check the settings."""
        self._reply()

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        """Yield the page."""
        yield Answer(self._reply())

    def _reply(self) -> Reply:
        return Reply.of(self.code, body=self.body.encode(), headers={"content-type": "text/html"})


@dataclass(frozen=True, slots=True, repr=False)
class no_ping_ack(Fault):  # noqa: N801 -- a word in a script
    """Leave a connection's PINGs without an answer, as a middle box does that has forgotten it.

    Wire definition: from the accept of a connection on, no PING is acknowledged; calls are answered as they are. One
    connection each time, not one call. A client with keepalive is to drop such a connection. grpcio since 1.60 at the
    latest waits `grpc.http2.ping_timeout_ms` for that, a minute by default, whatever its `grpc.keepalive_timeout_ms`.

    ```python
    import grpc

    shop = 'syntax = "proto3"; message Order { string id = 1; } service Orders { rpc Get(Order) returns (Order); }'
    fake_grpc.load(shop).Get.reply(id="o1")
    fake_grpc.inject(no_ping_ack())
    with grpc.insecure_channel(fake_grpc.target) as channel:
        channel.unary_unary("/Orders/Get")(b"", timeout=5)
    assert fake_grpc.connections[0].fault == no_ping_ack()
    ```
    """

    scope: ClassVar[Scope] = "connection"

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        """Yield the silence."""
        yield Neglect("ping")


@dataclass(frozen=True, slots=True, repr=False)
class window_stall(Fault):  # noqa: N801 -- a word in a script
    """Let no request's message through: flow control that never opens.

    Wire definition: SETTINGS at the accept of a connection say INITIAL_WINDOW_SIZE 0, and no WINDOW_UPDATE follows: the
    client may send headers and not a byte of a message. One connection each time, not one call. Calls wait for their
    deadline, and for ever without one; they are in the ledger when they end.

    ```python
    import grpc, pytest

    shop = 'syntax = "proto3"; message Order { string id = 1; } service Orders { rpc Get(Order) returns (Order); }'
    fake_grpc.load(shop).Get.reply(id="o1")
    fake_grpc.inject(window_stall())
    with grpc.insecure_channel(fake_grpc.target) as channel, pytest.raises(grpc.RpcError) as caught:
        channel.unary_unary("/Orders/Get")(b"", timeout=0.2)  # the five bytes of its prefix do not get through
    assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    ```
    """

    scope: ClassVar[Scope] = "connection"

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        """Yield the closed window."""
        yield Neglect("window")


def _pushback(value: int | str) -> str:
    """Return what is sent: text as it is, 0 as 1."""
    __tracebackhide__ = True
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or not isinstance(value, int):
        msg = f"pushback_ms={value!r} is not a number of milliseconds: valid are whole numbers, and text"
        raise ScriptingError(msg)
    return str(value or 1)
