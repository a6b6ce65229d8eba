"""A suite that uses no fake is as it would be without the plugin: nothing hidden works, nothing else is printed."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from tests.architecture.package import name, sources, tree

if TYPE_CHECKING:
    import pytest

GLOBALS_ALLOWED = {
    ("backends/handlers.py", "_shared"): "the worker threads of the process, made anew after a fork",
    ("wire/loop.py", "_shared"): "the one I/O thread of the process, made on first use and anew after a fork",
}
"""(file, variable) to the reason why that one is rebound at run time."""


def test_no_fixture_is_autouse() -> None:
    found = [
        f"{name(file)}:{node.value.lineno}"
        for file in sources()
        for node in ast.walk(tree(file))
        if isinstance(node, ast.keyword) and node.arg == "autouse"
    ]
    assert not found, "an autouse fixture of a plugin runs for every test of every project"


def test_no_module_state_is_rebound() -> None:
    found = {
        (name(file), variable)
        for file in sources()
        for node in ast.walk(tree(file))
        if isinstance(node, ast.Global)
        for variable in node.names
    }
    assert found == GLOBALS_ALLOWED.keys()


SUITE = """
import threading, unittest, warnings
import pytest

@pytest.fixture
def thing():
    yield 1

def test_passes(thing):
    print("said")

@pytest.mark.parametrize("n", [1, 2])
def test_fails(n):
    assert n == 1

@pytest.mark.skip(reason="because")
def test_skipped(): pass

@pytest.mark.xfail
def test_expected(): assert False

def test_warns():
    warnings.warn("careful")

def test_errors(no_such_fixture): pass

class TestCase(unittest.TestCase):
    def test_method(self):
        with self.subTest("inner"):
            self.assertEqual(1, 1)

def test_nobody_else_is_here():
    assert [t.name for t in threading.enumerate()] == ["MainThread"]
"""


def _printed(pytester: pytest.Pytester, *options: str) -> list[str]:
    arguments = ("-v", "-rA", "-p", "no:randomly", "-p", "no:xdist", "-p", "no:cacheprovider", *options)
    lines = pytester.runpytest_subprocess(*arguments).outlines
    # The header lists what is installed, the fixtures and the closing line differ by nature.
    lines = [line for line in lines if not line.startswith(("plugins:", ">       available fixtures"))]
    lines = [line for line in lines if "available fixtures:" not in line]
    return [re.sub(r"=+ (.* in) [\d.]+s =+", r"\1", line) for line in lines]


def test_a_suite_without_fakes_prints_the_same(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_suite=SUITE)

    with_us, without = _printed(pytester), _printed(pytester, "-p", "no:integrations")

    assert with_us == without
    assert any("1 failed, 5 passed, 1 skipped, 1 xfailed, 1 warning, 1 error" in line for line in with_us)
