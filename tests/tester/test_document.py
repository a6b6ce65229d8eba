"""Files of cases: what is in them, and on which lines each case stands."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from pytest_integrations.core.errors import ScriptingError
from pytest_integrations.tester.document import Document

if TYPE_CHECKING:
    from pathlib import Path

TOML = """\
marks = ["slow"]

[[cases]]
name = "one"

# about the second
[[cases]]
name = "two"
faults = [
    "hang",
]
[cases.resilience]
attempts = 2
[[cases.fakes.stock.routes]]
route = "GET /"

# the end of the cases
[fakes.stock]
"""

YAML = """\
marks: [slow]
cases:
  - name: one

  # about the second
  - name: two
    faults:
      - hang
    resilience: {attempts: 2}

# the end of the cases
fakes: {stock: {}}
"""


def _read(tmp_path: Path, name: str, text: str) -> Document:
    file = tmp_path / name
    file.write_text(text, encoding="utf-8")
    return Document.read(file)


@pytest.mark.parametrize(
    ("name", "text", "lines"),
    [
        ("a.integration.toml", TOML, [(3, 4), (7, 15)]),
        ("a.integration.yaml", YAML, [(3, 3), (6, 9)]),
        ("a.integration.yml", YAML, [(3, 3), (6, 9)]),
        ("a.integration.yaml", "cases: [{name: one},\n {name: two}]", [(1, 1), (2, 2)]),
        ("a.integration.toml", f"a = 'b\u2028c\x85d'\n{TOML}", [(4, 5), (8, 16)]),
        ("a.integration.toml", f"\ufeff{TOML}", [(3, 4), (7, 15)]),
        ("a.integration.yaml", f"\ufeff{YAML}", [(3, 3), (6, 9)]),
        ("a.integration.toml", 'cases = [{ name = "one" },\n { name = "two" }]', [(1, 1), (1, 1)]),
    ],
)
def test_where_the_cases_stand(tmp_path: Path, name: str, text: str, lines: list[tuple[int, int]]) -> None:
    document = _read(tmp_path, name, text)

    assert [case["name"] for case in document.data["cases"]] == ["one", "two"]
    assert [(place.first, place.last) for place in document.places] == lines
    assert str(document.places[0]) == f"{tmp_path / name}:{lines[0][0]}"


def test_toml_and_yaml_say_the_same(tmp_path: Path) -> None:
    toml = _read(tmp_path, "a.integration.toml", TOML.replace('[[cases.fakes.stock.routes]]\nroute = "GET /"\n', ""))

    assert toml.data == _read(tmp_path, "a.integration.yaml", YAML).data


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.integration.toml", "cases = ", "a.integration.toml: not TOML: Invalid value (at end of document)"),
        ("a.integration.yaml", "cases: [", "a.integration.yaml: not YAML: while parsing a flow"),
        ("a.integration.yaml", "cases: []\nmarks: []\ncases: []", "a.integration.yaml: line 3: 'cases' is there twice"),
        ("a.integration.yaml", "- 1", "expected tables at the top level, such as cases, found list"),
        ("a.integration.yaml", "", "expected tables at the top level, such as cases, found NoneType"),
        ("a.integration.yaml", "cases: [{on: 1}]", "the key True is not a text: put it in quotes"),
        (
            "a.integration.yaml",
            "a: !!python/object/apply:os.system [ls]",
            "not YAML: could not determine a constructor",
        ),
        ("a.integration.yaml", "a: 2026-99-99", "a.integration.yaml: not YAML: month must be in 1..12"),
        ("a.integration.yaml", "a: &a [*a]", "has more than 100000 values"),
        (
            "a.integration.yaml",
            "a: &a [1,1,1,1,1,1,1,1,1,1]\n"
            + "".join(f"{b}: &{b} [{', '.join([f'*{a}'] * 10)}]\n" for a, b in zip("abcde", "bcdef", strict=True)),
            "has more than 100000 values",
        ),
        ("a.integration.yaml", "[" * 3000, "not YAML"),
        ("a.integration.toml", f"a = {'[' * 3000}{']' * 3000}", "not TOML: it is nested too deeply"),
        ("a.integration.toml", f"a = {'1' * 5000}", "a.integration.toml: not TOML: Exceeds the limit"),
        ("a.integration.toml", f"# {'x' * 1_000_001}", "has 1000003 characters; 1000000 are the most"),
    ],
)
def test_what_cannot_be_read(tmp_path: Path, name: str, text: str, said: str) -> None:
    with pytest.raises(ScriptingError) as caught:
        _read(tmp_path, name, text)
    assert said in str(caught.value)


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    file = tmp_path / "a.integration.toml"
    file.write_bytes(b"\xff")

    with pytest.raises(ScriptingError, match=r"a\.integration\.toml: 'utf-8' codec can't decode"):
        Document.read(file)
    with pytest.raises(ScriptingError, match="No such file"):
        Document.read(tmp_path / "b.integration.toml")


def test_yaml_without_its_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "yaml", None)

    with pytest.raises(
        ScriptingError, match=r"needs PyYAML: pip install 'pytest-integrations\[yaml\]', or write the file"
    ):
        _read(tmp_path, "a.integration.yaml", YAML)
