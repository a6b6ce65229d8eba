"""The lines at the end of a run."""

from __future__ import annotations

from pytest_integrations.views.summary import summary
from tests.views.reports import point, ran, report


def test_a_table_with_a_verdict_above() -> None:
    rest = point(faulted=2, failed_faulted=1, failed_other=1, seconds=[0.001, 0.002])
    queue = point(fake="broker", operation="RPUSH orders", dead_lettered=1, shed=2, unexpected=1, seconds=[2.0])

    found, head, *table = summary(report(ran(rest, queue)), width=120)

    assert found == "4 of 8 calls met a fault at 2 integration points, 2 recovered by retry, 2 shed, 1 unexpected"
    assert head.split("  ")[0] == "integration point"
    assert [[cell.strip() for cell in row.split("  ") if cell] for row in table] == [
        ["broker", "RPUSH orders", "4", "2", "1", "1", "2", "1", "-", "2.00 s", "75 % (100 %), 1 unexpected"],
        ["payments", "POST /charges", "4", "2", "1+1", "1", "-", "-", "1.0 ms", "2.0 ms", "50 % (50 %)"],
    ]
    assert [row.index(cell) + len(cell) for row, cell in zip(table, ("2.00 s", "2.0 ms"), strict=True)] == [
        head.index("max") + 3
    ] * 2


def test_columns_without_a_figure_are_left_out() -> None:
    head = summary(report(ran(point())))[1]

    assert "shed" not in head
    assert "dead" not in head


def test_on_a_narrow_terminal_the_times_are_left_out() -> None:
    lines = summary(report(ran(point())), width=80)

    assert lines[1:] == [
        "integration point         calls  faults  failed  recovered  availability",
        "payments  POST /charges       4       2       1          1  75 % (100 %)",
    ]


def test_only_the_worst_are_shown() -> None:
    lines = summary(report(ran(*(point(operation=f"GET /{n}") for n in range(14)))))

    assert len(lines) == 15
    assert lines[-1] == "... 2 integration points more; --integrations-report shows all of them"


def test_long_and_strange_names_stay_on_their_lines() -> None:
    long = point(operation="POST /" + "a" * 200 + "/last")
    strange = point(operation="GET /\x1b[31m\n\u202e")

    lines = summary(report(ran(long, strange)), width=80)

    assert len(lines) == 4
    assert all(line.isprintable() and line.isascii() for line in lines)
    assert any("aaa/last " in line for line in lines)


def test_a_run_without_calls_says_so() -> None:
    assert summary(report()) == ["no call reached a fake"]
