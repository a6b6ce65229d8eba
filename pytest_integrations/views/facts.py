"""The data of the health report, as it goes from a worker to its controller and into the JSON file: schema 1.

    PartFacts      what one test adds: written where the test ran
      PointFacts   one integration point in it: one operation of one fake
      QueueFacts   one queue in it
      DrawnFacts   its timeline, laid out
    Health         all tests together: what the terminal, the page and the JSON file show

Plain dictionaries, so that the page is a function of the JSON alone. `health-report.schema.json` beside this file says
the same to other programs. Within a schema's number keys may be added; none is taken away or changes its meaning.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypedDict

if TYPE_CHECKING:
    from typing import Any

__all__ = [
    "SCHEMA",
    "CaseEntry",
    "Cell",
    "ClockName",
    "DrawnFacts",
    "Entry",
    "Errors",
    "FaultSeen",
    "Health",
    "LatencyFacts",
    "Logical",
    "MessageFacts",
    "Outcome",
    "PartFacts",
    "Point",
    "PointFacts",
    "QueueFacts",
    "RunFacts",
    "Totals",
]

SCHEMA = 1
"""The number of the JSON's schema."""

ClockName = Literal["real", "virtual"]
Outcome = Literal["passed", "failed", "error", "skipped", "xfailed", "xpassed", "crashed"]


class PointFacts(TypedDict):
    """What one test did at one integration point."""

    fake: str
    operation: str
    protocol: str
    calls: int
    faulted: int
    """Calls that a fault was played on."""
    failed_faulted: int
    """Calls that a careful client must take for failed, and that a fault was played on."""
    failed_other: int
    """Those without a fault: scripted as plain answers, or news."""
    unexpected: int
    """Calls that nothing answers, and handlers that raised."""
    at_once: int
    """Logical calls that succeeded with their first attempt."""
    recovered: int
    """Logical calls whose first attempt failed and whose last one succeeded."""
    given_up: int
    """Logical calls that did not succeed."""
    shed: int | None
    """Calls that the client kept back; None where the test recorded nothing on the client's side."""
    dead_lettered: int | None
    """Messages published here that were dead-lettered; None where nothing is published."""
    seconds: list[float]
    """How long each finished call took."""
    tried: dict[str, list[str]]
    """The faults that were played, by name, and how each was scripted."""


class QueueFacts(TypedDict):
    """What became of the messages of one queue."""

    fake: str
    queue: str
    messages: int
    """Messages that were put into it."""
    deliveries: int
    redeliveries: int
    """Deliveries of a message beyond its first from this queue."""
    acked: int
    requeued: int
    dead_lettered: int
    lost: int
    """Dropped, expired or purged."""
    waiting: int
    """Still in the queue, or in flight, at the end."""


class MessageFacts(TypedDict):
    """One message that was not simply delivered and acked: a name and its story, line by line."""

    name: str
    fate: str
    story: list[str]


class CaseEntry(TypedDict):
    """One case of a table, as it was judged."""

    name: str
    point: str
    status: Literal["passed", "failed", "error"]
    seconds: float
    clock: ClockName
    request: str
    response: str
    error: str
    calls: int
    faulted: int


class DrawnFacts(TypedDict):
    """A timeline as it was laid out: the fields of `views.timeline`, as dictionaries."""

    lanes: list[dict[str, Any]]
    rows: list[dict[str, Any]]
    """With the number of the attempt that each is a retry of as *retry_of*, or None."""
    bands: list[dict[str, Any]]
    idles: list[dict[str, Any]]
    left_out: int
    """How many rows are not among them."""


class PartFacts(TypedDict):
    """What one run of one test adds to the report."""

    profile: str | None
    seed: int
    replay: str
    clock: ClockName
    points: list[PointFacts]
    queues: list[QueueFacts]
    cases: list[CaseEntry]
    problems: list[str]
    never_fired: list[str]
    timelines: list[DrawnFacts]
    messages: list[MessageFacts]
    messages_left_out: int


class Entry(TypedDict):
    """One test, as the report shows it."""

    id: str
    outcome: Outcome
    seconds: float
    reruns: int
    profile: str | None
    seed: int
    replay: str
    clock: ClockName
    calls: int
    faulted: int
    recovered: int
    cases: list[CaseEntry]
    problems: list[str]
    never_fired: list[str]
    timelines: list[DrawnFacts]
    messages: list[MessageFacts]
    messages_left_out: int


class LatencyFacts(TypedDict):
    """Percentiles in seconds, None where *n* is too small; by clock, since virtual and real times do not mix."""

    clock: ClockName
    n: int
    p50: float | None
    p90: float | None
    p95: float | None
    max: float | None


class Errors(TypedDict):
    """Failed calls; the two are never added up to one verdict."""

    with_fault: int
    without_fault: int


class Logical(TypedDict):
    """What the client's callers saw, retries hidden."""

    at_once: int
    recovered: int
    given_up: int


class Point(TypedDict):
    """One integration point over all tests."""

    fake: str
    operation: str
    protocol: str
    tests: int
    calls: int
    faulted: int
    errors: Errors
    error_rate: float | None
    """The share of the calls that failed, as the client saw it."""
    unexpected: int
    logical: Logical
    shed: int | None
    dead_lettered: int | None
    latencies: list[LatencyFacts]
    availability: float | None
    """The share of the calls that did not fail, as the client saw it."""
    availability_without_faults: float | None
    """The same among the calls that no fault was played on."""


class FaultSeen(TypedDict):
    """A fault by name, and the ways it was scripted."""

    name: str
    scripted: list[str]


class Cell(TypedDict):
    """How many tests met a fault at an integration point, and passed or failed; what has no cell was never tried."""

    fault: str
    fake: str
    operation: str
    survived: int
    failed: int


class Totals(TypedDict):
    """The figures of the verdict line."""

    tests: int
    passed: int
    failed: int
    skipped: int
    tests_with_fakes: int
    points: int
    calls: int
    faulted: int
    errors_with_fault: int
    errors_without_fault: int
    unexpected: int
    recovered: int
    shed: int
    dead_lettered: int


class RunFacts(TypedDict):
    """The run as a whole."""

    created: str
    """Date and time, ISO 8601, UTC."""
    profiles: list[str]
    seed: int | None
    replay: str
    versions: dict[str, str]


class Health(TypedDict):
    """The whole report."""

    schema: int
    run: RunFacts
    totals: Totals
    points: list[Point]
    queues: list[QueueFacts]
    faults: list[FaultSeen]
    matrix: list[Cell]
    tests: list[Entry]
