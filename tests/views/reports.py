"""Parts of a report, and whole reports, written by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_integrations.views.health import CompletedTest, health

if TYPE_CHECKING:
    from pytest_integrations.views.facts import Health, PartFacts, PointFacts, RunFacts

RUN: RunFacts = {
    "created": "2026-11-26T03:00:00+00:00",
    "profiles": [],
    "seed": None,
    "replay": "pytest",
    "versions": {"pytest": "9.2.0"},
}


def point(**changes: Any) -> PointFacts:
    facts: PointFacts = {
        "fake": "payments",
        "operation": "POST /charges",
        "protocol": "http",
        "calls": 4,
        "faulted": 2,
        "failed_faulted": 1,
        "failed_other": 0,
        "unexpected": 0,
        "at_once": 1,
        "recovered": 1,
        "given_up": 0,
        "shed": None,
        "dead_lettered": None,
        "seconds": [0.1, 0.2, 0.3, 0.4],
        "tried": {"status": ["status(503)"]},
    }
    return facts | changes  # type: ignore[return-value, operator]  # as told


def part(*points: PointFacts, **changes: Any) -> PartFacts:
    facts: PartFacts = {
        "profile": None,
        "seed": 0,
        "replay": "pytest 'test_it.py::test_it'",
        "clock": "real",
        "points": list(points),
        "queues": [],
        "cases": [],
        "problems": [],
        "never_fired": [],
        "timelines": [],
        "messages": [],
        "messages_left_out": 0,
    }
    return facts | changes  # type: ignore[return-value, operator]  # as told


def ran(*points: PointFacts, outcome: Any = "passed", name: str = "test_it", **changes: Any) -> CompletedTest:
    return CompletedTest(id=f"test_it.py::{name}", outcome=outcome, seconds=0.5, part=part(*points, **changes))


def report(*tests: CompletedTest, **changes: Any) -> Health:
    return health(tests, RUN | changes)  # type: ignore[arg-type, operator]  # as told
