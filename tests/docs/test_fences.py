"""Runs the code of README.md, of every page and of every docstring, and compares what it prints with what they show."""

from __future__ import annotations

import ast
import asyncio
import doctest
import gc
import glob
import importlib
import re
import shlex
import tomllib
from fnmatch import fnmatch
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import pytest

from tests.docs import fences as found

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.docs.fences import Fence

_LIBRARIES = (
    "examples.grpc_client.schema",  # and with it grpc_tools and protobuf, in C
    "fastapi.testclient",
    "google.protobuf.json_format",
    "google.protobuf.message_factory",
    "hypothesis",
    "requests",
    "trustme",
)
for _module in (*dict.fromkeys(each[0] for each in found.docstrings()), *_LIBRARIES):
    importlib.import_module(_module)  # here, since pytester forgets what is first imported in a run of its own

_ALL = found.page_fences() + found.docstring_fences()
_FIXTURES = (
    "fake_rest",
    "fake_graphql",
    "fake_grpc",
    "fake_amqp",
    "fake_redis",
    "fake_sqs",
    "fake_kafka",
    "fakes",
    "grpc_servicer",
    "integration_tester",
    "virtual_clock",
)
_PLAIN = ("-p", "no:randomly", "-p", "no:cacheprovider", "-W", "default", "-W", "ignore::ResourceWarning")
"""What makes pytest run as for a reader, who has not our configuration.

Examples leave the answers in a client's errors to the garbage collector, which would warn of them when it likes.
"""
_IN_VIRTUAL_TIME = """
def pytest_collection_modifyitems(items):
    for item in items:
        item.add_marker("virtual_time")
"""
"""For tests that a reader runs in real time, and whose verdict a busy machine could change."""
_OUTCOMES = {"passed", "failed", "errors", "skipped", "xfailed", "xpassed", "warnings"}


pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")


@pytest.fixture(scope="module", autouse=True)
def _little_to_sweep() -> Iterator[None]:
    """Take what is there already out of the collector's sight, so that sweeping after each example costs little."""
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture(autouse=True)
def _swept() -> Iterator[None]:
    """Collect what an example leaves open within its own test; a later one would fail of the warning.

    The present event loop, which clients that are not asynchronous themselves leave behind, is held by asyncio.
    """
    yield
    asyncio.set_event_loop(None)
    gc.collect()


def _each(fences: list[Fence]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("fence", [pytest.param(each, id=each.id, marks=_needs(each)) for each in fences])


def _needs(fence: Fence) -> list[pytest.MarkDecorator]:
    """Skip what needs something that is not here, and is installed for its own page by test_neighbours."""
    module = fence.notes.get("needs")
    return [pytest.mark.skip(f"needs {module}: pytest -m frameworks")] if module and not find_spec(module) else []


@_each([fence for fence in _ALL if fence.runs and fence.defines_tests])
def test_tests_shown_behave_as_told(fence: Fence, pytester: pytest.Pytester) -> None:
    for file in fence.files:
        target = pytester.path / file.notes["file"]
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(file.code, encoding="utf-8")
    seen_inside = ("pytest_integrations", "pytest_integrations.faults", fence.module) if fence.module else ()
    header = "".join(f"from {module} import *\n" for module in seen_inside)
    name = fence.notes.get("as", "test_shown.py").removesuffix(".py")
    pytester.makepyfile(**{name: header + "".join(part.code for part in (*fence.earlier, fence))})
    pytester.syspathinsert()
    if fence.notes.get("clock") == "virtual":
        pytester.makeconftest(_IN_VIRTUAL_TIME)

    result = pytester.runpytest_inprocess(*_PLAIN, *_arguments(fence))

    seen = {name: count for name, count in result.parseoutcomes().items() if name in _OUTCOMES}
    assert seen == _expected_outcomes(fence), f"{fence.id} did not end as its page says"
    _compare(fence, result.stdout)


@_each([fence for fence in _ALL if fence.runs and not fence.defines_tests])
def test_code_shown_runs(
    fence: Fence, request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    raises = _expectations(fence).get("raises")
    names = _names_inside(fence.module) if fence.module else {"__name__": "__page__"}
    for part in (*fence.earlier, fence):
        code = compile(part.padded(), str(part.source), "exec", dont_inherit=True)
        for fixture in _fixtures_used(part) - set(names):
            names[fixture] = request.getfixturevalue(fixture)
        if part is fence and raises:
            with pytest.raises(Exception) as caught:  # noqa: PT011 -- the page says which, the next line looks
                exec(code, names)
            assert caught.type.__name__ == raises
            shown = f"{raises}: {caught.value}"
        else:
            capsys.readouterr()
            exec(code, names)
            shown = capsys.readouterr().out
    _compare(fence, pytest.LineMatcher(shown.splitlines()))


@_each([fence for fence in _ALL if fence.language == "pycon"])
def test_sessions_shown_print_what_they_show(fence: Fence) -> None:
    _run_doctest(fence.code, {}, fence.id, fence.line)


_EXAMPLES = [item for item in found.docstrings() if ">>>" in item[3]]


@pytest.mark.parametrize(
    ("module", "file", "line", "text"), _EXAMPLES, ids=[f"{module}:{line}" for module, _, line, _ in _EXAMPLES]
)
def test_docstring_examples_print_what_they_show(module: str, file: object, line: int, text: str) -> None:
    _run_doctest(text, _names_inside(module), f"{file}:{line}", line)


@_each([fence for fence in _ALL if fence.language == "toml"])
def test_toml_shown_can_be_read(fence: Fence) -> None:
    tomllib.loads(fence.code)


@_each([fence for fence in _ALL if fence.language == "python" or fence.notes.keys() & found.NOTES])
def test_comments_above_fences_say_something_known(fence: Fence) -> None:
    unknown = fence.notes.keys() - found.NOTES
    assert not unknown, f"{fence.id}: {sorted(unknown)} is none of {sorted(found.NOTES)}"
    assert not (fence.language == "python" and "skip" in fence.notes), f"{fence.id}: Python in a page is always run"
    assert "skip" not in fence.notes or fence.notes["skip"], f"{fence.id}: a skip tells its reason"
    strange = _expectations(fence).keys() - _OUTCOMES - {"raises"}
    assert not strange, f"{fence.id}: nobody can expect {sorted(strange)}"


def _names_inside(module: str) -> dict[str, Any]:
    """Return what an example in a docstring may name: the public face, the faults, and its own module."""
    names: dict[str, Any] = {}
    for shared in map(importlib.import_module, ("pytest_integrations", "pytest_integrations.faults")):
        names |= {name: getattr(shared, name) for name in getattr(shared, "__all__", ())}
    return names | vars(importlib.import_module(module))


def _expectations(fence: Fence) -> dict[str, str]:
    pairs = (part.partition("=") for part in fence.notes.get("expect", "").split(",") if part.strip())
    return {key.strip(): value.strip() for key, _, value in pairs}


def _expected_outcomes(fence: Fence) -> dict[str, int]:
    told = {key: int(value) for key, value in _expectations(fence).items()}
    if told:
        return told
    shown = ast.parse("".join(part.code for part in (*fence.earlier, fence)))
    tests = [n for n in ast.walk(shown) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
    return {"passed": sum(node.name.startswith("test_") for node in tests)}


def _arguments(fence: Fence) -> list[str]:
    """Return the arguments of the command that the page shows, or those of an `args:` note."""
    command = (fence.output.code if fence.output else "").partition("\n")[0]
    if command.startswith("$ pytest"):
        return shlex.split(command.removeprefix("$ pytest"))
    return shlex.split(fence.notes.get("args", ""))


def _fixtures_used(fence: Fence) -> set[str]:
    used = {node.id for node in ast.walk(ast.parse(fence.code)) if isinstance(node, ast.Name)}
    return used & set(_FIXTURES)


def _compare(fence: Fence, printed: pytest.LineMatcher) -> None:
    """Compare with the fence below: its lines occur, in order; see `_pattern`."""
    if fence.output:
        lines = [line for line in fence.output.code.splitlines() if line.strip(" .") and not line.startswith("$ ")]
        bare = pytest.LineMatcher([line.rstrip() for line in printed.lines])  # as in a page, where none ends in spaces
        bare.fnmatch_lines([_pattern(line) for line in lines])


_TIME = re.compile(r"\d+(\.\d\d\d? ?s\b)")


def _pattern(line: str) -> str:
    """Return what a shown *line* matches: `...` stands for anything, a measured time (0.071 s, 0.83s) for any other."""
    loose = _TIME.sub(lambda time: "*[0-9]" + re.sub(r"\d", "[0-9]", time[1]), glob.escape(line))
    return loose.replace("...", "*")


def test_a_shown_time_stands_for_any_other() -> None:
    shown = _pattern("#1  0.070 s  +1.001 s  [200] ...  1 failed in 0.83s")
    assert fnmatch("#1  0.009 s  +12.345 s  [200] anything  1 failed in 12.05s", shown)
    assert not fnmatch("#1  0.07 s  +1.001 s  [200] ...  1 failed in 0.83s", shown)
    assert not fnmatch("#2  0.070 s  +1.001 s  [200] ...  1 failed in 0.83s", shown)


def _run_doctest(text: str, names: dict[str, Any], place: str, line: int) -> None:
    example = doctest.DocTestParser().get_doctest(text, names, place, place, line)
    said: list[str] = []
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    runner.run(example, out=said.append)
    assert not runner.failures, "".join(said)
