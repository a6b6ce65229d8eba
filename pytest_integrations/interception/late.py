"""Modules that are first imported while an interception is in force: they are patched as soon as they are there."""

from __future__ import annotations

import sys
from importlib.machinery import PathFinder
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType

    from pytest_integrations.core.patches import Patches

__all__ = ["once_imported"]


def once_imported(patches: Patches, name: str, install: Callable[[], object]) -> None:
    """Call *install* now if the module called *name* is imported, else after its import, if *patches* are open then."""
    if name in sys.modules:
        install()
        return
    finder = _Finder(name, install)
    sys.meta_path.insert(0, finder)
    patches.callback(_forget, finder)


def _forget(finder: _Finder) -> None:
    if finder in sys.meta_path:  # else somebody has put back the finders of before
        sys.meta_path.remove(finder)


class _Finder:
    """Finds one module as Python does, and has its loader tell when it is there."""

    def __init__(self, name: str, install: Callable[[], object]) -> None:
        self._name = name
        self._install = install

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name != self._name:
            return None
        spec = PathFinder.find_spec(name, path, target)
        loader: Any = spec.loader if spec is not None else None
        if loader is not None:
            execute = loader.exec_module

            def exec_module(module: ModuleType) -> None:
                del loader.exec_module
                execute(module)
                if self in sys.meta_path:
                    self._install()

            loader.exec_module = exec_module
        return spec
