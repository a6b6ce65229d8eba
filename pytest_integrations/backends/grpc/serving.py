"""What the wire asks of a fake gRPC backend; all of it happens on the I/O thread."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from pytest_integrations.core.grpc_status import CODES
from pytest_integrations.core.ledger import Problem
from pytest_integrations.core.script import decide

from .conversation import Choosing, Failing
from .misses import exhausted, unknown, unscripted

if TYPE_CHECKING:
    from pytest_integrations.core.grpc_call import GrpcCall
    from pytest_integrations.core.ledger import Ledger
    from pytest_integrations.core.script import Decision, Script
    from pytest_integrations.wire.grpc.service import Answering, Conversation

    from .answers import Answer
    from .fake import FakeGrpc
    from .methods import Method

__all__ = ["Serving"]

_UNIMPLEMENTED = CODES.index("UNIMPLEMENTED")


class Serving:
    """Recognises, decides and answers for one fake."""

    def __init__(self, fake: FakeGrpc, *, max_message: int, max_request: int, compression: str) -> None:
        """Serve *fake*, with the limits and the compression that it was made with."""
        self._fake = fake
        self.name: str = fake.name
        self.ledger: Ledger = fake.ledger
        self.max_message = max_message
        self.max_request = max_request
        self.compression = compression

    # -- deciding

    def recognise(self, call: GrpcCall) -> None:
        """Find out which method *call* is about."""
        method = self._fake.methods.get(call.operation)
        if method is not None:
            call.method = method.schema.wire
        else:
            builtin = self._fake.builtin.get(call.operation)
            call.method = builtin.method if builtin is not None else None

    def decide(self, call: GrpcCall) -> Decision | None:
        """Find what goes wrong with *call*."""
        fake, number = self._fake, call.connection.id
        scripts = (*self._scripts(call), fake.script)
        if any(script.rules for script in scripts):
            return decide(scripts, call, number)
        return decide((fake.profile,), call, number) if fake.profile.rules and call.method is not None else None

    def _scripts(self, call: GrpcCall) -> tuple[Script, ...]:
        """Return the scripts of the rules that are for *call*, the most demanding first."""
        method = self._fake.methods.get(call.operation)
        if method is None:
            return ()
        if not method.is_conditional:
            return (method.script,)
        return tuple(rule.script for rule in method.rules if rule.script.rules and rule.fits(call.request))

    # -- answering

    def converse(self, answering: Answering) -> Conversation:
        """Begin to answer a call."""
        call = answering.call
        method = self._fake.methods.get(call.operation)
        if method is not None:
            call.handled = True
            return Choosing(self, answering, method)
        builtin = self._fake.builtin.get(call.operation)
        if builtin is not None:
            return builtin.converse(answering)
        text = self._unexpected(call, unknown(self.name, call.operation, self._fake.methods))
        return _refused(answering, text)

    def answer_for(self, answering: Answering, method: Method, first: bytes | None) -> Answer | None:
        """Return what a call of *method* is answered; None if that is an error, which it has been told."""
        call = answering.call
        try:
            request = None if first is None else method.schema.request.FromString(first)
        except Exception as error:  # noqa: BLE001 -- of protobuf's implementations each raises its own
            text = f"{self.name}: a request of {call.operation} is not a {method.schema.request.DESCRIPTOR.full_name}"
            self._unexpected(call, f"{text}: {error}")
            answering.end(CODES.index("INTERNAL"), text)
            return None
        try:
            rule = method.answering(request)
            answer = rule.next_answer(call.fault) if rule is not None else method.hosted
        except BaseException as error:  # noqa: BLE001 -- raised by a predicate of the test, to which it is told
            answering.end(CODES.index("INTERNAL"), self.failed(call, error))
            return None
        if answer is None:
            text = (
                exhausted(self.name, method)
                if rule is not None
                else unscripted(self.name, method, request, self._fake.methods.values())
            )
            answering.end(_UNIMPLEMENTED, self._unexpected(call, text))
        return answer

    # -- what fails the test by itself

    def failed(self, call: GrpcCall, error: BaseException) -> str:
        """Record that a callable of the test raised *error* for *call*; its client gets INTERNAL."""
        text = f"{self.name}: a callable for {call.operation} raised {type(error).__name__}: {error}"
        if self._fake.is_running:  # what raises because its fake has stopped did not fail
            self.ledger.problems.append(Problem("handler", self.name, text, call, error))
        return text

    def _unexpected(self, call: GrpcCall, text: str) -> str:
        self.ledger.problems.append(Problem("unexpected", self.name, text, call))
        return text


def _refused(answering: Answering, text: str) -> Conversation:
    return Failing(partial(answering.end, _UNIMPLEMENTED, text))
