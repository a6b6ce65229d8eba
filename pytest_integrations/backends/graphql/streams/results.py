"""From what a test pushes to a subscriber's result; where its callables run."""

from __future__ import annotations

from inspect import isawaitable
from typing import TYPE_CHECKING, Any

from pytest_integrations.backends.graphql.defaults import UNSET
from pytest_integrations.backends.handlers import shared_runner
from pytest_integrations.core.effect import Resolve
from pytest_integrations.wire.loop import shared_loop

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_integrations.backends.graphql.answered import Answered
    from pytest_integrations.backends.graphql.call import RecordedOperation
    from pytest_integrations.backends.graphql.engine import Engine, Executable, Result
    from pytest_integrations.core.effect import Field, FieldFault

__all__ = ["Results"]

Outcome = tuple["Result", tuple[Exception, ...]]


class Results:
    """Executes one subscription for each event."""

    def __init__(self, engine: Engine, operation: Executable, call: RecordedOperation) -> None:
        """Execute *operation* of *call*, spoilt as its faults say."""
        self._engine = engine
        self._operation = operation
        self._call = call
        spoils = [each.spoil for each in call.effects if isinstance(each, Resolve) and each.spoil is not None]
        self._spoils: list[Callable[[Field], FieldFault | None]] = spoils
        instead = [each.result for each in call.effects if isinstance(each, Resolve) and each.result is not None]
        self._instead = instead[-1] if instead else None

    def find(self, event: Answered, done: Callable[[Result, tuple[Exception, ...]], object]) -> None:
        """Give *done*, on the loop, the result of *event*, and what callables of the test raised on the way.

        Where no callable of the test is asked that is at once.
        """
        if event.is_request_error:
            done(event.completed({}), ())
        elif self._instead is not None:
            done(event.completed(dict(self._instead)), ())
        elif event.is_pure and self._engine.given.is_pure:
            result, causes = self._begin(event)
            done(event.completed(result), causes)
        else:
            shared_runner().submit(lambda: self._run(event, done))

    def _begin(self, event: Answered) -> Any:
        data = event.data
        if callable(data):
            data = data(dict(self._operation.operation.variables))
        if data is None:
            return {"data": None}, ()
        root = {} if data is UNSET else data
        return self._engine.begin(self._operation, root, spoil=self._spoil if self._spoils else None, call=self._call)

    def _spoil(self, field: Field) -> FieldFault | None:
        return next((fault for fault in (each(field) for each in self._spoils) if fault is not None), None)

    def _run(self, event: Answered, done: Callable[[Result, tuple[Exception, ...]], object]) -> None:
        try:
            outcome = self._begin(event)
        except BaseException as error:  # noqa: BLE001 -- raised by a callable of the test, to which it is told
            outcome = _failed(error)
        if isawaitable(outcome):
            shared_runner().submit_async(self._attempt(event, outcome, done))
        else:
            _hand_over(event, outcome, done)

    async def _attempt(self, event: Answered, outcome: Any, done: Callable[..., object]) -> None:
        try:
            found = await outcome
        except BaseException as error:  # noqa: BLE001 -- raised by a callable of the test, to which it is told
            found = _failed(error)
        _hand_over(event, found, done)


def _hand_over(event: Answered, outcome: Any, done: Callable[..., object]) -> None:
    result, causes = outcome
    shared_loop().post(lambda: done(event.completed(result), causes))


def _failed(error: BaseException) -> Any:
    return {"errors": [{"message": f"{type(error).__name__}: {error}"}]}, (error,)
