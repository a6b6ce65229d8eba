"""The layout: lanes, rows, gaps, kinds, bands and idle stretches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_integrations.views.timeline import Band, Lane, lay_out
from tests.assertions.ledgers import HandLedger, scripted

if TYPE_CHECKING:
    from pytest_integrations.core.ledger import Calls


@pytest.fixture
def ledger() -> HandLedger:
    return HandLedger()


def gaps(calls: Calls, **how: Any) -> list[float | None]:
    return [row.gap for row in lay_out(calls, **how).rows]


def test_a_row_tells_what_the_call_was(ledger: HandLedger) -> None:
    """Everything a rendering needs is in the row."""
    ledger.call(1, 503, "POST /charges", took=0.5, fault=scripted("status"), handled=True)

    row = lay_out(ledger.calls, marks={1: "look here"}).rows[0]

    assert (row.seq, row.time, row.end, row.gap, row.attempt) == (1, 1.0, 1.5, None, None)
    assert (row.connection, row.reused, row.operation) == (1, False, "POST /charges")
    assert (row.kind, row.verdict, row.fault, row.handled, row.mark) == (
        "refused",
        "503",
        "status()",
        True,
        "look here",
    )


@pytest.mark.parametrize(
    ("how", "kind"),
    [
        ({"status": 200}, "ok"),
        ({"status": 302}, "ok"),
        ({"status": 404}, "declined"),
        ({"status": 429}, "refused"),
        ({"status": 500}, "refused"),
        ({"status": 200, "spoiled": True}, "spoiled"),
        ({"outcome": "truncated"}, "broken"),
        ({"outcome": "reset"}, "broken"),
        ({"outcome": "closed"}, "broken"),
        ({"outcome": "hung"}, "broken"),
        ({"outcome": "abandoned"}, "left"),
        ({"outcome": "open"}, "open"),
    ],
)
def test_every_outcome_has_its_kind(ledger: HandLedger, how: dict[str, Any], kind: str) -> None:
    """A shape besides the word."""
    ledger.call(0, **how)

    assert lay_out(ledger.calls).rows[0].kind == kind


def test_a_held_answer_that_the_client_left_is_its_leaving(ledger: HandLedger) -> None:
    """What a client with a timeout does with a hanging backend."""
    ledger.call(0, outcome="hung").gone = 3.0

    assert lay_out(ledger.calls).rows[0].kind == "left"


def test_a_gap_runs_from_the_end_of_the_call_before_to_the_same_operation(ledger: HandLedger) -> None:
    """A call to another operation in between does not count."""
    ledger.call(0, 503, took=0.5)
    ledger.call(1, operation="POST /token")
    ledger.call(2.5)

    assert gaps(ledger.calls) == [None, None, 2.0]


def test_a_gap_after_a_client_left_runs_from_there(ledger: HandLedger) -> None:
    """A timeout is not part of the backoff."""
    ledger.call(0, outcome="abandoned", took=3)
    ledger.call(4)

    assert gaps(ledger.calls) == [None, 1.0]


def test_calls_that_overlap_have_a_negative_gap_and_open_ones_none(ledger: HandLedger) -> None:
    """The second began before the first had ended."""
    ledger.call(0, took=3)
    ledger.call(1, outcome="open")
    ledger.call(2)

    assert gaps(ledger.calls) == [None, -2.0, None]


def test_known_groups_number_the_attempts_and_make_the_gaps(ledger: HandLedger) -> None:
    """Two logical calls, interleaved."""
    first, second, third, fourth = (ledger.call(at, 503) for at in (0, 1, 2, 5))

    rows = lay_out(ledger.calls, groups=[(first, third), (second, fourth)]).rows

    assert [(row.attempt, row.gap) for row in rows] == [(1, None), (1, None), (2, 2.0), (2, 4.0)]


def test_each_fake_has_a_lane(ledger: HandLedger) -> None:
    """With its calls, connections and extent, in order of appearance."""
    ledger.call(0, fake="payments", took=1)
    ledger.call(2, fake="stock")
    ledger.call(3, fake="payments", took=1)

    assert lay_out(ledger.calls).lanes == (
        Lane(fake="payments", calls=2, connections=2, start=0.0, end=4.0),
        Lane(fake="stock", calls=1, connections=1, start=2.0, end=2.0),
    )


def test_bands_are_in_order_of_time(ledger: HandLedger) -> None:
    """Whatever the order in which they were given."""
    bands = [Band(5, None, "half-open"), Band(1, 5, "open", "3 failures")]

    assert [band.state for band in lay_out(ledger.calls, bands=bands).bands] == ["open", "half-open"]


def test_stretches_that_would_squeeze_all_others_are_idle(ledger: HandLedger) -> None:
    """Two waits of 30 s among clusters of milliseconds."""
    for at in (0, 0.01, 0.02, 30, 30.01, 30.02, 60):
        ledger.call(at)

    assert [(round(idle.start, 3), round(idle.seconds)) for idle in lay_out(ledger.calls).idles] == [
        (0.02, 30),
        (30.02, 30),
    ]


@pytest.mark.parametrize("starts", [(0, 1, 3, 7, 15), (0, 30), (0,), ()])
def test_the_steps_of_a_backoff_stay_to_scale(ledger: HandLedger, starts: tuple[float, ...]) -> None:
    """Gaps that double are the picture, not an accident."""
    for at in starts:
        ledger.call(at, 503)

    assert lay_out(ledger.calls).idles == ()


def test_calls_under_way_are_not_idle(ledger: HandLedger) -> None:
    """A long exchange fills the time."""
    for at in (0, 0.01, 0.02):
        ledger.call(at)
    ledger.call(0.03, took=60)
    ledger.call(60.03)

    assert lay_out(ledger.calls).idles == ()


def test_a_spoilt_handshake_that_the_client_put_up_with_shows_at_its_first_call(ledger: HandLedger) -> None:
    """Such a call is answered as if nothing had been wrong, and that is what one wants to see."""
    connection = ledger.connect()
    connection.fault = scripted("tls")
    ledger.call(0, connection=connection)
    ledger.call(1, connection=connection)

    assert [row.fault for row in lay_out(ledger.calls).rows] == ["tls()", ""]
