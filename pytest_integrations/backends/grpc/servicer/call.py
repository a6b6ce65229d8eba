"""One call of a servicer, as a test sees it."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, cast

import grpc

from pytest_integrations.backends.grpc.messages import encoded
from pytest_integrations.backends.grpc.metadatum import Metadatum, metadata_of
from pytest_integrations.core.errors import IntegrationsError, ScriptingError
from pytest_integrations.wire.loop import shared_loop

from .answering import implementation
from .testing import grpc_testing
from .time import clock_time

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_integrations.backends.grpc.schema import MethodSchema
    from pytest_integrations.core.grpc_call import GrpcCall
    from pytest_integrations.core.grpc_metadata import Metadata
    from pytest_integrations.core.ledger import Ledger

    from .context import Context

__all__ = ["RpcFailed", "ServicerCall"]

_LATE = (grpc.StatusCode.DEADLINE_EXCEEDED, "Took too much time!")
"""How grpcio-testing says that the deadline has passed."""
_KINDS = {
    "unary": "unary_unary",
    "server-stream": "unary_stream",
    "client-stream": "stream_unary",
    "bidi": "stream_stream",
}
_FUSS = "grpc.metadata_added_by_runtime"
_HAIR = 1e-6
"""Sums of floats do not meet exactly."""
_LONGEST = 1.0
"""Seconds that a method may go on after its call is cancelled at the end of the test, before nobody waits for it."""


class RpcFailed(IntegrationsError):
    """A reply was asked for of a call that did not end well; its `__cause__` is what the servicer raised, if it did."""


class ServicerCall:
    """A call that runs, or has run. What asks for its end waits for it, in the time of the clock in force."""

    def __init__(
        self,
        servicer: Any,
        schema: MethodSchema,
        record: GrpcCall,
        ledger: Ledger,
        *,
        timeout: float | None,
        metadata: Metadata,
    ) -> None:
        """Make the call of the method of *schema*; it is *record* in *ledger*."""
        self.record: GrpcCall = record
        """What the ledger has of it."""
        self.metadata: Metadata = metadata
        self.error: BaseException | None = None
        """What the servicer raised, if it did."""
        self._schema = schema
        self._ledger = ledger
        self._condition = threading.Condition()
        self._end: tuple[grpc.StatusCode, str, Metadata] | None = None
        self._reply: Any = None
        self._replies: list[Any] = []
        self._thread: threading.Thread | None = None
        self._context: Context | None = None
        self._rpc: Any = None
        self._invoke = _invoker(servicer, schema, self, ledger, timeout)
        self._timeout = timeout
        self._deadline = None if timeout is None else ledger.clock.monotonic() + timeout
        self._is_complete = False

    # -- beginning

    def begin(self, requests: Iterable[Any] | None) -> None:
        """Begin the call; of one that streams requests, None leaves it to `send`."""
        if self._schema.wire.streams_requests:
            self._refuse_one(requests)
            self._enter(None)
            if requests is not None:
                for request in requests:
                    self.send(request)
                self.complete()
            return
        message, data = self._taken(requests)
        self._record(lambda: setattr(self.record, "body", data))
        self._enter(message)

    def _refuse_one(self, requests: Any) -> None:
        """Refuse a request where an iterable of them is wanted."""
        __tracebackhide__ = True
        if requests is not None and (isinstance(requests, Mapping | bytes) or not isinstance(requests, Iterable)):
            msg = (
                f"{self._schema.path} streams requests, and {requests!r} is one: give a list of them, "
                "or nothing and then call.send(request), call.complete()"
            )
            raise ScriptingError(msg)

    def _enter(self, request: Any) -> None:
        """Let grpcio-testing begin, on a thread whose children do not hold up the process's end."""
        if self._timeout is not None and self._timeout <= 0:
            self._expired()
            return
        beginning = threading.Thread(target=self._run, args=(request,), name="integrations-servicer", daemon=True)
        beginning.start()
        beginning.join()

    def _run(self, request: Any) -> None:
        rpc = self._invoke(request)
        with self._condition:
            self._rpc = rpc
            self._condition.notify_all()

    def _taken(self, request: Any) -> tuple[Any, bytes]:
        """Return *request* as a servicer gets it, and its bytes, which are recorded."""
        __tracebackhide__ = True
        data = encoded(self._schema.request, request)
        self._record(lambda: self.record.raw_requests.append(data))
        return self._schema.request.FromString(data), data

    # -- the requests of one that streams them

    def send(self, request: Any) -> None:
        """Send a request: a message, or a dict of its fields."""
        __tracebackhide__ = True
        if not self._schema.wire.streams_requests or self._is_complete:
            why = "has said that it has no more" if self._is_complete else "has one request, given when it is called"
            msg = f"send({request!r}): the call of {self._schema.path} {why}"
            raise ScriptingError(msg)
        message, _ = self._taken(request)
        if self._rpc is not None:
            self._rpc.send_request(message)

    def complete(self) -> None:
        """Say that there are no more requests."""
        if not self._is_complete:
            self._is_complete = True
            if self._rpc is not None:
                self._rpc.requests_closed()

    # -- told by the servicer's thread

    def entered(self, thread: threading.Thread, context: Context) -> None:
        """The method is about to be called."""
        self._thread, self._context = thread, context
        self._record(lambda: setattr(self.record, "handled", True))
        if not context.add_callback(self.look):
            self.look()

    def replied(self, message: bytes) -> None:
        """There is a reply."""

        def write() -> None:
            self.record.raw_replies.append(message)
            if self.record.first_byte is None:
                self.record.first_byte = self._ledger.now()

        if self._end is None:
            self._record(write)

    def raised(self, error: BaseException) -> None:
        """The method has raised *error*."""
        self.error = error

    def look(self) -> None:
        """Take notice that grpcio-testing has ended the call."""
        with self._condition:
            self._condition.wait_for(lambda: self._rpc is not None or self._end is not None)
            if self._end is not None:
                return
        if self._schema.wire.streams_replies:
            trailing, code, text = self._rpc.termination()
        else:
            self._reply, trailing, code, text = self._rpc.termination()
        if (code, text) == _LATE or self._is_late:
            self._expired()
        else:
            pairs = tuple((pair[0], pair[1]) for pair in trailing or () if pair[0] != _FUSS)
            self._record(lambda: self._write_end(code, text, pairs))
            self._ended(code, text, pairs)

    @property
    def _is_late(self) -> bool:
        """Whether its deadline is now, or has passed; what a method says at that very moment is too late."""
        return self._deadline is not None and self._ledger.clock.monotonic() >= self._deadline - _HAIR

    def _expired(self) -> None:
        """Take notice that its deadline has passed."""
        self._record(self._write_leaving)
        self._ended(_LATE[0], "Deadline Exceeded", ())

    def _ended(self, code: grpc.StatusCode, text: str, trailing: Metadata) -> None:
        with self._condition:
            self._end = self._end or (code, text, trailing)
            self._condition.notify_all()

    # -- the record

    def _record(self, write: Callable[[], object]) -> None:
        shared_loop().post(write)

    def _write_end(self, code: grpc.StatusCode, text: str, trailing: Metadata) -> None:
        record = self.record
        if record.outcome == "open":
            record.code, record.details, record.trailers = code.name, text, trailing
            record.outcome, record.ended = "answered", self._ledger.now()

    def _write_leaving(self) -> None:
        """Record, as the wire would, that the client has waited long enough, or wants no more."""
        record = self.record
        if record.outcome == "open":
            record.outcome, record.gone = "abandoned", self._ledger.now()
            record.cancelled, record.reset = True, "CANCEL"

    # -- the end

    def _wait(self) -> tuple[grpc.StatusCode, str, Metadata]:
        with self._condition:
            self._condition.wait_for(lambda: self._end is not None)
            return cast("tuple[grpc.StatusCode, str, Metadata]", self._end)

    @property
    def is_running(self) -> bool:
        """Whether it goes on; asking takes no time."""
        return self._end is None

    @property
    def code(self) -> grpc.StatusCode:
        """The status."""
        return self._wait()[0]

    @property
    def details(self) -> str:
        """The text of the status."""
        return self._wait()[1]

    @property
    def trailing_metadata(self) -> tuple[Metadatum, ...]:
        """What came with the status."""
        return metadata_of(self._wait()[2])

    @property
    def initial_metadata(self) -> tuple[Metadatum, ...]:
        """What the servicer has sent with the headers so far."""
        return metadata_of(self._context.initial if self._context is not None else ())

    @property
    def response(self) -> Any:
        """The reply; `RpcFailed` if the call did not end well."""
        __tracebackhide__ = True
        if self._schema.wire.streams_replies:
            msg = f"{self._schema.path} has many replies: ask for .responses, or iterate over the call"
            raise ScriptingError(msg)
        self._raise_for_status()
        return self._reply

    def _raise_for_status(self) -> None:
        __tracebackhide__ = True
        code, text, _ = self._wait()
        if code is not grpc.StatusCode.OK:
            msg = f"{self._schema.path} ended with {code.name}: {text}"
            raise RpcFailed(msg) from self.error

    @property
    def responses(self) -> list[Any]:
        """All replies, when the call is over, however it ended."""
        __tracebackhide__ = True
        self._refuse_many()
        self._wait()
        while self._take():
            pass
        return list(self._replies)

    def __iter__(self) -> Iterator[Any]:
        """Iterate over the replies as they come; `RpcFailed` at the end of one that did not end well."""
        __tracebackhide__ = True
        self._refuse_many()
        number = 0
        while number < len(self._replies) or self._take():
            yield self._replies[number]
            number += 1
        self._raise_for_status()

    def _refuse_many(self) -> None:
        __tracebackhide__ = True
        if not self._schema.wire.streams_replies:
            msg = f"{self._schema.path} has one reply: ask for .response"
            raise ScriptingError(msg)

    def _take(self) -> bool:
        """Wait for a further reply; tell whether there is one."""
        if self._rpc is None:
            return False
        try:
            self._replies.append(self._rpc.take_response())
        except ValueError:  # as grpcio-testing says that there are no more
            return False
        return True

    def cancel(self) -> None:
        """Cancel it, as a client does."""
        if self._end is None:
            self._record(self._write_leaving)
            self._ended(grpc.StatusCode.CANCELLED, "Locally cancelled by application!", ())
            if self._rpc is not None:
                with suppress(UnboundLocalError):  # up to 1.66 grpcio-testing raises it where the call has just ended
                    self._rpc.cancel()

    def close(self) -> None:
        """Cancel it, and wait for its method, though not for ever."""
        self.cancel()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(_LONGEST)

    def __repr__(self) -> str:
        """Show how it ended."""
        end = self._end
        return f"<{self._schema.path}: {'running' if end is None else f'{end[0].name} {end[1]}'.strip()}>"


def _invoker(
    servicer: Any, schema: MethodSchema, call: ServicerCall, ledger: Ledger, timeout: float | None
) -> Callable[[Any], Any]:
    """Return what begins *call* in grpcio-testing, on a server of its own: whose clock knows whose deadline it is."""
    kind = _KINDS[schema.wire.kind]
    made = implementation(servicer, schema, call)

    def invoke(request: Any) -> Any:
        services = {schema.descriptor.containing_service: made}
        server = grpc_testing().server_from_dictionary(services, clock_time(ledger.clock, call.look))
        requests = () if schema.wire.streams_requests else (request,)
        return getattr(server, f"invoke_{kind}")(schema.descriptor, (), *requests, timeout)

    return invoke
