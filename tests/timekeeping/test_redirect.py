"""Builtins redirected in place, and back."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import time
from typing import Any

import pytest

from pytest_integrations.timekeeping import redirect as module
from pytest_integrations.timekeeping.redirect import VirtualTimeUnavailable, check_interpreter, clone, redirect


@pytest.fixture
def sleep() -> Any:
    """A builtin that nobody else calls."""
    return clone(time.sleep)


def test_every_alias_follows(sleep: Any) -> None:
    def wait(how: Any = sleep) -> Any:
        return how(1)

    alias, stored = sleep, {"sleep": sleep}
    undo = redirect(sleep, lambda seconds: f"{seconds} s")
    try:
        assert [alias(1), stored["sleep"](1), wait()] == ["1 s"] * 3
    finally:
        undo()
    assert alias(0) is None


def test_arguments_and_exceptions_pass(sleep: Any) -> None:
    def fail(*arguments: Any, **keywords: Any) -> None:
        raise LookupError(arguments, keywords)

    undo = redirect(sleep, fail)
    try:
        with pytest.raises(LookupError) as caught:
            sleep(1, more=2)
    finally:
        undo()
    assert caught.value.args == ((1,), {"more": 2})


def test_a_function_without_arguments() -> None:
    monotonic = clone(time.monotonic)
    undo = redirect(monotonic, lambda: 42.0)
    try:
        assert monotonic() == 42.0
        assert time.monotonic() != 42.0
    finally:
        undo()
    assert abs(monotonic() - time.monotonic()) < 1


def test_nothing_is_left_behind(sleep: Any) -> None:
    """The function that stood in is let go of, through collections of garbage in the meantime too."""

    def stand_in(seconds: float) -> str:
        return "redirected"

    before = sys.getrefcount(stand_in)
    for _ in range(3):
        undo = redirect(sleep, stand_in)
        gc.collect()
        assert sleep(5) == "redirected"
        undo()
    del undo
    assert sys.getrefcount(stand_in) == before + 1  # one is kept, for a thread that may be on its way through


def test_what_is_no_builtin_is_refused() -> None:
    with pytest.raises(VirtualTimeUnavailable, match="stands in the place of a builtin function"):
        redirect(test_what_is_no_builtin_is_refused, print)


def test_this_interpreter_passes() -> None:
    check_interpreter()


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("implementation", type("Implementation", (), {"name": "pypy"}), "it needs CPython"),
        ("_is_gil_enabled", lambda: False, "it needs the GIL"),
    ],
)
def test_another_interpreter_is_told_the_way_out(
    name: str, value: Any, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, name, value, raising=False)
    with pytest.raises(VirtualTimeUnavailable, match=rf"{why}; run .* `--integrations-clock=real`"):
        check_interpreter()


def test_another_layout_is_told_instead_of_crashed_into(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_SELF", 3)
    with pytest.raises(VirtualTimeUnavailable, match=r"CPython 3\..* laid out in memory"):
        check_interpreter()


_THE_END_OF_AN_INTERPRETER = """
import ctypes, gc, time
from pytest_integrations.timekeeping import redirect as module

def row(builtin):
    address = module._fields_of(builtin)[module._ENTRY]
    return ctypes.string_at(address, ctypes.sizeof(module._Entry))

module.check_interpreter()
clone = module.clone(time.sleep)
undo = module.redirect(clone, print)
rows = [row(clone)]
undo()
rows.append(row(clone))
fields, size, entry = module._fields_of(clone), ctypes.sizeof(module._Entry), module._ENTRY
undo = module.redirect(clone, print)
redirected = fields[entry]
undo()
module.__dict__.clear()
gc.collect()
assert ctypes.string_at(redirected, size) == rows[0]
assert ctypes.string_at(fields[entry], size) == rows[1]
"""


def test_builtins_that_outlive_the_module_still_point_at_something() -> None:
    """The interpreter reads it when it ends; with this allocator freed memory is overwritten."""
    run = [sys.executable, "-c", _THE_END_OF_AN_INTERPRETER]
    environment = {**os.environ, "PYTHONMALLOC": "debug"}
    done = subprocess.run(run, check=False, env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
