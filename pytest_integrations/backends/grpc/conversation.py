"""The fake's part in one call: from its requests to its replies, by what the test said the method answers."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from .computed import Asking, Iterating, Running, has_enough

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_integrations.wire.grpc.service import Answering, Conversation

    from .answers import Answer
    from .methods import Method
    from .serving import Serving

__all__ = ["Choosing", "Failing"]


class Choosing:
    """Takes in what is needed to know what answers, and then leaves the call to that."""

    def __init__(self, serving: Serving, answering: Answering, method: Method) -> None:
        """Answer the call of *answering* with what *method* says."""
        self._serving = serving
        self._answering = answering
        self._method = method
        self._waiting: list[bytes] = []
        self._chosen: Conversation | None = None
        if self._is_hasty and not method.is_conditional:
            self._choose(None)

    def received(self, message: bytes) -> None:
        """A message of the request came in."""
        if self._chosen is not None:
            self._chosen.received(message)
            return
        self._waiting.append(message)
        if self._is_hasty:
            self._choose(message)

    @property
    def _is_hasty(self) -> bool:
        """Whether what answers is to have the request's messages as they come."""
        return self._method.schema.wire.kind == "bidi" or self._method.hosted is not None

    def half_closed(self) -> None:
        """The request is complete."""
        if self._chosen is None:
            self._choose(self._waiting[0] if self._waiting else None)
        if self._chosen is not None:
            self._chosen.half_closed()

    def drained(self) -> None:
        """What was sent is on its way."""
        if self._chosen is not None:
            self._chosen.drained()

    def over(self) -> None:
        """The call has come to its end."""
        if self._chosen is not None:
            self._chosen.over()

    def _choose(self, first: bytes | None) -> None:
        answer = self._serving.answer_for(self._answering, self._method, first)
        if answer is None:
            return
        self._answering.headers(answer.headers)
        self._chosen = _conversation(self._serving, self._answering, self._method, answer)
        for message in self._waiting:
            self._chosen.received(message)


def _conversation(serving: Serving, answering: Answering, method: Method, answer: Answer) -> Conversation:
    """Return what holds the conversation, by the kind of the method and of the answer."""
    if answer.host is not None:
        return answer.host.converse(answering)
    if answer.error is not None:
        error = answer.error
        return Failing(partial(answering.end, error.number, error.text, (*error.trailing, *answer.trailing)))
    is_bidi = method.schema.wire.kind == "bidi"
    end = partial(answering.end, 0, "", answer.trailing)
    if answer.function is not None:
        running = Running(serving, answering, method, answer.function, end)
        if not is_bidi:
            return Asking(running)
        return Iterating(running) if answer.is_generator else Asking(running, each=True)
    if is_bidi and not answer.streams:
        return Echo(answering, answer.messages, end)
    return Ready(answering, answer.messages, answer.every, end, at_once=is_bidi)


class Ready:
    """Messages that are ready: sent when the request is complete, or *at_once*; the end waits for the request."""

    def __init__(
        self,
        answering: Answering,
        messages: tuple[bytes, ...],
        every: float,
        end: Callable[[], object],
        *,
        at_once: bool,
    ) -> None:
        """Send *messages*, with *every* seconds before each, and then *end*."""
        self._answering = answering
        self._messages = messages
        self._every = every
        self._end = end
        if at_once:
            self._send()

    def _send(self) -> None:
        messages, self._messages = self._messages, ()
        for message in messages:
            self._answering.send(message, self._every)

    def received(self, message: bytes) -> None:
        """A message of the request came in: it is in the ledger, and says nothing new."""

    def half_closed(self) -> None:
        """The request is complete."""
        self._send()
        self._end()

    def drained(self) -> None:
        """Nothing waits for that: all has been given to the wire."""

    def over(self) -> None:
        """Nothing is left to be done."""


class Failing:
    """A status, at once: it takes no request to know it."""

    def __init__(self, end: Callable[[], object]) -> None:
        """Just *end*."""
        end()

    def received(self, message: bytes) -> None:
        """Nothing is made of that."""

    def half_closed(self) -> None:
        """Nothing is left to be said."""

    def drained(self) -> None:
        """Nothing waits for that."""

    def over(self) -> None:
        """Nothing is left to be done."""


class Echo:
    """The same messages for each message of the request, as fast as the client takes them."""

    def __init__(self, answering: Answering, messages: tuple[bytes, ...], end: Callable[[], Any]) -> None:
        """Answer each with *messages*, and *end* when the client has no more."""
        self._answering = answering
        self._messages = messages
        self._end = end
        self._due = 0
        """How many messages of the request are still to be answered."""
        self._is_complete = False

    def received(self, message: bytes) -> None:
        """A message of the request came in."""
        self._due += 1
        self._go_on()

    def half_closed(self) -> None:
        """The request is complete."""
        self._is_complete = True
        self._go_on()

    def drained(self) -> None:
        """What was sent is on its way: there is room for more."""
        self._go_on()

    def _go_on(self) -> None:
        while self._due and not has_enough(self._answering):
            self._due -= 1
            for each in self._messages:
                self._answering.send(each)
        if self._is_complete and not self._due:
            self._is_complete = False
            self._end()

    def over(self) -> None:
        """Nothing is left to be done."""
        self._due = 0
