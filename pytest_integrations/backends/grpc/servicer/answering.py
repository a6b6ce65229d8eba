"""One call, as grpcio-testing is given it: the servicer's method, with a context that is whole."""

from __future__ import annotations

import logging
import threading
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Protocol

from .context import Aborted, Context

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_integrations.backends.grpc.schema import MethodSchema
    from pytest_integrations.core.grpc_metadata import Metadata

__all__ = ["Observer", "implementation"]

_log = logging.getLogger("grpc._server")


class Observer(Protocol):
    """Who is told how the method goes on, on the thread that it runs on."""

    metadata: Metadata

    def entered(self, thread: threading.Thread, context: Context) -> None:
        """The method is about to be called."""

    def replied(self, message: bytes) -> None:
        """It has returned, or yielded, a reply."""

    def raised(self, error: BaseException) -> None:
        """It has raised what is its own error."""


def implementation(servicer: Any, schema: MethodSchema, observer: Observer) -> Any:
    """Return what grpcio-testing takes for the servicer: an object with the one method."""
    method = getattr(servicer, schema.name, None)
    answering = _Answering(method, schema, observer)
    answer = answering.many if schema.wire.streams_replies else answering.one
    return SimpleNamespace(**{schema.name: answer})


class _Answering:
    """Calls the method, and tells grpcio-testing what comes of it in a way that it understands."""

    def __init__(self, method: Any, schema: MethodSchema, observer: Observer) -> None:
        self._method = method
        self._schema = schema
        self._observer = observer

    def one(self, argument: Any, inner: Any) -> Any:
        """Answer a call that has one reply; without one where it does not end well."""
        context = self._enter(inner)
        reply, error = None, None
        try:
            reply = self._sent(self._call(argument, context), context)
        except Exception as raised:  # noqa: BLE001 -- whatever the servicer raises
            error = raised
            self._tell(raised)
        context.conclude(error)
        return reply if context.is_ok and error is None else None

    def many(self, argument: Any, inner: Any) -> Iterator[Any]:
        """Answer a call that has many replies."""
        context = self._enter(inner)
        error, doing = None, "calling application"
        try:
            replies = self._call(argument, context)
            doing = "iterating responses"
            yield from self._replies(replies, context)
        except Exception as raised:  # noqa: BLE001 -- whatever the servicer raises
            error = raised
            self._tell(raised)
        context.conclude(error, doing)

    def _replies(self, replies: Iterator[Any], context: Context) -> Iterator[Any]:
        """Yield *replies*, as long as somebody wants them; None ends them, and a list is refused, as by grpcio."""
        try:
            while (reply := next(replies, None)) is not None:
                sent = self._sent(reply, context)
                if sent is None or not context.is_active():
                    return
                yield sent
        finally:
            close = getattr(replies, "close", None)
            if close is not None:
                close()

    def _enter(self, inner: Any) -> Context:
        context = Context(inner, self._observer.metadata)
        self._observer.entered(threading.current_thread(), context)
        return context

    def _call(self, argument: Any, context: Context) -> Any:
        if self._method is None:
            context.fail("UNIMPLEMENTED", "Method not found!")
            raise Aborted
        return self._method(argument, context)

    def _sent(self, reply: Any, context: Context) -> Any:
        """Return *reply* as a client would have it; None where it is none, or not to be sent."""
        if not context.is_ok and not self._schema.wire.streams_replies:
            return None
        try:
            data = reply.SerializeToString()
            copy = self._schema.reply.FromString(data)
            is_right = reply.DESCRIPTOR.full_name == self._schema.reply.DESCRIPTOR.full_name
        except Exception:  # noqa: BLE001 -- whatever it is, it is no message
            is_right, data, copy = False, b"", None
        if not is_right:
            context.fail("INTERNAL", "Failed to serialize response!")
            _log.error("%s returned %r, which is no %s", self._schema.path, reply, self._schema.reply.__name__)
            return None
        self._observer.replied(data)
        return copy

    def _tell(self, error: BaseException) -> None:
        if not isinstance(error, Aborted):
            self._observer.raised(error)
