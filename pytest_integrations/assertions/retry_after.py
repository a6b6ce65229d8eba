"""Whether the client waits as long as the backend asks it to."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Literal

from pytest_integrations.core.grpc_call import GrpcCall
from pytest_integrations.core.grpc_details import retry_delay
from pytest_integrations.core.when import seconds

from .evidence import fail, must_be_calls, nothing_to_check
from .grouping import RENEWED_KEYS, gap, is_success, logical_calls, over, renew_their_key, told_apart
from .tolerance import span, tolerance_of

if TYPE_CHECKING:
    from pytest_integrations.core.call import Call
    from pytest_integrations.core.ledger import Calls, Ledger

    from .grouping import LogicalCall, Per
    from .tolerance import Tolerance

__all__ = ["assert_respects_retry_after"]

_IN_MILLISECONDS = ("retry-after-ms", "x-ms-retry-after-ms")
_GRAIN_OF_DATES = 1.0
"""An HTTP date has whole seconds, and clients round the present time to them as well."""

_TOO_LATE = "The caller waits for longer than was asked, and its own deadline may pass first."
_TOO_LONG = "A client that waits for as long as it is told can be kept waiting by one header, for hours or for days."
_WHY = (
    "RFC 9110 section 10.2.3: Retry-After tells how long the client ought to wait. A client that comes earlier is "
    "refused again, and adds to the load that it was asked to take away."
)
_NO_GOOD = "A pushback below 0, or that is no number, says that a retry would do no good (gRFC A6)."


@dataclass(frozen=True, slots=True)
class Asked:
    """The wait that an answer asked for."""

    header: str
    """As sent: `Retry-After: 120`."""
    seconds: float
    """From the end of the answer; not above 0 for a date that had passed, infinite for a request not to retry."""
    form: Literal["seconds", "milliseconds", "date", "never"]


def asked(call: Call, ledger: Ledger) -> Asked | None:
    """Return the wait that *call* was answered with; None if none, or one that RFC 9110 does not define."""
    if call.outcome != "answered" or is_success(call):
        return None
    if isinstance(call, GrpcCall):
        return _asked_by_grpc(call)
    headers = getattr(call, "reply_headers", {})
    for name in _IN_MILLISECONDS:
        if name in headers and _is_number(headers[name]):
            return Asked(f"{name}: {headers[name]}", float(headers[name]) / 1000, "milliseconds")
    text = headers["Retry-After"].strip() if "Retry-After" in headers else ""
    if _is_number(text):
        return Asked(f"Retry-After: {text}", float(text), "seconds")
    try:
        date = parsedate_to_datetime(text)
    except ValueError:
        return None
    zoned = date if date.tzinfo is not None else date.replace(tzinfo=ledger.opened_at.tzinfo)
    return Asked(f"Retry-After: {text}", (zoned - ledger.opened_at).total_seconds() - (over(call) or 0.0), "date")


def _asked_by_grpc(call: GrpcCall) -> Asked | None:
    """Return what a status of gRPC asks for: by its pushback, or else by the RetryInfo in its details."""
    trailers = dict(call.trailers)
    pushback = str(trailers.get("grpc-retry-pushback-ms", ""))
    if pushback:
        is_number = re.fullmatch(r"\d+", pushback) is not None
        wait = float(pushback) / 1000 if is_number else math.inf
        return Asked(f"grpc-retry-pushback-ms: {pushback}", wait, "milliseconds" if is_number else "never")
    details = trailers.get("grpc-status-details-bin", b"")
    delay = retry_delay(details) if isinstance(details, bytes) else None
    return None if delay is None else Asked(f"RetryInfo: {delay:g} s", delay, "seconds")


def assert_respects_retry_after(
    calls: Calls, *, cap: float | None = None, tolerance: float | None = None, per: Per | None = None
) -> None:
    """Assert that each retry after an answer with `Retry-After` comes when it was asked to come.

    Definition: for every failed attempt whose answer has `Retry-After` (seconds or any HTTP date; also the
    milliseconds of `retry-after-ms` and `x-ms-retry-after-ms`; of gRPC `grpc-retry-pushback-ms`, or else the RetryInfo
    in the status's details) and that was retried, the wait is not below what was
    asked for and not more than a tenth and 150 ms above; on a virtual clock it is exact. A date has a grain of one
    second both ways. 0, a date that has passed and a value that is neither ask for nothing; a pushback
    that is below 0, or no number, asks not to retry at all.

    *cap* is the longest wait, in seconds, that the client is ready for: if more is asked for, it may give up, or
    come back after *cap*. *tolerance*, in seconds, replaces the lateness that is allowed: give it for a client that
    adds jitter. Raises `NothingToCheck` if no attempt was retried after such an answer (and none asked for more than
    *cap*).

    Run such tests under a time zone that is not UTC as well: a client that takes the date for local time is right in
    UTC. Source: RFC 9110 section 10.2.3 (the header), 5.6.7 (the three forms of a date).

    ```python
    import time, urllib.error, urllib.request
    from pytest_integrations.faults import rate_limited

    def test_the_client_waits_as_asked(fake_rest, virtual_clock):
        fake_rest.get("/users").reply(json=[])
        fake_rest.inject(rate_limited(1))

        try:
            urllib.request.urlopen(fake_rest.url + "/users")
        except urllib.error.HTTPError as error:
            time.sleep(int(error.headers["Retry-After"]))
            urllib.request.urlopen(fake_rest.url + "/users").close()

        assert_respects_retry_after(fake_rest.calls)
    ```
    """
    __tracebackhide__ = True
    must_be_calls(calls)
    most = None if cap is None else seconds("cap", cap)
    allowed = tolerance_of(calls.ledger, tolerance)
    groups = logical_calls(calls, per=per)
    judged = [_judged(group, calls.ledger, most, allowed) for group in groups]
    found = [judgement for judgements in judged for judgement in judgements]
    broken = [judgement for judgement in found if judgement.is_broken]
    if broken:
        _fail(groups, found, broken, calls.ledger)
    if not found:
        _nothing(calls, groups)


@dataclass(frozen=True, slots=True)
class _Judgement:
    """One answer with Retry-After and the attempt after it; None if the client gave up, which *cap* allowed it to."""

    asked: Asked
    before: Call
    after: Call | None
    low: float
    high: float
    wait: float | None
    cap: float | None = None
    """The longest wait that the client is ready for, if more was asked for."""

    @property
    def is_broken(self) -> bool:
        return self.after is not None and (self.wait is None or not self.low <= self.wait <= self.high)

    @property
    def mark(self) -> str:
        if self.asked.form == "never":
            return f"NOT as asked: no retry after #{self.before.seq}"
        wanted = "as asked" if self.cap is None else "as cap= has it"
        return f"{'NOT ' if self.is_broken else ''}{wanted}: {span(self.low, self.high)} after #{self.before.seq}"

    @property
    def is_late(self) -> bool:
        return self.wait is not None and self.wait > self.high

    @property
    def limit(self) -> str:
        """What the verdict says of the cap, where that decides."""
        if self.cap is None:
            return ""
        return (
            f"; {self.cap:g} s is the longest wait (cap=)" if self.is_late else f", before cap={self.cap:g} s was over"
        )


def _judged(group: LogicalCall, ledger: Ledger, cap: float | None, tolerance: Tolerance) -> list[_Judgement]:
    judgements = []
    for before, after in zip(group, [*group[1:], None], strict=True):
        request = asked(before, ledger)
        if request is None or request.seconds <= 0:
            continue
        cut = cap if cap is not None and cap < request.seconds and request.form != "never" else None
        if after is None and cut is None and request.form != "never":
            continue
        wait = request.seconds if cut is None else cut
        grain = _GRAIN_OF_DATES if request.form == "date" else 0.0
        low, high = tolerance.earliest(max(0.0, wait - grain)), tolerance.latest(wait + grain)
        seen = None if after is None else gap(before, after)
        judgements.append(_Judgement(request, before, after, low, high, seen, cut))
    return judgements


def _fail(groups: tuple[LogicalCall, ...], found: list[_Judgement], broken: list[_Judgement], ledger: Ledger) -> None:
    __tracebackhide__ = True
    first = broken[0]
    wait = "before the answer was out" if first.wait is None else f"after {first.wait:.3f} s"
    more = f" ({len(broken)} of {len(found)} such waits are wrong)" if len(broken) > 1 else ""
    when = "" if first.asked.form in {"seconds", "never"} else f", which was {first.asked.seconds:.3f} s away,"
    after = first.after.seq if first.after is not None else 0
    but = "and" if first.is_late and first.cap is not None else "but"
    shown = [group for group in groups if any(judgement.before in group.attempts for judgement in broken)]
    fail(
        f"#{first.before.seq} said {first.asked.header!r}{when} {but} #{after} came {wait}{first.limit}{more}",
        [call for group in shown for call in group],
        groups=shown,
        marks={judgement.after.seq: judgement.mark for judgement in found if judgement.after is not None},
        footnote=told_apart(shown),
        why=_why(first),
        hint=_hint(first, ledger),
    )


def _why(judgement: _Judgement) -> str:
    if judgement.asked.form == "never":
        return _NO_GOOD
    if judgement.is_late:
        return _TOO_LATE if judgement.cap is None else _TOO_LONG
    return _WHY


def _hint(judgement: _Judgement, ledger: Ledger) -> str:
    if judgement.asked.form == "never":
        return "Give up when the pushback is below 0 or no number, as gRPC's own retryPolicy does."
    local = ledger.opened_at.astimezone().utcoffset()
    offset = local.total_seconds() if local is not None else 0.0
    if judgement.asked.form == "date" and (offset or not judgement.wait):
        return (
            f"HTTP dates are in GMT; this machine's local time is {offset / 3600:+g} h from it. Parse with "
            "email.utils.parsedate_to_datetime and compare with datetime.now(UTC), never with local time."
        )
    if judgement.is_late and judgement.cap is not None:
        return "Limit what the header may ask for (urllib3 2.6.3: retry_after_max=), or give up if it asks for more."
    if judgement.is_late:
        return (
            "If the client adds jitter or takes the longer of its own backoff and the header, allow for it with "
            "tolerance=; if it cuts long waits, say where with cap=."
        )
    return (
        "Read Retry-After before the client's own backoff is computed (urllib3: respect_retry_after_header; "
        "tenacity: a wait= function that looks at the exception's response)."
    )


def _nothing(calls: Calls, groups: tuple[LogicalCall, ...]) -> None:
    __tracebackhide__ = True
    requests = [request for call in calls if (request := asked(call, calls.ledger)) is not None]
    if not requests:
        what = f"none of the {len(calls)} answers was a failure with Retry-After"
        hint = "Script one: fake_rest.inject(rate_limited(2))."
    elif all(request.seconds <= 0 for request in requests):
        what, hint = (
            "Retry-After asked for no wait, or for a moment that had passed",
            "Ask for a wait of a second or more.",
        )
    else:
        what = f"no call was retried after {requests[0].header!r}"
        hint = "If giving up is what the client should do with so long a wait, say so with cap=."
        if renew_their_key(calls):
            hint = " ".join(RENEWED_KEYS)
    nothing_to_check(what, calls, groups=groups, hint=hint, footnote=told_apart(groups))


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()
