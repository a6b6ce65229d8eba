"""What can go wrong, one family a file; every fault here is scripted by its name.

The names below are loaded when they are first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .catalogue import aliases as aliases
from .catalogue import registry as registry

if TYPE_CHECKING:
    from .amqp import (
        auth_refused,
        blocked,
        cancel_consumer,
        channel_close,
        connection_close,
        frame_error,
        missed_heartbeats,
        unroutable,
        vhost_missing,
    )
    from .body import corrupt_body
    from .connection import (
        close_on_accept,
        connect_timeout,
        connection_refused,
        connection_reset,
        empty_response,
        lost_request,
        lost_response,
        random_data_then_close,
        reset_on_accept,
        stale_keepalive,
    )
    from .delay import latency
    from .framing import (
        bad_chunk_size,
        content_length,
        malformed_response_chunk,
        missing_last_chunk,
        short_chunk,
        truncate_body,
        truncate_headers,
    )
    from .graphql import html_502, persisted_query_not_found, request_error, throttled, unauthenticated
    from .graphql_fields import field_error, nullify, partial
    from .graphql_results import batch_short, data_null, errors_not_list, missing_data_key, non_json, wrong_content_type
    from .grpc import (
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
    from .grpc_frames import drop_connection
    from .grpc_messages import bad_flag, false_compression, garbage_message, oversize, truncated_message, two_messages
    from .handshake import tls
    from .head import bad_status_line, early_hints, http_version, huge_header, illegal_header, many_headers
    from .http2 import h2_goaway, h2_max_streams, h2_rst_stream, h2_short_body
    from .kafka import broker_down, kafka_error, rtt, topic_error
    from .limits import max_concurrency, rate_limit
    from .queue import (
        duplicate,
        empty_receive,
        garbage,
        lost_ack,
        lost_confirm,
        lost_message,
        poison,
        queue_full,
        redeliver,
        refused_publish,
        reorder,
    )
    from .redis import failover, redis_error
    from .refusal import rate_limited, status, unavailable
    from .request_side import early_response, no_continue, reset_mid_upload, slow_read
    from .semantics import auth_expires, duplicate_reply, pagination_loop, redirect, redirect_loop
    from .sqs import clock_skew, md5_mismatch, partial_batch, sqs_error
    from .subscription import (
        close_socket,
        close_without_complete,
        defer_never_completes,
        multipart_no_terminator,
        no_ack,
        no_pong,
        sse_no_complete,
        stream_hang,
        stream_reset,
    )
    from .subscription_events import (
        duplicate_next,
        malformed_frame,
        malformed_json,
        next_after_complete,
        out_of_order,
        sse_bad_field,
        unknown_type,
        wrong_id,
    )
    from .timing import bandwidth, dribble, hang, slicer, slow_accept, slow_headers
    from .wiremock import CONNECTION_RESET_BY_PEER, EMPTY_RESPONSE, MALFORMED_RESPONSE_CHUNK, RANDOM_DATA_THEN_CLOSE

__all__ = [
    "CONNECTION_RESET_BY_PEER",
    "EMPTY_RESPONSE",
    "MALFORMED_RESPONSE_CHUNK",
    "RANDOM_DATA_THEN_CLOSE",
    "auth_expires",
    "auth_refused",
    "bad_chunk_size",
    "bad_flag",
    "bad_status_line",
    "bandwidth",
    "batch_short",
    "blocked",
    "break_stream",
    "broker_down",
    "cancel_consumer",
    "channel_close",
    "clock_skew",
    "close_on_accept",
    "close_socket",
    "close_without_complete",
    "connect_timeout",
    "connection_close",
    "connection_refused",
    "connection_reset",
    "content_length",
    "corrupt_body",
    "data_null",
    "defer_never_completes",
    "dribble",
    "drop_connection",
    "duplicate",
    "duplicate_next",
    "duplicate_reply",
    "early_hints",
    "early_response",
    "empty_ok",
    "empty_receive",
    "empty_response",
    "errors_not_list",
    "fail_after_headers",
    "failover",
    "false_compression",
    "field_error",
    "frame_error",
    "garbage",
    "garbage_message",
    "goaway",
    "grpc_status",
    "h2_goaway",
    "h2_max_streams",
    "h2_rst_stream",
    "h2_short_body",
    "hang",
    "html_502",
    "http_status",
    "http_version",
    "huge_header",
    "illegal_header",
    "kafka_error",
    "latency",
    "lost_ack",
    "lost_confirm",
    "lost_message",
    "lost_request",
    "lost_response",
    "malformed_frame",
    "malformed_json",
    "malformed_response_chunk",
    "many_headers",
    "max_concurrency",
    "md5_mismatch",
    "missed_heartbeats",
    "missing_data_key",
    "missing_last_chunk",
    "multipart_no_terminator",
    "next_after_complete",
    "no_ack",
    "no_continue",
    "no_ping_ack",
    "no_pong",
    "no_trailers",
    "non_json",
    "nullify",
    "out_of_order",
    "oversize",
    "pagination_loop",
    "partial",
    "partial_batch",
    "persisted_query_not_found",
    "poison",
    "queue_full",
    "random_data_then_close",
    "rate_limit",
    "rate_limited",
    "redeliver",
    "redirect",
    "redirect_loop",
    "redis_error",
    "refused_publish",
    "reorder",
    "request_error",
    "reset_mid_upload",
    "reset_on_accept",
    "reset_stream",
    "rtt",
    "short_chunk",
    "slicer",
    "slow_accept",
    "slow_headers",
    "slow_read",
    "sqs_error",
    "sse_bad_field",
    "sse_no_complete",
    "stale_keepalive",
    "status",
    "stream_hang",
    "stream_reset",
    "throttled",
    "tls",
    "topic_error",
    "truncate_body",
    "truncate_headers",
    "truncated_message",
    "two_messages",
    "unauthenticated",
    "unavailable",
    "unknown_code",
    "unknown_type",
    "unroutable",
    "vhost_missing",
    "window_stall",
    "wrong_content_type",
    "wrong_id",
]


def __getattr__(name: str) -> Any:
    """Load a fault from its family (PEP 562)."""
    if name in registry:
        return registry.get(name)
    if name in aliases:
        return aliases.get(name)
    msg = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(msg)


def __dir__() -> list[str]:
    """List the faults."""
    return sorted(__all__)
