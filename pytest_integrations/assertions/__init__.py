"""What a client must do when its backends misbehave, proved from the ledger alone.

    grouping      which calls are attempts of one logical call, and the gap between two of them
    client_calls  what the client did on its own side, for what never arrives
    tolerance     how exact a measured time can be
    evidence      how an assertion fails

Every assertion takes `calls` first, has a definition, a tolerance, and refuses to pass where nothing could have failed.
The names below are loaded when they are first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .breaker import assert_breaker_opens, assert_breaker_sheds
    from .breaker_recovery import assert_breaker_closes, assert_breaker_reopens, assert_half_open_probes
    from .breaker_scope import assert_breaker_counts, assert_breaker_ignores, assert_breaker_isolated
    from .breaker_trip import FailureRatio, failure_ratio
    from .client_calls import ClientCall, ClientCalls
    from .deadline import assert_deadline_shrinks, read_timeout
    from .timing import assert_timeout_order, assert_times_out, assert_total_time

__all__ = [
    "ClientCall",
    "ClientCalls",
    "FailureRatio",
    "assert_breaker_closes",
    "assert_breaker_counts",
    "assert_breaker_ignores",
    "assert_breaker_isolated",
    "assert_breaker_opens",
    "assert_breaker_reopens",
    "assert_breaker_sheds",
    "assert_deadline_shrinks",
    "assert_half_open_probes",
    "assert_timeout_order",
    "assert_times_out",
    "assert_total_time",
    "failure_ratio",
    "read_timeout",
]

_HOMES = {
    "ClientCall": "client_calls",
    "ClientCalls": "client_calls",
    "FailureRatio": "breaker_trip",
    "assert_breaker_closes": "breaker_recovery",
    "assert_breaker_counts": "breaker_scope",
    "assert_breaker_ignores": "breaker_scope",
    "assert_breaker_isolated": "breaker_scope",
    "assert_breaker_opens": "breaker",
    "assert_breaker_reopens": "breaker_recovery",
    "assert_breaker_sheds": "breaker",
    "assert_deadline_shrinks": "deadline",
    "assert_half_open_probes": "breaker_recovery",
    "assert_timeout_order": "timing",
    "assert_times_out": "timing",
    "assert_total_time": "timing",
    "failure_ratio": "breaker_trip",
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
