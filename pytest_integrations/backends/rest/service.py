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
    import asyncio
    from collections.abc import Callable

    from pytest_integrations.core.call import Call, Connection, HttpCall
    from pytest_integrations.core.script import Decision

    from .fake import FakeRest
    from .route import Route
    from .table import Found

__all__ = ["RestService"]


class RestService:
    """Decides and answers for one fake."""

    record: type[HttpCall] = RecordedCall

    def __init__(self, fake: FakeRest, max_head: int, max_body: int) -> None:
        """Serve *fake*, refusing heads and bodies longer than these."""
        self._fake = fake
        self.name = fake.name
        self.ledger = fake.ledger
        self.max_head = max_head
        self.max_body = max_body
        self._routed: dict[Call, Found | None] = {}

    # -- deciding

    def admit(self, connection: Connection) -> Decision | None:
        """Decide about a connection that was just accepted."""
        fake = self._fake
        if "connection" in fake.script.scopes:
            return fake.script.decide_connection(connection.id)
        if not fake.script.rules and "connection" in fake.profile.scopes:
            return fake.profile.decide_connection(connection.id)
        return None

    @property
    def decides_at_head(self) -> bool:
        """Whether some fault acts while the request is still being sent."""
        fake = self._fake
        return "upload" in fake.script.scopes or "upload" in fake.profile.scopes or fake.has_upload_faults

    def decide(self, call: HttpCall) -> Decision | None:
        """Find the route of *call*, and the fault or policy that it meets."""
        call = cast("RecordedCall", call)
        try:
            found = self._route(call)
            return self._decide(call, found[0] if found else None)
        except Exception as error:  # noqa: BLE001 -- raised by a callable of the test, to which it is told
            self.failed(call, error)
            return None

    def recognise(self, call: HttpCall) -> None:
        """Name the operation of a *call* that a fault has already decided about."""
        try:
            self._route(cast("RecordedCall", call))
        except Exception as error:  # noqa: BLE001 -- raised by a predicate of the test, to which it is told
            self.failed(call, error)
        self._routed.pop(call, None)

    def _route(self, call: RecordedCall) -> Found | None:
        candidates = self._fake.routes.candidates(call)
        if not candidates:
            call.operation = f"{call.method} {call.target.partition('?')[0]}"
            self._routed[call] = None
            return None
        if len(candidates) == 1 and not candidates[0][0].conditions.count:
            found: Found | None = candidates[0]
        else:
            head_only = not call.seq  # the body is still on its way
            found = next(
                (each for each in candidates if not each[0].conditions.misses(call, head_only=head_only)), None
            )
        route = found[0] if found else candidates[0][0]
        call.operation = f"{call.method} {call.path}" if route.is_mount else route.operation
        self._routed[call] = found
        return found

    def _decide(self, call: HttpCall, route: Route | None) -> Decision | None:
        fake = self._fake
        number = call.connection.id
        scripts = (route.script, fake.script) if route is not None and route.script.rules else (fake.script,)
        if not any(script.rules for script in scripts):
            if not fake.profile.rules or route is None:
                return None
            scripts = (fake.profile,)
        return decide(scripts, call, number)

    # -- answering

    def answer(self, call: HttpCall) -> Any:
        """Return the prepared reply of the call's route, or start its handler."""
        found = self._routed.pop(call, None)
        if found is None:
            return self._unexpected(cast("RecordedCall", call))
        route, values = found
        call.handled = True
        handler = route.handler
        if handler is None:
            return route.next_prepared() or self._exhausted(call, route)
        request = cast("RecordedCall", call).request if handler.takes_request else None
        if handler.inline:
            return Prepared(as_reply(handler(request, values)))
        if handler.is_async:
            return lambda done: self._run_async(call, handler(request, values), done)
        return lambda done: shared_runner().submit(lambda: self._run(call, lambda: handler(request, values), done))

    def _run(self, call: HttpCall, handler: Callable[[], Any], done: Callable[[Prepared], object]) -> None:
        try:
            prepared = Prepared(as_reply(handler()))
        except Exception as error:  # noqa: BLE001 -- raised by a callable of the test, to which it is told
            prepared = self.failed(call, error)
        shared_loop().post(lambda: done(prepared))

    def _run_async(self, call: HttpCall, coroutine: Any, done: Callable[[Prepared], object]) -> None:
        def finished(task: asyncio.Future[Any]) -> None:
            self._run(call, task.result, done)

        shared_runner().submit_async(coroutine, finished)

    # -- what fails the test by itself

    def failed(self, call: HttpCall, error: Exception) -> Prepared:
        """Record that a callable of the test raised *error* while it answered *call*; the client gets a 500."""
        text = f"{self.name}: a handler for {call.operation} raised {type(error).__name__}: {error}"
        self.ledger.problems.append(Problem("handler", self.name, text, call, error))
        return Prepared(problem_json(500, "Handler failed", text))

    def _unexpected(self, call: RecordedCall) -> Prepared:
        text = near_misses(self.name, call, self._fake.routes)
        self.ledger.problems.append(Problem("unexpected", self.name, text, call))
        return Prepared(problem_json(404, "No such route in this fake", text))

    def _exhausted(self, call: HttpCall, route: Route) -> Prepared:
        text = (
            f"{self.name}: {route.operation} was called once more than replies(..., then='unexpected') has answers for"
        )
        self.ledger.problems.append(Problem("unexpected", self.name, text, call))
        return Prepared(problem_json(404, "No more replies", text))
