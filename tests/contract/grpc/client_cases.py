"""Every fault of gRPC, and those of HTTP/2 and of connections beneath it; and what clients make of a unary call.

`python -m tests.docs.reference --write` makes the page "what gRPC clients raise" of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_integrations.faults import (
    close_on_accept,
    connection_reset,
    dribble,
    empty_response,
    hang,
    latency,
    reset_on_accept,
    slow_accept,
)
from pytest_integrations.faults.grpc import (
    break_stream,
    empty_ok,
    fail_after_headers,
    goaway,
    grpc_status,
    http_status,
    no_ping_ack,
    no_trailers,
    reset_stream,
    unknown_code,
    window_stall,
)
from pytest_integrations.faults.grpc_frames import drop_connection
from pytest_integrations.faults.grpc_messages import (
    bad_flag,
    false_compression,
    garbage_message,
    oversize,
    truncated_message,
    two_messages,
)
from pytest_integrations.faults.http2 import h2_goaway, h2_max_streams, h2_rst_stream

if TYPE_CHECKING:
    from pytest_integrations.core.fault import Fault

__all__ = ["CASES", "Case"]


@dataclass(frozen=True)
class Case:
    """A fault, and what each client makes of it, in the words of `unary_clients`; where one says nothing, as grpcio.

    Of what a client sees either way, as its reads and its writes race, both stand there: `"A or B"`.
    """

    fault: Fault
    grpcio: str
    grpclib: str = ""
    connectrpc: str = ""
    aio: str = ""

    def of(self, client: str) -> str:
        """Return what *client* makes of it."""
        own = {"grpcio aio": self.aio, "grpclib": self.grpclib, "connectrpc": self.connectrpc}
        return own.get(client, "") or self.grpcio

    @property
    def id(self) -> str:
        """What the test is called."""
        return repr(self.fault)


_TERMINATED = "StreamTerminatedError"
_NONE = "OK, None"

CASES = (
    # statuses
    Case(grpc_status("NOT_FOUND"), "NOT_FOUND"),
    Case(grpc_status("UNAVAILABLE"), "UNAVAILABLE"),
    Case(unknown_code(), "UNKNOWN"),
    Case(fail_after_headers(), "UNAVAILABLE"),
    Case(break_stream(), "UNAVAILABLE"),
    # ends that are no status
    Case(no_trailers(), "UNKNOWN", "waits", "INTERNAL"),
    Case(reset_stream("NO_ERROR"), "INTERNAL", _TERMINATED),
    Case(reset_stream("INTERNAL_ERROR"), "INTERNAL", _TERMINATED),
    Case(reset_stream("REFUSED_STREAM"), "UNAVAILABLE", _TERMINATED, "OK"),
    Case(reset_stream("CANCEL"), "CANCELLED", _TERMINATED, "CANCELED"),
    Case(reset_stream("ENHANCE_YOUR_CALM"), "RESOURCE_EXHAUSTED", _TERMINATED),
    Case(reset_stream("INADEQUATE_SECURITY"), "PERMISSION_DENIED", _TERMINATED),
    Case(drop_connection("headers"), "UNAVAILABLE", _TERMINATED),
    Case(drop_connection("data"), "UNAVAILABLE", _TERMINATED),
    Case(drop_connection("trailers", "close"), "UNAVAILABLE", _TERMINATED),
    Case(hang(), "waits"),
    Case(hang(for_=0.05), "UNAVAILABLE", _TERMINATED),
    # messages
    Case(empty_ok(), _NONE, "AssertionError", "UNIMPLEMENTED"),
    Case(truncated_message(), _NONE, "AssertionError", "INTERNAL"),
    Case(two_messages(), "waits", "OK", "UNIMPLEMENTED"),
    Case(garbage_message(), "INTERNAL", "DecodeError", "INVALID_ARGUMENT", aio=_NONE),
    Case(oversize(), "RESOURCE_EXHAUSTED", "DecodeError", "INVALID_ARGUMENT"),
    Case(oversize(50 * 1024 * 1024, announced=True), "RESOURCE_EXHAUSTED", "AssertionError", "INTERNAL"),
    Case(bad_flag(), _NONE, "NotImplementedError", "INTERNAL"),
    Case(false_compression(), "INTERNAL", "NotImplementedError"),
    # what is no gRPC
    Case(http_status(200), "UNKNOWN"),
    Case(http_status(400), "INTERNAL"),
    Case(http_status(401), "UNAUTHENTICATED"),
    Case(http_status(403), "PERMISSION_DENIED"),
    Case(http_status(404), "UNIMPLEMENTED"),
    Case(http_status(429), "UNAVAILABLE"),
    Case(http_status(500), "UNKNOWN"),
    Case(http_status(502), "UNAVAILABLE"),
    Case(http_status(503), "UNAVAILABLE"),
    Case(http_status(504), "UNAVAILABLE"),
    # connections
    Case(goaway(), "OK", _TERMINATED),
    Case(goaway(processed=False), "OK", _TERMINATED),
    Case(no_ping_ack(), "OK"),
    Case(window_stall(), "waits", "OK"),  # grpclib sends before it has read what the window is
    Case(h2_goaway(), "OK", _TERMINATED),
    Case(h2_goaway("none"), "OK", _TERMINATED),
    Case(h2_rst_stream(), "INTERNAL", _TERMINATED),
    Case(h2_rst_stream("REFUSED_STREAM"), "UNAVAILABLE", _TERMINATED, "OK"),
    Case(h2_max_streams(0), "waits", _TERMINATED, "UNAVAILABLE"),
    Case(h2_max_streams(1), "OK"),
    Case(connection_reset(), "UNAVAILABLE", f"{_TERMINATED} or ConnectionResetError"),
    Case(connection_reset(at="after_headers"), "UNAVAILABLE", _TERMINATED),
    Case(connection_reset(at="mid_body"), "UNAVAILABLE", _TERMINATED),
    Case(empty_response(), "UNAVAILABLE", _TERMINATED),
    Case(reset_on_accept(), "UNAVAILABLE", f"{_TERMINATED} or ConnectionResetError or AttributeError"),
    Case(close_on_accept(), "UNAVAILABLE", _TERMINATED),
    Case(slow_accept(0.05), "OK"),
    Case(latency(0.05), "OK"),
    Case(dribble(chunks=3, duration=0.05), "OK"),
)
