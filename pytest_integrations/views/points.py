"""What one test did at each integration point: one operation of one fake.

Injected faults and unexpected errors are never added up: the first are the test's doing, the second are news.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

from pytest_integrations.core.call import CONNECT

from .client_side import place_of, shed_by_place
from .general_names import general_name
from .timeline import fault_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_integrations.core.call import Call
    from pytest_integrations.core.client_call import ClientCall
    from pytest_integrations.core.delivery import QueueMessage
    from pytest_integrations.core.fault import Fault
    from pytest_integrations.core.ledger import Outage, Problem

    from .facts import PointFacts

__all__ = ["Place", "merged", "points"]

Place = tuple[str, str]
"""A fake and one of its operations."""


def points(
    calls: Iterable[Call],
    *,
    groups: Iterable[Sequence[Call]] = (),
    problems: Iterable[Problem] = (),
    messages: Iterable[QueueMessage] = (),
    clients: Iterable[Sequence[ClientCall]] = (),
    outages: Iterable[Outage] = (),
) -> list[PointFacts]:
    """Return the figures of each integration point that *calls* reached, in the order of their first calls.

    Args:
        calls: what to count. What a client library greets its server with counts only if something happened to it.
        groups: the logical calls, each with its attempts, oldest first.
        problems: what failed the test by itself.
        messages: what became of what was published.
        clients: what the test recorded on the client's side.
        outages: when ports were down. What they refused has left no call, so only the fault itself is told.

    """
    found: dict[Place, PointFacts] = {}
    known = list(calls)
    for call in known:
        if not call.is_spared or call.failed or fault_of(call) is not None:
            _count(call, _at(found, place_of(call), call.protocol))
    for group in groups:
        _judge(group, found)
    for problem in problems:
        place = place_of(problem.call) if problem.call is not None else (problem.fake, CONNECT)
        _at(found, place, problem.call.protocol if problem.call is not None else "tcp")["unexpected"] += 1
    for outage in outages:
        _note(outage.fault, _at(found, (outage.fake, CONNECT), "tcp"))
    published = list(messages)
    _count_dead_letters(known, published, found)
    _count_deliveries(known, published, found)
    for place, shed in shed_by_place(known, clients).items():
        if place in found:
            found[place]["shed"] = shed
    return list(found.values())


def merged(facts: Iterable[PointFacts]) -> dict[Place, PointFacts]:
    """Return *facts* of several tests, or of several ledgers of one, added up for each place."""
    whole: dict[Place, PointFacts] = {}
    for one in facts:
        _add(_at(whole, (one["fake"], one["operation"]), one["protocol"]), one)
    return whole


def _at(found: dict[Place, PointFacts], place: Place, protocol: str) -> PointFacts:
    if place not in found:
        found[place] = {
            "fake": place[0],
            "operation": place[1],
            "protocol": protocol,
            "calls": 0,
            "faulted": 0,
            "failed_faulted": 0,
            "failed_other": 0,
            "unexpected": 0,
            "at_once": 0,
            "recovered": 0,
            "given_up": 0,
            "shed": None,
            "dead_lettered": None,
            "seconds": [],
            "tried": {},
        }
    return found[place]


def _count(call: Call, point: PointFacts) -> None:
    fault = fault_of(call)
    point["calls"] += 1
    if fault is not None:
        point["faulted"] += 1
        _note(fault, point)
    if call.failed and fault is not None:
        point["failed_faulted"] += 1
    elif call.failed:
        point["failed_other"] += 1
    if call.end is not None:
        point["seconds"].append(round(call.end - call.started, 6))


def _note(fault: Fault, point: PointFacts) -> None:
    scripted = point["tried"].setdefault(fault.name, [])
    if repr(fault) not in scripted:
        scripted.append(repr(fault))


def _judge(group: Sequence[Call], found: dict[Place, PointFacts]) -> None:
    """Count one logical call, at the operation that its attempts asked for."""
    asked = next((call for call in group if call.operation != CONNECT), group[0])
    point = found.get(place_of(asked))
    last = group[-1]
    if point is None or last.outcome == "open":
        return
    if last.failed or last.denied:
        point["given_up"] += 1
    else:
        point["recovered" if len(group) > 1 else "at_once"] += 1


def _count_dead_letters(
    calls: Iterable[Call], messages: Sequence[QueueMessage], found: dict[Place, PointFacts]
) -> None:
    """Count messages that were dead-lettered where they were published."""
    dead: dict[Place, int] = {}
    for message in messages:
        place = (message.fake, general_name(message.published_to))
        dead[place] = dead.get(place, 0) + bool(message.of("dead_lettered"))
    for call in calls:
        place = place_of(call)
        if call.kind == "publish" and place in found:
            found[place]["dead_lettered"] = dead.get((call.fake, general_name(getattr(call, "queue", ""))), 0)


def _count_deliveries(calls: Iterable[Call], messages: Iterable[QueueMessage], found: dict[Place, PointFacts]) -> None:
    """Count the faults of what a broker does by itself: deliveries stand in no list of calls."""
    seen = {id(call.fault) for call in calls}
    for message in messages:
        for event in message.events:
            if event.fault is not None and id(event.fault) not in seen:
                point = _at(found, (message.fake, f"deliver {general_name(event.queue)}"), "queue")
                point["calls"] += 1
                point["faulted"] += 1
                _note(event.fault, point)


def _add(whole: PointFacts, one: PointFacts) -> None:
    for number in _NUMBERS:
        whole[number] += one[number]
    for perhaps in _PERHAPS:
        whole[perhaps] = _sum(whole[perhaps], one[perhaps])
    whole["seconds"] += one["seconds"]
    for name, scripted in one["tried"].items():
        known = whole["tried"].setdefault(name, [])
        known += [each for each in scripted if each not in known]


_Number = Literal[
    "calls", "faulted", "failed_faulted", "failed_other", "unexpected", "at_once", "recovered", "given_up"
]
_Perhaps = Literal["shed", "dead_lettered"]
_NUMBERS: tuple[_Number, ...] = get_args(_Number)
_PERHAPS: tuple[_Perhaps, ...] = get_args(_Perhaps)


def _sum(one: int | None, other: int | None) -> int | None:
    return other if one is None else one if other is None else one + other
