"""What the wire asks of a fake GraphQL backend; all of it happens on the I/O thread."""

from __future__ import annotations

from dataclasses import replace
from inspect import isawaitable
from typing import TYPE_CHECKING, Any, cast

from pytest_integrations.backends.handlers import shared_runner
from pytest_integrations.core.effect import Resolve
from pytest_integrations.core.ledger import Problem
from pytest_integrations.core.script import decide
from pytest_integrations.wire.http1.service import Prepared
from pytest_integrations.wire.loop import shared_loop

from .answered import Answered
from .call import RecordedOperation
from .engine import Rejected
from .misses import invalid, unscripted
from .reading import Found, Reader
from .responses import refused
from .rules import DataRule
from .streams.door import Door
from .work import Work

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from pytest_integrations.core.call import HttpCall
    from pytest_integrations.core.ledger import Ledger
    from pytest_integrations.core.reply import Reply
    from pytest_integrations.core.script import Decision, Script

    from .engine import Executable
    from .fake import FakeGraphQL
    from .reading import Reading
    from .refusal import HttpRefusal
    from .rules import OperationRule

__all__ = ["GraphQLService"]

_LATER: Any = object()
_DEFAULT = Answered()


class GraphQLService:
    """Reads, decides and answers for one fake."""

    record: type[HttpCall] = RecordedOperation

    def __init__(self, fake: FakeGraphQL) -> None:
        """Serve *fake*."""
        self._fake = fake
        self._reader = Reader(fake)
        self.name: str = fake.name
        self.ledger: Ledger = fake.ledger
        self._door = Door(fake, self)
        self.max_head: int = fake.limits.head
        self.max_body: int = fake.limits.body

    def forget(self) -> None:
        """Forget what was read and made ready: the test has said something else."""
        self._reader.forget()

    # -- deciding

    @property
    def decides_at_head(self) -> bool:
        """Whether some fault acts while the request is still being sent."""
        return "upload" in self._fake.script.scopes or "upload" in self._fake.profile.scopes

    def decide(self, call: HttpCall) -> Decision | None:
        """Read what *call* asks for, and find what goes wrong with it."""
        call = cast("RecordedOperation", call)
        try:
            self._find(call)
            decision = self._decide(call)
        except BaseException as error:  # noqa: BLE001 -- raised by a callable of the test, to which it is told
            call.found = self.failed(call, error)
            return None
        if decision is not None:
            call.effects = decision.effects
        return decision

    def recognise(self, call: HttpCall) -> None:
        """Name the operation of a *call* that a fault has already decided about."""
        call = cast("RecordedOperation", call)
        try:
            self._find(call)
        except BaseException as error:  # noqa: BLE001 -- raised by a predicate of the test, to which it is told
            call.found = self.failed(call, error)

    def _find(self, call: RecordedOperation) -> None:
        call.operation = f"{call.method} {call.target.partition('?')[0]}"
        if call.seq == 0:  # its body is still on its way
            call.found = _LATER
            return
        call.found = None
        if call.path in {self._fake.path, self._fake.stream_path} and self._fake.has_schema:
            if self._door.recognise(call):
                return
            call.found = found = self._reader.find(call)
            reading = found.reading
            if reading.titled:
                call.understand(reading.titled)
            if reading.asked is not None:
                call.uploads = reading.asked.uploads
                self._door.choose(call, reading)

    def _decide(self, call: RecordedOperation) -> Decision | None:
        fake, number = self._fake, call.connection.id
        scripts = (*self._scripts(call), fake.script)
        if any(script.rules for script in scripts):
            return decide(scripts, call, number)
        return decide((fake.profile,), call, number) if fake.profile.rules and call.found is not None else None

    def _scripts(self, call: RecordedOperation) -> tuple[Script, ...]:
        """Return the scripts of the rules that answer *call*."""
        rules = call.found.rules if isinstance(call.found, Found) else ()
        return tuple(rule.script for rule in dict.fromkeys(rules) if rule is not None and rule.script.rules)

    # -- answering

    def answer(self, call: HttpCall) -> Any:
        """Return what *call* is answered, or something that hands it over later."""
        call = cast("RecordedOperation", call)
        if call.found is _LATER:
            self.recognise(call)
        found = call.found
        if isinstance(found, Prepared):
            return found
        if found is None:
            return self._unexpected(call)
        if found.reading.refusal is not None:
            return self.refuse(call, found.reading.refusal)
        streamed = self._door.answer(call)
        return streamed if streamed is not None else self.execute(call, found)

    def execute(self, call: RecordedOperation, found: Found) -> Any:
        """Return the reply to *call*, which asks for what was *found*, or something that hands it over later."""
        reading = found.reading
        call.found = None  # the ledger keeps the call; what was found for it need not be kept as well
        self.tell_invalid(call, reading)
        answers = [self._answer_of(call, *each) for each in zip(reading.operations, found.rules, strict=True)]
        is_healthy = not any(isinstance(effect, Resolve) for effect in call.effects)
        key = tuple(map(id, answers))  # the rules keep them, as long as the reading is kept
        ready = reading.ready.get(key) if is_healthy else None
        call.handled = not any(isinstance(effect, Resolve) and effect.result is not None for effect in call.effects)
        if ready is not None:
            return ready
        work = Work(self._fake.engine, self._fake.http_status, reading, answers)
        if not work.is_pure:
            return lambda done: shared_runner().submit(lambda: self._run(call, work, done))
        prepared = self._done(call, work, cast("Reply", work.begin(call)))
        if is_healthy and not work.causes and not any(answer.is_fleeting for answer in answers):
            reading.ready[key] = prepared
        return prepared

    def _answer_of(
        self, call: RecordedOperation, operation: Executable | Rejected, rule: OperationRule | None
    ) -> Answered:
        if isinstance(operation, Rejected):
            return _DEFAULT
        if isinstance(rule, DataRule) and rule.is_scripted:
            return rule.next_answer(call.fault) or self.unscripted(call, operation, is_exhausted=True)
        if self._fake.unscripted == "fail" and not self._fake.resolves(operation):
            return self.unscripted(call, operation, is_exhausted=False)
        return _DEFAULT

    def _run(self, call: RecordedOperation, work: Work, done: Callable[[Prepared], object]) -> None:
        """Execute on a worker thread, and go on with what is `async def` on the asyncio thread."""
        try:
            reply = work.begin(call)
        except BaseException as error:  # noqa: BLE001 -- raised by a callable of the test, to which it is told
            prepared = self.failed(call, error)
        else:
            if isawaitable(reply):
                shared_runner().submit_async(self._attempt(call, work, reply, done))
                return
            prepared = self._done(call, work, reply)
        shared_loop().post(lambda: done(prepared))

    async def _attempt(
        self, call: RecordedOperation, work: Work, reply: Awaitable[Reply], done: Callable[[Prepared], object]
    ) -> None:
        try:
            prepared = self._done(call, work, await reply)
        except BaseException as error:  # noqa: BLE001 -- raised by a callable of the test, to which it is told
            prepared = self.failed(call, error)
        shared_loop().post(lambda: done(prepared))

    def _done(self, call: RecordedOperation, work: Work, reply: Reply) -> Prepared:
        for cause in work.causes:
            self.tell(call, cause)
        return Prepared(reply)

    # -- what fails the test by itself

    def failed(self, call: HttpCall, error: BaseException) -> Prepared:
        """Record that a callable of the test raised *error* while it answered *call*; the client gets a 500."""
        return Prepared(refused(500, self.tell(call, error)))

    def tell(self, call: HttpCall, error: BaseException) -> str:
        """Tell the test that one of its callables raised *error*; return the text of that."""
        text = f"{self.name}: a resolver for {call.operation} raised {type(error).__name__}: {error}"
        if self._fake.is_running:  # what raises because its fake has stopped did not fail
            self.ledger.problems.append(Problem("handler", self.name, text, call, error))
        return text

    def _unexpected(self, call: RecordedOperation) -> Prepared:
        if not self._fake.has_schema:
            text = (
                f"{self.name} has no schema: give it one before it is asked, {self.name}.schema('type Query {{ … }}')"
            )
        else:
            text = f"{self.name}: nothing answers {call.method} {call.target}: it answers at {self._fake.path}"
        self.ledger.problems.append(Problem("unexpected", self.name, text, call))
        return Prepared(refused(404, text))

    def refuse(self, call: RecordedOperation, refusal: HttpRefusal) -> Prepared:
        """Answer a request that is not GraphQL over HTTP, and tell the test, unless it allows such."""
        if self._fake.invalid == "fail":
            text = f"{self.name}: {call.operation} is not GraphQL over HTTP: {refusal.why} (status {refusal.status})"
            self.ledger.problems.append(Problem("unexpected", self.name, text, call))
        return Prepared(refused(refusal.status, refusal.why, refusal.headers))

    def tell_invalid(self, call: RecordedOperation, reading: Reading) -> None:
        """Tell the test of operations that are not valid, unless it allows such."""
        if self._fake.invalid == "allow":
            return
        for each in reading.operations:
            if isinstance(each, Rejected) and not each.is_protocol:
                text = invalid(self.name, each)
                self.ledger.problems.append(Problem("unexpected", self.name, text, call))

    def unscripted(self, call: RecordedOperation, asked: Executable, *, is_exhausted: bool) -> Answered:
        """Tell the test of an operation that it has not scripted; return what its client is told."""
        text = unscripted(self.name, asked.operation, self._fake.rules, is_exhausted=is_exhausted)
        self.ledger.problems.append(Problem("unexpected", self.name, text, call))
        return replace(Answered.of(errors=[{"message": text, "extensions": {"code": "UNSCRIPTED"}}]), is_fleeting=True)
