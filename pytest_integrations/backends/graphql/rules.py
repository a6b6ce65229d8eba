"""What answers an operation, and what goes wrong with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from pytest_integrations.backends.turns import Turns
from pytest_integrations.core.script import Script

from .answered import Answered
from .defaults import UNSET

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pytest_integrations.backends.turns import Then
    from pytest_integrations.core.fault import Fault
    from pytest_integrations.core.graphql_call import Operation, OperationKind
    from pytest_integrations.core.ledger import Calls
    from pytest_integrations.core.script import Rule

    from .conditions import Conditions
    from .fake import FakeGraphQL

__all__ = ["DataRule", "OperationRule", "Rules"]

_HEALTHY = Answered()


class OperationRule:
    """The operations of one kind, of one name or of any, as far as conditions hold."""

    def __init__(self, fake: FakeGraphQL, kind: OperationKind, name: str | None, conditions: Conditions) -> None:
        """Choose operations of *fake* of this *kind* and *name* (None: any) for which *conditions* hold."""
        self.fake = fake
        self.kind = kind
        self.name = name
        self.conditions = conditions
        self.script: Script = Script()

    def fits(self, operation: Operation) -> bool:
        """Tell whether it is for *operation*."""
        return (
            operation.kind == self.kind
            and self.name in {None, operation.name}
            and not self.conditions.misses(operation)
        )

    @property
    def rank(self) -> tuple[bool, int]:
        """How much it asks for; of several that fit the one that asks for most answers."""
        return (self.name is not None, self.conditions.count)

    def inject(self, *faults: Fault, **when: Any) -> Rule:
        """Script *faults* for these operations only; see `Fake.inject`."""
        __tracebackhide__ = True
        return self.fake.inject_into(self, faults, when)

    @property
    def received(self) -> Calls:
        """The calls with such an operation so far."""
        return self.fake.calls.where(lambda call: any(map(self.fits, getattr(call, "operations", ()))))

    def __repr__(self) -> str:
        """Show what was chosen."""
        conditions = f" with {self.conditions}" if self.conditions.count else ""
        return f"<{self.kind} {self.name or '*'}{conditions} of {self.fake.name}>"


class DataRule(OperationRule):
    """What queries or mutations are answered; made by `fake.query(...)` and `fake.mutation(...)`."""

    def __init__(self, fake: FakeGraphQL, kind: OperationKind, name: str | None, conditions: Conditions) -> None:
        """Answer them with default data, until `reply` says otherwise."""
        super().__init__(fake, kind, name, conditions)
        self._answer = _HEALTHY
        self._turns: Turns[Answered] | None = None
        self.is_scripted: bool = False
        """Whether it was said what they are answered."""

    def reply(
        self,
        data: Any = UNSET,
        *,
        errors: Iterable[Mapping[str, Any] | str] = (),
        extensions: Mapping[str, Any] | None = None,
        status: int | None = None,
        headers: Any = (),
    ) -> Self:
        """Answer each of them with *data* for the fields at its root.

        *data* is checked against the schema; what it leaves out is filled in with default data, and what the client did
        not select is left out. It is a dict whose values may be callables of the arguments, or exceptions, which are
        the errors of their fields; or a function of the operation's variables that returns such a dict, or None. With
        *errors* (messages, or dicts with a message) and no data nothing is executed; with data they are added to it.
        *extensions* are those of the result; *status* and *headers* are HTTP's.

        ```python
        import requests

        with FakeGraphQL("type Query { user(id: ID!): User } type User { name: String! email: String }") as api:
            api.query("GetUser").reply({"user": {"name": "Ada", "email": FieldError("hidden", code="FORBIDDEN")}})
            answer = requests.post(api.url, json={"query": "query GetUser { user(id: 7) { name email } }"}).json()
            assert answer["data"] == {"user": {"name": "Ada", "email": None}}
            assert answer["errors"][0]["path"] == ["user", "email"]
        ```
        """
        __tracebackhide__ = True
        self._say(Answered.of(data, errors=errors, extensions=extensions, status=status, headers=headers))
        return self

    def replies(self, *answers: Any, then: Then = "last") -> Self:
        """Answer the first of them with the first of *answers*, the second with the second, and *then* go on.

        An answer is data (a dict, None, a function of the variables), an `answer(...)` with errors or a status of its
        own, or a fault; one that spoils an answer, rather than replacing it, spoils the one after it, which the next
        call gets whole. *then*: `"last"` repeats the last one, `"cycle"` begins again, `"unexpected"` makes a further
        call fail the test.
        """
        __tracebackhide__ = True
        turns = Turns(answers, then, _as_answered, _HEALTHY, self.inject)
        self._say(_HEALTHY)
        self._turns = turns
        return self

    def _say(self, answer: Answered) -> None:
        """Take what is said now in place of all that was said before."""
        self._answer = answer
        self.is_scripted = True
        if self._turns is not None:
            self._turns.end(self.script)
            self._turns = None
        self.fake.changed()

    def next_answer(self, fault: Fault | None = None) -> Answered | None:
        """Return what is due now; None when a sequence has come to its end.

        A *fault* whose own turn it is is played on the answer after it, and does not use that up.
        """
        return self._answer if self._turns is None else self._turns.next(fault)


def _as_answered(answer: Any) -> Answered:
    return answer if isinstance(answer, Answered) else Answered.of(answer)


class Rules:
    """The rules of one fake."""

    def __init__(self) -> None:
        """Begin without rules."""
        self.all: tuple[OperationRule, ...] = ()

    def find(self, kind: str, name: str | None, conditions: Conditions) -> OperationRule | None:
        """Return the rule that was made with exactly these, or None."""
        same = (rule for rule in self.all if rule.kind == kind and rule.name == name)
        return next((rule for rule in same if rule.conditions.is_written_as(conditions)), None)

    def add(self, rule: OperationRule) -> None:
        """Add *rule*; the most demanding stand first, of equals the latest."""
        self.all = tuple(sorted((rule, *self.all), key=lambda each: each.rank, reverse=True))

    def for_(self, operation: Operation) -> OperationRule | None:
        """Return the rule that answers *operation*, or None."""
        return next((rule for rule in self.all if rule.fits(operation)), None)
