"""Subscriptions as a test sees them: it sends events to those who subscribe, or says beforehand which they get."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, Literal, Self

from pytest_integrations.core.errors import ScriptingError
from pytest_integrations.core.settings import among, seconds
from pytest_integrations.wire.loop import shared_loop

from .answered import Answered
from .defaults import UNSET
from .rules import OperationRule

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import timedelta

    from pytest_integrations.core.graphql_call import OperationKind
    from pytest_integrations.wire.loop import Timer

    from .conditions import Conditions
    from .fake import FakeGraphQL
    from .streams.subscriber import Subscriber

__all__ = ["SubscriptionRule"]


class _Live:
    """One subscriber, and how to give it an event."""

    def __init__(self, subscriber: Subscriber, give: Callable[[Answered], object]) -> None:
        self.subscriber = subscriber
        self.give = give
        self.timer: Timer | None = None

    def finish(self, errors: tuple[Mapping[str, Any], ...]) -> None:
        """End it, after what it was given before."""

        def step(done: Callable[[], object]) -> None:
            if errors:
                self.subscriber.error(errors)
            else:
                self.subscriber.complete()
            done()

        self.subscriber.then(step)


class SubscriptionRule(OperationRule):
    """What subscribers get; made by `fake.subscription(...)`.

    `next`, `error` and `complete` go to all who have subscribed at that moment, whatever their transport. Before
    anybody has, they are kept for the first who does, so that a test need not wait for its client; once somebody has,
    what is sent while nobody is there is lost, as it is in reality. What nobody sends, nobody gets: a subscription is
    open and silent, until the test says otherwise.
    """

    def __init__(self, fake: FakeGraphQL, kind: OperationKind, name: str | None, conditions: Conditions) -> None:
        """Begin without a subscriber."""
        super().__init__(fake, kind, name, conditions)
        self._live: list[_Live] = []
        self._kept: deque[Callable[[_Live], object]] = deque()
        self._has_begun = False
        self._script: tuple[Answered, ...] = ()
        self._then: Literal["complete", "open"] = "open"
        self._every = 0.0

    # -- by the test's hand

    def next(
        self,
        data: Any = UNSET,
        *,
        errors: Iterable[Mapping[str, Any] | str] = (),
        extensions: Mapping[str, Any] | None = None,
    ) -> Self:
        """Send an event with *data* for the field at the root, as in `reply`: what it leaves out is filled in.

        With *errors* the result has them, too; it goes on after that.

        ```python
        import json, requests

        with FakeGraphQL("type Query { a: Int } type Subscription { ticked: Tick } type Tick { at: Int }") as api:
            api.subscription("OnTick").next({"ticked": {"at": 1}}).complete()
            query = {"query": "subscription OnTick { ticked { at } }"}
            answer = requests.post(api.url, json=query, headers={"Accept": "text/event-stream"})
            assert answer.text.splitlines()[2:4] == ["event: next", 'data: {"data":{"ticked":{"at":1}}}']
        ```
        """
        __tracebackhide__ = True
        event = Answered.of(data, errors=errors, extensions=extensions)
        return self._to_all(lambda live: live.give(event))

    def error(self, *errors: Mapping[str, Any] | str) -> Self:
        """End all subscriptions with *errors*: messages, or dicts with a message."""
        __tracebackhide__ = True
        if not errors:
            msg = "error() needs at least one error, such as error('no more')"
            raise ScriptingError(msg)
        listed = Answered.of(errors=errors).errors
        return self._to_all(lambda live: live.finish(listed))

    def complete(self) -> Self:
        """End all subscriptions in order."""
        return self._to_all(lambda live: live.finish(()))

    def _to_all(self, send: Callable[[_Live], object]) -> Self:
        def act() -> None:
            for live in tuple(self._live):
                send(live)
            if not self._has_begun:
                self._kept.append(send)

        self.fake.ledger.settle()  # who is just subscribing gets it, too
        shared_loop().call(act)
        return self

    @property
    def subscribers(self) -> int:
        """How many there are now."""
        self.fake.ledger.settle()
        return shared_loop().call(lambda: len(self._live))

    # -- said beforehand

    def replies(
        self, events: Iterable[Any], *, then: Literal["complete", "open"] = "complete", every: float | timedelta = 0.0
    ) -> Self:
        """Send everybody who subscribes these *events*, each the same from the first, and *then* complete or stay open.

        An event is data, or an `answer(...)` with errors. The first is sent *every* seconds after the subscription, and
        so are the others after one another; 0 sends all at once.
        """
        __tracebackhide__ = True
        among("then", then, ("complete", "open"))
        if isinstance(events, str | bytes | dict):
            msg = f"replies({events!r}) is no list of events: give replies([{{'field': ...}}, ...])"
            raise ScriptingError(msg)
        self._script = tuple(each if isinstance(each, Answered) else Answered.of(each) for each in events)
        self._then, self._every = then, seconds("every", every)
        return self

    # -- told by the transports

    def joined(self, subscriber: Subscriber, give: Callable[[Answered], object]) -> None:
        """Serve *subscriber* from now on; *give* sends it the result of an event. On the loop."""
        if subscriber.is_over:
            return
        live = _Live(subscriber, give)
        self._live.append(live)
        subscriber.on_over.append(lambda _: self._left(live))
        self._has_begun = True
        kept, self._kept = self._kept, deque()
        for send in kept:
            send(live)
        if self._script:
            self._play(live, self._script, self._then)

    def _left(self, live: _Live) -> None:
        self._live.remove(live)
        if live.timer is not None:
            live.timer.cancel()

    def _play(self, live: _Live, events: tuple[Answered, ...], then: str) -> None:
        """Send what was said beforehand, from here on."""
        if self._every and events:
            live.timer = shared_loop().call_later(self._every, lambda: self._play_one(live, events, then))
            return
        for event in events:
            live.give(event)
        if then == "complete":
            live.finish(())

    def _play_one(self, live: _Live, events: tuple[Answered, ...], then: str) -> None:
        live.give(events[0])
        if not live.subscriber.is_over:
            self._play(live, events[1:], then)
