"""A call as grpcio's clients with threads have it: an error, a future and an iterator in one object."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn, cast

import grpc

from pytest_integrations.backends.handlers import shared_runner
from pytest_integrations.core.grpc_status import CODES

from .outcome import DEADLINE_EXCEEDED, Outcome
from .rpc import Rpc

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType

    from pytest_integrations.core.clock import Clock
    from pytest_integrations.core.grpc_metadata import Metadata

    from .link import Link
    from .request import Request

__all__ = ["MemoryCall", "MemoryStreamCall", "Metadatum", "metadata_of"]

_INTERNAL = CODES.index("INTERNAL")
_CANCELLED = Outcome(CODES.index("CANCELLED"), "Locally cancelled by application!")


class Metadatum(NamedTuple):
    """One entry of metadata: a pair, with names."""

    key: str
    value: str | bytes


def metadata_of(pairs: Metadata) -> tuple[Metadatum, ...]:
    """Return *pairs* as grpcio gives them to an application."""
    return tuple(Metadatum(*pair) for pair in pairs)


class MemoryCall(grpc.RpcError, grpc.Call, grpc.Future):  # type: ignore[misc]  # grpcio has no types
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
        self._decode = decode
        self._condition = threading.Condition()
        self._initial: Metadata | None = None
        self._messages: deque[bytes] = deque()
        self._coming: Outcome | None = None
        """How it ends, once its messages have been read."""
        self._outcome: Outcome | None = None
        self._is_cancelled = False
        self._response: Any = None
        self._callbacks: list[Callable[[], object]] = []
        if then is not None:
            self.ended(then)

    # -- told on the loop

    def began(self, metadata: Metadata) -> None:
        """The headers came."""
        with self._condition:
            self._initial = metadata
            self._condition.notify_all()

    def received(self, message: bytes) -> None:
        """A message came."""
        with self._condition:
            self._messages.append(message)
            self._condition.notify_all()

    def ended(self, outcome: Outcome) -> None:
        """The call is over."""
        with self._condition:
            self._coming = outcome
            self._settle()
            self._condition.notify_all()

    def _settle(self) -> None:
        """Let the call end, if it is to; its one message is no longer waited for."""
        if self._coming is not None and self._outcome is None:
            self._finish(self._read(self._coming))

    def _read(self, outcome: Outcome) -> Outcome:
        """Decode the one message, as the last thing that can go wrong."""
        if outcome.number or not self._messages:
            return outcome
        try:
            self._response = self._decoded(self._messages.popleft())
        except Exception:  # noqa: BLE001 -- whatever a codec raises: it is the message that is wrong
            return Outcome(_INTERNAL, "Exception deserializing response!", outcome.trailing)
        return outcome

    def _decoded(self, message: bytes) -> Any:
        return message if self._decode is None else self._decode(message)

    def _finish(self, outcome: Outcome) -> None:
        """Take *outcome* for the end, whatever was to come."""
        self._outcome = self._coming = outcome
        self._initial = self._initial or ()
        callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            shared_runner().submit(callback)
        self._condition.notify_all()

    def fail(self, code: str, text: str) -> None:
        """End the call from this side."""
        self._leave(Outcome(CODES.index(code), text))

    def _leave(self, outcome: Outcome) -> bool:
        with self._condition:
            if self._outcome is not None:
                return False
            self._is_cancelled = outcome is _CANCELLED
            self._messages.clear()
            self._finish(outcome)
        self.rpc.cancel()
        return True

    # -- waiting

    def _wait(self, done: Callable[[], bool], timeout: float | None = None) -> None:
        with self._condition:
            if not self._condition.wait_for(done, timeout):
                raise grpc.FutureTimeoutError

    def _end(self, timeout: float | None = None) -> Outcome:
        """Return how it ended, when it has."""
        self._wait(self.done, timeout)
        return cast("Outcome", self._outcome)

    # -- grpc.Call

    def initial_metadata(self) -> tuple[Metadatum, ...]:
        """Return the metadata that came with the headers, when it has."""
        self._wait(lambda: self._initial is not None)
        return metadata_of(self._initial or ())

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
            if self._outcome is not None:
                return False
            self._callbacks.append(callback)
            return True

    # -- grpc.Future

    def cancel(self) -> bool:
        """Cancel it, if it goes on; tell whether it did."""
        return self._leave(_CANCELLED)

    def cancelled(self) -> bool:
        """Tell whether it was cancelled from this side."""
        return self._is_cancelled

    def running(self) -> bool:
        """Tell whether it goes on."""
        return not self.done()

    def done(self) -> bool:
        """Tell whether it is over."""
        return self._outcome is not None

    def result(self, timeout: float | None = None) -> Any:
        """Return the reply, or raise the call itself; `grpc.FutureTimeoutError` after *timeout* seconds."""
        if self._end(timeout).number:
            self._raise()
        return self._response

    def _raise(self) -> NoReturn:
        if self._is_cancelled:
            raise grpc.FutureCancelledError
        raise self

    def exception(self, timeout: float | None = None) -> Exception | None:
        """Return the call itself if it failed, else None."""
        if self._end(timeout).number == 0:
            return None
        if self._is_cancelled:
            raise grpc.FutureCancelledError
        return self

    def traceback(self, timeout: float | None = None) -> TracebackType | None:
        """Return the traceback of the error, if there is one."""
        error = self.exception(timeout)
        return None if error is None else error.__traceback__

    def add_done_callback(self, fn: Callable[[Any], object]) -> None:
        """Call *fn* with the call when it is over; at once if it is."""
        if not self.add_callback(lambda: fn(self)):
            fn(self)

    def __str__(self) -> str:
        """Show how it ended."""
        outcome = self._outcome
        if outcome is None:
            return f"<{type(self).__name__} of {self.rpc.request.path} that goes on>"
        return (
            f"<{type(self).__name__} of RPC that terminated with:\n"
            f"\tstatus = StatusCode.{outcome.code}\n\tdetails = {outcome.text!r}\n>"
        )

    __repr__ = __str__


class MemoryStreamCall(MemoryCall):
    """A call that has many replies: an iterator of them, which raises the call itself where it failed."""

    def _settle(self) -> None:
        """Let the call end when all that came has been read, as grpcio does."""
        if self._coming is not None and self._outcome is None and not self._messages:
            self._finish(self._coming)

    def ended(self, outcome: Outcome) -> None:
        """The call is over; what ended it before its time throws away what was not read."""
        with self._condition:
            if outcome is DEADLINE_EXCEEDED:
                self._messages.clear()
        super().ended(outcome)

    def __iter__(self) -> Iterator[Any]:
        """Iterate over the replies."""
        return self

    def __next__(self) -> Any:
        """Return the next reply, when it has come."""
        with self._condition:
            self._condition.wait_for(lambda: bool(self._messages) or self._outcome is not None)
            if not self._messages:
                self._stop()
            message = self._messages.popleft()
            self._settle()
        self.rpc.taken(len(message))
        try:
            return self._decoded(message)
        except Exception:  # noqa: BLE001 -- whatever a codec raises
            self._misread()
            raise self from None

    def _stop(self) -> NoReturn:
        outcome = self._outcome
        if outcome is not None and outcome.number == 0:
            raise StopIteration
        raise self

    def _misread(self) -> None:
        """End a call of which a message cannot be decoded."""
        outcome = Outcome(_INTERNAL, "Exception deserializing response!")
        with self._condition:
            self._messages.clear()
            self._finish(outcome)
        self.rpc.cancel()

    def result(self, timeout: float | None = None) -> Any:
        """Return the call itself, when it is over and went well; raise it else."""
        return self if self._end(timeout).number == 0 else self._raise()
