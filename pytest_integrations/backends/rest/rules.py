"""werkzeug's routing rules, without the part that we never use."""

from __future__ import annotations

from typing import Any

from werkzeug.routing import Map, Rule

__all__ = ["empty_map", "rule"]


class _MatchingRule(Rule):
    """A rule that only matches.

    For every rule werkzeug also compiles code that builds URLs from it, which takes 0.4 ms, more than everything else
    that a fake does in a test. Where a future werkzeug has no such method, this override is simply never called.
    """

    def _compile_builder(self, append_unknown: bool = True) -> Any:  # noqa: FBT001, FBT002 -- werkzeug's signature
        return _builds_nothing


def _builds_nothing(*_arguments: Any) -> None:
    """Stand in for the code that builds a URL."""


def empty_map() -> Map:
    """Return a map that takes paths as they come: no redirects to or from a trailing slash, no merged slashes."""
    return Map(strict_slashes=True, merge_slashes=False, redirect_defaults=False)


def rule(template: str) -> Rule:
    """Return a rule for *template* whose endpoint is the template itself."""
    return _MatchingRule(template, endpoint=template)
