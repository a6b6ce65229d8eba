"""The figures of a fake: injected faults and unexpected errors apart, percentiles only where they mean something."""

from __future__ import annotations

import pytest

from pytest_integrations.core.ledger import Problem
from pytest_integrations.views.stats import fake_stats, latencies, percentile
from tests.assertions.ledgers import HandLedger, scripted


@pytest.fixture
def ledger() -> HandLedger:
    return HandLedger()


def test_injected_faults_and_unexpected_errors_are_kept_apart(ledger: HandLedger) -> None:
    """A scripted 503 is the test's doing, an unknown route and a 500 without a fault are news."""
    ledger.call(0, 503, fault=scripted("status"))
    ledger.call(1, 200, fault=scripted("latency"))
    ledger.call(2, 500)
    ledger.call(3, 404)
    ledger.ledger.problems.append(Problem("unexpected", "fake_rest", "GET /nothing"))
    ledger.ledger.problems.append(Problem("unexpected", "another", "GET /nothing"))

    (stats,) = fake_stats(ledger.ledger)

    assert (stats.fake, stats.calls, stats.connections) == ("fake_rest", 4, 1)
    assert (stats.injected, stats.failed, stats.failed_without_fault, stats.unexpected) == (2, 2, 1, 1)
    assert (stats.availability, stats.availability_without_faults) == (0.5, 0.5)


def test_each_fake_has_its_own_figures(ledger: HandLedger) -> None:
    """In order of the first calls."""
    ledger.call(0, fake="payments")
    ledger.call(1, fake="stock", fault=scripted("latency"))

    payments, stock = fake_stats(ledger.ledger)

    assert (payments.fake, stock.fake) == ("payments", "stock")
    assert stock.availability_without_faults is None


def test_a_ledger_without_calls_has_no_figures(ledger: HandLedger) -> None:
    """Nothing happened."""
    assert fake_stats(ledger.ledger) == ()


def test_latencies_run_to_the_end_of_what_ended(ledger: HandLedger) -> None:
    """Attempts that the client left count, open ones do not."""
    ledger.call(0, took=0.25)
    ledger.call(1, took=1, outcome="abandoned")
    ledger.call(2, outcome="open")

    (stats,) = fake_stats(ledger.ledger)

    assert (stats.latencies.n, stats.latencies.p50, stats.latencies.max) == (2, 0.25, 1.0)


@pytest.mark.parametrize(
    ("n", "known"), [(1, ()), (2, (50,)), (9, (50,)), (10, (50, 90)), (19, (50, 90)), (20, (50, 90, 95))]
)
def test_a_percentile_needs_enough_values(n: int, known: tuple[int, ...]) -> None:
    """The 95th of three values is a guess."""
    values = [float(value) for value in range(n)]

    assert tuple(percent for percent in (50, 90, 95) if percentile(values, percent) is not None) == known


def test_a_percentile_is_a_value_that_was_seen() -> None:
    """Nearest rank, in any order of arrival."""
    found = latencies(float(value) for value in reversed(range(1, 101)))

    assert (found.n, found.p50, found.p90, found.p95, found.max) == (100, 50.0, 90.0, 95.0, 100.0)


def test_without_values_there_is_nothing_to_tell() -> None:
    """No guess for an empty list."""
    assert latencies([]).max is None
    assert percentile([], 50) is None
