"""The same names for programs that run without pytest: a plain plugin manager and an entry-point group."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pluggy

from . import hookspecs
from .registries import ENTRY_POINTS, Registries

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["load", "plugin_manager"]


def plugin_manager() -> pluggy.PluginManager:
    """Return a manager that knows our hooks, with the plugins of the entry-point group `pytest_integrations` in it."""
    manager = pluggy.PluginManager("pytest")  # the name that pytest's hook markers carry
    manager.add_hookspecs(hookspecs)
    manager.load_setuptools_entrypoints(ENTRY_POINTS)
    return manager


def load(pyproject: Path | None = None, *, manager: pluggy.PluginManager | None = None) -> Registries:
    """Return every fault, profile and backend that can be named, with the profiles of a *pyproject* file."""
    return Registries((manager or plugin_manager()).hook, None, pyproject)
