"""Point a builtin function at a Python function, in place, so that every alias of it follows.

`from time import sleep`, `def wait(clock=time.monotonic)` and a stored `self._now = time.monotonic` all hold the same
builtin object. Assigning `time.sleep = …` would miss each of them; changing the object reaches them all.

A builtin is such a structure, and it is called as `m_ml.ml_meth(m_self, args, kwargs)`:

    head | m_ml | m_self | m_module | m_weakreflist | vectorcall

`PyObject_Call(callable, args, kwargs)` has that very shape. With `m_self` our function and `ml_meth` PyObject_Call the
interpreter itself calls our function, so that exceptions, Ctrl-C included, propagate as from any other call.
"""

from __future__ import annotations

import ctypes
import platform
import sys
import time
from types import BuiltinFunctionType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["VirtualTimeUnavailable", "check_interpreter", "clone", "redirect"]

_VARARGS, _KEYWORDS, _NOARGS = 1, 2, 4
_ENTRY, _SELF, _MODULE, _VECTORCALL = 0, 1, 2, 4
_Fields = ctypes.c_void_p * 5


class VirtualTimeUnavailable(RuntimeError):
    """Time cannot be made virtual here; the message says why and what to do instead."""

    def __init__(self, why: str) -> None:
        """Say *why*, which interpreter this is, and the way out."""
        here = f"{platform.python_implementation()} {platform.python_version()} on {sys.platform}"
        super().__init__(
            f"virtual time is not to be had here ({here}): {why}; "
            "run these tests on the real clock: `--integrations-clock=real`, or RealTimeClock() for VirtualClock()"
        )


class _Entry(ctypes.Structure):
    """A row of a table of methods (PyMethodDef)."""

    _fields_ = (
        ("name", ctypes.c_char_p),
        ("meth", ctypes.c_void_p),
        ("flags", ctypes.c_int),
        ("doc", ctypes.c_char_p),
    )


_entries: dict[tuple[int, int], tuple[_Entry, object, object]] = {}
"""By addresses of builtin and function, what the interpreter was made to point at, and the two; used again."""


def _for_ever(entry: _Entry) -> _Entry:
    """Never free *entry*: a thread may be on its way through, and a builtin that points at it may outlive this module.

    At the end of the interpreter modules go in no order to rely on, and the end of a builtin still reads its row.
    """
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(entry))
    return entry


def _address_of(symbol: str) -> int | None:
    return ctypes.cast(getattr(ctypes.pythonapi, symbol), ctypes.c_void_p).value


def _fields_of(builtin: Any) -> Any:
    """Return the five words of *builtin*, once they are seen to be where they are expected."""
    if not isinstance(builtin, BuiltinFunctionType):
        why = f"{builtin!r} stands in the place of a builtin function; begin the virtual clock before what put it there"
        raise VirtualTimeUnavailable(why)
    fields = _Fields.from_address(id(builtin) + object.__basicsize__)
    if fields[_SELF] != id(builtin.__self__) or fields[_MODULE] != id(builtin.__module__):
        why = "builtin functions are laid out in memory in a way not known to this version"
        raise VirtualTimeUnavailable(why)
    return fields


def _entry_of(fields: Any) -> _Entry:
    """Return a copy of the row that a builtin points at."""
    return _Entry.from_buffer_copy((ctypes.c_char * ctypes.sizeof(_Entry)).from_address(fields[_ENTRY]))


def clone(builtin: Any) -> Callable[..., Any]:
    """Return a second builtin that does the same, and that no later redirection of the first one touches."""
    entry = _for_ever(_entry_of(_fields_of(builtin)))
    make = ctypes.pythonapi.PyCFunction_NewEx
    make.restype, make.argtypes = ctypes.py_object, [ctypes.c_void_p, ctypes.py_object, ctypes.py_object]
    made: Callable[..., Any] = make(ctypes.addressof(entry), builtin.__self__, builtin.__module__)
    return made


def redirect(builtin: Callable[..., Any], function: Callable[..., Any]) -> Callable[[], None]:
    """Make *builtin* call *function*; return what undoes it."""
    fields = _fields_of(builtin)
    before = list(fields)
    after = list(before)
    key = id(builtin), id(function)
    if key not in _entries:
        _entries[key] = _for_ever(_entry_for_calls(_entry_of(fields))), builtin, function
    entry = _entries[key][0]
    if not entry.flags & _NOARGS:
        after[_VECTORCALL] = None
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(function))
    after[_ENTRY], after[_SELF] = ctypes.addressof(entry), id(function)
    fields[:] = after  # one loop in C under the GIL: no thread sees half of it

    def undo() -> None:
        fields[:] = before
        ctypes.pythonapi.Py_DecRef(ctypes.py_object(function))

    return undo


def _entry_for_calls(entry: _Entry) -> _Entry:
    """Return *entry*, changed to call what `m_self` is."""
    if entry.flags & _NOARGS:  # the clocks: keep the fast path, that of a function without arguments
        entry.meth = _address_of("PyObject_CallNoArgs")
    else:
        entry.meth, entry.flags = _address_of("PyObject_Call"), _VARARGS | _KEYWORDS
    return entry


class _Checked(BaseException):
    """Raised through a redirected builtin, to see whether it arrives."""


def check_interpreter() -> None:
    """Prove on this interpreter that builtins can be redirected, with copies that nobody else uses."""
    if sys.implementation.name != "cpython":
        why = "it needs CPython"
        raise VirtualTimeUnavailable(why)
    if not getattr(sys, "_is_gil_enabled", lambda: True)():
        why = "it needs the GIL"
        raise VirtualTimeUnavailable(why)
    told: list[Any] = []

    def sleep(*arguments: Any) -> str:
        told.append(arguments)
        if arguments == (2,):
            raise _Checked
        return "redirected"

    with_argument, without = clone(time.sleep), clone(time.monotonic)
    undo = [redirect(with_argument, sleep), redirect(without, sleep)]
    try:
        said = [with_argument(1), without()]
        try:
            with_argument(2)
        except _Checked:
            said.append("raised")
    finally:
        for each in undo:
            each()
    back = with_argument(0) is None and isinstance(without(), float)
    if said != ["redirected", "redirected", "raised"] or told != [(1,), (), (2,)] or not back:
        why = f"redirecting a builtin function did not work (got {said} for {told})"
        raise VirtualTimeUnavailable(why)
