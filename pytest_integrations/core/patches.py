"""What is put in the place of something else for a while, and goes away again whatever happens."""

from __future__ import annotations

import functools
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Patches"]


class Patches(ExitStack):
    """Undone in reverse order by `close`; what fails on the way does not keep the rest from being undone."""

    def put(self, owner: Any, name: str, value: Any) -> None:
        """Set an attribute of a class or module; afterwards it is the very object that it was, or is not there."""
        own = vars(owner)
        if name in own:
            self.callback(setattr, owner, name, own[name])
        else:  # inherited
            self.callback(delattr, owner, name)
        setattr(owner, name, value)

    def wrap(self, owner: Any, name: str, make: Callable[[Any], Any]) -> None:
        """Put *make* of what stands there in its place, under its name."""
        before = getattr(owner, name)
        made = make(before)
        functools.update_wrapper(made, before)
        self.put(owner, name, made)
