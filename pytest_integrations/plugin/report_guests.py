"""Other reports get the pictures too: pytest-html and Allure, where the run writes such a report; neither is needed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pytest

    from pytest_integrations.views.facts import PartFacts

__all__ = ["are_here", "attach"]

_NAME = "integration timeline"


def are_here(config: pytest.Config) -> bool:
    """Tell whether one of them is going to write a report of this run."""
    return _has_html(config) or _has_allure(config)


def attach(report: pytest.TestReport, part: PartFacts, config: pytest.Config) -> None:
    """Give the pictures of a test to its entry in the other reports."""
    from pytest_integrations.views.svg import picture

    for number, drawn in enumerate(part["timelines"], start=1):
        svg = str(picture(drawn, key=f"integrations-{number}"))  # a plain one: execnet sends no subclass of it
        if _has_html(config):
            extras: list[dict[str, Any]] = getattr(report, "extras", [])
            entry = {"name": _NAME, "format_type": "html", "content": svg, "mime_type": None, "extension": None}
            report.extras = [*extras, entry]  # type: ignore[attr-defined]  # where pytest-html looks for them
        if _has_allure(config):
            import allure  # type: ignore[import-not-found]  # it is there, or its listener would not be

            allure.attach(svg, name=_NAME, attachment_type=allure.attachment_type.SVG)


def _has_html(config: pytest.Config) -> bool:
    return config.pluginmanager.hasplugin("html") and bool(config.getoption("htmlpath", None))


def _has_allure(config: pytest.Config) -> bool:
    return config.pluginmanager.hasplugin("allure_listener")
