"""What is done to the clients: every fault, with settings that tell something, and the requests it meets."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from pytest_integrations import FakeRest
from pytest_integrations.faults import (
    auth_expires,
    bad_chunk_size,
    bad_status_line,
    bandwidth,
    close_on_accept,
    connect_timeout,
    connection_refused,
    connection_reset,
    content_length,
    corrupt_body,
    dribble,
    duplicate_reply,
    early_hints,
    early_response,
    empty_response,
    hang,
    http_version,
    huge_header,
    illegal_header,
    latency,
    lost_request,
    lost_response,
    malformed_response_chunk,
    many_headers,
    missing_last_chunk,
    no_continue,
    pagination_loop,
    random_data_then_close,
    rate_limit,
    rate_limited,
    redirect,
    redirect_loop,
    reset_mid_upload,
    reset_on_accept,
    short_chunk,
    slicer,
    slow_accept,
    slow_headers,
    slow_read,
    stale_keepalive,
    status,
    truncate_body,
    truncate_headers,
    unavailable,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_integrations.core.fault import Fault

__all__ = ["BODY", "CASES", "ELSEWHERE", "ENOUGH", "SECOND", "SECTIONS", "Case", "faulty"]

BODY = b'["ada", "grace"]'
SECOND = b'["alan"]'
ENOUGH = 5.0
"""Seconds of patience that no answer needs."""
"""What the second call gets, and each after it, in the cases that are about two calls."""

_OF_QUEUES = (
    "queue_full refused_publish lost_confirm lost_message poison lost_ack "  # by producers and consumers
    "duplicate redeliver reorder empty_receive garbage"
)
_OF_PROTOCOLS = {
    "amqp": "channel_close connection_close unroutable cancel_consumer auth_refused vhost_missing blocked "
    "missed_heartbeats frame_error",
    "redis": "redis_error failover",
    "sqs": "sqs_error partial_batch md5_mismatch clock_skew",
    "kafka": "kafka_error topic_error broker_down rtt",
    "grpc": "break_stream drop_connection empty_ok fail_after_headers goaway grpc_status http_status no_ping_ack "
    "no_trailers reset_stream unknown_code window_stall bad_flag false_compression garbage_message oversize "
    "truncated_message two_messages ",
    "http2": "h2_goaway h2_max_streams h2_rst_stream h2_short_body ",
    "graphql": "request_error throttled unauthenticated persisted_query_not_found html_502 field_error nullify partial "
    "data_null missing_data_key errors_not_list non_json wrong_content_type batch_short "
    "close_socket close_without_complete defer_never_completes multipart_no_terminator no_ack no_pong "
    "sse_no_complete stream_hang stream_reset "
    "duplicate_next malformed_frame malformed_json next_after_complete out_of_order sse_bad_field unknown_type "
    "wrong_id",
}

ELSEWHERE = {
    "tls": "needs TLS on both sides: tls_clients.py",
    "max_concurrency": "needs several calls at a time",
    **dict.fromkeys(_OF_QUEUES.split(), "happens to queues: amqp/, redis/, sqs/ and kafka/ beside this file"),
    **{
        name: f"happens to {protocol}: {protocol}/"
        for protocol, names in _OF_PROTOCOLS.items()
        for name in names.split()
    },
}
"""Registered faults that one plain request does not meet, and why; their own tests hold them."""


@dataclass(frozen=True, slots=True)
class Case:
    """A fault, and the requests that meet it: *calls* of them, one after the other on one connection if it lasts."""

    fault: Fault
    method: Literal["GET", "POST", "PUT"] = "GET"
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    calls: int = 1
    timeout: float = ENOUGH
    """Seconds for each connect and each read; short where the fault is about time."""
    when: dict[str, Any] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """The fault as scripted, and the method where that makes a difference."""
        return f"{self.fault!r}{' on POST' if self.method == 'POST' else ''}"


@contextmanager
def faulty(case: Case, **when: Any) -> Iterator[FakeRest]:
    """Run a fake that answers at /users, to every method, and is faulty as *case* says, or else *when* says."""
    with FakeRest() as fake:
        fake.any("/users").replies(["ada", "grace"], ["alan"] if case.calls > 1 else ["ada", "grace"])
        fake.inject(case.fault, **(case.when or when))
        yield fake


_SHORT = 0.2
_SLOW = 0.3
_UPLOAD = bytes(300_000)

SECTIONS = {
    "Before there is a call": (
        Case(connection_refused()),
        Case(connect_timeout(), timeout=_SHORT),
        Case(reset_on_accept()),
        Case(close_on_accept()),
        Case(slow_accept(30), timeout=_SHORT),
    ),
    "While the request is sent": (
        Case(slow_read(10), "PUT", bytes(1000), timeout=_SHORT),
        Case(early_response(413), "PUT", _UPLOAD),
        Case(early_response(413, after_bytes=1000), "PUT", _UPLOAD),
        Case(reset_mid_upload(1000), "PUT", _UPLOAD),
        Case(no_continue(), "PUT", b"x", {"Expect": "100-continue"}, timeout=_SHORT),
    ),
    "Time": (
        Case(latency(0.01)),
        Case(latency(30), timeout=_SHORT),
        Case(hang(), timeout=_SHORT),
        Case(slow_headers(200), timeout=_SLOW),
        Case(dribble(chunks=16, duration=0.4), timeout=_SLOW),
        Case(bandwidth(0.2), timeout=_SLOW),
        Case(slicer(average_size=8, size_variation=4)),
    ),
    "The connection": (
        Case(connection_reset()),
        Case(connection_reset(), "POST"),
        Case(connection_reset(at="after_headers")),
        Case(connection_reset(at="mid_body")),
        Case(connection_reset(at="after_bytes", bytes=20)),
        Case(empty_response()),
        Case(random_data_then_close()),
        Case(random_data_then_close(ascii=True)),
        Case(stale_keepalive("fin_idle"), calls=2),
        Case(stale_keepalive("fin_on_next"), calls=2),
        Case(stale_keepalive("fin_on_next"), "POST", calls=2),
        Case(stale_keepalive("reset_on_next"), calls=2),
        Case(stale_keepalive("reset_on_next"), "POST", calls=2),
        Case(lost_response()),
        Case(lost_response(then="hang"), timeout=_SHORT),
        Case(lost_response(then="empty_response")),
        Case(lost_request()),
        Case(lost_request(then="hang"), timeout=_SHORT),
        Case(lost_request(then="empty_response")),
    ),
    "The head": (
        Case(bad_status_line()),
        Case(bad_status_line("ICY 200 OK")),
        Case(illegal_header()),
        Case(truncate_headers()),
        Case(truncate_headers(after=5)),
        Case(huge_header()),
        Case(many_headers()),
        Case(early_hints()),
        Case(http_version("1.0")),
        Case(http_version("9.9")),
    ),
    "The body": (
        Case(malformed_response_chunk()),
        Case(bad_chunk_size()),
        Case(missing_last_chunk()),
        Case(short_chunk()),
        Case(content_length(+10)),
        Case(content_length(-3)),
        Case(content_length(-3), "POST", calls=2),
        Case(content_length("conflicting")),
        Case(content_length("with_te")),
        Case(content_length("negative")),
        Case(content_length("not_a_number")),
        Case(truncate_body()),
        Case(truncate_body(bytes=0)),
        Case(truncate_body(end="reset")),
        Case(truncate_body(end="hang"), timeout=_SHORT),
        Case(corrupt_body("json_cut")),
        Case(corrupt_body("json_type")),
        Case(corrupt_body("bitflip")),
        Case(corrupt_body("bad_gzip")),
        Case(corrupt_body("cut_gzip")),
        Case(corrupt_body("wrong_charset")),
        Case(corrupt_body("wrong_content_type")),
        Case(corrupt_body("html_error_page")),
        Case(corrupt_body("empty")),
    ),
    "What is said": (
        Case(status(503)),
        Case(unavailable(retry_after=30)),
        Case(rate_limited()),
        Case(rate_limited("http-date")),
        Case(rate_limited("garbage")),
        Case(rate_limited(-1)),
        Case(rate_limited(None)),
        Case(rate_limit(1, per=60), calls=2, when={"every": 1}),
        Case(redirect("bad"), when={"times": 1}),
        Case(redirect("missing"), when={"times": 1}),
        Case(redirect("other_host"), when={"times": 1}),
        Case(redirect("downgrade"), when={"times": 1}),
        Case(redirect_loop()),
        Case(redirect_loop(3)),
        Case(pagination_loop()),
        Case(auth_expires(after=1), calls=2),
        Case(duplicate_reply()),
        Case(duplicate_reply(), "POST", calls=2),
    ),
}

CASES = tuple(case for section in SECTIONS.values() for case in section)
