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

__all__ = ["Reader", "Reading"]

_MAX_REMEMBERED = 512
_MAX_LENGTH = 32 * 1024
"""Bytes of a request that is remembered."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The operations of one request, with the rule that answers each, or the refusal of the request."""

    asked: Asked | None = None
    operations: tuple[Executable | Rejected, ...] = ()
    rules: tuple[OperationRule | None, ...] = ()
    refusal: HttpRefusal | None = None
    ready: dict[tuple[int, ...], Prepared] = field(default_factory=dict)
    """Replies that were made for it before, by the answers that they were made of."""

    @property
    def titled(self) -> tuple[Operation, ...]:
        """What was asked for, as far as that could be understood."""
        return tuple(each.operation for each in self.operations if each.operation is not None)


class Reader:
    """Reads the requests to one fake."""

    def __init__(self, fake: FakeGraphQL) -> None:
        """Read for *fake*."""
        self._fake = fake
        self._known: dict[tuple[bytes, bytes], Reading] = {}

    def forget(self) -> None:
        """Forget what was read: other rules may answer it now."""
        self._known = {}

    def read(self, call: RecordedOperation) -> Reading:
        """Return what *call* asks for."""
        key = (call.head, call.body)
        reading = self._known.get(key)
        if reading is None:
            reading = self._read(call)
            if len(call.head) + len(call.body) <= _MAX_LENGTH and not _is_stored(call):
                if len(self._known) >= _MAX_REMEMBERED:
                    self._known = {}
                self._known[key] = reading
        return reading

    def _read(self, call: RecordedOperation) -> Reading:
        try:
            request = asked(call, self._fake.limits)
            operations = tuple(self._operation(parameters, request) for parameters in request.parameters)
        except HttpRefusal as refusal:
            return Reading(refusal=refusal)
        rules = self._fake.rules
        chosen = tuple(rules.for_(each.operation) if isinstance(each, Executable) else None for each in operations)
        return Reading(request, operations, chosen)

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
