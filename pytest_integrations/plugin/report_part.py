"""What the run of one test adds to the health report: gathered where the test ran, as one text that workers hand on."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from .cases import CASES
from .evidence import MARKS, latest_parts, replay
from .options import report_path, run_seed, wants_summary
from .report import ATTRIBUTE

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pytest

    from pytest_integrations.assertions.grouping import LogicalCall
    from pytest_integrations.core.call import Call
    from pytest_integrations.core.delivery import Messages
    from pytest_integrations.views.facts import DrawnFacts, MessageFacts, PartFacts

    from .part import Part
    from .record import Record

__all__ = ["attach"]

_MESSAGES_AT_MOST = 50


def attach(report: pytest.TestReport, record: Record) -> None:
    """Let *report* carry what the test of *record* adds; its pictures only if somebody is going to show them."""
    if not record.fakes and CASES not in record.item.stash:
        return
    from . import report_guests

    config = record.item.config
    guests = report_guests.are_here(config)
    drawn = guests or report_path(config) is not None
    if not drawn and wants_summary(config) is False:
        return
    part = gathered(record, drawn=drawn)
    setattr(report, ATTRIBUTE, json.dumps(part))
    if guests:
        report_guests.attach(report, part, config)


class _Read(NamedTuple):
    """A part of a ledger, read once: each reading waits for the wire."""

    part: Part
    calls: tuple[Call, ...]
    messages: Messages
    groups: tuple[LogicalCall, ...]


def gathered(record: Record, *, drawn: bool) -> PartFacts:
    """Return the figures of the test of *record*; with *drawn*, its pictures, and what is told beside them, as well."""
    read = [_read(part) for part in record.parts]
    facts = _figures(record, read)
    if drawn:
        shown = {id(part.ledger) for part in latest_parts(record)}
        latest = [each for each in read if id(each.part.ledger) in shown]
        messages = [told for each in latest for told in _stories(each)]
        facts["replay"] = replay(record)
        facts["problems"] = [problem.text for problem in record.problems]
        facts["never_fired"] = [f"{rule!r} on {rule.fake}" for rule in record.never_fired()]
        facts["timelines"] = [_timeline(each) for each in latest if each.calls]
        facts["messages"] = messages[:_MESSAGES_AT_MOST]
        facts["messages_left_out"] = max(0, len(messages) - _MESSAGES_AT_MOST)
    return facts


def _read(part: Part) -> _Read:
    from pytest_integrations.assertions.grouping import logical_calls

    calls = part.calls
    return _Read(part, calls, part.messages, logical_calls(calls))


def _figures(record: Record, read: Sequence[_Read]) -> PartFacts:
    from pytest_integrations.views.points import merged, points
    from pytest_integrations.views.queue_figures import queue_figures

    found = [
        point
        for part, calls, messages, groups in read
        for point in points(
            calls,
            groups=groups,
            problems=part.problems,
            messages=messages,
            clients=part.clients,
            outages=part.outages,
        )
    ]
    return {
        "profile": record.profile,
        "seed": run_seed(record.item.config),
        "replay": "",
        "clock": "virtual" if record.is_virtual else "real",
        "points": list(merged(found).values()),
        "queues": queue_figures(message for each in read for message in each.messages),
        "cases": [*record.item.stash.get(CASES, [])],
        "problems": [],
        "never_fired": [],
        "timelines": [],
        "messages": [],
        "messages_left_out": 0,
    }


def _timeline(read: _Read) -> DrawnFacts:
    from pytest_integrations.views.part import drawn

    marks = {each.call.seq: MARKS[each.kind] for each in read.part.problems if each.call is not None}
    return drawn(read.calls, groups=read.groups, marks=marks, bands=read.part.bands)


def _stories(read: _Read) -> list[MessageFacts]:
    from pytest_integrations.views.part import notable

    return notable(read.messages)
