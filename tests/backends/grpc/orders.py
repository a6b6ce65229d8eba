"""The schema that the tests of gRPC use, and clients of it that need no generated code."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import grpc

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_integrations.backends.grpc.methods import MethodRule

PROTO = Path(__file__).with_name("orders.proto")

OPTIONS = (
    ("grpc.use_local_subchannel_pool", 1),
    ("grpc.enable_retries", 0),
    ("grpc.enable_http_proxy", 0),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 2000),
    ("grpc.max_reconnect_backoff_ms", 200),
)
"""Channels that share nothing, try nothing again by themselves, and connect again soon."""

TIMEOUT = 5.0
"""Seconds that a call may take: a bound for what never ends, not a measure."""


def stub(channel: Any, method: MethodRule) -> Any:
    """Return what calls *method* on *channel*, sync or asyncio: given messages, or dicts of their fields."""
    schema = method.schema
    make = {
        "unary": channel.unary_unary,
        "client-stream": channel.stream_unary,
        "server-stream": channel.unary_stream,
        "bidi": channel.stream_stream,
    }[schema.wire.kind]
    return make(
        schema.path,
        request_serializer=lambda fields: schema.request(**fields).SerializeToString(),
        response_deserializer=schema.reply.FromString,
    )


def call(target: str, method: MethodRule, request: Any = None, *, options: Iterable[Any] = (), **more: Any) -> Any:
    """Call *method* once, on a channel of its own; a stream comes as the list of its messages."""
    request = ({} if not method.schema.wire.streams_requests else []) if request is None else request
    more = {"timeout": TIMEOUT, **more}
    with grpc.insecure_channel(target, options=[*OPTIONS, *options]) as channel:
        if method.schema.wire.streams_requests:
            request = iter(request)
        answer = stub(channel, method)(request, **more)
        return list(answer) if method.schema.wire.streams_replies else answer


def error_of(target: str, method: MethodRule, request: Any = None, **more: Any) -> tuple[str, str]:
    """Return code and text of the error that a call ends with."""
    try:
        answer = call(target, method, request, **more)
    except grpc.RpcError as error:
        return error.code().name, error.details() or ""
    msg = f"the call ended well: {answer!r}"
    raise AssertionError(msg)
