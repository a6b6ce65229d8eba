"""How the integration points fared."""

from __future__ import annotations

import pytest

from pytest_integrations.tester import CaseResult, CaseResults


def _result(name: str, point: str, duration: float, error: str = "") -> CaseResult:
    return CaseResult(
        name=name,
        point=point,
        status="failed" if error else "passed",
        duration=duration,
        request="",
        error=AssertionError(error) if error else None,
    )


RESULTS = CaseResults(
    [
        _result("a", "GET /tea", 0.1),
        _result("b", "GET /tea", 0.3, "expected status 200, got 503\nand more"),
        _result("c", "POST /orders", 0.2, "broken"),
        _result("d", "order", 1.5),
    ]
)


def test_points_are_healthy_degraded_or_down() -> None:
    health = RESULTS.health()

    assert [(name, each.status, each.passed, each.cases) for name, each in health.items()] == [
        ("GET /tea", "degraded", 1, 2),
        ("POST /orders", "down", 0, 1),
        ("order", "healthy", 1, 1),
    ]
    assert health["GET /tea"].last_error == "expected status 200, got 503"
    assert (health["GET /tea"].seconds.n, health["GET /tea"].seconds.max) == (2, 0.3)
    assert health.status == "degraded"
    assert len(health) == 3


def test_it_prints_as_a_table() -> None:
    assert str(RESULTS.health()).splitlines() == [
        "degraded  GET /tea      1 of 2 passed  at most 0.300 s  expected status 200, got 503",
        "down      POST /orders  0 of 1 passed  at most 0.200 s  broken",
        "healthy   order         1 of 1 passed  at most 1.500 s",
    ]
    assert repr(RESULTS.health()).startswith("<Health degraded\ndegraded  GET /tea")


def test_all_and_nothing() -> None:
    assert RESULTS.passed.health().status == "healthy"
    assert RESULTS[2:3].health().status == "down"
    assert CaseResults([]).health().status == "healthy"


def test_a_name_that_is_none_is_told_with_those_that_are() -> None:
    """The point of a request to a URL is its path as it was sent, not a route with a placeholder."""
    health = RESULTS.health()

    assert "GET /<what>" not in health
    with pytest.raises(
        KeyError, match=r"'GET /<what>' is no integration point .*: 'GET /tea', 'POST /orders', 'order'"
    ):
        health["GET /<what>"]
