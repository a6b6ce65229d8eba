"""What a client must do when its backends misbehave, proved from the ledger alone.

    retries       attempts, not_retried, giving_up, backoff (schedules, jitter), retry_after
    safety        unsafe_retry, idempotency_key, same_request, redirects
    load          budget, amplification, connections, hang, retry_throttling
    breakers      breaker, breaker_recovery, breaker_scope
    time          timing, deadline, deadline_calls
    messages      loss, deliveries, duplicates, dead_lettering, settling, settle_order, poison, redelivery
    flow          prefetch, message_order, back_pressure, confirms
    GraphQL       partial_data, subscription

    grouping      which calls are attempts of one logical call, and the gap between two of them
    client_calls  what the client did on its own side, for what never arrives
    tolerance     how exact a measured time can be
    evidence      how an assertion fails
    publications  which publications are of one message; effects, how often it took effect; dead_letters, which dead
                  letter belongs to which message; replay, what waited and what was in flight at each moment

Every assertion takes `calls` or `messages` first, has a definition, a tolerance, and refuses to pass where nothing
could have failed. The names below are loaded when they are first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .amplification import assert_amplification
    from .attempts import assert_attempts
    from .back_pressure import assert_back_pressure
    from .backoff import assert_backoff
    from .breaker import assert_breaker_opens, assert_breaker_sheds
    from .breaker_recovery import assert_breaker_closes, assert_breaker_reopens, assert_half_open_probes
    from .breaker_scope import assert_breaker_counts, assert_breaker_ignores, assert_breaker_isolated
    from .breaker_trip import FailureRatio, failure_ratio
    from .budget import assert_retry_budget
    from .client_calls import ClientCall, ClientCalls
    from .confirms import assert_confirms_awaited
    from .connections import assert_connections_at_most
    from .dead_lettering import assert_dead_lettered
    from .deadline import assert_deadline_shrinks, read_timeout
    from .deadline_calls import assert_cancels, assert_deadline_propagated, assert_no_attempt_after_deadline
    from .deliveries import assert_delivered
    from .duplicates import assert_duplicates_bounded
    from .giving_up import assert_gives_up
    from .grouping import LogicalCall, logical_calls
    from .hang import assert_no_hang, no_hang
    from .idempotency_key import assert_idempotency_key
    from .jitter import assert_jittered
    from .loss import assert_nothing_lost
    from .message_order import assert_ordered
    from .not_retried import assert_not_retried
    from .partial_data import assert_partial_data_preserved
    from .poison import assert_no_poison_loop
    from .prefetch import assert_prefetch_respected
    from .redelivery import assert_redelivery_backoff
    from .redirects import assert_safe_redirects
    from .retry_after import assert_respects_retry_after
    from .retry_throttling import assert_retry_throttling
    from .same_request import assert_same_request
    from .schedules import Jitter, Schedule, additive, exponential, fixed, linear, listed, multiplicative
    from .settle_order import assert_settle_order
    from .settling import assert_all_settled
    from .subscription import assert_subscription_resumed
    from .timing import assert_timeout_order, assert_times_out, assert_total_time
    from .unsafe_retry import assert_no_unsafe_retry

__all__ = [
    "ClientCall",
    "ClientCalls",
    "FailureRatio",
    "Jitter",
    "LogicalCall",
    "Schedule",
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
    "linear",
    "listed",
    "logical_calls",
    "multiplicative",
    "no_hang",
    "read_timeout",
]

_HOMES = {
    "ClientCall": "client_calls",
    "ClientCalls": "client_calls",
    "FailureRatio": "breaker_trip",
    "Jitter": "schedules",
    "LogicalCall": "grouping",
    "Schedule": "schedules",
    "additive": "schedules",
    "assert_all_settled": "settling",
    "assert_amplification": "amplification",
    "assert_attempts": "attempts",
    "assert_back_pressure": "back_pressure",
    "assert_backoff": "backoff",
    "assert_breaker_closes": "breaker_recovery",
    "assert_breaker_counts": "breaker_scope",
    "assert_breaker_ignores": "breaker_scope",
    "assert_breaker_isolated": "breaker_scope",
    "assert_breaker_opens": "breaker",
    "assert_breaker_reopens": "breaker_recovery",
    "assert_breaker_sheds": "breaker",
    "assert_cancels": "deadline_calls",
    "assert_confirms_awaited": "confirms",
    "assert_connections_at_most": "connections",
    "assert_dead_lettered": "dead_lettering",
    "assert_deadline_propagated": "deadline_calls",
    "assert_deadline_shrinks": "deadline",
    "assert_delivered": "deliveries",
    "assert_duplicates_bounded": "duplicates",
    "assert_gives_up": "giving_up",
    "assert_half_open_probes": "breaker_recovery",
    "assert_idempotency_key": "idempotency_key",
    "assert_jittered": "jitter",
    "assert_no_attempt_after_deadline": "deadline_calls",
    "assert_no_hang": "hang",
    "assert_no_poison_loop": "poison",
    "assert_no_unsafe_retry": "unsafe_retry",
    "assert_not_retried": "not_retried",
    "assert_nothing_lost": "loss",
    "assert_ordered": "message_order",
    "assert_partial_data_preserved": "partial_data",
    "assert_prefetch_respected": "prefetch",
    "assert_redelivery_backoff": "redelivery",
    "assert_respects_retry_after": "retry_after",
    "assert_retry_budget": "budget",
    "assert_retry_throttling": "retry_throttling",
    "assert_safe_redirects": "redirects",
    "assert_same_request": "same_request",
    "assert_settle_order": "settle_order",
    "assert_subscription_resumed": "subscription",
    "assert_timeout_order": "timing",
    "assert_times_out": "timing",
    "assert_total_time": "timing",
    "exponential": "schedules",
    "failure_ratio": "breaker_trip",
    "fixed": "schedules",
    "linear": "schedules",
    "listed": "schedules",
    "logical_calls": "grouping",
    "multiplicative": "schedules",
    "no_hang": "hang",
    "read_timeout": "deadline",
}


def __getattr__(name: str) -> Any:
    """Load a public name from its home (PEP 562)."""
    home = _HOMES.get(name)
    if home is None:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    return getattr(import_module(f"{__name__}.{home}"), name)


def __dir__() -> list[str]:
    """List the public names."""
    return sorted(__all__)
