"""All tests of a run together: the figures of each integration point, and which faults met which of them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import queue_figures
from .facts import SCHEMA
from .points import merged
from .replay import replay_line
from .stats import latencies

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .facts import (
        Cell,
        ClockName,
        Entry,
        FaultSeen,
        Health,
        LatencyFacts,
        Outcome,
        PartFacts,
        Point,
        PointFacts,
        RunFacts,
        Totals,
    )

__all__ = ["CompletedTest", "health"]

_SURVIVED: frozenset[Outcome] = frozenset({"passed", "xpassed"})
_FAILED: frozenset[Outcome] = frozenset({"failed", "error", "crashed"})


@dataclass(frozen=True, slots=True, kw_only=True)
class CompletedTest:
    """One run of one test, as its controller knows it, with what the worker told of it, if it told anything."""

    id: str
    outcome: Outcome
    seconds: float = 0.0
    reruns: int = 0
    part: PartFacts | None = None


def health(tests: Sequence[CompletedTest], run: RunFacts) -> Health:
    """Return the report of *tests*; its points come worst first, its tests in the order of their ids."""
    tests = sorted(tests, key=lambda test: test.id)  # workers end theirs in another order each time
    points = _points(tests)
    return {
        "schema": SCHEMA,
        "run": run,
        "totals": _totals(tests, points),
        "points": points,
        "queues": queue_figures.merged(queue for part in _parts(tests) for queue in part["queues"]),
        "faults": _faults(tests),
        "matrix": _matrix(tests),
        "tests": [entry for test in tests if (entry := _entry(test, run)) is not None],
    }


def _parts(tests: Iterable[CompletedTest]) -> list[PartFacts]:
    return [test.part for test in tests if test.part is not None]


# -- integration points


def _points(tests: Iterable[CompletedTest]) -> list[Point]:
    parts = _parts(tests)
    whole = merged(point for part in parts for point in part["points"])
    by_clock: dict[ClockName, dict[tuple[str, str], PointFacts]] = {
        "real": merged(point for part in parts if part["clock"] == "real" for point in part["points"]),
        "virtual": merged(point for part in parts if part["clock"] == "virtual" for point in part["points"]),
    }
    counts = Counter(place for part in parts for place in {(p["fake"], p["operation"]) for p in part["points"]})
    points = [
        _point(
            facts,
            counts[place],
            [_latencies(clock, known[place]) for clock, known in by_clock.items() if place in known],
        )
        for place, facts in whole.items()
    ]
    return sorted(points, key=_badness)


def _point(facts: PointFacts, tests: int, times: list[LatencyFacts]) -> Point:
    calls, failed = facts["calls"], facts["failed_faulted"] + facts["failed_other"]
    healthy = calls - facts["faulted"]
    return {
        "fake": facts["fake"],
        "operation": facts["operation"],
        "protocol": facts["protocol"],
        "tests": tests,
        "calls": calls,
        "faulted": facts["faulted"],
        "errors": {"with_fault": facts["failed_faulted"], "without_fault": facts["failed_other"]},
        "error_rate": _share(failed, calls),
        "unexpected": facts["unexpected"],
        "logical": {"at_once": facts["at_once"], "recovered": facts["recovered"], "given_up": facts["given_up"]},
        "shed": facts["shed"],
        "dead_lettered": facts["dead_lettered"],
        "latencies": [each for each in times if each["n"]],
        "availability": _share(calls - failed, calls),
        "availability_without_faults": _share(healthy - facts["failed_other"], healthy),
    }


def _latencies(clock: ClockName, facts: PointFacts) -> LatencyFacts:
    found = latencies(facts["seconds"])
    return {"clock": clock, "n": found.n, "p50": found.p50, "p90": found.p90, "p95": found.p95, "max": found.max}


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 6) if whole else None


def _badness(point: Point) -> tuple[float, ...]:
    """Put news before what was injected, and what failed in the end before what was retried."""
    own = point["availability_without_faults"]
    return (
        -point["unexpected"],
        1.0 if own is None else own,
        -point["logical"]["given_up"],
        -point["errors"]["with_fault"],
        -point["calls"],
    )


# -- faults and where they were met


def _faults(tests: Iterable[CompletedTest]) -> list[FaultSeen]:
    found: dict[str, list[str]] = {}
    for part in _parts(tests):
        for point in part["points"]:
            for name, scripted in point["tried"].items():
                known = found.setdefault(name, [])
                known += [each for each in scripted if each not in known]
    return [{"name": name, "scripted": found[name]} for name in sorted(found)]


def _matrix(tests: Iterable[CompletedTest]) -> list[Cell]:
    found: dict[tuple[str, str, str], Cell] = {}
    for test in tests:
        if test.part is None or test.outcome not in _SURVIVED | _FAILED:
            continue
        for point in test.part["points"]:
            for fault in point["tried"]:
                place = fault, point["fake"], point["operation"]
                cell = found.setdefault(
                    place, {"fault": fault, "fake": place[1], "operation": place[2], "survived": 0, "failed": 0}
                )
                cell["survived" if test.outcome in _SURVIVED else "failed"] += 1
    return [found[place] for place in sorted(found)]


# -- tests


def _entry(test: CompletedTest, run: RunFacts) -> Entry | None:
    """Return what the report tells of one test; nothing of one that started no fake."""
    if test.part is None:
        return _lost(test, run) if test.outcome == "crashed" else None
    part = test.part
    return {
        "id": test.id,
        "outcome": test.outcome,
        "seconds": round(test.seconds, 6),
        "reruns": test.reruns,
        "profile": part["profile"],
        "seed": part["seed"],
        "replay": part["replay"],
        "clock": part["clock"],
        "calls": sum(point["calls"] for point in part["points"]),
        "faulted": sum(point["faulted"] for point in part["points"]),
        "recovered": sum(point["recovered"] for point in part["points"]),
        "cases": part["cases"],
        "problems": part["problems"],
        "never_fired": part["never_fired"],
        "timelines": part["timelines"],
        "messages": part["messages"],
        "messages_left_out": part["messages_left_out"],
    }


def _lost(test: CompletedTest, run: RunFacts) -> Entry:
    """Return what is known of a test whose worker has gone: that it was running, and in which run."""
    return {
        "id": test.id,
        "outcome": test.outcome,
        "seconds": round(test.seconds, 6),
        "reruns": test.reruns,
        "profile": None,
        "seed": run["seed"] or 0,
        "replay": replay_line(test.id, profile=",".join(run["profiles"]), seed=run["seed"]),
        "clock": "real",
        "calls": 0,
        "faulted": 0,
        "recovered": 0,
        "cases": [],
        "problems": ["its worker crashed, and what crossed the wire is lost with it"],
        "never_fired": [],
        "timelines": [],
        "messages": [],
        "messages_left_out": 0,
    }


def _totals(tests: Sequence[CompletedTest], points: Sequence[Point]) -> Totals:
    return {
        "tests": len(tests),
        "passed": sum(test.outcome in _SURVIVED for test in tests),
        "failed": sum(test.outcome in _FAILED for test in tests),
        "skipped": sum(test.outcome in {"skipped", "xfailed"} for test in tests),
        "tests_with_fakes": len(_parts(tests)),
        "points": len(points),
        "calls": sum(point["calls"] for point in points),
        "faulted": sum(point["faulted"] for point in points),
        "errors_with_fault": sum(point["errors"]["with_fault"] for point in points),
        "errors_without_fault": sum(point["errors"]["without_fault"] for point in points),
        "unexpected": sum(point["unexpected"] for point in points),
        "recovered": sum(point["logical"]["recovered"] for point in points),
        "shed": sum(point["shed"] or 0 for point in points),
        "dead_lettered": sum(queue["dead_lettered"] for part in _parts(tests) for queue in part["queues"]),
    }
