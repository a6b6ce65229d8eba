"""Every fault by its name, one line each; nothing is imported before somebody asks for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_integrations.core.registry import Registry

if TYPE_CHECKING:
    from pytest_integrations.core.fault import Fault

__all__ = ["aliases", "of_streams", "registry"]

_HERE = "pytest_integrations.faults"

registry: Registry[type[Fault]] = Registry(
    "fault",
    {
        # before there is a call
        "connection_refused": f"{_HERE}.connection:connection_refused",
        "connect_timeout": f"{_HERE}.connection:connect_timeout",
        "reset_on_accept": f"{_HERE}.connection:reset_on_accept",
        "close_on_accept": f"{_HERE}.connection:close_on_accept",
        "slow_accept": f"{_HERE}.timing:slow_accept",
        "tls": f"{_HERE}.handshake:tls",
        # while the request is sent
        "slow_read": f"{_HERE}.request_side:slow_read",
        "early_response": f"{_HERE}.request_side:early_response",
        "reset_mid_upload": f"{_HERE}.request_side:reset_mid_upload",
        "no_continue": f"{_HERE}.request_side:no_continue",
        # time
        "latency": f"{_HERE}.delay:latency",
        "hang": f"{_HERE}.timing:hang",
        "slow_headers": f"{_HERE}.timing:slow_headers",
        "dribble": f"{_HERE}.timing:dribble",
        "bandwidth": f"{_HERE}.timing:bandwidth",
        "slicer": f"{_HERE}.timing:slicer",
        # the connection
        "connection_reset": f"{_HERE}.connection:connection_reset",
        "empty_response": f"{_HERE}.connection:empty_response",
        "random_data_then_close": f"{_HERE}.connection:random_data_then_close",
        "stale_keepalive": f"{_HERE}.connection:stale_keepalive",
        "lost_response": f"{_HERE}.connection:lost_response",
        "lost_request": f"{_HERE}.connection:lost_request",
        # the head
        "bad_status_line": f"{_HERE}.head:bad_status_line",
        "illegal_header": f"{_HERE}.head:illegal_header",
        "truncate_headers": f"{_HERE}.framing:truncate_headers",
        "huge_header": f"{_HERE}.head:huge_header",
        "many_headers": f"{_HERE}.head:many_headers",
        "early_hints": f"{_HERE}.head:early_hints",
        "http_version": f"{_HERE}.head:http_version",
        # the body
        "malformed_response_chunk": f"{_HERE}.framing:malformed_response_chunk",
        "bad_chunk_size": f"{_HERE}.framing:bad_chunk_size",
        "missing_last_chunk": f"{_HERE}.framing:missing_last_chunk",
        "short_chunk": f"{_HERE}.framing:short_chunk",
        "content_length": f"{_HERE}.framing:content_length",
        "truncate_body": f"{_HERE}.framing:truncate_body",
        "corrupt_body": f"{_HERE}.body:corrupt_body",
        # what is said
        "status": f"{_HERE}.refusal:status",
        "unavailable": f"{_HERE}.refusal:unavailable",
        "rate_limited": f"{_HERE}.refusal:rate_limited",
        "rate_limit": f"{_HERE}.limits:rate_limit",
        "max_concurrency": f"{_HERE}.limits:max_concurrency",
        "redirect": f"{_HERE}.semantics:redirect",
        "redirect_loop": f"{_HERE}.semantics:redirect_loop",
        "pagination_loop": f"{_HERE}.semantics:pagination_loop",
        "auth_expires": f"{_HERE}.semantics:auth_expires",
        "duplicate_reply": f"{_HERE}.semantics:duplicate_reply",
        # GraphQL operations
        "request_error": f"{_HERE}.graphql:request_error",
        "throttled": f"{_HERE}.graphql:throttled",
        "unauthenticated": f"{_HERE}.graphql:unauthenticated",
        "persisted_query_not_found": f"{_HERE}.graphql:persisted_query_not_found",
        "html_502": f"{_HERE}.graphql:html_502",
        # GraphQL results
        "field_error": f"{_HERE}.graphql_fields:field_error",
        "nullify": f"{_HERE}.graphql_fields:nullify",
        "partial": f"{_HERE}.graphql_fields:partial",
        "data_null": f"{_HERE}.graphql_results:data_null",
        "missing_data_key": f"{_HERE}.graphql_results:missing_data_key",
        "errors_not_list": f"{_HERE}.graphql_results:errors_not_list",
        "non_json": f"{_HERE}.graphql_results:non_json",
        "wrong_content_type": f"{_HERE}.graphql_results:wrong_content_type",
        "batch_short": f"{_HERE}.graphql_results:batch_short",
        # GraphQL subscriptions
        "close_socket": f"{_HERE}.subscription:close_socket",
        "close_without_complete": f"{_HERE}.subscription:close_without_complete",
        "defer_never_completes": f"{_HERE}.subscription:defer_never_completes",
        "multipart_no_terminator": f"{_HERE}.subscription:multipart_no_terminator",
        "no_ack": f"{_HERE}.subscription:no_ack",
        "no_pong": f"{_HERE}.subscription:no_pong",
        "sse_no_complete": f"{_HERE}.subscription:sse_no_complete",
        "stream_hang": f"{_HERE}.subscription:stream_hang",
        "stream_reset": f"{_HERE}.subscription:stream_reset",
        "duplicate_next": f"{_HERE}.subscription_events:duplicate_next",
        "malformed_frame": f"{_HERE}.subscription_events:malformed_frame",
        "malformed_json": f"{_HERE}.subscription_events:malformed_json",
        "next_after_complete": f"{_HERE}.subscription_events:next_after_complete",
        "out_of_order": f"{_HERE}.subscription_events:out_of_order",
        "sse_bad_field": f"{_HERE}.subscription_events:sse_bad_field",
        "unknown_type": f"{_HERE}.subscription_events:unknown_type",
        "wrong_id": f"{_HERE}.subscription_events:wrong_id",
        # gRPC
        "break_stream": f"{_HERE}.grpc:break_stream",
        "drop_connection": f"{_HERE}.grpc_frames:drop_connection",
        "empty_ok": f"{_HERE}.grpc:empty_ok",
        "fail_after_headers": f"{_HERE}.grpc:fail_after_headers",
        "goaway": f"{_HERE}.grpc:goaway",
        "grpc_status": f"{_HERE}.grpc:grpc_status",
        "http_status": f"{_HERE}.grpc:http_status",
        "no_ping_ack": f"{_HERE}.grpc:no_ping_ack",
        "no_trailers": f"{_HERE}.grpc:no_trailers",
        "reset_stream": f"{_HERE}.grpc:reset_stream",
        "unknown_code": f"{_HERE}.grpc:unknown_code",
        "window_stall": f"{_HERE}.grpc:window_stall",
        "bad_flag": f"{_HERE}.grpc_messages:bad_flag",
        "false_compression": f"{_HERE}.grpc_messages:false_compression",
        "garbage_message": f"{_HERE}.grpc_messages:garbage_message",
        "oversize": f"{_HERE}.grpc_messages:oversize",
        "truncated_message": f"{_HERE}.grpc_messages:truncated_message",
        "two_messages": f"{_HERE}.grpc_messages:two_messages",
        # HTTP/2
        "h2_goaway": f"{_HERE}.http2:h2_goaway",
        "h2_max_streams": f"{_HERE}.http2:h2_max_streams",
        "h2_rst_stream": f"{_HERE}.http2:h2_rst_stream",
        "h2_short_body": f"{_HERE}.http2:h2_short_body",
        # queues
        "queue_full": f"{_HERE}.queue:queue_full",
        "refused_publish": f"{_HERE}.queue:refused_publish",
        "lost_confirm": f"{_HERE}.queue:lost_confirm",
        "lost_message": f"{_HERE}.queue:lost_message",
        "poison": f"{_HERE}.queue:poison",
        "lost_ack": f"{_HERE}.queue:lost_ack",
        "duplicate": f"{_HERE}.queue:duplicate",
        "redeliver": f"{_HERE}.queue:redeliver",
        "reorder": f"{_HERE}.queue:reorder",
        "empty_receive": f"{_HERE}.queue:empty_receive",
        "garbage": f"{_HERE}.queue:garbage",
        # AMQP
        "channel_close": f"{_HERE}.amqp:channel_close",
        "connection_close": f"{_HERE}.amqp:connection_close",
        "unroutable": f"{_HERE}.amqp:unroutable",
        "cancel_consumer": f"{_HERE}.amqp:cancel_consumer",
        "auth_refused": f"{_HERE}.amqp:auth_refused",
        "vhost_missing": f"{_HERE}.amqp:vhost_missing",
        "blocked": f"{_HERE}.amqp:blocked",
        "missed_heartbeats": f"{_HERE}.amqp:missed_heartbeats",
        "frame_error": f"{_HERE}.amqp:frame_error",
        # Redis
        "redis_error": f"{_HERE}.redis:redis_error",
        "failover": f"{_HERE}.redis:failover",
        # SQS
        "sqs_error": f"{_HERE}.sqs:sqs_error",
        "partial_batch": f"{_HERE}.sqs:partial_batch",
        "md5_mismatch": f"{_HERE}.sqs:md5_mismatch",
        "clock_skew": f"{_HERE}.sqs:clock_skew",
        # Kafka
        "kafka_error": f"{_HERE}.kafka:kafka_error",
        "topic_error": f"{_HERE}.kafka:topic_error",
        "broker_down": f"{_HERE}.kafka:broker_down",
        "rtt": f"{_HERE}.kafka:rtt",
    },
    hint="They are listed in pytest_integrations.faults; a third party adds its own by the hook.",
)
"""The faults; third parties add theirs by the same kind of line."""

aliases: Registry[Fault] = Registry(
    "fault",
    {
        "CONNECTION_RESET_BY_PEER": f"{_HERE}.wiremock:CONNECTION_RESET_BY_PEER",
        "EMPTY_RESPONSE": f"{_HERE}.wiremock:EMPTY_RESPONSE",
        "MALFORMED_RESPONSE_CHUNK": f"{_HERE}.wiremock:MALFORMED_RESPONSE_CHUNK",
        "RANDOM_DATA_THEN_CLOSE": f"{_HERE}.wiremock:RANDOM_DATA_THEN_CLOSE",
    },
)
"""Faults with their settings, by the names that another tool gives them."""

of_streams: Registry[type[Fault]] = Registry(
    "fault",
    {
        f"toxics.{name}": f"{_HERE}.toxics:{name}"
        for name in ("latency", "bandwidth", "slow_close", "timeout", "reset_peer", "slicer", "limit_data")
    },
)
"""Toxics, as a profile names them; some are words for HTTP too, which mean something else."""
