"""The cases of a file, read and checked before any is played; `docs/reference/cases.md` has the format."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from pytest_integrations.core.errors import ScriptingError, UnknownName
from pytest_integrations.core.when import When
from pytest_integrations.profiles.tables import WORDS

from .case import Case
from .document import Document
from .expected import Expected
from .injections import Injection
from .made import made
from .request import NOTHING
from .stage_reading import StageReader

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from pytest_integrations.backends.fake import Fake
    from pytest_integrations.core.fault import Fault
    from pytest_integrations.core.registry import Registry

    from .place import Place
    from .stage import ClientPlan, FakePlan
    from .stage_reading import Mark

__all__ = ["CaseFile", "FileCase"]

_FILE = ("description", "marks", "client", "fakes", "intercept", "cases")
_CASE = (
    "name",
    "description",
    "marks",
    "fakes",
    "call",
    "request",
    "expect",
    "faults",
    "attempts",
    "within",
    "resilience",
    "received",
    "repeat",
    "every",
)
_EXPECT = ("status", "json", "json_has", "text", "contains", "headers", "value", "raises")
_FAULT = ("fault", "settings", "fake", "operation", "on")
_CASES_AT_MOST = 1000
_TOLD_AT_MOST = 20
_NAME = re.compile(r"[^\s\[\]]([^\[\]\n\r\t]*[^\s\[\]])?")
_TAKEN = re.compile(r"__|pytest|(setup|teardown)_(module|function)$|(setUp|tearDown)Module$")
"""How names of modules begin that mean something to pytest, for which the cases of a file are what is in a module."""


@dataclass(frozen=True, slots=True)
class FileCase:
    """One case of a file: what is played, on which fakes, and its markers."""

    case: Case
    place: Place
    fakes: tuple[FakePlan, ...]
    marks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class CaseFile:
    """Everything that a file says."""

    client: ClientPlan
    intercept: Mapping[str, str]
    marks: tuple[Mark, ...]
    cases: tuple[FileCase, ...]

    @classmethod
    def read(cls, file: Path, faults: Registry[type[Fault]], kinds: Registry[type[Fake]]) -> CaseFile:
        """Read *file*; *faults* and *kinds* of fakes are those that it may name.

        Raises a `ScriptingError` with a line for each case that is wrong: the file and its line, the key, the value
        and the valid ones.
        """
        document = Document.read(file)
        reader = StageReader(file.name, faults, kinds)
        table = document.data
        reader.only(table, _FILE, "the file")
        fakes = {plan.name: plan for plan in reader.fakes(table.get("fakes", {}), "fakes")}
        client = reader.client(table.get("client", {}), "client", fakes)
        intercept = reader.intercept(table.get("intercept", {}), "intercept", fakes)
        marks = reader.marks(table.get("marks", []), "marks")
        values = reader.array(table.get("cases", []), "cases")
        if not values or len(values) > _CASES_AT_MOST:
            reader.fail(
                "cases", f"expected 1 to {_CASES_AT_MOST} cases, each beginning with [[cases]]; found {len(values)}"
            )
        found: list[FileCase] = []
        wrong: list[str] = []
        for value, place in zip(values, document.places, strict=True):
            try:
                found.append(_CaseReader(file, faults, kinds, place, value).case(client, fakes, found))
            except ScriptingError as error:
                wrong.append(str(error))
        if wrong:
            more = [f"and {len(wrong) - _TOLD_AT_MOST} more"] if len(wrong) > _TOLD_AT_MOST else []
            raise ScriptingError("\n".join([*wrong[:_TOLD_AT_MOST], *more]))
        return cls(client, intercept, marks, tuple(found))


class _CaseReader(StageReader):
    """Reads one case, whose name and line are in its messages."""

    def __init__(
        self,
        file: Path,
        faults: Registry[type[Fault]],
        kinds: Registry[type[Fake]],
        place: Place,
        value: object,
    ) -> None:
        name = value.get("name") if isinstance(value, dict) else None
        super().__init__(f"{file.name}:{place.first}: {f'case {name!r}' if name else 'case'}", faults, kinds)
        self._place = place
        self._value = value

    def case(self, client: ClientPlan, fakes: Mapping[str, FakePlan], earlier: Sequence[FileCase]) -> FileCase:
        table = self.table(self._value, "cases")
        self.only(table, _CASE, "cases")
        name = self._name(table, earlier)
        plans = self._fakes(table, fakes)
        faults = tuple(
            self._injection(each, f"faults[{number}]", plans if client.fixture is None else ())
            for number, each in enumerate(self.array(table.get("faults", []), "faults"))
        )
        resilience = self.table(table.get("resilience", {}), "resilience")
        expect = self._expect(table.get("expect", NOTHING))
        try:
            case = Case.of(
                name,
                request=table.get("request", NOTHING),
                expect=Expected(**expect),
                faults=faults,
                attempts=table.get("attempts"),
                within=table.get("within"),
                resilience=made(resilience),
                received=table.get("received", ()),
                repeat=table.get("repeat", 1),
                every=table.get("every", 0),
                call=table.get("call"),
                place=self._place,
            )
        except ScriptingError as error:
            msg = f"{self.file}: {' '.join(str(error).split())}"
            raise ScriptingError(msg) from error
        return FileCase(case, self._place, plans, self.marks(table.get("marks", []), "marks"))

    def _name(self, table: Mapping[str, Any], earlier: Sequence[FileCase]) -> str:
        if "name" not in table:
            self.fail("name", 'is missing; each case has one, such as name = "an order is paid"')
        name = self.text(table["name"], "name")
        if not _NAME.fullmatch(name) or "::" in name or _TAKEN.match(name):
            self.fail(
                "name",
                f"{name!r} is no name for a test: valid is one line without brackets and '::', not beginning with '__'",
            )
        twin = next((each for each in earlier if each.case.name == name), None)
        if twin is not None:
            self.fail("name", f"{name!r} is the name of the case on line {twin.place.first} too; choose another")
        return name

    def _fakes(self, table: Mapping[str, Any], fakes: Mapping[str, FakePlan]) -> tuple[FakePlan, ...]:
        """Return the fakes of the file, with what the case itself adds to them."""
        plans = dict(fakes)
        for own in self.fakes(table.get("fakes", {}), "fakes", fakes):
            known = plans.get(own.name)
            plans[own.name] = own if known is None else known.with_more(own)
        return tuple(plans.values())

    def _expect(self, value: object) -> dict[str, Any]:
        if value is NOTHING:
            return {}
        if isinstance(value, int) and not isinstance(value, bool):
            value = {"status": value}
        table = self.table(value, "expect")
        self.only(table, _EXPECT, "expect")
        for name in ("text", "contains", "raises"):
            if name in table:
                self.text(table[name], f"expect.{name}")
        headers = self.table(table.get("headers", {}), "expect.headers")
        return {**table, "headers": {name: str(pattern) for name, pattern in headers.items()}}

    def _injection(self, value: object, key: str, plans: Sequence[FakePlan]) -> Injection:
        table = self.table({"fault": value} if isinstance(value, str) else value, key)
        self.only(table, (*_FAULT, *WORDS), key)
        if "fault" not in table:
            self.fail(key, 'has no fault, such as fault = "status"')
        fault = self.fault(self.text(table["fault"], f"{key}.fault"), table.get("settings", {}), key)
        fake = self.text(table["fake"], f"{key}.fake") if "fake" in table else None
        names = [plan.name for plan in plans]
        if fake is not None and names and not any(fnmatchcase(name, fake) for name in names):
            self.fail(f"{key}.fake", str(UnknownName("fake", fake, names)))
        if fake is None and len(names) > 1:
            self.fail(f"{key}.fake", f"is missing: which of {', '.join(names)} is it for?")
        when = self.when(table)
        try:
            When.of(dict(when))
        except ScriptingError as error:
            self.fail(key, str(error), error)
        operation = self.text(table.get("operation", "*"), f"{key}.operation")
        on = self.table(table["on"], f"{key}.on") if "on" in table else None
        return Injection((fault,), when, None, fake, operation, on)
