"""Patches that reach builtin functions too, whoever holds them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_integrations.core import patches

from .redirect import redirect

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Patches"]


class Patches(patches.Patches):
    """Those of the core, and builtins that are redirected in place."""

    def redirect(self, builtin: Callable[..., Any], function: Callable[..., Any]) -> None:
        """Make a builtin function call *function*, whoever holds it."""
        self.callback(redirect(builtin, function))
