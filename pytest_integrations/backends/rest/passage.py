"""Calls that no route answers, on their way to the real service, or to what it has answered before."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from http.client import HTTPException
from typing import TYPE_CHECKING, cast

from pytest_integrations.backends.handlers import shared_runner
from pytest_integrations.core.errors import ScriptingError
from pytest_integrations.wire.http1.service import Prepared, Streamed
from pytest_integrations.wire.loop import shared_loop

from .cassette import Cassette
from .upstream import NoAnswer, Passed, Upstream

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_integrations.core.call import HttpCall
    from pytest_integrations.core.clock import Clock
    from pytest_integrations.core.reply import Reply
    from pytest_integrations.wire.http1.service import Answers
    from pytest_integrations.wire.http1.stream import Stream

    from .cassette import RecordMode

__all__ = ["Passage"]

_UNSENT_AT_MOST = 1024 * 1024
"""How many bytes may wait for a slow client before its service is read no further."""
_PAUSE = 0.01


class Passage:
    """What a fake passes on, to a service, from a cassette, or both."""

    def __init__(self, upstream: object, record: object, *, timeout: float, max_body: int) -> None:
        """Pass on to *upstream*, and record in, or answer from, *record*; one of them may be None."""
        __tracebackhide__ = True
        self._wanted = upstream
        self._timeout = timeout
        self._max_body = max_body
        self._upstream: Upstream | None = None
        self._cassette = None if record is None else Cassette.of(record)

    # -- life

    def open(self, mode: RecordMode | None) -> None:
        """Read the cassette; *mode* goes before its own."""
        __tracebackhide__ = True
        self._upstream = None if self._wanted is None else Upstream.of(self._wanted, self._timeout)
        if self._cassette is not None:
            self._cassette.insert(mode)
            if self._cassette.records and self._upstream is None:
                self._cassette.eject("")
                msg = (
                    f"{self._cassette!r} would record, but nothing says what: name the service, as upstream='https://…'"
                )
                raise ScriptingError(msg)

    def close(self) -> None:
        """Break off what is under way, and write the cassette."""
        if self._upstream is not None:
            self._upstream.close()
        if self._cassette is not None:
            self._cassette.eject(self._upstream.url if self._upstream is not None else "")

    # -- answering, on the loop

    def answer(
        self, call: HttpCall, clock: Clock, failed: Callable[[HttpCall, BaseException], Prepared]
    ) -> Answers | Callable[[Callable[[Answers], object]], object] | None:
        """Return the answer to *call*, or what hands it over later; None if there is none to be had."""
        if self._cassette is not None:
            found = self._cassette.play(call)
            if found is not None:
                return Prepared(found)
            if not self._cassette.records:
                return None
        upstream = self._upstream
        if upstream is None:  # pragma: no cover -- `open` has seen to that
            return None

        def ask(done: Callable[[Answers], object]) -> None:
            try:
                self._ask(upstream, call, clock, lambda answer: shared_loop().post(lambda: done(answer)))
            except BaseException as error:  # noqa: BLE001 -- told to the test
                prepared = failed(call, error)
                shared_loop().post(lambda: done(prepared))

        return lambda done: shared_runner().submit(lambda: ask(done))

    def missing(self, call: HttpCall) -> str:
        """Return in words that the cassette has no answer to *call*."""
        cassette = cast("Cassette", self._cassette)
        lines = [f"{str(cassette.path)!r} has no answer to {call.method} {call.target}"]
        known = cassette.nearest(call)
        lines += [f"  it has {', '.join(known[:5])}{', …' if len(known) > 5 else ''}"] if known else ["  it is empty"]
        return "\n".join([*lines, "  record it with --integrations-record=new_episodes, or declare a route"])

    # -- asking, on a worker

    def _ask(self, upstream: Upstream, call: HttpCall, clock: Clock, hand_over: Callable[[Answers], object]) -> None:
        try:
            answer = upstream.ask(call, max_body=self._max_body, readable=self._cassette is not None)
        except NoAnswer as error:  # which is no answer to be had again, when the service is back
            hand_over(Prepared(error.reply))
            return
        if isinstance(answer, Passed):
            self._pass_on(answer, call, clock, hand_over)
            return
        self._record(call, answer)
        hand_over(Prepared(answer))

    def _record(self, call: HttpCall, reply: Reply) -> None:
        cassette = self._cassette
        if cassette is not None:
            shared_loop().call(lambda: cassette.record(call, reply))

    def _pass_on(self, answer: Passed, call: HttpCall, clock: Clock, hand_over: Callable[[Answers], object]) -> None:
        """Pass a body on as it comes."""

        def begin(stream: Stream) -> None:
            stream.on_gone = lambda _by_client: answer.hang_up()
            shared_runner().submit(lambda: self._stream(answer, call, stream, clock))

        hand_over(Streamed(answer.reply, begin))

    def _stream(self, answer: Passed, call: HttpCall, stream: Stream, clock: Clock) -> None:
        loop = shared_loop()
        body: list[bytes] = []
        try:
            for piece in answer.pieces():
                if self._cassette is not None:
                    body.append(piece)
                waiting = loop.call(partial(_send, stream, piece))
                while waiting > _UNSENT_AT_MOST:
                    clock.sleep(_PAUSE)
                    waiting = loop.call(partial(_send, stream, b""))
        except (OSError, ValueError, HTTPException):
            loop.call(lambda: stream.break_off("reset"))  # as it was broken off for us
            return
        if not stream.is_over:
            self._record(call, replace(answer.reply, body=b"".join(body)))
        loop.call(stream.end)


def _send(stream: Stream, piece: bytes) -> int:
    """Send *piece* and return how many bytes wait; of a stream that is over none do."""
    stream.send(piece)
    return 0 if stream.is_over else stream.unsent
