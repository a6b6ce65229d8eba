"""Errors that are raised where a case is written, in whatever language."""

from __future__ import annotations

import traceback
from pathlib import Path

import pytest

from pytest_integrations.tester.place import Place

TEXT = """\
[[cases]]
name = "one"
expect = 200

[[cases]]
"""


@pytest.mark.parametrize(("first", "last"), [(1, 3), (5, 5)])
def test_the_traceback_stands_on_the_lines_of_the_case(tmp_path: Path, first: int, last: int) -> None:
    file = tmp_path / "a.integration.toml"
    file.write_text(TEXT)

    with pytest.raises(AssertionError) as caught:
        Place(str(file), first, last).raise_here(AssertionError("said"))

    frame = next(entry for entry in caught.traceback if Path(entry.path) == file)
    assert frame.frame.code.firstlineno + 1 == first
    assert frame.lineno + 1 == last
    (shown,) = [entry for entry in traceback.format_tb(caught.value.__traceback__) if str(file) in entry]
    assert TEXT.splitlines()[last - 1] in shown
    assert "^" not in shown


def test_a_function_takes_its_arguments_and_calls_what_it_is_for() -> None:
    function = Place("a.toml", 2, 4).function(lambda one, two: one + two, "one, two", hidden=True)

    assert function(1, two=2) == 3
    assert function.__code__.co_varnames[:2] == ("one", "two")
    assert "__tracebackhide__" in function.__code__.co_varnames


def _place() -> Place:
    return Place.of_caller(1)


def test_the_place_of_a_caller_is_its_whole_call() -> None:
    # fmt: off
    place = (_place(
    ))
    # fmt: on

    lines = Path(__file__).read_text(encoding="utf-8").splitlines()
    assert (place.file, place.last - place.first) == (__file__, 1)
    assert lines[place.first - 1].endswith("(_place(")
