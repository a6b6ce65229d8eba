"""Whether a subscription that was interrupted goes on without a gap and without saying anything twice."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pytest_integrations.core.graphql_call import GraphQLCall

from .evidence import fail, must_be_calls, nothing_to_check

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
    `fake_graphql.inject(stream_reset(after=2))`.

    ```python
    import json, requests
    from pytest_integrations.faults import stream_reset

    PRICES = [{"price": {"id": 1}}, {"price": {"id": 2}}, {"price": {"id": 3}}]
    DOCUMENT = "subscription Prices($after: Int) { price(after: $after) { id } }"

    def listen(url, after):
        asked = {"query": DOCUMENT, "variables": {"after": after}}
        headers = {"Accept": "text/event-stream"}
        with requests.post(url, json=asked, headers=headers, stream=True) as answer:
            for line in answer.iter_lines():
                if line.startswith(b"data: {"):
                    yield json.loads(line[6:])["data"]["price"]

    def test_no_price_is_missed(fake_graphql):
        fake_graphql.schema('''
            type Query { a: Int }
            type Subscription { price(after: Int): Price }
            type Price { id: Int! }
        ''')
        fake_graphql.subscription("Prices").replies(PRICES)
        fake_graphql.subscription("Prices", variables={"after": 2}).replies(PRICES[2:])
        fake_graphql.inject(stream_reset(after=2))

        received = []
        while len(received) < 3:
            try:
                received.extend(listen(fake_graphql.url, after=len(received) or None))
            except requests.RequestException:
                continue  # and ask from there on

        assert_subscription_resumed(fake_graphql.calls, received)
    ```
    """
    __tracebackhide__ = True
    must_be_calls(calls)
    streams = [call for call in calls if isinstance(call, GraphQLCall) and call.kind == "subscription"]
    broken = next((call for call in streams if _is_interrupted(call)), None)
    if broken is None:
        what = "no subscription was interrupted" if streams else "no subscription was made"
        nothing_to_check(what, calls, hint="Interrupt one: fake_graphql.inject(stream_reset(after=2)).")
    same = [call for call in streams if call.operation == broken.operation and call.fake == broken.fake]
    if not any(call.seq > broken.seq for call in same):
        verdict = f"{broken.operation} #{broken.seq} was interrupted, and the client did not subscribe again"
        hint = "Subscribe again when the connection ends without `complete`, after a pause that grows."
        fail(verdict, calls, why=_WHY, hint=hint, marks={broken.seq: "interrupted"})
    payloads = _payloads(same)
    root = next((name for payload in payloads for name in payload.get("data") or ()), "")
    expected = _each_once((_event(each, root) for each in (payloads if published is None else published)), key)
    if not expected:
        nothing_to_check(f"no event of {broken.operation} was sent", calls, hint="Send events before and after.")
    _judge(calls, broken, expected, [_event(each, root) for each in received], key)


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


def _payloads(calls: Sequence[GraphQLCall]) -> list[Mapping[str, Any]]:
    """Return the results that were sent in all *calls*, in order."""
    events = [event for call in calls for event in call.events if event.kind == "next"]
    return [event.payload for event in sorted(events, key=lambda event: event.at) if isinstance(event.payload, Mapping)]


def _event(value: object, root: str) -> object:
    """Return the value of the field *root*, which an event has alone, however that is wrapped."""
    if isinstance(value, Mapping) and isinstance(value.get("data"), Mapping):
        value = value["data"]
    if isinstance(value, Mapping) and set(value) == {root}:
        return value[root]
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
