"""The methods of a service: what each answers, and what goes wrong with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from pytest_integrations.backends.turns import Turns
from pytest_integrations.core.errors import ScriptingError
from pytest_integrations.core.grpc_metadata import metadata_pairs
from pytest_integrations.core.script import Script
from pytest_integrations.core.settings import seconds

from .answers import Answer, answer_of
from .conditions import Conditions
from .errors import GrpcError
from .messages import check_fields, encoded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import timedelta

    from pytest_integrations.backends.turns import Then
    from pytest_integrations.core.call import Call
    from pytest_integrations.core.fault import Fault
    from pytest_integrations.core.grpc_metadata import MetadataLike
    from pytest_integrations.core.ledger import Calls
    from pytest_integrations.core.script import Rule

    from .fake import FakeGrpc
    from .schema import MethodSchema

__all__ = ["Method", "MethodRule"]

_NOTHING: Any = object()


class MethodRule:
    """The calls of one method, as far as conditions hold."""

    def __init__(self, fake: FakeGrpc, schema: MethodSchema, conditions: Conditions) -> None:
        """Choose the calls of the method of *schema* for whose requests *conditions* hold."""
        self.fake = fake
        self.schema = schema
        self.conditions = conditions
        self.script: Script = Script()
        self._answer: Answer | None = None
        self._turns: Turns[Answer] | None = None

    # -- what it answers

    def reply(self, message: Any = _NOTHING, /, **fields: Any) -> Self:
        r"""Answer each call with *message*: a message, a dict of fields, bytes, or a callable; or give the *fields*.

        A callable is given the request (a list of them where the client streams) and, if it takes a second argument
        that has no default, the call; it returns a message in any of these forms, where the server streams many of
        them, or yields them. It may be `async def`. It runs on a worker thread. With `GrpcError` it fails the call;
        anything else that it raises fails the test. Where both sides stream, *message* answers each of the requests; a
        callable is asked for each and may return several (a list) or none (None), and a generator function is given an
        iterator of the requests.

        ```python
        import grpc
        from pytest_integrations.backends.grpc.fake import FakeGrpc

        orders = 'syntax = "proto3"; message Id { string id = 1; } service Orders { rpc Get(Id) returns (Id); }'
        with FakeGrpc() as fake:
            orders = fake.load(orders)
            orders.Get.reply(lambda request: {"id": request.id + "!"})
            orders.Get.when(id="o2").reply(id="another")
            with grpc.insecure_channel(fake.target) as channel:
                get = channel.unary_unary("/Orders/Get")
                assert get(orders.Get.schema.request(id="o1").SerializeToString(), timeout=5) == b"\n\x03o1!"
            assert [request.id for request in orders.Get.requests] == ["o1"]
        ```
        """
        __tracebackhide__ = True
        if message is not _NOTHING and fields:
            msg = f"{self._name}.reply() takes a message or fields, not both: {message!r} and {', '.join(fields)}"
            raise ScriptingError(msg)
        self._say(answer_of(self.schema, fields if message is _NOTHING else message))
        return self

    def replies(self, *answers: Any, then: Then = "last") -> Self:
        """Answer the first call with the first of *answers*, the second with the second, and *then* go on.

        An answer is what `reply` takes, a `GrpcError`, or a fault; a fault that spoils an answer, rather than
        replacing it, spoils the one after it, which the next call gets whole. *then*: `"last"` repeats the last one,
        `"cycle"` begins again, `"unexpected"` makes a further call fail the test.
        """
        __tracebackhide__ = True
        turns = Turns(answers, then, lambda each: answer_of(self.schema, each), Answer((b"",)), self.inject)
        self._say(Answer((b"",)))
        self._turns = turns
        return self

    def reply_stream(self, messages: Iterable[Any], *, every: float | timedelta = 0.0) -> Self:
        """Answer each call with *messages*, *every* seconds one, and the first of them after that time as well.

        For methods whose server streams. Where the client streams as well, they come by themselves, from the beginning
        of the call on, and the call ends when both sides are done.
        """
        __tracebackhide__ = True
        if not self.schema.wire.streams_replies:
            msg = f"{self._name} is {self.schema.wire.kind}: it has one reply, give it by reply()"
            raise ScriptingError(msg)
        if isinstance(messages, str | bytes | dict) or not hasattr(messages, "__iter__"):
            msg = f"{self._name}.reply_stream({messages!r}): give a list of messages, or a generator to reply()"
            raise ScriptingError(msg)
        ready = tuple(encoded(self.schema.reply, each) for each in messages)
        self._say(Answer(ready, seconds("every", every), streams=True))
        return self

    def fail(
        self,
        code: Any,
        text: str = "",
        *,
        details: Iterable[Any] = (),
        trailing: MetadataLike = (),
    ) -> Self:
        """Answer each call with the status *code* and *text*: what the service says, rather than what goes wrong.

        *details* and *trailing* metadata as in `GrpcError`.
        """
        __tracebackhide__ = True
        self._say(Answer(error=GrpcError(code, text, details=details, trailing=trailing)))
        return self

    def metadata(
        self,
        headers: MetadataLike = (),
        *,
        trailing: MetadataLike = (),
    ) -> Self:
        """Send this metadata with what is answered: *headers* before the messages, *trailing* with the status."""
        __tracebackhide__ = True
        if self._answer is None or self._turns is not None:
            msg = f"{self._name}.metadata() comes after the one answer that it goes with: reply(...).metadata({{...}})"
            raise ScriptingError(msg)
        self._answer = self._answer.with_metadata(
            metadata_pairs("headers", headers), metadata_pairs("trailing", trailing)
        )
        return self

    def _say(self, answer: Answer) -> None:
        """Take what is said now in place of all that was said before."""
        self._answer = answer
        if self._turns is not None:
            self._turns.end(self.script)
            self._turns = None

    # -- asked by the fake

    @property
    def is_scripted(self) -> bool:
        """Whether it was said what it answers."""
        return self._answer is not None

    def next_answer(self, fault: Fault | None) -> Answer | None:
        """Return what is due now; None when a sequence has come to its end."""
        return self._answer if self._turns is None else self._turns.next(fault)

    def fits(self, request: Any) -> bool:
        """Tell whether it is for a call with this (first) *request*: None if there is none, bytes if it is garbage."""
        is_message = request is not None and not isinstance(request, bytes)
        return not self.conditions.count or (is_message and not self.conditions.misses(request))

    # -- what goes wrong, and what came

    def inject(self, *faults: Fault, **when: Any) -> Rule:
        """Script *faults* for these calls only; see `Fake.inject`."""
        __tracebackhide__ = True
        return self.fake.inject_into(self, faults, when)

    @property
    def calls(self) -> Calls:
        """The calls so far, oldest first."""
        return self.fake.calls.where(self._is_mine)

    @property
    def requests(self) -> list[Any]:
        """The messages that came with them, decoded, of all calls one after the other."""
        return [each for call in self.calls for each in getattr(call, "requests", ())]

    def _is_mine(self, call: Call) -> bool:
        return call.operation == self.schema.path and self.fits(getattr(call, "request", None))

    @property
    def _name(self) -> str:
        return self.schema.path.rpartition(".")[2].replace("/", ".")

    def __repr__(self) -> str:
        """Show what was chosen."""
        conditions = f" when {self.conditions}" if self.conditions.count else ""
        return f"<{self.schema.path}{conditions} of {self.fake.name}>"


class Method(MethodRule):
    """One method of a service: `orders.Get`."""

    def __init__(self, fake: FakeGrpc, schema: MethodSchema) -> None:
        """Choose all calls of the method of *schema*."""
        super().__init__(fake, schema, Conditions())
        self.rules: tuple[MethodRule, ...] = (self,)
        """What may answer it, the most demanding first, of equals the latest."""
        self.hosted: Answer | None = None
        """The real servicer that answers what none of the rules does, if there is one."""

    def when(self, where: Callable[[Any], object] | None = None, /, **fields: Any) -> MethodRule:
        """Return the rule for requests with these *fields*, and for which *where* is true; made when first asked for.

        Values are compared with `==`, in any of the forms in which `reply` takes them (enums by name or number), or
        asked if they are callable; of nested messages, given as dicts, only the fields named are compared. Of several
        rules that fit the one with the most conditions answers, of equals the one made last. Where the client streams,
        its first message is asked.
        """
        __tracebackhide__ = True
        if not fields and where is None:
            msg = f"{self._name}.when() needs a condition, such as when(id='o1')"
            raise ScriptingError(msg)
        check_fields(self.schema.request.DESCRIPTOR, fields)
        conditions = Conditions(fields, where)
        known = next((rule for rule in self.rules if rule.conditions.is_written_as(conditions)), None)
        if known is None:
            known = MethodRule(self.fake, self.schema, conditions)
            self.rules = tuple(sorted((known, *self.rules), key=lambda rule: rule.conditions.count, reverse=True))
        return known

    def answering(self, request: Any) -> MethodRule | None:
        """Return the rule that answers a call with this (first) *request*, if there is one."""
        return next((rule for rule in self.rules if rule.is_scripted and rule.fits(request)), None)

    @property
    def is_conditional(self) -> bool:
        """Whether it takes a request to know which rule answers; one that was only asked for its calls does not."""
        return any(rule is not self and (rule.is_scripted or rule.script.rules) for rule in self.rules)
