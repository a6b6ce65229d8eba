"""A suite with faults, and what a run of it has written."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import jsonschema

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["REPORT", "SUITE", "health", "point"]

REPORT = ("--integrations-report", "report.html")
SUITE = """
    import pytest
    from client import get
    from pytest_integrations.faults import connection_reset, status

    def retried(url, times):
        for _ in range(times):
            answer = get(url)
            if answer == 200:
                return answer
        return answer

    @pytest.fixture
    def users(fake_rest):
        fake_rest.get("/users").reply()
        return fake_rest

    def test_survives(users):
        users.inject(status(503), connection_reset())
        assert retried(users.url + "/users", 3) == 200

    def test_gives_up(users):
        users.inject(status(503), every=1)
        assert retried(users.url + "/users", 2) == 200

    def test_is_healthy(users):
        assert retried(users.url + "/users", 1) == 200

    def test_without_a_fake():
        pass
"""

_SCHEMA = files("pytest_integrations.views").joinpath("health-report.schema.json")


def health(directory: Path, name: str = "report.json") -> dict[str, Any]:
    """Return the data of the report, which are as their schema says, and have a page beside them."""
    data: dict[str, Any] = json.loads((directory / name).read_text(encoding="utf-8"))
    jsonschema.validate(data, json.loads(_SCHEMA.read_text(encoding="utf-8")))
    page = (directory / name).with_suffix(".html").read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>")
    assert page.endswith("</html>\n")
    return data


def point(data: dict[str, Any], operation: str) -> dict[str, Any]:
    """Return the one integration point with this operation."""
    (found,) = (each for each in data["points"] if each["operation"] == operation)
    point: dict[str, Any] = found
    return point
