"""A file of cases as plain data, and the lines that each case stands on."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from pytest_integrations.core.errors import ScriptingError

from .place import Place

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

__all__ = ["Document"]

_BYTES_AT_MOST = 1_000_000
_VALUES_AT_MOST = 100_000
_TABLE_OF_CASES = re.compile(r"\s*\[\[\s*cases\s*\]\]")
_OTHER_TABLE = re.compile(r"\s*\[(?!\[?\s*cases\s*\.)")
_EMPTY = re.compile(r"\s*(#.*)?$")


@dataclass(frozen=True, slots=True)
class Document:
    """What stands in a file, and where its cases stand."""

    data: Mapping[str, Any]
    places: Sequence[Place]

    @classmethod
    def read(cls, file: Path) -> Document:
        """Read a *file* of TOML or YAML, as its name says; what is not is a `ScriptingError` that names the line."""
        try:
            text = file.read_text(encoding="utf-8-sig")  # some editors of Windows begin with a mark
        except (OSError, UnicodeDecodeError) as error:
            _fail(file, str(error), error)
        if len(text) > _BYTES_AT_MOST:
            _fail(file, f"has {len(text)} characters; {_BYTES_AT_MOST} are the most")
        data, lines = _toml(file, text) if file.suffix == ".toml" else _yaml(file, text)
        if not isinstance(data, dict):
            _fail(file, f"expected tables at the top level, such as cases, found {type(data).__name__}")
        _measure(file, data)
        cases = data.get("cases")
        count = len(cases) if isinstance(cases, list) else 0
        if len(lines) != count:  # written in a way that has no lines of its own
            lines = [(1, 1)] * count
        return cls(data, [Place(str(file), first, last) for first, last in lines])


def _toml(file: Path, text: str) -> tuple[Any, list[tuple[int, int]]]:
    try:
        data = tomllib.loads(text)
    except ValueError as error:  # a TOMLDecodeError, or of a number that is too long
        _fail(file, f"not TOML: {error}", error)
    except RecursionError as error:
        _fail(file, "not TOML: it is nested too deeply", error)
    rows = text.split("\n")  # lines as editors count them, whatever other signs part lines for Python
    begins = [number for number, row in enumerate(rows) if _TABLE_OF_CASES.match(row)]
    ends = [_end(rows, begin) for begin in begins]
    return data, [(begin + 1, end) for begin, end in zip(begins, ends, strict=True)]


def _end(rows: Sequence[str], begin: int) -> int:
    """Return the number of the last line, counted from 1, of the case whose header stands in row *begin*."""
    after = (number for number in range(begin + 1, len(rows)) if _OTHER_TABLE.match(rows[number]))
    return _last(rows, begin, next(after, len(rows)))


def _last(rows: Sequence[str], begin: int, end: int) -> int:
    """Return the number of the last line before *end* that says something."""
    while end > begin + 1 and _EMPTY.match(rows[end - 1]):
        end -= 1
    return end


def _yaml(file: Path, text: str) -> tuple[Any, list[tuple[int, int]]]:
    try:
        import yaml
    except ModuleNotFoundError as error:
        _fail(file, "needs PyYAML: pip install 'pytest-integrations[yaml]', or write the file in TOML", error)
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        data = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError) as error:
        _fail(file, f"not YAML: {error}", error)
    except RecursionError as error:
        _fail(file, "not YAML: it is nested too deeply", error)
    rows = text.splitlines()
    if root is not None:
        _refuse_twins(file, root)
    return data, [(item.start_mark.line + 1, _yaml_end(rows, item)) for item in _cases_in(root)]


def _yaml_end(rows: Sequence[str], item: Any) -> int:
    """Return the number of the last line of an *item*; a block has its end mark at what comes after it."""
    begin, end = item.start_mark.line, item.end_mark.line
    return _last(rows, begin, end if item.id == "mapping" and not item.flow_style else end + 1)


def _cases_in(root: Any) -> list[Any]:
    """Return the nodes of the cases in the *root* node of YAML."""
    entries = root.value if root is not None and root.id == "mapping" else ()
    found = next((value for key, value in entries if key.value == "cases"), None)
    return list(found.value) if found is not None and found.id == "sequence" else []


def _refuse_twins(file: Path, root: Any) -> None:
    """Refuse a key that stands twice in a mapping: of these, YAML's loader takes the last, and says nothing."""
    waiting, seen = [root], set()
    while waiting:
        node = waiting.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        keys: set[str] = set()
        for key, value in node.value if node.id == "mapping" else ():
            if key.id == "scalar" and key.value in keys and key.value != "<<":
                _fail(file, f"line {key.start_mark.line + 1}: {key.value!r} is there twice")
            keys.add(str(key.value))
            waiting.append(value)
        waiting += node.value if node.id == "sequence" else ()


def _measure(file: Path, data: Any) -> None:
    """Refuse what is larger than anybody writes: anchors of YAML can multiply without an end."""
    for count, value in enumerate(_values(data), 1):
        if count > _VALUES_AT_MOST:
            _fail(file, f"has more than {_VALUES_AT_MOST} values")
        if isinstance(value, dict):
            for key in value:
                if not isinstance(key, str):
                    _fail(file, f"the key {key!r} is not a text: put it in quotes")


def _values(data: Any) -> Iterator[Any]:
    waiting = [data]
    while waiting:
        value = waiting.pop()
        yield value
        waiting += value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()


def _fail(file: Path, what: str, cause: Exception | None = None) -> NoReturn:
    msg = f"{file.name}: {what}"
    raise ScriptingError(msg) from cause
