"""What the wire asks of a fake REST backend; all of it happens on the I/O thread."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from pytest_integrations.backends.handlers import as_reply, shared_runner
from pytest_integrations.backends.http_objects import RecordedCall
from pytest_integrations.core.ledger import Problem
from pytest_integrations.core.script import decide
from pytest_integrations.wire.http1.service import Prepared
from pytest_integrations.wire.loop import shared_loop

from .misses import near_misses, problem_json

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from pytest_integrations.core.call import HttpCall
    from pytest_integrations.core.ledger import Ledger
    from pytest_integrations.core.script import Decision

    from .fake import FakeRest
    from .route import Route
    from .table import Found

__all__ = ["RestService"]

_LATER: Any = object()


class RestService:
    """Decides and answers for one fake."""

    record: type[HttpCall] = RecordedCall

    def __init__(self, fake: FakeRest, max_head: int, max_body: int) -> None:
        """Serve *fake*, refusing heads and bodies longer than these."""
        self._fake = fake
        self.name: str = fake.name
        self.ledger: Ledger = fake.ledger
        self.max_head = max_head
        self.max_body = max_body

    # -- deciding

    @property
    def decides_at_head(self) -> bool:
        """Whether some fault acts while the request is still being sent."""
        fake = self._fake
        return "upload" in fake.script.scopes or "upload" in fake.profile.scopes or fake.has_upload_faults

    def decide(self, call: HttpCall) -> Decision | None:
        """Find the route of *call*, and the fault or policy that it meets."""
        call = cast("RecordedCall", call)
        try:
            found = self._find(call)
            return self._decide(call, found[0] if found else None)
        except BaseException as error:  # noqa: BLE001 -- raised by a callable of the test, to which it is told
            call.found = self.failed(call, error)
            return None

    def recognise(self, call: HttpCall) -> None:
        """Name the operation of a *call* that a fault has already decided about."""
        call = cast("RecordedCall", call)
        try:
            self._find(call)
        except BaseException as error:  # noqa: BLE001 -- raised by a predicate of the test, to which it is told
            call.found = self.failed(call, error)

    def _find(self, call: RecordedCall) -> Found | None:
        is_whole = call.seq > 0  # else its body is still on its way, and it must be looked at again for the answer
        found = self._route(call, head_only=not is_whole)
        call.found = (self._breach(call, found) or found) if is_whole else _LATER
        return found

    def _breach(self, call: RecordedCall, found: Found | None) -> Prepared | None:
        """Record what *call*, for the route *found*, breaks of a document, and return what it is told."""
        for contract in self._fake.contracts:
            breach = contract.breach(self.name, call, found[0].template if found else None)
            if breach is not None:
                self.ledger.problems.append(Problem("breach", self.name, breach.text, call))
                return Prepared(problem_json(breach.status, breach.title, breach.text))
        return None

    def _route(self, call: RecordedCall, *, head_only: bool = False) -> Found | None:
        candidates = self._fake.routes.candidates(call)
        if not candidates:
            call.operation = f"{call.method} {call.target.partition('?')[0]}"
            return None
        found: Found | None = candidates[0]
        route = candidates[0][0]
        call.operation = route.operation  # for what is said if a condition raises
        if len(candidates) > 1 or route.conditions.count:
            fits = (each for each in candidates if not each[0].conditions.misses(call, head_only=head_only))
            found = next(fits, None)
            route = found[0] if found else route
            call.operation = route.operation
        if route.is_mount:
            call.operation = f"{call.method} {call.path}"
        return found

    def _decide(self, call: HttpCall, route: Route | None) -> Decision | None:
        fake = self._fake
        number = call.connection.id
        scripts = (route.script, fake.script) if route is not None and route.script.rules else (fake.script,)
        if scripts[0].rules or fake.script.rules:
            return decide(scripts, call, number)
        if fake.profile.rules and (route is not None or fake.passage is not None):
            return decide((fake.profile,), call, number)
        return None

    # -- answering

    def answer(self, call: HttpCall) -> Any:
        """Return the prepared reply of the call's route, or start its handler."""
        call = cast("RecordedCall", call)
        if call.found is _LATER:
            route_found = self._route(call)
            call.found = self._breach(call, route_found) or route_found
        found = call.found
        if found is None:
            return self._pass_on(call)
        if isinstance(found, Prepared):
            return found
        route, values = found
        call.handled = True
        handler = route.handler
        if handler is None:
            return route.next_prepared(call.fault) or self._exhausted(call, route)
        request = call.request if handler.takes_request else None
        if handler.inline:
            return Prepared(as_reply(handler(request, values)))
        if handler.is_async:
            return lambda done: shared_runner().submit_async(self._attempt(call, handler(request, values), done))
        return lambda done: shared_runner().submit(lambda: self._run(call, lambda: handler(request, values), done))

    def _pass_on(self, call: RecordedCall) -> Any:
        """Let the service behind the fake answer *call*, if there is one."""
        passage = self._fake.passage
        if passage is None:
            return self._unexpected(call, near_misses(self.name, call, self._fake.routes))
        call.operation = f"{call.method} {call.path}"
        answer = passage.answer(call, self.ledger.clock, self.failed)
        if answer is None:
            return self._unexpected(call, f"{self.name}: {passage.missing(call)}")
        call.handled = True
        return answer

    def _run(self, call: HttpCall, handler: Callable[[], Any], done: Callable[[Prepared], object]) -> None:
        try:
            prepared = Prepared(as_reply(handler()))
        except BaseException as error:  # noqa: BLE001 -- raised by a callable of the test, to which it is told
            prepared = self.failed(call, error)
        shared_loop().post(lambda: done(prepared))

    async def _attempt(self, call: HttpCall, result: Awaitable[Any], done: Callable[[Prepared], object]) -> None:
        try:
            prepared = Prepared(as_reply(await result))
        except BaseException as error:  # noqa: BLE001 -- raised by a callable of the test, to which it is told
            prepared = self.failed(call, error)
        shared_loop().post(lambda: done(prepared))

    # -- what fails the test by itself

    def failed(self, call: HttpCall, error: BaseException) -> Prepared:
        """Record that a callable of the test raised *error* while it answered *call*; the client gets a 500."""
        text = f"{self.name}: a handler for {call.operation} raised {type(error).__name__}: {error}"
        if self._fake.is_running:  # what raises because its fake has stopped did not fail
            self.ledger.problems.append(Problem("handler", self.name, text, call, error))
        return Prepared(problem_json(500, "Handler failed", text))

    def _unexpected(self, call: RecordedCall, text: str) -> Prepared:
        self.ledger.problems.append(Problem("unexpected", self.name, text, call))
        return Prepared(problem_json(404, "No such route in this fake", text))

    def _exhausted(self, call: HttpCall, route: Route) -> Prepared:
        text = (
            f"{self.name}: {route.operation} was called once more than replies(..., then='unexpected') has answers for"
        )
        self.ledger.problems.append(Problem("unexpected", self.name, text, call))
        return Prepared(problem_json(404, "No more replies", text))
