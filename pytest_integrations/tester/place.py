"""Where a case is written, so that an error can be raised there, whoever finds it."""

from __future__ import annotations

import ast
import sys
from dataclasses import dataclass
from functools import partial
from itertools import islice
from types import FunctionType
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Place"]


@dataclass(frozen=True, slots=True)
class Place:
    """The lines of a file, Python or not, from *first* to *last*."""

    file: str
    first: int
    last: int

    @classmethod
    def of_caller(cls, above: int) -> Place:
        """Return where the caller *above* this many is at the moment: all lines of the call that it makes."""
        frame = sys._getframe(above + 1)  # noqa: SLF001 -- there is no public way to a frame without its source
        position = next(islice(frame.f_code.co_positions(), frame.f_lasti // 2, None), (None, None))
        first = position[0] or frame.f_lineno
        return cls(frame.f_code.co_filename, first, max(first, position[1] or first))

    def function(self, does: Callable[..., object], parameters: str = "", *, hidden: bool = False) -> FunctionType:
        """Return a function with these *parameters* that calls *does* with them, and stands here for a traceback.

        A test runner shows the lines from its first to the one that it is at, which is all of them; of one that is
        *hidden*, nothing.
        """
        header = f"def case({parameters}):"
        call = f" __tracebackhide__ = {hidden}; return does({parameters})"
        tree = ast.parse("\n" * (self.first - 1) + header + "\n" * (self.last - self.first) + call)
        for node in ast.walk(tree):
            if isinstance(node, ast.expr | ast.stmt):
                node.col_offset = node.end_col_offset = 0  # there is nothing of it on the line to point at
        code = compile(tree, self.file, "exec", dont_inherit=True)
        inner = next(each for each in code.co_consts if hasattr(each, "co_code"))
        return FunctionType(inner, {"does": does, "__name__": "case"}, "case")

    def raise_here(self, error: BaseException) -> NoReturn:
        """Raise *error* as if it were done here."""
        __tracebackhide__ = True
        self.function(partial(_raise, error))()
        raise error  # for type checkers: it has been raised

    def __str__(self) -> str:
        """Show file and line, as an editor opens it."""
        return f"{self.file}:{self.first}"


def _raise(error: BaseException) -> None:
    __tracebackhide__ = True
    raise error
