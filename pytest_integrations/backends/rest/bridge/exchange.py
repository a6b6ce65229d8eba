"""One call by a patch, from its beginning to its end: decided and recorded as on a wire, on the client's own thread."""

from __future__ import annotations

import queue
from typing import TYPE_CHECKING, Any, cast

from pytest_integrations.core.call import Call
from pytest_integrations.core.effect import Answer, Cut, Delay, Refuse
from pytest_integrations.core.ledger import Problem
from pytest_integrations.core.reply import Reply
from pytest_integrations.wire.http1.service import Prepared
from pytest_integrations.wire.loop import shared_loop
from pytest_integrations.wire.perform import is_done, tampered

from . import failures
from .ability import is_sound
from .request import call_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from requests import PreparedRequest

    from pytest_integrations.backends.http_objects import RecordedCall
    from pytest_integrations.backends.rest.fake import FakeRest
    from pytest_integrations.core.call import Connection, Outcome
    from pytest_integrations.core.effect import Effect
    from pytest_integrations.core.message import Message
    from pytest_integrations.core.script import Decision

__all__ = ["Exchange"]


class Exchange:
    """Answers one request for a fake."""

    def __init__(self, fake: FakeRest, request: PreparedRequest) -> None:
        """Answer *request* for *fake*."""
        self._fake = fake
        self._request = request
        self._timeouts = failures.Timeouts(getattr(request, "req_kwargs", {}).get("timeout"))

    def play(self) -> Message:
        """Return the answer; raises what `requests` raises where there is none."""
        state = self._fake.port_state
        if state in {"refuse", "stopped"}:
            raise failures.refused(self._request)
        if state == "ignore":
            self._wait_in_vain(self._timeouts.connect, "connect")
            raise failures.connect_timeout(self._request, self._timeouts.connect or 0.0)
        connection, decision = shared_loop().call(self._admit)
        for effect in decision.effects if decision is not None else ():
            if isinstance(effect, Refuse):
                self._refuse(effect, connection)
        call, decision = shared_loop().call(lambda: self._begin(connection))
        effects = decision.effects if decision is not None else ()
        message = self._answer(call, effects)
        self._pass_time(call, sum(effect.seconds for effect in effects if isinstance(effect, Delay)))
        cut = next((effect for effect in effects if isinstance(effect, Cut)), None)
        if cut is not None:
            raise self._cut(call, message, cut)
        self._end(call, "answered", message)
        return message

    # -- before there is a call

    def _admit(self) -> tuple[Connection, Decision | None]:
        connection = self._fake.ledger.connect(self._fake.name)
        decision = self._fake.admit(connection)
        if decision is not None:
            connection.fault, connection.effects = decision.fault, decision.effects
        return connection, decision

    def _refuse(self, effect: Refuse, connection: Connection) -> None:
        """End the connection before there is a request, or let it wait."""
        if effect.how == "late":
            patience = self._timeouts.read
            if patience is None or patience > effect.seconds:
                self._fake.ledger.clock.sleep(effect.seconds)
                return
            self._fake.ledger.clock.sleep(patience)
            shared_loop().call(lambda: self._miss(connection, "abandoned"))
            raise failures.read_timeout(self._request, patience)
        outcome, error = ("reset", failures.reset) if effect.how == "reset" else ("closed", failures.closed)
        shared_loop().call(lambda: self._miss(connection, cast("Outcome", outcome)))
        raise error(self._request)

    def _miss(self, connection: Connection, outcome: Outcome) -> None:
        """Record an attempt that did not come as far as a request."""
        call = Call(self._fake.name, connection)
        call.fault, call.outcome = connection.fault, outcome
        self._fake.ledger.add(call)
        connection.closed = call.started
        connection.closed_by = "client" if outcome == "abandoned" else "fake"
        if outcome == "abandoned":
            call.gone = call.started
        else:
            call.ended = call.started

    # -- deciding and answering

    def _begin(self, connection: Connection) -> tuple[RecordedCall, Decision | None]:
        call = call_of(self._request, connection)
        self._fake.ledger.add(call)
        decision = self._fake.service.decide(call)
        if decision is not None:
            call.fault = decision.fault
        return call, decision

    def _answer(self, call: RecordedCall, effects: Sequence[Effect]) -> Message:
        """Return the answer as the faults leave it."""
        prepared = Prepared(Reply())
        if not effects or is_done(effects):
            prepared = self._handled(call)
        for effect in effects:
            if isinstance(effect, Answer):
                prepared = Prepared(effect.reply(call) if callable(effect.reply) else effect.reply)
        message = prepared.message(head_only=call.method == "HEAD", persistent=True)
        message, call.spoiled = tampered(message, effects)
        if not message.bodiless and not is_sound(message):
            text = f"{self._fake.name}: {call.fault!r} makes of {call.operation} what only a connection can carry"
            return self._failed(call, ValueError(text)).message(head_only=False, persistent=True)
        return message

    def _handled(self, call: RecordedCall) -> Prepared:
        """Let what the test scripted run, and wait for it, as long as the client would."""
        service = self._fake.service
        try:
            source: Any = shared_loop().call(lambda: service.answer(call))
        except BaseException as error:  # noqa: BLE001 -- raised by a callable of the test, to whom it is told
            return self._failed(call, error)
        if callable(source):
            answers: queue.Queue[Any] = queue.Queue()
            source(answers.put)
            try:
                source = answers.get(timeout=self._timeouts.read)
            except queue.Empty:
                self._end(call, "abandoned", None)
                raise failures.read_timeout(self._request, self._timeouts.read or 0.0) from None
        if isinstance(source, Prepared):
            return source
        return self._failed(call, TypeError("an answer that goes on needs a connection: let the client have one"))

    def _failed(self, call: RecordedCall, error: BaseException) -> Prepared:
        return shared_loop().call(lambda: self._fake.service.failed(call, error))

    # -- time, and ends

    def _pass_time(self, call: RecordedCall, seconds: float) -> None:
        """Wait *seconds*, or as long as the client would wait."""
        patience = self._timeouts.read
        if not seconds:
            return
        self._fake.ledger.clock.sleep(seconds if patience is None else min(seconds, patience))
        if patience is not None and seconds >= patience:
            self._end(call, "abandoned", None)
            raise failures.read_timeout(self._request, patience)

    def _wait_in_vain(self, patience: float | None, kind: str) -> None:
        """Wait until the client gives up; one that never does is told to the test instead."""
        if patience is not None:
            self._fake.ledger.clock.sleep(patience)
            return
        text = (
            f"{self._fake.name}: {self._request.method} {self._request.path_url} has no {kind} timeout, and nobody "
            "will answer: on a connection it would wait for ever; give it one, as timeout=(3, 10)"
        )
        self._fake.ledger.problems.append(Problem("breach", self._fake.name, text))
        raise failures.closed(self._request)

    def _cut(self, call: RecordedCall, message: Message, cut: Cut) -> Exception:
        """End *call* without an answer, and return what that is raised as."""
        call.reply = message.wire
        if cut.how == "stall":
            patience = self._timeouts.read
            if cut.seconds is None or (patience is not None and patience <= cut.seconds):
                self._end(call, "hung", None)
                self._wait_in_vain(patience, "read")
                self._leave(call)
                return failures.read_timeout(self._request, patience or 0.0)
            self._fake.ledger.clock.sleep(cut.seconds)
            self._end(call, "hung", None)
            call.ended = self._fake.ledger.now()
            return failures.closed(self._request)
        self._end(call, "reset" if cut.how == "reset" else "closed", None)
        return failures.reset(self._request) if cut.how == "reset" else failures.closed(self._request)

    def _end(self, call: RecordedCall, outcome: Outcome, message: Message | None) -> None:
        """Record how *call* ends."""

        def record() -> None:
            now = self._fake.ledger.now()
            call.outcome = outcome
            if outcome != "hung":
                call.ended = now
            if message is not None:
                call.reply, call.first_byte = message.wire, now
                call.status = int(message.start[9:12])
                call.connection.sent += len(call.reply)
            call.connection.closed = now
            call.connection.closed_by = "client" if outcome in {"answered", "abandoned", "hung"} else "fake"

        shared_loop().call(record)
        if outcome == "abandoned":
            self._leave(call)

    def _leave(self, call: RecordedCall) -> None:
        call.gone = call.connection.closed = self._fake.ledger.now()
