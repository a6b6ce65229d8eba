"""Whether the attempts of one logical call carry one key, and different calls different keys."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from pytest_integrations.core.call import CONNECT

from .attempts import attempts
from .evidence import fail, must_be_calls, nothing_to_check
from .grouping import KEY_HEADER, Grouping, LogicalCall, logical_calls, none_retried, told_apart

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_integrations.core.call import Call
    from pytest_integrations.core.ledger import Calls

    from .grouping import Per

__all__ = ["assert_idempotency_key"]


def key_of(call: Call, header: str) -> str | None:
    """Return the key that *call* carries; an empty one is none: no backend can tell two calls by it."""
    return call.headers.get(header, "").strip() or None


def is_idempotent(group: Sequence[Call], declared: Iterable[str] = ()) -> bool:
    """Tell whether the call of *group* may be repeated: by its nature, or because one of the *declared* names it."""
    allowed = set(declared)
    requests = [call for call in group if call.operation != CONNECT]
    return all(
        call.repeatable or call.operation in allowed or getattr(call, "method", "") in allowed for call in requests
    )


def by_intent(calls: Iterable[Call], key_header: str = KEY_HEADER) -> tuple[LogicalCall, ...]:
    """Put *calls* together by key, but those that look like retries with a new key each by likeness.

    A client that makes its key in the loop sends what looks like different calls. One that uses a key twice for an
    operation does keep its keys; then a new key is a new call, also where it came when another one had failed.
    """
    known = list(calls)
    used = Counter((call.fake, call.operation, key) for call in known if (key := key_of(call, key_header)))
    keepers = {use[:2] for use, times in used.items() if times > 1}
    groups: list[LogicalCall] = []
    kept: list[Call] = []
    for group in Grouping(key_header=None).of(known):
        if (group[-1].fake, group.operation) in keepers:
            kept += group
        else:
            groups.append(group)
    return tuple(sorted([*groups, *Grouping(key_header=key_header).of(kept)], key=_first))


def _first(group: LogicalCall) -> int:
    return group[0].seq


def assert_idempotency_key(
    calls: Calls, *, header: str = KEY_HEADER, idempotent: Iterable[str] = (), per: Per | None = None
) -> None:
    """Assert that retries carry the key of the first attempt, and that no other call does.

    Definition: every call that is unsafe to repeat (POST, PATCH, and other methods that are not idempotent, unless
    *idempotent* names the operation or method) carries *header*; all attempts of one logical call carry the same
    key; and two logical calls of the same operation carry different ones. Calls that look like retries and have a
    new key each are taken for retries, unless the client uses some key twice.

    Raises `NothingToCheck` if no such call was retried. Source: draft-ietf-httpapi-idempotency-key-header; Stripe,
    "Safely retry requests with idempotency".

    ```python
    import urllib.error, urllib.request, uuid
    from pytest_integrations.faults import status

    def test_the_key_is_made_once(fake_rest):
        fake_rest.post("/charges").reply(201)
        fake_rest.inject(status(500))

        headers = {"Idempotency-Key": str(uuid.uuid4())}  # before the loop, not in it
        for attempt in range(2):
            try:
                urllib.request.urlopen(urllib.request.Request(fake_rest.url + "/charges", b"100", headers)).close()
            except urllib.error.HTTPError:
                continue

        assert_idempotency_key(fake_rest.calls)
    ```
    """
    __tracebackhide__ = True
    must_be_calls(calls)
    declared = set(idempotent)
    groups = logical_calls(calls, per=per) if per is not None else by_intent(calls, header)
    judged = [group for group in groups if _keys(group, header) or not is_idempotent(group, declared)]
    for group in judged:
        _must_have_one(group, header)
    _must_differ(judged, header)
    if not any(group.retries for group in judged):
        what = none_retried(judged) if judged else f"no call carried an {header} or had to"
        hint = "Script a failure that the client retries: fake_rest.inject(status(500))."
        nothing_to_check(what, calls, groups=groups, hint=hint, footnote=told_apart(groups))


def _keys(group: Sequence[Call], header: str) -> list[str]:
    return [key for call in group if (key := key_of(call, header))]


def _must_have_one(group: LogicalCall, header: str) -> None:
    __tracebackhide__ = True
    keys = _keys(group, header)
    requests = [call for call in group if call.operation != CONNECT]
    bare = next((call for call in requests if key_of(call, header) is None), None)
    if bare is not None:
        verdict = f"{group.operation} #{bare.seq} carried no {header}"
        hint = f"Send an {header} with every call that is unsafe to repeat: one UUID for each logical call."
    elif len(set(keys)) > 1:
        verdict = f"{attempts(len(requests))} of {group.operation} carried {len(set(keys))} different {header}s"
        hint = (
            "Make the key before the retry loop, not in it. With a decorator, make it outside the decorated function."
        )
    else:
        return
    fail(
        verdict,
        group,
        groups=[group],
        marks={call.seq: f"{header}: {_told(call, header)}" for call in requests},
        footnote=told_apart([group]),
        why="To the backend, an attempt with a new key or without one is a new request: it is done again.",
        hint=hint,
    )


def _told(call: Call, header: str) -> str:
    return key_of(call, header) or ("(empty)" if header in call.headers else "(none)")


def _must_differ(groups: Sequence[LogicalCall], header: str) -> None:
    __tracebackhide__ = True
    users: dict[tuple[str, str, str], list[LogicalCall]] = {}
    for group in groups:
        for key in _keys(group, header)[:1]:
            users.setdefault((group[-1].fake, group.operation, key), []).append(group)
    for (_, operation, key), shared in users.items():
        if len(shared) > 1:
            fail(
                f"{len(shared)} logical calls of {operation} carried the same {header}: {key}",
                [call for group in shared for call in group],
                groups=shared,
                footnote=told_apart(shared),
                why="The backend takes the second call for a retry of the first, and does nothing.",
                hint="Make a new key for each logical call; made with the client, it is one for all.",
            )
