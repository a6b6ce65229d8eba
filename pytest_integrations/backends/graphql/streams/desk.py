"""Where subscriptions come in, whatever their transport: they are recorded, decided about, and given to their rule."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Protocol

from pytest_integrations.backends.graphql.call import RecordedOperation
from pytest_integrations.backends.graphql.engine import Executable, Rejected
from pytest_integrations.backends.graphql.reading import Found, Reading
from pytest_integrations.core.effect import Disrupt, Resolve
from pytest_integrations.core.fault import Occasion
from pytest_integrations.core.script import Script, decide
from pytest_integrations.wire.http1.service import Prepared

from .results import Results
from .subscriber import Subscriber

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_integrations.backends.graphql.answered import Answered
    from pytest_integrations.backends.graphql.engine import Result
    from pytest_integrations.backends.graphql.fake import FakeGraphQL
    from pytest_integrations.backends.graphql.refusal import HttpRefusal
    from pytest_integrations.backends.graphql.rules import OperationRule
    from pytest_integrations.core.call import Connection
    from pytest_integrations.core.fault import Fault
    from pytest_integrations.core.graphql_call import Transport
    from pytest_integrations.core.ledger import Ledger

    from .outlet import Outlet

__all__ = ["Desk", "Executing", "Joinable"]

_IN_A_STREAM = {Disrupt, Resolve}
"""What can be done to an operation that is not a request of HTTP."""


class Executing(Protocol):
    """Who executes queries, and tells the test what is wrong."""

    ledger: Ledger

    def execute(self, call: RecordedOperation, found: Found) -> Any:
        """Return the reply to *call*, or something that hands it over later."""
        ...

    def tell_invalid(self, call: RecordedOperation, reading: Reading) -> None:
        """Tell the test of operations that are not valid."""

    def tell(self, call: RecordedOperation, error: BaseException) -> str:
        """Tell the test what one of its callables raised."""
        ...

    def refuse(self, call: RecordedOperation, refusal: HttpRefusal) -> Prepared:
        """Answer a request that is not GraphQL over HTTP, and tell the test."""
        ...

    def unscripted(self, call: RecordedOperation, asked: Executable, *, is_exhausted: bool) -> Answered:
        """Tell the test of an operation that it has not scripted; return what its client is told."""
        ...


class Joinable(Protocol):
    """A rule that subscribers can join."""

    def joined(self, subscriber: Subscriber, give: Callable[[Answered], object]) -> None:
        """Serve *subscriber* from now on; *give* sends it the result of an event."""


class Desk:
    """Serves the streams of one fake."""

    def __init__(self, fake: FakeGraphQL, service: Executing) -> None:
        """Serve the streams of *fake*, whose *service* executes."""
        self.fake: FakeGraphQL = fake
        self.service: Executing = service
        self.ledger: Ledger = service.ledger

    # -- operations that come in otherwise than as a request of HTTP

    def record(self, connection: Connection, body: bytes, transport: Transport) -> RecordedOperation:
        """Begin the record of an operation that came in the message *body*."""
        call = RecordedOperation(self.fake.name, connection, b"", "request")
        connection.calls += 1
        call.number = connection.calls
        call.body = body
        call.transport = transport
        return call

    def read(self, call: RecordedOperation, parameters: Any) -> Executable | Rejected:
        """Record what *call* asks for by its *parameters*, and decide what goes wrong with it."""
        fake = self.fake
        resolved = fake.persisted.resolved(parameters, automatic=fake.persisted_queries)
        operation = resolved if isinstance(resolved, Rejected) else fake.engine.read(resolved)
        if operation.operation is not None:
            call.understand((operation.operation,))
        self.ledger.add(call)
        rule = None
        try:
            rule = fake.rules.for_(operation.operation) if isinstance(operation, Executable) else None
            self._decide(call, rule)
        except BaseException as error:  # noqa: BLE001 -- raised by a callable of the test, to which it is told
            told = self.service.tell(call, error)
            operation = Rejected(({"message": told},), "operation", operation.operation, is_protocol=True)
        call.found = Found(Reading(operations=(operation,)), (rule,))
        return operation

    def _decide(self, call: RecordedOperation, rule: OperationRule | None) -> None:
        """Let those faults happen to *call* that can happen inside a stream; the others are for its handshake."""
        fake = self.fake
        scripts = [rule.script, fake.script] if rule is not None else [fake.script]
        if not any(script.rules for script in scripts):
            scripts = [fake.profile]
        chosen = Script()
        for script in scripts:
            for each in script.rules:
                if all(map(self._fits_in_a_stream, each.faults)):
                    chosen.add(each)
        decision = decide((chosen,), call, call.connection.id)
        if decision is not None:
            call.fault, call.effects = decision.fault, decision.effects

    def _fits_in_a_stream(self, fault: Fault) -> bool:
        effects = fault.effects(Occasion(1, self.fake.seed.stream("check")))
        return all(type(effect) in _IN_A_STREAM for effect in effects)

    # -- serving

    def serve(self, call: RecordedOperation, outlet: Outlet) -> Subscriber:
        """Answer *call* by *outlet*: a subscription as its rule says, anything else once."""
        found: Found = call.found
        operation, rule = found.reading.operations[0], found.rules[0]
        subscriber = Subscriber(call, outlet, self.ledger)
        subscriber.begin()
        if isinstance(operation, Rejected):
            self.service.tell_invalid(call, found.reading)
            subscriber.error(operation.errors)
        elif operation.operation.kind != "subscription":
            self._answer_once(subscriber, found)
        elif rule is None and self.fake.unscripted == "fail":
            subscriber.error(self.service.unscripted(call, operation, is_exhausted=False).errors)
        else:
            call.handled = True
            if rule is not None:
                self._join(subscriber, operation, rule)
        return subscriber

    def _join(self, subscriber: Subscriber, operation: Executable, rule: Any) -> None:
        results = Results(self.fake.engine, operation, subscriber.call)

        def give(event: Answered) -> None:
            def step(done: Callable[[], object]) -> None:
                def found(result: Result, causes: tuple[Exception, ...]) -> None:
                    for cause in causes:
                        self.service.tell(subscriber.call, cause)
                    subscriber.next(result)
                    done()

                results.find(event, found)

            subscriber.then(step)

        joinable: Joinable = rule
        joinable.joined(subscriber, give)

    def _answer_once(self, subscriber: Subscriber, found: Found) -> None:
        def answered(prepared: Prepared) -> None:
            subscriber.next(json.loads(prepared.reply.body))
            subscriber.complete()

        try:
            source = self.service.execute(subscriber.call, found)
        except BaseException as error:  # noqa: BLE001 -- raised by a callable of the test, to which it is told
            subscriber.error([{"message": self.service.tell(subscriber.call, error)}])
            return
        if isinstance(source, Prepared):
            answered(source)
        else:
            source(answered)
