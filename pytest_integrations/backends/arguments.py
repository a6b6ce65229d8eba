"""How much of what it is offered a callable of the test is given."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["wanted"]


def wanted(function: Callable[..., object], most: int) -> int:
    """Return how many arguments by position *function* has to be given, up to *most*.

    One that has a default is the function's own, as in a loop that writes `lambda request, number=number: ...`; a
    function that cannot be asked is given the first.

    >>> wanted(lambda: None, 2), wanted(lambda request, number=7: None, 2), wanted(print, 2), wanted(dict, 2)
    (0, 1, 2, 1)
    """
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return 1
    if any(each.kind is each.VAR_POSITIONAL for each in parameters):
        return most
    positional = (each for each in parameters if each.kind in {each.POSITIONAL_ONLY, each.POSITIONAL_OR_KEYWORD})
    return min(most, sum(each.default is each.empty for each in positional))
