"""One operation of a fake REST backend: what it answers, and what goes wrong with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_integrations.backends.handlers import Handler, as_reply
from pytest_integrations.backends.turns import Turns
from pytest_integrations.core.reply import Reply
from pytest_integrations.core.script import Script
from pytest_integrations.faults.limits import max_concurrency, rate_limit
from pytest_integrations.wire.http1.service import Prepared

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import timedelta
    from typing import Self

    from pytest_integrations.backends.turns import Then
    from pytest_integrations.core.fault import Fault
    from pytest_integrations.core.ledger import Calls
    from pytest_integrations.core.script import Rule

    from .conditions import Conditions
    from .fake import FakeRest

__all__ = ["Route"]

_HEALTHY = Prepared(Reply())
_UNSET: Any = object()


class Route:
    """An operation such as `GET /users/<int:id>`; made by `fake_rest.get(...)` and its siblings.

    The methods that script it return the route, so that they can be chained.
    """

    def __init__(self, fake: FakeRest, method: str, template: str, conditions: Conditions) -> None:
        """Make the route of *fake* for *method* and *template*, as far as *conditions* hold."""
        self.fake = fake
        self.method = method
        self.template = template
        self.conditions = conditions
        self.operation: str = f"{method} {template}"
        self.script: Script = Script()
        self.is_mount = False
        """Whether an application answers, which has many operations behind the one template."""
        self.is_declared: bool = False
        """Whether the test has said what it answers."""
        self.handler: Handler | None = None
        self.prepared: Prepared = _HEALTHY
        self._turns: Turns[Prepared] | None = None

    # -- what it answers

    def reply(
        self,
        status: int = 200,
        *,
        json: Any = _UNSET,
        text: str | None = None,
        body: bytes | None = None,
        chunks: Any = None,
        headers: Any = (),
    ) -> Self:
        """Answer every call alike: a *status*, at most one form of body, and *headers*.

        `chunks=[b"…", …]` sends the body in exactly these chunks. See `Reply.of`.
        """
        has_json = {} if json is _UNSET else {"json": json}
        self._answer(Prepared(Reply.of(status, text=text, body=body, chunks=chunks, headers=headers, **has_json)))
        return self

    def replies(self, *answers: Any, then: Then = "last") -> Self:
        """Answer the first call with the first of *answers*, the second with the second, and *then* go on.

        An answer is whatever a handler may return (`503`, `{"id": 1}`, `({"id": 1}, 201)`, a `Reply`) or a fault; one
        that spoils an answer, rather than replacing it, spoils the one after it, which the next call gets whole.
        *then*: `"last"` repeats the last one, `"cycle"` begins again, `"unexpected"` makes a further call fail the
        test.
        """
        turns = Turns(answers, then, lambda answer: Prepared(as_reply(answer)), _HEALTHY, self.inject)
        self._answer(_HEALTHY)
        self._turns = turns
        return self

    def calls(self, function: Callable[..., Any], *, inline: bool = False) -> Self:
        """Answer with what *function(request, **placeholders)* returns.

        It gets a werkzeug `Request`, unless it has no argument or only such that have a default, and the values of the
        route's placeholders by name. It runs on a worker thread, an `async def` one on an asyncio thread;
        `inline=True` lets one that never blocks run on the I/O thread, twice as fast. What it may return: a `Reply`,
        a werkzeug `Response`, dict or list (JSON), str, bytes, an int (status), None (204), `(body, status)`,
        `(body, status, headers)`. What it raises fails the test.
        """
        self._answer(_HEALTHY)
        self.handler = Handler(function, inline=inline)
        return self

    def _answer(self, prepared: Prepared) -> None:
        """Take what is declared now in place of all that was declared before."""
        self.is_declared = True
        self.prepared = prepared
        self.handler = None
        if self._turns is not None:
            self._turns.end(self.script)
            self._turns = None

    def next_prepared(self, fault: Fault | None = None) -> Prepared | None:
        """Return the declared reply that is due now; None when a sequence has come to its end.

        A *fault* whose own turn it is in the sequence is played on the answer after it, and does not use it up.
        """
        return self.prepared if self._turns is None else self._turns.next(fault)

    # -- what goes wrong with it

    def inject(self, *faults: Fault, **when: Any) -> Rule:
        """Script *faults* for this operation only; see `Fake.inject`."""
        __tracebackhide__ = True
        return self.fake.inject_into(self, faults, when)

    def rate_limit(self, limit: int, per: float | timedelta, **settings: Any) -> Self:
        """Allow *limit* calls in *per* seconds to this operation and answer 429 beyond; see `faults.rate_limit`."""
        self.inject(rate_limit(limit, per, **settings))
        return self

    def max_concurrency(self, limit: int, *, retry_after: int | None = None) -> Self:
        """Answer at most *limit* calls to this operation at a time and 503 beyond; see `faults.max_concurrency`."""
        self.inject(max_concurrency(limit, retry_after))
        return self

    # -- what was asked

    @property
    def received(self) -> Calls:
        """The calls to this operation so far."""
        return self.fake.calls.of(self.operation)

    def __repr__(self) -> str:
        """Show method, template and conditions."""
        conditions = f" with {self.conditions}" if self.conditions.count else ""
        return f"<Route {self.operation}{conditions}>"
