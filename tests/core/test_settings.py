"""Checks of what a test wrote down."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from pytest_integrations.core import settings
from pytest_integrations.core.errors import ScriptingError

if TYPE_CHECKING:
    from collections.abc import Callable


def test_what_is_right_is_returned() -> None:
    """Seconds become floats, the others stay what they are."""
    assert settings.seconds("x", timedelta(milliseconds=5)) == 0.005
    assert settings.seconds("x", 0) == 0.0
    assert settings.number("x", 2, least=2, most=2) == 2
    assert settings.whole("x", 0) == 0
    assert settings.text("x", "caf\xe9") == "caf\xe9"
    assert settings.one_form("x", {"a": None, "b": 0}) == "b"
    settings.among("x", None, ("a", None))


@pytest.mark.parametrize(
    ("check", "message"),
    [
        (lambda: settings.seconds("x", -0.1), "x=-0.1 is not a duration: valid are seconds from 0 on, or a timedelta"),
        (lambda: settings.seconds("x", timedelta(-1)), "is not a duration"),
        (lambda: settings.number("x", None), "^x=None is not a number$"),
        (lambda: settings.number("x", "1", least=1), "^x='1' is not a number: valid are numbers from 1$"),
        (lambda: settings.number("x", 0, above=0), "^x=0 is out of range: valid are numbers greater than 0$"),
        (lambda: settings.number("x", 3, least=1, most=2), "^x=3 is out of range: valid are numbers from 1 to 2$"),
        (lambda: settings.number("x", 3, most=2), "^x=3 is out of range: valid are numbers to 2$"),
        (lambda: settings.whole("x", 1, 2), "^x=1 is not a count: valid are whole numbers from 2 on$"),
        (lambda: settings.among("x", "c", "ab"), "^x='c' is unknown: valid are 'a', 'b'$"),
        (lambda: settings.text("x", ""), "x='' is no line of a header section"),
        (lambda: settings.text("x", "a\r\nb"), "valid is Latin-1 text without line breaks"),
        (lambda: settings.text("x", "\u20ac"), "valid is Latin-1 text"),
        (lambda: settings.text("x", b"a"), "is no line of a header section"),
        (
            lambda: settings.one_form("f", {"a": None, "b": None}),
            r"^f\(\) takes exactly one of a=, b=; it was given none$",
        ),
        (lambda: settings.one_form("f", {"a": 1, "b": 2}), "it was given a= and b=$"),
    ],
)
def test_what_is_wrong_is_named_with_what_is_valid(check: Callable[[], Any], message: str) -> None:
    """One message each: the argument, its value, the valid ones."""
    with pytest.raises(ScriptingError, match=message):
        check()
