"""A call as grpcio's clients with threads have it: an error, a future and an iterator in one object."""

from __future__ import annotations

import logging
import threading
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn, cast

import grpc

from pytest_integrations.backends.grpc.metadatum import metadata_of
from pytest_integrations.backends.handlers import shared_runner

from .rpc import Rpc
from .state import CANCELLED, MISREAD, CallState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from types import TracebackType

    from pytest_integrations.backends.grpc.metadatum import Metadatum
    from pytest_integrations.core.clock import Clock
    from pytest_integrations.core.grpc_metadata import Metadata

    from .link import Link
    from .outcome import Outcome
    from .request import Request

__all__ = ["MemoryCall", "MemoryStreamCall"]

_log = logging.getLogger("grpc._channel")

if TYPE_CHECKING:  # at run time it takes no parameter
    _Future = grpc.Future[Any]
else:
    _Future = grpc.Future


class MemoryCall(grpc.RpcError, grpc.Call, _Future):  # type: ignore[misc, valid-type]  # grpcio has no types
    """A call that has one reply: raised where it failed, a future of its reply, and what tells of its end."""

    def __init__(
        self, link: Link, request: Request, decode: Callable[[bytes], Any] | None, *, then: Outcome | None = None
    ) -> None:
        """Make the call of *request* over *link*; *decode* makes a reply of bytes. With *then* it has ended at once."""
        super().__init__()
        self.rpc: Rpc = Rpc(link, request, self)
        self._clock: Clock = link.ledger.clock
        timeout = request.timeout
        self._deadline = None if timeout is None else self._clock.monotonic() + timeout
        self._state = CallState(_strict(decode), many=request.streams_replies)
        self._condition = threading.Condition()
        self._callbacks: list[Callable[[], object]] = []
        if then is not None:
            self._state.stop(then)

    # -- told on the loop

    def began(self, metadata: Metadata) -> None:
        """The headers came."""
        with self._condition:
            self._state.begin(metadata)
            self._changed()

    def received(self, message: bytes) -> None:
        """A message came."""
        with self._condition:
            self._state.receive(message)
            self._changed()

    def ended(self, outcome: Outcome) -> None:
        """The call is over."""
        with self._condition:
            self._state.end(outcome)
            self._changed()

    def _changed(self) -> None:
        """Wake who waits; call back if that was the end."""
        self._condition.notify_all()
        if self.done():
            callbacks, self._callbacks = self._callbacks, []
            if callbacks:
                shared_runner().submit(partial(_call_back, callbacks))

    def stop(self, outcome: Outcome) -> bool:
        """End the call from this side, unless it is over; tell whether it went on."""
        with self._condition:
            went_on = self._state.stop(outcome)
            self._changed()
        if went_on:
            self.rpc.cancel()
        return went_on

    def __del__(self) -> None:
        """Cancel a call that nobody has any more, as grpcio does."""
        state = getattr(self, "_state", None)
        if state is not None and state.outcome is None:
            self.rpc.cancel()

    # -- waiting

    def _wait(self, done: Callable[[], bool], timeout: float | None = None) -> None:
        with self._condition:
            if not self._condition.wait_for(done, timeout):
                raise grpc.FutureTimeoutError

    def _end(self, timeout: float | None = None) -> Outcome:
        """Return how it ended, when it has."""
        self._wait(self.done, timeout)
        return cast("Outcome", self._state.outcome)

    # -- grpc.Call

    def initial_metadata(self) -> tuple[Metadatum, ...]:
        """Return the metadata that came with the headers, when it has."""
        self._wait(lambda: self._state.initial is not None)
        return metadata_of(self._state.initial or ())

    def trailing_metadata(self) -> tuple[Metadatum, ...]:
        """Return the metadata that came with the status, when it has."""
        return metadata_of(self._end().trailing)

    def code(self) -> grpc.StatusCode:
        """Return the status, when it has come."""
        return grpc.StatusCode[self._end().code]

    def details(self) -> str:
        """Return the text of the status, when it has come."""
        return self._end().text

    def debug_error_string(self) -> str:
        """Return what grpcio's C core would have to tell: nothing."""
        return ""

    def is_active(self) -> bool:
        """Tell whether it goes on."""
        return not self.done()

    def time_remaining(self) -> float | None:
        """Return the seconds until its deadline, of the clock in force; None if it has none."""
        return None if self._deadline is None else max(0.0, self._deadline - self._clock.monotonic())

    def add_callback(self, callback: Callable[[], object]) -> bool:
        """Call *callback* when it is over; False if it is, and nothing will be called."""
        with self._condition:
            if self._state.outcome is not None:
                return False
            self._callbacks.append(callback)
            self.rpc.keep(self)
            return True

    # -- grpc.Future

    def cancel(self) -> bool:
        """Cancel it, if it goes on; tell whether it did."""
        return self.stop(CANCELLED)

    def cancelled(self) -> bool:
        """Tell whether it was cancelled from this side."""
        return self._state.is_cancelled

    def running(self) -> bool:
        """Tell whether it goes on."""
        return not self.done()

    def done(self) -> bool:
        """Tell whether it is over."""
        return self._state.outcome is not None

    def result(self, timeout: float | None = None) -> Any:
        """Return the reply, or raise the call itself; `grpc.FutureTimeoutError` after *timeout* seconds."""
        if self._end(timeout).number:
            self._raise()
        return self._state.response

    def _raise(self) -> NoReturn:
        if self._state.is_cancelled:
            raise grpc.FutureCancelledError
        raise self

    def exception(self, timeout: float | None = None) -> Exception | None:
        """Return the call itself if it failed, else None."""
        if self._end(timeout).number == 0:
            return None
        if self._state.is_cancelled:
            raise grpc.FutureCancelledError
        return self

    def traceback(self, timeout: float | None = None) -> TracebackType | None:
        """Return the traceback of the error, if there is one."""
        error = self.exception(timeout)
        if error is not None:
            with suppress(grpc.RpcError):  # it has one when it is raised, and nobody may have asked for the reply
                raise error
        return None if error is None else error.__traceback__

    def add_done_callback(self, fn: Callable[[Any], object]) -> None:
        """Call *fn* with the call when it is over; at once if it is."""
        if not self.add_callback(lambda: fn(self)):
            fn(self)

    def __str__(self) -> str:
        """Show how it ended."""
        outcome = self._state.outcome
        if outcome is None:
            return f"<{type(self).__name__} of {self.rpc.request.path} that goes on>"
        return (
            f"<{type(self).__name__} of RPC that terminated with:\n"
            f'\tstatus = StatusCode.{outcome.code}\n\tdetails = "{outcome.text}"\n>'
        )

    __repr__ = __str__


def _strict(decode: Callable[[bytes], Any] | None) -> Callable[[bytes], Any] | None:
    """Return *decode* as grpcio has it with threads: None is no reply, and as wrong as an error."""
    if decode is None:
        return None

    def decoded(message: bytes) -> Any:
        reply = decode(message)
        if reply is None:
            raise ValueError(message)
        return reply

    return decoded


def _call_back(callbacks: Iterable[Callable[[], object]]) -> None:
    """Call them one after the other; one that raises does not keep the others from it, as in grpcio."""
    for callback in callbacks:
        try:
            callback()
        except Exception:  # noqa: BLE001 -- whatever a callback raises; it is told
            _log.exception("a callback of a call raised")


class MemoryStreamCall(MemoryCall):
    """A call that has many replies: an iterator of them, which raises the call itself where it failed."""

    def __iter__(self) -> Iterator[Any]:
        """Iterate over the replies."""
        return self

    def __next__(self) -> Any:
        """Return the next reply, when it has come."""
        with self._condition:
            self._condition.wait_for(lambda: bool(self._state.messages) or self.done())
            if not self._state.messages:
                self._over()
            message = self._state.take()
            self._changed()
        self.rpc.taken(len(message))
        try:
            return self._state.decoded(message)
        except Exception:  # noqa: BLE001 -- whatever a codec raises
            self._misread()
            raise self from None

    def _over(self) -> NoReturn:
        outcome = self._state.outcome
        if outcome is not None and outcome.number == 0:
            raise StopIteration
        raise self

    def _misread(self) -> None:
        """End a call of which a message cannot be decoded."""
        with self._condition:
            self._state.messages.clear()
            self._state.finish(MISREAD)
            self._changed()
        self.rpc.cancel()

    def result(self, timeout: float | None = None) -> Any:
        """Return the call itself, when it is over and went well; raise it else."""
        return self if self._end(timeout).number == 0 else self._raise()
