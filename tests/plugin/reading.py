"""Reads what a run has written."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import jsonschema

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["health", "point"]

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
