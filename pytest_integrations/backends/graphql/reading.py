"""What one request asks for, read and checked; the same request is read once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .engine import Executable, Rejected
from .refusal import HttpRefusal
from .request import asked

if TYPE_CHECKING:
    from pytest_integrations.core.graphql_call import Operation
    from pytest_integrations.wire.http1.service import Prepared

    from .call import RecordedOperation
    from .fake import FakeGraphQL
    from .request import Asked
    from .rules import OperationRule

__all__ = ["Found", "Reader", "Reading"]

_MAX_REMEMBERED = 512
_MAX_LENGTH = 32 * 1024
"""Bytes of a request that is remembered."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The operations of one request, or the refusal of it."""

    asked: Asked | None = None
    operations: tuple[Executable | Rejected, ...] = ()
    refusal: HttpRefusal | None = None
    ready: dict[tuple[int, ...], Prepared] = field(default_factory=dict)
    """Replies that were made for it before, by the answers that they were made of."""

    @property
    def titled(self) -> tuple[Operation, ...]:
        """What was asked for, as far as that could be understood."""
        return tuple(each.operation for each in self.operations if each.operation is not None)


@dataclass(frozen=True, slots=True)
class Found:
    """What one call asks for, and the rule that answers each operation of it, where there is one."""

    reading: Reading
    rules: tuple[OperationRule | None, ...] = ()


class Reader:
    """Reads the requests to one fake."""

    def __init__(self, fake: FakeGraphQL) -> None:
        """Read for *fake*."""
        self._fake = fake
        self._known: dict[tuple[bytes, bytes], Reading] = {}

    def forget(self) -> None:
        """Forget what was read, and with it the replies that were made ready."""
        self._known = {}

    def find(self, call: RecordedOperation) -> Found:
        """Return what *call* asks for, and who answers it; what predicates of the test raise is raised."""
        reading = self._read(call)
        rules = self._fake.rules
        if not rules.all:
            return Found(reading, (None,) * len(reading.operations))
        chosen = (rules.for_(each.operation) if isinstance(each, Executable) else None for each in reading.operations)
        return Found(reading, tuple(chosen))

    def _read(self, call: RecordedOperation) -> Reading:
        known, key = self._known, (call.head, call.body)  # the test's thread may forget meanwhile
        reading = known.get(key)
        if reading is None:
            reading = self._read_anew(call)
            if len(call.head) + len(call.body) <= _MAX_LENGTH and not _is_stored(call):
                if len(known) >= _MAX_REMEMBERED:
                    known.clear()
                known[key] = reading
        return reading

    def _read_anew(self, call: RecordedOperation) -> Reading:
        try:
            request = asked(call, self._fake.limits)
            operations = tuple(self._operation(parameters, request) for parameters in request.parameters)
        except HttpRefusal as refusal:
            return Reading(refusal=refusal)
        return Reading(request, operations)

    def _operation(self, parameters: Any, request: Asked) -> Executable | Rejected:
        fake = self._fake
        resolved = fake.persisted.resolved(parameters, automatic=fake.persisted_queries)
        operation = resolved if isinstance(resolved, Rejected) else fake.engine.read(resolved)
        if request.is_get and isinstance(operation, Executable) and operation.operation.kind == "mutation":
            raise HttpRefusal(405, "a mutation is sent by POST, GET is for queries", {"Allow": "POST"})
        return operation


def _is_stored(call: RecordedOperation) -> bool:
    """Tell whether *call* may name a document in place of sending it, so that it means something else tomorrow."""
    return any(word in part for word in (b"persistedQuery", b"documentId") for part in (call.head, call.body))
