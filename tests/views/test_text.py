"""The timeline as text: aligned, narrow, plain, and with nothing left out in silence."""

from __future__ import annotations

import pytest

from pytest_integrations.views.text import WIDTH, seconds, timeline
from pytest_integrations.views.timeline import Band
from tests.assertions.ledgers import HandLedger, scripted


@pytest.fixture
def ledger() -> HandLedger:
    return HandLedger()


def test_a_retried_call(ledger: HandLedger) -> None:
    """The example of the documentation."""
    ledger.call(0, 503, "POST /charges", took=0.001, fault=scripted("status"))
    ledger.call(1.001, None, "POST /charges", took=0.001, outcome="reset", fault=scripted("reset"), handled=True)
    ledger.call(3.004, 201, "POST /charges", connection=ledger.connect())

    assert (
        timeline(ledger.calls, title="what crossed the wire", marks={2: "1.9 s to 2.1 s were allowed"})
        == """\
what crossed the wire
  fake_rest  3 calls on 2 connections, 3.00 s
  #1  0.000 s            conn 1         POST /charges  x 503             <- status()
  #2  1.001 s  +1.000 s  conn 1 reused  POST /charges  ! reset, applied  <- reset()
               ^ 1.9 s to 2.1 s were allowed
  #3  3.004 s  +2.002 s  conn 2         POST /charges  ok 201"""
    )


def test_an_answer_that_the_handler_gave_itself_is_not_told_as_applied(ledger: HandLedger) -> None:
    """Only where the client did not see what the handler answered is it news that it ran."""
    ledger.call(0, 503, handled=True)
    ledger.call(1, outcome="reset", handled=True, fault=scripted("lost_response"))

    assert [("applied" in line) for line in timeline(ledger.calls).splitlines()[1:]] == [False, True]


def test_when_the_client_left_is_told(ledger: HandLedger) -> None:
    """How long it waited is what one asks of a timeout."""
    ledger.call(1, None, outcome="abandoned", took=0.25)

    assert timeline(ledger.calls).splitlines()[1].endswith("< abandoned, left after 0.250 s")


def test_several_fakes_share_one_order(ledger: HandLedger) -> None:
    """Who was first is the question; the fake stands in a column."""
    ledger.call(0, fake="auth", operation="POST /token")
    ledger.call(1, fake="payments", operation="POST /charges")

    assert (
        timeline(ledger.calls)
        == """\
  auth      1 call on 1 connection, 0.000 s
  payments  1 call on 1 connection, 0.000 s
  #1  0.000 s  auth      conn 1  POST /token    ok 200
  #2  1.000 s  payments  conn 2  POST /charges  ok 200"""
    )


def test_attempts_are_numbered_where_groups_are_known(ledger: HandLedger) -> None:
    """`groups=` adds a column."""
    ledger.attempts(0, 1)

    assert "#2  1.000 s  +1.000 s  try 2  conn 1 reused" in timeline(ledger.calls, groups=[ledger.calls])


def test_bands_stand_where_they_begin(ledger: HandLedger) -> None:
    """By the number of the call before them, where the clock stands still; else by time."""
    ledger.call(0, 503)
    ledger.call(0, 503)
    ledger.call(31)
    bands = [Band(0, 30, "open", "2 failures", after=2), Band(30.5, None, "half-open")]

    assert [line.strip() for line in timeline(ledger.calls, bands=bands).splitlines()][2:] == [
        "#2   0.000 s   +0.000 s  conn 1 reused  GET /users  x 503",
        "-- open, 0.000 s to 30.000 s: 2 failures",
        "-- half-open from 30.500 s",
        "#3  31.000 s  +31.000 s  conn 1 reused  GET /users  ok 200",
    ]


def test_idle_stretches_are_told_unless_a_gap_tells_them(ledger: HandLedger) -> None:
    """The wait before a call to another operation has no gap."""
    for at in (0, 0.01, 0.02):
        ledger.call(at)
    ledger.call(30, operation="GET /orders")
    ledger.call(60, operation="GET /orders")

    lines = timeline(ledger.calls).splitlines()

    assert lines[4].strip() == "~ 30.0 s idle ~"
    assert lines[6].split()[:5] == ["#5", "60.000", "s", "+30.000", "s"]


def test_calls_that_overlap_say_so(ledger: HandLedger) -> None:
    """A negative wait would be a riddle."""
    ledger.call(0, took=1)
    ledger.call(0.5)

    assert "#2  0.500 s  overlaps  conn 1" in timeline(ledger.calls)


def test_no_row_is_wider_than_the_page(ledger: HandLedger) -> None:
    """Operations keep both ends, faults their beginning."""
    ledger.call(
        0,
        200,
        "GET /a/very/long/path/" + "x" * 100 + "/end",
        fault=scripted("f" * 150),
        handled=True,
        spoiled=True,
        fake="n" * 12,
    )
    ledger.call(123456, fake="other")

    drawn = timeline(ledger.calls, marks={1: "m" * 120}, bands=[Band(0, 1, "open", "word " * 40)], title="t")

    assert max(map(len, drawn.splitlines())) <= WIDTH
    assert "GET /a" in drawn
    assert "end  ~ 200 spoiled, applied  <- fff" in drawn


def test_all_is_plain_ascii_on_one_line(ledger: HandLedger) -> None:
    """For terminals, logs and CI that take nothing else."""
    ledger.call(0, operation="GET /münchen", fault=scripted("two\nlines é"))

    drawn = timeline(ledger.calls, marks={1: "a – dash"})

    assert drawn.isascii()
    assert len(drawn.splitlines()) == 3


def test_what_is_not_shown_is_counted(ledger: HandLedger) -> None:
    """First and last rows, marked rows, and how many are missing between them."""
    for at in range(20):
        ledger.call(at)

    drawn = timeline(ledger.calls, limit=4, marks={10: "this one"})

    shown = [line.split()[0] for line in drawn.splitlines()[1:]]
    assert shown == ["#1", "#2", "...", "#10", "^", "...", "#19", "#20"]
    assert "... 7 calls not shown ..." in drawn
    assert "... 8 calls not shown ..." in drawn


def test_without_calls_it_says_so(ledger: HandLedger) -> None:
    """An empty picture would look like a failure to draw."""
    assert timeline(ledger.calls) == "  no calls"
    assert "1 call not shown" in timeline([ledger.call(0)], limit=0)


@pytest.mark.parametrize(
    ("duration", "text"), [(0, "0.000 s"), (0.0042, "0.004 s"), (1.2093, "1.21 s"), (28.24, "28.2 s"), (3600, "3600 s")]
)
def test_durations_have_the_digits_that_matter(duration: float, text: str) -> None:
    """Three digits or so, whatever the size."""
    assert seconds(duration) == text
