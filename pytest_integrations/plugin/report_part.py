"""What the run of one test adds to the health report: gathered where the test ran, as one text that workers hand on."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from .cases import CASES
from .evidence import MARKS, latest_parts, replay
from .options import report_path
from .report import ATTRIBUTE

if TYPE_CHECKING:
    import pytest

    from pytest_integrations.views.facts import DrawnFacts, MessageFacts, PartFacts

    from .record import Part, Record

__all__ = ["attach"]

_MESSAGES_AT_MOST = 50


def attach(report: pytest.TestReport, record: Record) -> None:
    """Let *report* carry what the test of *record* adds; its pictures only if somebody is going to show them."""
    if not record.fakes and CASES not in record.item.stash:
        return
    from . import report_guests

    config = record.item.config
    guests = report_guests.are_here(config)
    part = gathered(record, drawn=guests or report_path(config) is not None)
    setattr(report, ATTRIBUTE, json.dumps(part))
    if guests:
        report_guests.attach(report, part, config)


def gathered(record: Record, *, drawn: bool) -> PartFacts:
    """Return the figures of the test of *record*, and its pictures if they are to be *drawn*."""
    from pytest_integrations.assertions.grouping import logical_calls
    from pytest_integrations.views import points, queue_figures

    every = []
    for part in record.parts:
        calls = part.calls
        every += points.points(
            calls,
            groups=logical_calls(calls),
            problems=part.problems,
            messages=part.messages,
            clients=part.clients,
        )
    messages = [message for part in record.parts for message in part.messages]
    told = _stories(record) if drawn else []
    return {
        "profile": record.profile,
        "seed": record.seed.run,
        "replay": replay(record),
        "clock": "virtual" if record.is_virtual else "real",
        "points": list(points.merged(every).values()),
        "queues": queue_figures.queue_figures(messages),
        "cases": [*record.item.stash.get(CASES, [])],
        "problems": [problem.text for problem in record.problems],
        "never_fired": [f"{rule!r} on {rule.fake}" for rule in record.never_fired()],
        "timelines": [_timeline(part) for part in latest_parts(record) if part.calls] if drawn else [],
        "messages": told[:_MESSAGES_AT_MOST],
        "messages_left_out": max(0, len(told) - _MESSAGES_AT_MOST),
    }


def _timeline(part: Part) -> DrawnFacts:
    from pytest_integrations.assertions.grouping import logical_calls
    from pytest_integrations.views.part import drawn

    calls = part.calls
    marks = {each.call.seq: MARKS[each.kind] for each in part.problems if each.call is not None}
    return drawn(calls, groups=logical_calls(calls), marks=marks, bands=part.bands)


def _stories(record: Record) -> list[MessageFacts]:
    from pytest_integrations.views.part import notable

    return [told for part in latest_parts(record) for told in notable(part.messages)]
