"""Percentiles only where they mean something."""

from __future__ import annotations

import pytest

from pytest_integrations.views.stats import latencies, percentile


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
