"""Whether a subscription that was interrupted goes on without a gap and without saying anything twice."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pytest_integrations.core.graphql_call import GraphQLCall

from .evidence import fail, nothing_to_check

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Sequence

    from pytest_integrations.core.ledger import Calls

__all__ = ["assert_subscription_resumed"]

_SHOWN = 6
_WHY = (
    "Between the end of one connection and the beginning of the next, events go on. A client that only subscribes anew "
    "misses them; one that asks from its last event on, and handles each event once, does not."
)


def assert_subscription_resumed(
    calls: Calls,
    received: Iterable[object],
    *,
    published: Iterable[object] | None = None,
    key: Callable[[Any], Hashable] | None = None,
) -> None:
    """Assert that the client subscribes again after an interruption, loses no event, and hands over none twice.

    Definition: some subscription of *calls* ended otherwise than by `complete`, an error, or its client's leave, and
    the same operation was subscribed to again afterwards. What the client handed over to its caller, *received*, is
    what was sent in all these subscriptions together, or what the backend *published*, each event once, in that
    order. Events are the same if their *key* is, by default all of their data; `data`, whole results and the value of
    their only field are all understood: `{"data": {"price": 7}}`, `{"price": 7}` and `7`.

    Raises `NothingToCheck` if no subscription was interrupted, or nothing was sent. Interrupt one by
    `fake_graphql.inject(reset_stream(after=2))`.

    ```python
    from pytest_integrations.assertions import assert_subscription_resumed

    def test_no_price_is_missed(fake_graphql):
        ...
        assert_subscription_resumed(fake_graphql.calls, received, key=lambda event: event["id"])
    ```
    """
    __tracebackhide__ = True
    streams = [call for call in calls if isinstance(call, GraphQLCall) and call.kind == "subscription"]
    broken = next((call for call in streams if _is_interrupted(call)), None)
    if broken is None:
        what = "no subscription was interrupted" if streams else "no subscription was made"
        nothing_to_check(what, calls, hint="Interrupt one: fake_graphql.inject(reset_stream(after=2)).")
    same = [call for call in streams if call.operation == broken.operation and call.fake == broken.fake]
    if not any(call.seq > broken.seq for call in same):
        verdict = f"{broken.operation} #{broken.seq} was interrupted, and the client did not subscribe again"
        hint = "Subscribe again when the connection ends without `complete`, after a pause that grows."
        fail(verdict, calls, why=_WHY, hint=hint, marks={broken.seq: "interrupted"})
    sent = _sent(same) if published is None else [_event(each) for each in published]
    expected = _each_once(sent, key)
    if not expected:
        nothing_to_check(f"no event of {broken.operation} was sent", calls, hint="Send events before and after.")
    _judge(calls, broken, expected, [_event(each) for each in received], key)


def _judge(
    calls: Calls,
    broken: GraphQLCall,
    expected: list[object],
    received: list[object],
    key: Callable[[Any], Hashable] | None,
) -> None:
    __tracebackhide__ = True
    wanted, got = [_key(each, key) for each in expected], [_key(each, key) for each in received]
    counts = Counter(got)
    lost = [event for event, name in zip(expected, wanted, strict=True) if not counts[name]]
    twice = [event for event, name in zip(expected, wanted, strict=True) if counts[name] > 1]
    strange = [event for event, name in zip(received, got, strict=True) if name not in set(wanted)]
    parts = [
        f"{len(events)} {word}"
        for events, word in ((lost, "lost"), (twice, "handed over twice"), (strange, "never sent"))
        if events
    ]
    if not parts and wanted == got:
        return
    told = ", ".join(parts) or "in another order"
    verdict = f"of {len(expected)} events of {broken.operation} the caller got {len(received)}: {told}"
    notes = [_listed("Lost", lost), _listed("Twice", twice), _listed("Never sent", strange)]
    hint = "Keep the id of the last event, ask from there when subscribing again, and drop what was handled already."
    fail(verdict, calls, notes=filter(None, notes), why=_WHY, hint=hint, marks={broken.seq: "interrupted"})


def _is_interrupted(call: GraphQLCall) -> bool:
    """Tell whether the backend, or what lies between, ended the stream without saying so."""
    if any(event.kind in {"complete", "error"} for event in call.events):
        return call.spoiled
    return call.outcome in {"truncated", "reset", "closed", "hung"} or call.fault is not None


def _sent(calls: Sequence[GraphQLCall]) -> list[object]:
    events = sorted(
        (event for call in calls for event in call.events if event.kind == "next"), key=lambda each: each.at
    )
    return [_event(event.payload) for event in events]


def _event(value: object) -> object:
    """Return the value of an event's only field, however it is wrapped."""
    if isinstance(value, Mapping) and isinstance(value.get("data"), Mapping):
        value = value["data"]
    if isinstance(value, Mapping) and len(value) == 1:
        return next(iter(value.values()))
    return value


def _key(event: object, key: Callable[[Any], Hashable] | None) -> Hashable:
    return key(event) if key is not None else json.dumps(event, sort_keys=True, default=repr)


def _each_once(events: Iterable[object], key: Callable[[Any], Hashable] | None) -> list[object]:
    first: dict[Hashable, object] = {}
    for event in events:
        first.setdefault(_key(event, key), event)
    return list(first.values())


def _listed(title: str, events: list[object]) -> str:
    if not events:
        return ""
    more = f", and {len(events) - _SHOWN} more" if len(events) > _SHOWN else ""
    return f"{title}: {', '.join(map(repr, events[:_SHOWN]))}{more}."
