"""What stands under a failed test that used a fake, or a servicer.

---------------- integration timeline ----------------
  payments  3 calls on 2 connections, 3.01 s             what crossed the wire, from all fakes
  #1  0.000 s  ...

  message 1  to orders  ...                              what became of each message, if there is a queue
  message 2 to orders: poison                            the stories of those that were not just delivered and acked
     0.000 s  published  ...

unexpected: payments was asked for GET /chargs ...       what the client may have swallowed
never fired: inject(status(503), times=9) on payments    what the test scripted and never met
fault profile 'flaky', seed 7                            under which chance
replay: pytest 'tests/test_pay.py::test_charge' --fault-profile flaky --fault-seed 7
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pytest_integrations.core.errors import HandlerFailed, IntegrationsWarning, ResilienceError, UnexpectedCall

from .options import chosen_by_marker, key_of, run_seed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pytest

    from .part import Part
    from .record import Record

__all__ = ["MARKS", "TITLE", "attach", "count", "latest_parts", "replay", "spare"]

TITLE = "integration timeline"
_OURS = (UnexpectedCall, HandlerFailed, IntegrationsWarning)
MARKS = {
    "unexpected": "unexpected: nothing answers this",
    "breach": "unexpected: breaks the document",
    "handler": "its handler failed",
}
_PARTS_AT_MOST = 3
_ROWS_AT_MOST = 60
_MESSAGES_AT_MOST = 20
_STORIES_AT_MOST = 3
_EVENTS_AT_MOST = 24


def attach(report: pytest.TestReport, record: Record, error: BaseException | None) -> None:
    """Put the evidence under the *report* of a test that failed with *error*."""
    said = _messages(error)
    text = "\n".join([*_pictures(record, said), *_remarks(record, said)])
    if text != record.shown:
        record.shown = text
        report.sections.append((TITLE, text))
    record.tell()


def spare(report: pytest.TestReport, error: BaseException | None) -> None:
    """Take out of a *report* whose *error* is ours what would only take up room.

    In the summary that is the name of the error: a line there has 80 columns, and the verdict is what one looks for.
    Under the traceback it is pytest's remark on hidden frames.
    """
    crash = getattr(report.longrepr, "reprcrash", None)
    if crash is not None and isinstance(error, (*_OURS, ResilienceError)):
        crash.message = str(error)
    if isinstance(error, _OURS):
        for traceback, *_ in getattr(report.longrepr, "chain", ()):
            traceback.extraline = None


def count(record: Record) -> list[tuple[str, object]]:
    """Return the figures that go into a JUnit report."""
    calls = [call for part in record.parts for call in part.calls]
    faults = sum(call.fault is not None for call in calls)
    messages = sum(len(part.messages) for part in record.parts)
    named: list[tuple[str, object]] = [("integrations_messages", messages)] if messages else []
    named += [("integrations_profile", record.profile)] if record.profile else []
    return [
        ("integrations_calls", len(calls)),
        ("integrations_faults", faults),
        ("integrations_seed", record.seed.run),
        *named,
    ]


def _messages(error: BaseException | None) -> str:
    """Return the message of *error*, and of the errors in it if it is a group."""
    return "\n".join([str(error), *map(_messages, getattr(error, "exceptions", ()))])


def _pictures(record: Record, error: str) -> Iterator[str]:
    from pytest_integrations.views.text import timeline

    parts = latest_parts(record)
    left_out = len(record.parts) - len(parts) + record.forgotten
    if left_out:
        yield f"the last of {left_out + len(parts)} ledgers; the others were opened earlier in this test"
    for part in parts:
        calls = part.calls
        marks = {problem.call.seq: MARKS[problem.kind] for problem in record.problems if problem.call in calls}
        yield timeline(calls, limit=_ROWS_AT_MOST, marks=marks) if calls else f"  no calls reached {_names(part)}"
        yield from _stories(part, error)
    yield ""


def _stories(part: Part, error: str) -> Iterator[str]:
    """Yield what became of the messages, and the stories of those that were not simply done with.

    A story that the *error* has told is not told again.
    """
    messages = part.messages
    if not messages:
        return
    from pytest_integrations.views.story import is_simple, name_of, story, table

    yield f"\n{table(messages, limit=_MESSAGES_AT_MOST)}"
    untold = [message for message in messages if not is_simple(message) and name_of(message) not in error]
    for message in untold[:_STORIES_AT_MOST]:
        yield f"\n{story(message, limit=_EVENTS_AT_MOST)}"
    if len(untold) > _STORIES_AT_MOST:
        yield f"\n  the first {_STORIES_AT_MOST} of {len(untold)} stories; fake.messages has them all"


def latest_parts(record: Record) -> Sequence[Part]:
    """Return the parts to show: those of the last example of a property-based test, else the last few."""
    parts = record.parts
    if not getattr(getattr(record.item, "obj", None), "is_hypothesis_test", False):
        return parts[-_PARTS_AT_MOST:]
    names: set[str] = set()
    first = len(parts)
    while first > 0 and names.isdisjoint(source.name for source in parts[first - 1].sources):
        first -= 1
        names.update(source.name for source in parts[first].sources)
    return parts[first:]


def _names(part: Part) -> str:
    return " or ".join(source.name for source in part.sources)


def _remarks(record: Record, error: str) -> Iterator[str]:
    for problem in record.problems:
        if problem.text not in error:
            yield f"{'handler failed' if problem.kind == 'handler' else 'unexpected'}: {problem.text}"
    for rule in record.never_fired():
        if f"{rule!r} never fired" not in error:
            yield f"never fired: {rule!r} on {rule.fake}"
    if _has_chance(record):
        profile = f"fault profile {record.profile!r}, " if record.profile else ""
        yield f"{profile}seed {record.seed.run}"
    yield f"replay: {replay(record)}"


def _has_chance(record: Record) -> bool:
    """Whether the seed decides anything: a fault was scripted, or a profile is active."""
    return record.profile is not None or any(script.rules for fake in record.fakes for script in fake.scripts)


def replay(record: Record) -> str:
    """Return the command that runs the test again with the same faults."""
    from pytest_integrations.views.replay import replay_line

    item = record.item
    file, colons, rest = key_of(item).partition("::")
    file = os.path.relpath(item.config.rootpath / file, item.config.invocation_params.dir)
    name = f"{file}{colons}{rest}"
    profile = None if chosen_by_marker(item) else record.profile
    return replay_line(name, profile=profile, seed=run_seed(item.config) if _has_chance(record) else None)
