"""What the wire asks of a fake SQS; all of it happens on the I/O thread."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from pytest_integrations.core.effect import Fail, Hide
from pytest_integrations.core.errors import near_names
from pytest_integrations.core.ledger import Problem
from pytest_integrations.core.queue_call import QueueCall
from pytest_integrations.core.script import Script, decide
from pytest_integrations.wire.http1.service import Prepared

from .actions import ACTIONS
from .call import SqsCall
from .effects import translated
from .errors import Refusal, SqsError
from .json_dialect import JsonDialect
from .polling import Poll
from .query_dialect import QueryDialect
from .receiving import Reception
from .request import Request

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_integrations.core.call import HttpCall
    from pytest_integrations.core.ledger import Ledger
    from pytest_integrations.core.queue_call import Kind
    from pytest_integrations.core.script import Decision, Rule

    from .fake import FakeSqs
    from .store import Store

__all__ = ["SqsService"]

_JSON, _QUERY = JsonDialect(), QueryDialect()
_MAX_HEAD = 64 * 1024
_MAX_BODY = 16 * 1024 * 1024
"""Bytes: a batch of the largest messages, each character of which may be escaped in JSON or percent-encoded."""


class SqsService:
    """Reads, decides and answers for one fake."""

    record: type[HttpCall] = SqsCall

    def __init__(self, fake: FakeSqs, store: Store) -> None:
        """Serve *store* in the name of *fake*."""
        self._fake = fake
        self._store = store
        self.name: str = fake.name
        self.ledger: Ledger = fake.ledger
        self.max_head: int = _MAX_HEAD
        self.max_body: int = _MAX_BODY

    # -- reading

    def recognise(self, call: HttpCall) -> None:
        """Name the operation of *call*, as far as it has come in: before its body has, there is its action alone."""
        call = cast("SqsCall", call)
        dialect = _dialect(call)
        is_whole = call.seq > 0
        call.found = None if is_whole else self.recognise
        try:
            call.named(dialect.action(call), dialect.parameters(call) if is_whole else {})
        except SqsError as error:
            call.named(dialect.action(call), {})
            call.found = error

    # -- deciding

    @property
    def decides_at_head(self) -> bool:
        """Whether some fault acts while the request is still being sent."""
        return "upload" in self._fake.script.scopes or "upload" in self._fake.profile.scopes

    def decide(self, call: HttpCall) -> Decision | None:
        """Name the operation of *call* and decide what goes wrong with it."""
        call = cast("SqsCall", call)
        self.recognise(call)
        try:
            decision = decide((_part(self._rules, deliveries=False),), call, call.connection.id)
        except BaseException as error:  # noqa: BLE001 -- raised by a predicate of the test, to which it is told
            call.found = self.failed(call, error)
            return None
        if decision is None:
            return None
        decision = translated(decision, call.kind)
        call.effects = decision.effects
        return decision

    @property
    def _rules(self) -> tuple[Rule, ...]:
        return self._fake.script.rules or self._fake.profile.rules

    def _decide_delivery(self, call: SqsCall) -> Decision | None:
        """Decide what goes wrong with one message that *call* is given: when there is one, not when it is asked for."""
        rules = _part(self._rules, deliveries=True).rules
        kinds: tuple[Kind, ...] = ("deliver", "receive")
        for kind in kinds:
            part = Script()
            part.rules = tuple(rule for rule in rules if (_asks_for(rule) == "receive") == (kind == "receive"))
            if part.rules:
                delivery = QueueCall(self.name, call.connection, call.action, kind=kind, queue=call.queue)
                decision = decide((part,), delivery, call.connection.id)
                if decision is not None:
                    call.fault = call.fault or decision.fault
                    return decision
        return None

    # -- answering

    def answer(self, call: HttpCall) -> Prepared | Callable[[Callable[[Prepared], object]], object]:
        """Do what *call* asks for."""
        call = cast("SqsCall", call)
        if callable(call.found):
            self.recognise(call)
        if isinstance(call.found, Prepared):
            return call.found
        try:
            return self._answer(call)
        except SqsError as error:
            return self._failure(call, error)

    def _answer(self, call: SqsCall) -> Prepared | Callable[[Callable[[Prepared], object]], object]:
        if isinstance(call.found, SqsError):
            raise call.found
        action = ACTIONS.get(call.action)
        if action is None:
            return self._unexpected(call)
        request = self._request(call)
        failure = request.effect(Fail)
        if failure is not None:
            raise SqsError(Refusal[failure.code], failure.text)
        self._store.agenda.catch_up()
        if action.do is None:
            return self._receive(call, request)
        return self._success(call, action.do(self._store, request), request)

    def _request(self, call: SqsCall) -> Request:
        connection = call.connection.id
        return Request(
            call.parameters,
            connection,
            f"connection {connection}",
            call.effects,
            call.fault,
            lambda: self._decide_delivery(call),
        )

    def _receive(self, call: SqsCall, request: Request) -> Prepared | Callable[[Callable[[Prepared], object]], object]:
        queue = self._store.find(request)
        reception = Reception(self._store, queue, request)
        if request.effect(Hide) is not None:
            return self._success(call, {}, request)
        messages = reception.messages()
        if messages or not reception.patience:
            return self._success(call, {"Messages": messages} if messages else {}, request)

        def wait(done: Callable[[Prepared], object]) -> None:
            def finish(result: list[dict[str, Any]] | BaseException) -> None:
                if isinstance(result, SqsError):
                    done(self._failure(call, result))
                elif isinstance(result, BaseException):
                    done(self.failed(call, result))
                else:
                    done(self._success(call, {"Messages": result} if result else {}, request))

            Poll(self._store, reception, lambda: call.outcome == "open", finish)

        return wait

    def _success(self, call: SqsCall, result: dict[str, Any], request: Request) -> Prepared:
        call.handled = request.effect(Hide) is None

        def tell() -> None:
            for each in request.told:
                each()

        return Prepared(
            _dialect(call).success(call.action, result, self._store.new_id()), tell if request.told else None
        )

    def _failure(self, call: SqsCall, error: SqsError) -> Prepared:
        call.error = error.name
        return Prepared(_dialect(call).failure(error, self._store.new_id()))

    # -- what fails the test by itself

    def failed(self, call: HttpCall, error: BaseException) -> Prepared:
        """Record that a callable of the test raised *error* while it answered *call*; the client gets a 500."""
        text = f"{self.name}: what was scripted for {call.operation} raised {type(error).__name__}: {error}"
        if self._fake.is_running:  # what raises because its fake has stopped did not fail
            self.ledger.problems.append(Problem("handler", self.name, text, call, error))
        return self._failure(cast("SqsCall", call), SqsError(Refusal.InternalError, text))

    def _unexpected(self, call: SqsCall) -> Prepared:
        near = near_names(call.action, ACTIONS)
        guess = f" Near: {', '.join(near)}." if near else ""
        what = f"the action {call.action!r}" if call.action else f"{call.method} {call.path}, which names no action"
        text = f"{self.name}: SQS has no answer to {what}.{guess} Known: {', '.join(ACTIONS)}."
        self.ledger.problems.append(Problem("unexpected", self.name, text, call))
        return self._failure(call, SqsError(Refusal.InvalidAction, text))


def _dialect(call: HttpCall) -> JsonDialect | QueryDialect:
    return _JSON if b"x-amz-target" in call.head.lower() else _QUERY


def _part(rules: tuple[Rule, ...], *, deliveries: bool) -> Script:
    """Return those *rules* that are about deliveries and nothing else, or the others."""
    part = Script()
    part.rules = tuple(rule for rule in rules if all("deliver" in fault.kinds for fault in rule.faults) == deliveries)
    return part


def _asks_for(rule: Rule) -> str:
    return str(getattr(rule.when.where, "kind", ""))
