"""The execution of what one request asks for: where its callables run, and the reply that comes of it."""

from __future__ import annotations

from collections.abc import Callable
from inspect import isawaitable
from typing import TYPE_CHECKING, Any, cast

from pytest_integrations.core.effect import Resolve

from .defaults import UNSET
from .engine import Executable, Rejected
from .incremental import in_parts
from .negotiation import JSON, MIXED
from .responses import replied, status_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Sequence

    from pytest_integrations.core.effect import Field, FieldFault
    from pytest_integrations.core.reply import Reply

    from .answered import Answered
    from .call import RecordedOperation
    from .engine import Engine, Result
    from .reading import Reading
    from .responses import StatusPolicy

__all__ = ["Work"]

Outcome = tuple["Result", tuple[Exception, ...]]
Spoil = Callable[["Field"], "FieldFault | None"]


class Work:
    """Executes the operations of one call."""

    def __init__(self, engine: Engine, policy: StatusPolicy, reading: Reading, answers: Sequence[Answered]) -> None:
        """Answer what was read by these *answers*, one for each operation."""
        self._engine = engine
        self._policy: StatusPolicy = policy
        self._reading = reading
        self._answers = answers
        self.causes: list[Exception] = []
        """What callables of the test raised, and mistakes in its data."""

    @property
    def is_pure(self) -> bool:
        """Whether no callable of the test is asked, so that the I/O thread can do it."""
        given = self._engine.given
        return given.is_pure and not self.is_in_parts and all(answer.is_pure for answer in self._answers)

    @property
    def is_in_parts(self) -> bool:
        """Whether the result may come in parts: if its operation leaves something for later, and its client can."""
        request, operation = self._reading.asked, self._reading.operations[0]
        return (
            isinstance(operation, Executable)
            and operation.document.defers
            and operation.operation.kind != "subscription"
            and not self._answers[0].is_request_error
            and request is not None
            and not request.is_batch
            and request.accepted.parameters(MIXED) is not None
        )

    # -- executing

    def begin(self, call: RecordedOperation) -> Reply | Awaitable[Reply]:
        """Execute all operations, and return the reply; an awaitable of it where a callable is `async def`."""
        spoil, instead = _spoiling(call)
        if instead is not None:
            results = [each.result if isinstance(each, Rejected) else instead for each in self._reading.operations]
            return self._reply([(result, ()) for result in results])
        if self.is_in_parts:
            return self._deliver(spoil, call)
        asked = list(zip(self._reading.operations, self._answers, strict=True))
        roots = [_root(*each) for each in asked]  # functions of the test first: if one raises, nothing has begun
        outcomes = [
            self._outcome(operation, root, spoil, call)
            for operation, root in zip(self._reading.operations, roots, strict=True)
        ]
        if any(map(isawaitable, outcomes)):
            return self._later(outcomes)
        return self._reply(cast("list[Outcome]", outcomes))

    async def _later(self, outcomes: list[Any]) -> Reply:
        return self._reply([await each if isawaitable(each) else each for each in outcomes])

    def _outcome(
        self, operation: Executable | Rejected, root: Any, spoil: Spoil | None, call: RecordedOperation
    ) -> Outcome | Awaitable[Outcome]:
        if isinstance(operation, Rejected):
            return operation.result, ()
        if root is UNSET:
            return {}, ()
        if root is None:
            return {"data": None}, ()
        outcome: Outcome | Awaitable[Outcome] = self._engine.begin(operation, root, spoil=spoil, call=call)
        return outcome

    async def _deliver(self, spoil: Spoil | None, call: RecordedOperation) -> Reply:
        operation, answer = cast("Executable", self._reading.operations[0]), self._answers[0]
        root = _root(operation, answer)
        if root is None:
            return self._reply([({"data": None}, ())])
        parts, causes = await self._engine.deliver(operation, root, spoil=spoil, call=call)
        if len(parts) == 1 or answer.status is not None:
            return self._reply([(parts[0], tuple(causes))])
        self.causes += causes
        wanted = cast("Any", self._reading.asked).accepted.parameters(MIXED)
        return in_parts([answer.completed(parts[0]), *parts[1:]], wanted, answer.headers)

    # -- replying

    def _reply(self, outcomes: Sequence[Outcome]) -> Reply:
        results = []
        for (result, causes), answer in zip(outcomes, self._answers, strict=True):
            self.causes += causes
            results.append(answer.completed(result))
        request = self._reading.asked
        media = (request.accepted.media if request is not None else None) or JSON
        headers = tuple(field for answer in self._answers for field in answer.headers)
        if request is not None and request.is_batch:
            return replied(results, 200, media, headers)
        answer, operation = self._answers[0], self._reading.operations[0]
        phase = operation.phase if isinstance(operation, Rejected) else None
        status = answer.status or status_of(self._policy, media, results[0], phase)
        return replied(results[0], status, media, headers)


def _root(operation: Executable | Rejected, answer: Answered) -> Any:
    """Return what *answer* gives for the fields at the root; None for no data, `UNSET` where nothing is executed."""
    if isinstance(operation, Rejected) or answer.is_request_error:
        return UNSET
    data = answer.data
    if callable(data):
        data = data(dict(operation.operation.variables))
    return {} if data is UNSET else data


def _spoiling(call: RecordedOperation) -> tuple[Spoil | None, Result | None]:
    """Return what the faults of *call* do to fields, and the result that takes the place of all execution."""
    spoils = [each.spoil for each in call.effects if isinstance(each, Resolve) and each.spoil is not None]
    instead = [each.result for each in call.effects if isinstance(each, Resolve) and each.result is not None]
    if not spoils:
        return None, dict(instead[-1]) if instead else None

    def spoil(field: Field) -> FieldFault | None:
        return next((fault for fault in (each(field) for each in spoils) if fault is not None), None)

    return spoil, dict(instead[-1]) if instead else None
