"""Checks of what a test wrote down: one message each, which names the value and the valid ones."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import TYPE_CHECKING

from .errors import ScriptingError

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["among", "lasting", "line", "number", "one_form", "seconds", "text", "whole"]


def seconds(name: str, value: float | timedelta) -> float:
    """Return *value*, a number of seconds or a timedelta, as seconds; the argument's *name* goes into the error.

    >>> seconds("after", timedelta(minutes=1))
    60.0
    """
    if isinstance(value, timedelta):
        value = value.total_seconds()
    if not 0 <= number(name, value) < math.inf:
        msg = f"{name}={value!r} is not a duration: valid are seconds from 0 on, or a timedelta"
        raise ScriptingError(msg)
    return float(value)


def lasting(name: str, value: float | timedelta) -> float:
    """Return *value*, as `seconds` does, which must be above 0."""
    found = seconds(name, value)
    if not found:
        msg = f"{name}={value!r} is no time at all: valid are seconds above 0, or a timedelta"
        raise ScriptingError(msg)
    return found


def number(
    name: str, value: object, *, least: float | None = None, above: float | None = None, most: float | None = None
) -> float:
    """Return *value* as a number from *least*, or greater than *above*, up to *most*."""
    lower = f"from {least:g}" if least is not None else f"greater than {above:g}" if above is not None else ""
    upper = "" if most is None else f"to {most:g}" if above is None else f"up to {most:g}"
    valid = f"{lower} {upper}".strip()
    if isinstance(value, bool) or not isinstance(value, int | float) or math.isnan(value):
        msg = f"{name}={value!r} is not a number" + (f": valid are numbers {valid}" if valid else "")
        raise ScriptingError(msg)
    too_small = (least is not None and value < least) or (above is not None and value <= above)
    if too_small or (most is not None and value > most):
        msg = f"{name}={value!r} is out of range: valid are numbers {valid}"
        raise ScriptingError(msg)
    return value


def whole(name: str, value: object, least: int = 0) -> int:
    """Return *value* as a whole number from *least* on."""
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        msg = f"{name}={value!r} is not a count: valid are whole numbers from {least} on"
        raise ScriptingError(msg)
    return value


def among(name: str, value: object, valid: Iterable[object]) -> None:
    """Refuse a *value* that is none of the *valid* ones."""
    valid = tuple(valid)
    if value not in valid:
        msg = f"{name}={value!r} is unknown: valid are {', '.join(map(repr, valid))}"
        raise ScriptingError(msg)


def text(name: str, value: object) -> str:
    """Return *value* as text that fits into one line of a message's head: Latin-1, no line breaks."""
    if not isinstance(value, str) or not value or any(ord(sign) > 255 or sign in "\r\n\0" for sign in value):
        msg = f"{name}={value!r} is no line of a header section: valid is Latin-1 text without line breaks"
        raise ScriptingError(msg)
    return value


def line(name: str, value: object) -> str:
    """Return *value* as text that says something: not empty."""
    if not isinstance(value, str) or not value:
        msg = f"{name}={value!r} is not text: valid is any that is not empty"
        raise ScriptingError(msg)
    return value


def one_form(fault: str, given: dict[str, object]) -> str:
    """Return which one of several forms was *given* (not None); none, or more than one, is an error of *fault*."""
    chosen = [name for name, value in given.items() if value is not None]
    if len(chosen) != 1:
        got = " and ".join(f"{name}=" for name in chosen) or "none"
        msg = f"{fault}() takes exactly one of {', '.join(f'{name}=' for name in given)}; it was given {got}"
        raise ScriptingError(msg)
    return chosen[0]
