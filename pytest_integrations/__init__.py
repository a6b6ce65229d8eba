"""In-process fake backends with scriptable faults, and assertions on what the client did about them.

The names below are loaded when they are first used; importing the package costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .assertions import (
        ClientCall,
        ClientCalls,
        FailureRatio,
        Jitter,
        LogicalCall,
        Schedule,
        additive,
        assert_all_settled,
        assert_amplification,
        assert_attempts,
        assert_back_pressure,
        assert_backoff,
        assert_breaker_closes,
        assert_breaker_counts,
        assert_breaker_ignores,
        assert_breaker_isolated,
        assert_breaker_opens,
        assert_breaker_reopens,
        assert_breaker_sheds,
        assert_cancels,
        assert_confirms_awaited,
        assert_connections_at_most,
        assert_dead_lettered,
        assert_deadline_propagated,
        assert_deadline_shrinks,
        assert_delivered,
        assert_duplicates_bounded,
        assert_gives_up,
        assert_half_open_probes,
        assert_idempotency_key,
        assert_jittered,
        assert_no_attempt_after_deadline,
        assert_no_hang,
        assert_no_poison_loop,
        assert_no_unsafe_retry,
        assert_not_retried,
        assert_nothing_lost,
        assert_ordered,
        assert_partial_data_preserved,
        assert_prefetch_respected,
        assert_redelivery_backoff,
        assert_respects_retry_after,
        assert_retry_budget,
        assert_retry_throttling,
        assert_safe_redirects,
        assert_same_request,
        assert_settle_order,
        assert_subscription_resumed,
        assert_timeout_order,
        assert_times_out,
        assert_total_time,
        exponential,
        failure_ratio,
        fixed,
        linear,
        listed,
        logical_calls,
        multiplicative,
        no_hang,
        read_timeout,
    )
    from .backends.amqp.fake import FakeAmqp
    from .backends.graphql.errors import FieldError
    from .backends.graphql.fake import FakeGraphQL
    from .backends.grpc.fake import FakeGrpc
    from .backends.grpc.servicer.call import RpcFailed
    from .backends.grpc.servicer.servicer import GrpcServicer
    from .backends.kafka.fake import FakeKafka
    from .backends.proxy.fake import FakeProxy
    from .backends.queues import Queue
    from .backends.redis.fake import FakeRedis
    from .backends.rest import FakeRest
    from .backends.rest.cassette import Cassette
    from .backends.sqs.fake import FakeSqs
    from .core.call import Call, Connection
    from .core.delivery import Delivery, Messages, QueueEvent, QueueMessage
    from .core.errors import (
        CannotPerform,
        FakeStopped,
        FaultNeverFired,
        HandlerFailed,
        IntegrationsError,
        NothingToCheck,
        NotIntercepted,
        ProfileError,
        ProfilesSkipped,
        ResilienceError,
        ScriptingError,
        UnexpectedCall,
        UnknownName,
    )
    from .core.fault import Fault
    from .core.graphql_call import GraphQLCall
    from .core.grpc_call import GrpcCall
    from .core.grpc_message import Uncompressed
    from .core.ledger import Calls, Ledger
    from .core.queue_call import QueueCall
    from .core.reply import Reply
    from .core.tunnel_call import TunnelCall
    from .interception import Interception
    from .plugin.factory import Fakes
    from .plugin.hookspecs import hookimpl
    from .tester import Expected, IntegrationTester
    from .timekeeping import Stalled, VirtualClock

    __version__: str

__all__ = [
    "Call",
    "Calls",
    "CannotPerform",
    "Cassette",
    "ClientCall",
    "ClientCalls",
    "Connection",
    "Delivery",
    "Expected",
    "FailureRatio",
    "FakeAmqp",
    "FakeGraphQL",
    "FakeGrpc",
    "FakeKafka",
    "FakeProxy",
    "FakeRedis",
    "FakeRest",
    "FakeSqs",
    "FakeStopped",
    "Fakes",
    "Fault",
    "FaultNeverFired",
    "FieldError",
    "GraphQLCall",
    "GrpcCall",
    "GrpcServicer",
    "HandlerFailed",
    "IntegrationTester",
    "IntegrationsError",
    "Interception",
    "Jitter",
    "Ledger",
    "LogicalCall",
    "Messages",
    "NotIntercepted",
    "NothingToCheck",
    "ProfileError",
    "ProfilesSkipped",
    "Queue",
    "QueueCall",
    "QueueEvent",
    "QueueMessage",
    "Reply",
    "ResilienceError",
    "RpcFailed",
    "Schedule",
    "ScriptingError",
    "Stalled",
    "TunnelCall",
    "Uncompressed",
    "UnexpectedCall",
    "UnknownName",
    "VirtualClock",
    "additive",
    "assert_all_settled",
    "assert_amplification",
    "assert_attempts",
    "assert_back_pressure",
    "assert_backoff",
    "assert_breaker_closes",
    "assert_breaker_counts",
    "assert_breaker_ignores",
    "assert_breaker_isolated",
    "assert_breaker_opens",
    "assert_breaker_reopens",
    "assert_breaker_sheds",
    "assert_cancels",
    "assert_confirms_awaited",
    "assert_connections_at_most",
    "assert_dead_lettered",
    "assert_deadline_propagated",
    "assert_deadline_shrinks",
    "assert_delivered",
    "assert_duplicates_bounded",
    "assert_gives_up",
    "assert_half_open_probes",
    "assert_idempotency_key",
    "assert_jittered",
    "assert_no_attempt_after_deadline",
    "assert_no_hang",
    "assert_no_poison_loop",
    "assert_no_unsafe_retry",
    "assert_not_retried",
    "assert_nothing_lost",
    "assert_ordered",
    "assert_partial_data_preserved",
    "assert_prefetch_respected",
    "assert_redelivery_backoff",
    "assert_respects_retry_after",
    "assert_retry_budget",
    "assert_retry_throttling",
    "assert_safe_redirects",
    "assert_same_request",
    "assert_settle_order",
    "assert_subscription_resumed",
    "assert_timeout_order",
    "assert_times_out",
    "assert_total_time",
    "exponential",
    "failure_ratio",
    "fixed",
    "hookimpl",
    "linear",
    "listed",
    "logical_calls",
    "multiplicative",
    "no_hang",
    "read_timeout",
]

_HOMES = {
    "Call": "core.call",
    "Calls": "core.ledger",
    "CannotPerform": "core.errors",
    "Cassette": "backends.rest.cassette",
    "Connection": "core.call",
    "Delivery": "core.delivery",
    "Expected": "tester",
    "FakeAmqp": "backends.amqp.fake",
    "FakeGraphQL": "backends.graphql.fake",
    "FakeGrpc": "backends.grpc.fake",
    "FakeKafka": "backends.kafka.fake",
    "FakeProxy": "backends.proxy.fake",
    "FakeRedis": "backends.redis.fake",
    "FakeRest": "backends.rest",
    "FakeSqs": "backends.sqs.fake",
    "FakeStopped": "core.errors",
    "Fakes": "plugin.factory",
    "Fault": "core.fault",
    "FaultNeverFired": "core.errors",
    "FieldError": "backends.graphql.errors",
    "GraphQLCall": "core.graphql_call",
    "GrpcCall": "core.grpc_call",
    "GrpcServicer": "backends.grpc.servicer.servicer",
    "HandlerFailed": "core.errors",
    "IntegrationTester": "tester",
    "IntegrationsError": "core.errors",
    "Interception": "interception",
    "Ledger": "core.ledger",
    "Messages": "core.delivery",
    "NotIntercepted": "core.errors",
    "NothingToCheck": "core.errors",
    "ProfileError": "core.errors",
    "ProfilesSkipped": "core.errors",
    "Queue": "backends.queues",
    "QueueCall": "core.queue_call",
    "QueueEvent": "core.delivery",
    "QueueMessage": "core.delivery",
    "Reply": "core.reply",
    "ResilienceError": "core.errors",
    "RpcFailed": "backends.grpc.servicer.call",
    "ScriptingError": "core.errors",
    "Stalled": "timekeeping",
    "TunnelCall": "core.tunnel_call",
    "Uncompressed": "core.grpc_message",
    "UnexpectedCall": "core.errors",
    "UnknownName": "core.errors",
    "VirtualClock": "timekeeping",
    "hookimpl": "plugin.hookspecs",
}
"""Where a public name lives that is not of the assertions."""

if not TYPE_CHECKING:  # a checker must see what is there, not that everything might be

    def __getattr__(name: str) -> Any:
        """Load a public name from its home (PEP 562)."""
        from importlib import import_module

        if name in __all__:
            return getattr(import_module(f"{__name__}.{_HOMES.get(name, 'assertions')}"), name)
        if name == "__version__":
            from importlib.metadata import version

            return version("pytest-integrations")
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)


def __dir__() -> list[str]:
    """List the public names."""
    return [*__all__, "__version__"]
