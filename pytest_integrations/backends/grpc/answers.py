"""What a test may say that a call is answered."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pytest_integrations.core.errors import ScriptingError

from .errors import GrpcError
from .messages import encoded

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_integrations.core.grpc_metadata import Metadata

    from .host import Host
    from .schema import MethodSchema

__all__ = ["Answer", "answer_of"]


@dataclass(frozen=True, slots=True)
class Answer:
    """Messages that are ready, an error, a *function* that is asked for either, or the *host* of a real servicer."""

    messages: tuple[bytes, ...] = ()
    every: float = 0.0
    """Seconds before each message."""
    streams: bool = False
    """Whether the messages come by themselves, and not one for each request."""
    error: GrpcError | None = None
    function: Callable[..., Any] | None = None
    host: Host | None = None
    headers: Metadata = ()
    trailing: Metadata = ()

    @property
    def is_generator(self) -> bool:
        """Whether the function yields its messages."""
        return inspect.isgeneratorfunction(self.function)

    def with_metadata(self, headers: Metadata, trailing: Metadata) -> Answer:
        """Return the answer with this metadata before and after its messages."""
        return replace(self, headers=headers, trailing=trailing)


def answer_of(method: MethodSchema, value: Any) -> Answer:
    """Return what answering *value* is: a message in one of its forms, a `GrpcError`, or a callable."""
    __tracebackhide__ = True
    if isinstance(value, Answer):
        return value
    if isinstance(value, GrpcError):
        return Answer(error=value)
    if callable(value) and not isinstance(value, type):
        if inspect.isasyncgenfunction(value):
            msg = f"{value!r} is an async generator: give a generator, a function, or an async function"
            raise ScriptingError(msg)
        return Answer(function=value)
    if method.wire.streams_replies and isinstance(value, list | tuple | Iterator):
        msg = f"{value!r} are several replies: give them to reply_stream(), or a function that returns or yields them"
        raise ScriptingError(msg)
    return Answer((encoded(method.reply, value),))
