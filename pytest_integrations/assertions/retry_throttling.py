"""Whether a client of gRPC stops retrying when most of its calls fail (gRFC A6, `retryThrottling`)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_integrations.core.grpc_call import GrpcCall
from pytest_integrations.core.grpc_status import code_name, code_number
from pytest_integrations.core.settings import number

from .bodies import alike
from .evidence import fail, must_be_calls, nothing_to_check
from .grouping import is_success, logical_calls, over, told_apart
from .retry_after import asked
from .tolerance import EXACT, tolerance_of

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Mapping, Sequence

    from pytest_integrations.core.call import Call
    from pytest_integrations.core.ledger import Calls, Ledger

    from .grouping import LogicalCall, Per

__all__ = ["assert_retry_throttling"]

_MOST = 1000
_SLACK = 0.05
"""Seconds within which a client may hear of two ends in either order."""
_BY_HTTP = {400: "INTERNAL", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "UNIMPLEMENTED"}
_BY_HTTP |= dict.fromkeys((429, 502, 503, 504), "UNAVAILABLE")
_BY_RESET = {
    "REFUSED_STREAM": "UNAVAILABLE",
    "CANCEL": "CANCELLED",
    "ENHANCE_YOUR_CALM": "RESOURCE_EXHAUSTED",
    "INADEQUATE_SECURITY": "PERMISSION_DENIED",
}
_WHY = (
    "gRFC A6: when most calls fail, retries only add to the load of a backend that is down. A client that throttles "
    "itself goes on sending calls, but none of them twice, until enough of them succeed."
)


def assert_retry_throttling(
    calls: Calls,
    *,
    max_tokens: float,
    token_ratio: float,
    retryable: Iterable[Any] = ("UNAVAILABLE",),
    per: Per | None = None,
) -> None:
    """Assert that no retry was sent while the tokens of gRPC's retry throttling did not allow one.

    Definition (gRFC A6): a channel begins with *max_tokens* tokens. Each attempt that fails with one of the
    *retryable* codes, or whose pushback asks not to retry, takes one; each that succeeds brings *token_ratio* back,
    up to *max_tokens*. An attempt after whose failure no more than half of *max_tokens* is left must not be retried.
    The tokens are counted anew from what crossed the wire; what a client makes of a broken stream or connection is
    the code that gRPC has for it. What is sent again because it was not processed at all (REFUSED_STREAM, GOAWAY) is
    no retry, and takes no token.

    *calls* are those of one channel. Where calls that run beside each other end within 50 ms, the client may have
    heard of that in another order, and gets the benefit of it. Raises `NothingToCheck` if the tokens
    never fell to the half, or if no call was retried at all: a client that never retries would pass.

    ```python
    import grpc, json
    from pytest_integrations.assertions.retry_throttling import assert_retry_throttling
    from pytest_integrations.backends.grpc.fake import FakeGrpc
    from pytest_integrations.faults.grpc import grpc_status

    backoff = {"initialBackoff": "0.01s", "maxBackoff": "0.1s", "backoffMultiplier": 2}
    policy = {**backoff, "maxAttempts": 3, "retryableStatusCodes": ["UNAVAILABLE"]}
    config = {
        "methodConfig": [{"name": [{}], "retryPolicy": policy}],
        "retryThrottling": {"maxTokens": 4, "tokenRatio": 0.1},
    }
    with FakeGrpc() as fake:
        fake.load('syntax = "proto3"; message Id { string id = 1; } service Orders { rpc Get(Id) returns (Id); }')
        fake.inject(grpc_status("UNAVAILABLE"), every=1)
        with grpc.insecure_channel(fake.target, options=[("grpc.service_config", json.dumps(config))]) as channel:
            for _ in range(3):
                try:
                    channel.unary_unary("/Orders/Get")(b"", timeout=5)
                except grpc.RpcError:
                    pass
        assert len(fake.calls) == 4  # the first call was tried twice, the others once
        assert_retry_throttling(fake.calls, max_tokens=4, token_ratio=0.1)
    ```
    """
    __tracebackhide__ = True
    must_be_calls(calls)
    most = _thousandths(number("max_tokens", max_tokens, least=0.001, most=_MOST))
    ratio = _thousandths(number("token_ratio", token_ratio, least=0.001, most=_MOST))
    bucket = _Bucket(most, ratio, frozenset(code_name(code_number(code)) for code in retryable))
    groups = logical_calls(calls, per=per)
    left = bucket.left(calls, 0.0 if tolerance_of(calls.ledger) is EXACT else _SLACK)
    retries = [*_made_by_the_client(calls, left, bucket), *_made_around_it(groups, left)]
    broken = [each for each in retries if each.left * 2 <= bucket.most]
    if broken:
        _fail(groups, left, broken, bucket)
    if not retries or all(tokens * 2 > bucket.most for tokens in left.values()):
        _nothing(calls, groups, left, bucket)


def _thousandths(value: float) -> int:
    """Return *value* as clients count it: further decimals do not count (gRFC A6)."""
    return math.floor(round(value * 1000, 6))


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What one attempt did to the tokens, when it was over."""

    call: Call
    at: float
    change: int

    @property
    def order(self) -> tuple[float, int]:
        return self.at, self.call.seq

    def is_before(self, failed: _Outcome, slack: float) -> bool:
        """Tell whether the client had heard of this when it heard of what *failed*."""
        is_beside = self.at > failed.call.started and failed.at > self.call.started
        shift = 0.0 if not is_beside else slack if self.change > 0 else -slack
        return self.order < (failed.at + shift, failed.call.seq)


@dataclass(frozen=True, slots=True)
class _Bucket:
    """The settings, in thousandths of a token, as clients count."""

    most: int
    ratio: int
    retryable: frozenset[str]

    def left(self, calls: Calls, slack: float) -> dict[int, int]:
        """Return, by its number, what each call that took a token left; ends within *slack* may come in any order."""
        changes = [(call, over(call), self._change(call, calls.ledger)) for call in calls if isinstance(call, GrpcCall)]
        found = [_Outcome(call, end, change) for call, end, change in changes if change and end is not None]
        outcomes = sorted(found, key=lambda outcome: outcome.order)
        return {each.call.seq: self._left(outcomes, each, slack) for each in outcomes if each.change < 0}

    def _change(self, call: GrpcCall, ledger: Ledger) -> int:
        """Return what *call* takes or brings; 0 where its client ended it, or no server had touched it."""
        if call.unprocessed or call.outcome in {"open", "hung", "abandoned"}:
            return 0
        if is_success(call):
            return self.ratio
        wait = asked(call, ledger)
        says_no = wait is not None and wait.form == "never"
        return -1000 if says_no or _code(call) in self.retryable else 0

    def _left(self, outcomes: Iterable[_Outcome], failed: _Outcome, slack: float) -> int:
        """Return the tokens that are left after *failed*, as the client may have seen it at best.

        Of the calls beside it that ended with it, within *slack*, those that brought something count.
        """
        tokens = self.most
        for each in outcomes:
            if each is not failed and each.is_before(failed, slack):
                tokens = min(self.most, max(0, tokens + each.change))
        return max(0, tokens + failed.change)


def _code(call: GrpcCall) -> str:
    """Return the code that the caller of *call* was given: the one that was sent, or what stands for its lack."""
    if call.code:
        return call.code
    if call.status is not None:
        return _BY_HTTP.get(call.status, "UNKNOWN")
    if call.outcome == "reset" and call.reset:
        return _BY_RESET.get(call.reset, "INTERNAL")
    return "UNKNOWN" if call.outcome == "answered" else "UNAVAILABLE"


# -- retries, and the failures that they come after


@dataclass(frozen=True, slots=True)
class _Retry:
    """A retry, the failure before it, and the tokens that were left by that."""

    before: Call
    after: Call
    left: int


def _made_by_the_client(calls: Calls, left: Mapping[int, int], bucket: _Bucket) -> Iterable[_Retry]:
    """Return the retries of the client itself, which counts them.

    Of calls that are alike it is not to be known whose retry one is: they are put together so that as many as
    possible come after one that might be retried.
    """
    same: dict[Hashable, list[GrpcCall]] = {}
    for call in calls:
        if isinstance(call, GrpcCall):
            same.setdefault(alike(call), []).append(call)
    found = [retry for each in same.values() for retry in _put_together(each, left, bucket)]
    return sorted(found, key=lambda retry: retry.after.seq)


def _put_together(calls: Sequence[GrpcCall], left: Mapping[int, int], bucket: _Bucket) -> Iterable[_Retry]:
    """Return the retries among *calls*, which are alike.

    An attempt that counts n others comes after a failure that counts one less, or after one that counts n itself and
    was not processed. The second may have the attempt n + 1 after it as well: it is taken where nothing else is left.
    """
    unclaimed: list[GrpcCall] = []
    for count in range(max(call.previous_attempts for call in calls) + 1):
        allowed: list[GrpcCall] = []
        refused: list[GrpcCall] = []
        again: list[GrpcCall] = []
        spent: list[GrpcCall] = []
        at_count = [call for call in calls if call.previous_attempts == count]
        for call in sorted((*unclaimed, *at_count), key=lambda call: call.seq):
            if call.previous_attempts == count:
                before = (allowed or refused or again or spent) if count else []
                if before and before is not again and before[-1].seq in left:
                    yield _Retry(before[-1], call, left[before[-1].seq])
                del before[-1:]
                if call.unprocessed:
                    again.append(call)
            elif call.unprocessed:
                refused.append(call)
            else:
                (allowed if left.get(call.seq, bucket.most) * 2 > bucket.most else spent).append(call)
        unclaimed = [*again, *(call for call in at_count if not call.unprocessed and not is_success(call))]


def _made_around_it(groups: Sequence[LogicalCall], left: Mapping[int, int]) -> Iterable[_Retry]:
    """Return the retries of the application, for which its client has no count."""
    for group in groups:
        for before, after in group.retries:
            if before.seq in left and not getattr(after, "previous_attempts", 0):
                yield _Retry(before, after, left[before.seq])


# -- what is told


def _shown(thousandths: int) -> str:
    return f"{thousandths / 1000:g}"


def _marks(left: Mapping[int, int], bucket: _Bucket) -> dict[int, str]:
    most = _shown(bucket.most)
    spent = {number: ": NO RETRY" if tokens * 2 <= bucket.most else "" for number, tokens in left.items()}
    return {number: f"{_shown(tokens)} of {most} tokens left{spent[number]}" for number, tokens in left.items()}


def _fail(groups: Sequence[LogicalCall], left: Mapping[int, int], broken: Sequence[_Retry], bucket: _Bucket) -> None:
    __tracebackhide__ = True
    first = broken[0]
    more = f" ({len(broken)} retries should not have been)" if len(broken) > 1 else ""
    fail(
        f"#{first.after.seq} is a retry, and after #{first.before.seq} {_shown(first.left)} of {_shown(bucket.most)} "
        f"tokens were left: more than {_shown(bucket.most // 2)} are needed{more}",
        [call for group in groups for call in group],
        groups=groups,
        marks=_marks(left, bucket),
        footnote=told_apart(groups),
        why=_WHY,
        hint="Give the channel `retryThrottling` in its service config, and make all calls on one channel: each has "
        "tokens of its own.",
    )


def _nothing(calls: Calls, groups: Sequence[LogicalCall], left: Mapping[int, int], bucket: _Bucket) -> None:
    __tracebackhide__ = True
    if not left:
        what = f"none of {len(calls)} calls failed with {', '.join(sorted(bucket.retryable))}"
        hint = 'Script an outage: fake_grpc.inject(grpc_status("UNAVAILABLE"), every=1).'
    elif any(tokens * 2 <= bucket.most for tokens in left.values()):
        what = "no call was retried, so that a client without retries would pass"
        hint = "Give the client a retryPolicy, and more tokens: while they last it must retry."
    else:
        lowest, half = _shown(min(left.values())), _shown(bucket.most // 2)
        what = f"the tokens fell to {lowest} of {_shown(bucket.most)}, and never to {half}"
        hint = "Let more calls fail, or have the channel begin with fewer tokens."
    nothing_to_check(what, calls, groups=groups, marks=_marks(left, bucket), hint=hint)
