"""Whether a retry asks for the same thing as the attempt before."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from pytest_integrations.core.call import CONNECT, HttpCall

from .bodies import as_far_as_read, declared_lengths, is_cut, without_boundaries, without_boundary
from .evidence import fail, must_be_calls, nothing_to_check
from .grouping import Grouping, logical_calls, none_retried, told_apart

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator

    from pytest_integrations.core.call import Call
    from pytest_integrations.core.ledger import Calls

    from .grouping import LogicalCall, Per

__all__ = ["VARYING", "assert_same_request"]

VARYING = (
    "amz-sdk-request",
    "authorization",
    "baggage",
    "b3",
    "connection",
    "cookie",
    "date",
    "grpc-previous-rpc-attempts",
    "grpc-timeout",
    "keep-alive",
    "proxy-authorization",
    "retry-attempt",
    "sentry-trace",
    "traceparent",
    "tracestate",
    "uber-trace-id",
    "x-amz-date",
    "x-amz-security-token",
    "x-amzn-trace-id",
    "x-b3-*",
    "x-cloud-trace-context",
    "x-datadog-*",
    "x-request-id",
    "x-stainless-read-timeout",
    "x-stainless-retry-count",
)
"""Headers that may rightly differ: dates, credentials and their signatures, trace contexts, counters of retries."""

_AROUND = 12


def assert_same_request(calls: Calls, *, vary: Iterable[str] = (), per: Per | None = None) -> None:
    """Assert that each attempt of a logical call sends what the first one sent.

    Definition: method, path, query, body, content type, framing (chunked or with a length) and all other headers are
    equal in all attempts, but for the headers in `VARYING` and those that *vary* adds, which may contain `*`. A
    multipart body is compared without its boundary, and one of which not all was read, as under `reset_mid_upload`, as
    far as it was, and by its `Content-Length`. Attempts that carry neither a block nor a header that tells are put
    together here by method and path alone, since a body that changed is what is looked for.

    The bugs that it finds: a body that was a stream, read to its end by the first attempt, so that the second sends
    nothing; headers or parameters appended in each attempt; a signature computed once. Raises `NothingToCheck` if no
    call was retried.

    ```python
    import io, urllib.error, urllib.request
    from pytest_integrations.faults import status

    def test_the_retry_sends_the_whole_body(fake_rest):
        fake_rest.put("/report").reply(204)
        fake_rest.inject(status(503))

        body = io.BytesIO(b"all of it")
        for attempt in range(2):
            body.seek(0)  # without this the second attempt is empty
            request = urllib.request.Request(fake_rest.url + "/report", body.read(), method="PUT")
            try:
                urllib.request.urlopen(request).close()
            except urllib.error.HTTPError:
                continue

        assert_same_request(fake_rest.calls)
    ```
    """
    __tracebackhide__ = True
    must_be_calls(calls)
    varying = (*VARYING, *(name.lower() for name in vary))
    groups = logical_calls(calls, per=per) if per is not None else _by_place().of(calls)
    retried = [group for group in groups if len(_requests(group)) > 1]
    for group in retried:
        for first, other in _pairs(_requests(group)):
            change = _first_change(first, other, varying)
            if change is not None:
                _fail(group, other, change)
    if not retried:
        hint = "Script a failure that the client retries: fake_rest.inject(status(503))."
        nothing_to_check(none_retried(groups), calls, groups=groups, hint=hint)


@dataclass(frozen=True, slots=True)
class _Change:
    """One thing that was otherwise in a later attempt."""

    first: Call
    what: str
    before: bytes
    after: bytes


def _requests(group: LogicalCall) -> list[Call]:
    return [call for call in group if call.operation != CONNECT]


def _pairs(requests: list[Call]) -> Iterator[tuple[Call, Call]]:
    """Yield each attempt with the first one; then with the first whose body was read to its end, if that is another."""
    whole = next((i for i, call in enumerate(requests) if not is_cut(call)), 0)
    for i in dict.fromkeys((0, whole)):
        yield from ((requests[i], other) for other in requests[i + 1 :])


def _by_place() -> Grouping:
    return Grouping(like=_same_place, likeness="method and path")


def _same_place(call: Call) -> Hashable:
    if isinstance(call, HttpCall):
        return call.fake, call.method, call.path
    return call.fake, call.operation


def _first_change(first: Call, other: Call, varying: tuple[str, ...]) -> _Change | None:
    after = dict(_parts(other, varying))
    before = dict(_parts(first, varying))
    if is_cut(first) or is_cut(other):
        before["body"], after["body"] = as_far_as_read(first, other)
        before["length"], after["length"] = declared_lengths(first, other)
    for what in [*before, *(name for name in after if name not in before)]:
        if before.get(what) != after.get(what):
            return _Change(first, what, before.get(what, b"(none)"), after.get(what, b"(none)"))
    return None


def _parts(call: Call, varying: tuple[str, ...]) -> Iterator[tuple[str, bytes]]:
    """Yield what must not change, by name, the telling things first."""
    if not isinstance(call, HttpCall):
        yield from (("operation", call.operation.encode()), ("body", call.body))
        return
    path, _, query = call.target.partition("?")
    yield "method", call.method.encode()
    yield "path", path.encode()
    yield "query", query.encode()
    yield "body", without_boundary(call)
    yield "framing", b"chunked" if "Transfer-Encoding" in call.headers else b"with a length"
    for name in dict.fromkeys(name.lower() for name in call.headers):
        if name not in {"content-length", "transfer-encoding"} and not any(fnmatchcase(name, each) for each in varying):
            value = without_boundaries(", ".join(call.headers.all(name)))
            yield f"{name} header", value.encode("latin-1", "replace")


def _fail(group: LogicalCall, other: Call, change: _Change) -> None:
    __tracebackhide__ = True
    before, after = _around(change.before, change.after)
    fail(
        f"the {change.what} of {group.operation} changed between attempts: {before} in #{change.first.seq}, {after} in "
        f"#{other.seq}",
        group,
        groups=[group],
        marks={other.seq: f"{change.what} differs from #{change.first.seq}"},
        footnote=told_apart([group]),
        why="A retry that sends something else does something else, and a key that made it safe does so no more.",
        hint=_hint(change),
    )


def _hint(change: _Change) -> str:
    if (change.what, change.after) in {("body", b""), ("length", b"0")} or _lacks_a_part(change):
        return "A stream that the first attempt read is at its end: seek(0) before each attempt, or send bytes."
    if change.what.endswith(" header"):
        return f"If it may differ, say vary=[{change.what.removesuffix(' header')!r}]."
    return "If these are two calls, put `with fake_rest.logical_call():` around each one."


def _lacks_a_part(change: _Change) -> bool:
    """Tell whether a form came with a part that is empty, and was not in the attempt before."""
    empty = b"\r\n\r\n\r\n--BOUNDARY"
    return change.what == "body" and change.after.count(empty) > change.before.count(empty)


def _around(before: bytes, after: bytes) -> tuple[str, str]:
    """Return both values, cut to what is around their first difference."""
    pairs = enumerate(zip(before, after, strict=False))
    place = next((i for i, (one, other) in pairs if one != other), min(len(before), len(after)))
    start = max(0, place - _AROUND)
    return _shown(before, start, place + 2 * _AROUND), _shown(after, start, place + 2 * _AROUND)


def _shown(value: bytes, start: int, end: int) -> str:
    if not value:
        return "nothing"
    text = value[start:end].decode("latin-1").encode("ascii", "backslashreplace").decode()
    return f"{'...' if start else ''}{text!r}{'...' if end < len(value) else ''}"
