"""Files of cases as pytest collects them: one test for each case, with markers, profiles and fixtures as others have.

To pytest a file is a module in which each case is a function. It stands on the lines of its case, so that a failure
shows them.
"""

from __future__ import annotations

import warnings
from functools import cached_property, partial
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

import pytest

from pytest_integrations.core.errors import FaultNeverFired, IntegrationsError
from pytest_integrations.tester.play import play
from pytest_integrations.tester.reading import CaseFile
from pytest_integrations.tester.result import CaseResults
from pytest_integrations.tester.stage import filled

from .cases import record
from .registries import registries

if TYPE_CHECKING:
    from pytest_integrations.tester.reading import FileCase
    from pytest_integrations.tester.stage_reading import Mark

    from .factory import Fakes

__all__ = ["CaseModule"]


class CaseModule(pytest.Module):
    """A file of cases."""

    def _getobj(self) -> ModuleType:
        return self._cases

    @cached_property
    def _cases(self) -> ModuleType:
        """The cases as a module of functions."""
        known = registries(self.config)
        try:
            file = CaseFile.read(self.path, known.faults, known.backends)
        except IntegrationsError as error:
            raise self.CollectError(str(error)) from None
        module = ModuleType(self.path.name.partition(".")[0], f"The cases of {self.path.name}.")
        module.__file__ = str(self.path)
        module.__dict__["pytestmark"] = self._marks(file.marks)
        for each in file.cases:
            module.__dict__[each.case.name] = self._function(file, each, module.__name__)
        return module

    def _function(self, file: CaseFile, each: FileCase, module: str) -> FunctionType:
        function = each.place.function(partial(_play, file, each), "request, fakes", hidden=True)
        function.__name__ = function.__qualname__ = each.case.name
        function.__module__ = module
        function.__dict__["pytestmark"] = self._marks(each.marks)
        return function

    def _marks(self, marks: tuple[Mark, ...]) -> list[pytest.MarkDecorator]:
        return [getattr(pytest.mark, mark.name).with_args(*mark.arguments, **mark.options) for mark in marks]

    def istestfunction(self, obj: object, name: str) -> bool:
        """Tell whether *obj* is one of the cases, whatever it is called."""
        return isinstance(obj, FunctionType)


def _play(file: CaseFile, each: FileCase, request: pytest.FixtureRequest, fakes: Fakes) -> None:
    """Play one case on fakes of its own."""
    __tracebackhide__ = True

    def fill(value: Any) -> Any:
        return filled(value, {fake.name: fake for fake in fakes}, request.node.path)

    try:
        for plan in each.fakes:
            plan.start(fakes.make, fill)
        for url, name in file.intercept.items():
            request.getfixturevalue("intercept")(url, fakes[name])
        client = file.client.client(fill, request.getfixturevalue)
        result = play(each.case.filled(fill), client, tuple(fakes))
    except IntegrationsError as error:
        each.place.raise_here(error.with_traceback(None))
    request.addfinalizer(partial(record, request.node, CaseResults([result])))
    if result.passed and result.never_fired:
        warnings.warn(FaultNeverFired(f"passed without its fault: {result.never_fired[0]} never fired"), stacklevel=2)
    result.check()
