"""The same client with a deadline for everything, and with retries of what may be repeated."""

from __future__ import annotations

import logging
import random
import time
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import grpc

from examples.grpc_client.schema import messages, stubs

if TYPE_CHECKING:
    from collections.abc import Iterator

log = logging.getLogger(__name__)

_deadline: ContextVar[float | None] = ContextVar("deadline", default=None)


class OrdersError(Exception):
    """The call did not succeed. No other error leaves."""


class NotFound(OrdersError):
    """There is no such order."""


class Unavailable(OrdersError):
    """The service did not answer in time, or not well."""


# region deadline
@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Give all calls of the block *seconds* in all; an outer deadline that is nearer stays."""
    until = time.monotonic() + seconds
    outer = _deadline.get()
    token = _deadline.set(until if outer is None else min(until, outer))
    try:
        yield
    finally:
        _deadline.reset(token)


def time_left() -> float:
    """Return the seconds until the deadline."""
    until = _deadline.get()
    return max(0.0, (until if until is not None else time.monotonic()) - time.monotonic())


# endregion


@dataclass
class Details(grpc.ClientCallDetails):  # type: ignore[misc]  # grpc has no types
    """What a call is made with, so that an interceptor can change it."""

    method: str
    timeout: float | None
    metadata: Any
    credentials: Any = None
    wait_for_ready: bool | None = None
    compression: Any = None


class Timeout(grpc.UnaryUnaryClientInterceptor):  # type: ignore[misc]
    """Gives each attempt what is left."""

    def intercept_unary_unary(self, continuation: Any, details: Any, request: Any) -> Any:
        same = (details.credentials, details.wait_for_ready, details.compression)
        return continuation(Details(details.method, time_left(), details.metadata, *same), request)


# region retry
class Retry(grpc.UnaryUnaryClientInterceptor):  # type: ignore[misc]
    """Tries again what the service could not do just now, if it may be repeated and while there is time."""

    def __init__(self, idempotent: set[str], *, attempts: int = 4, base: float = 0.02) -> None:
        self.idempotent = idempotent
        self.attempts = attempts
        self.base = base

    def intercept_unary_unary(self, continuation: Any, details: Any, request: Any) -> Any:
        may_repeat = details.method in self.idempotent or "idempotency-key" in dict(details.metadata or ())
        for attempt in range(self.attempts):
            call = continuation(details, request)
            wait = self.wait(attempt, call)
            is_last = attempt + 1 == self.attempts or not may_repeat
            if call.code() is not grpc.StatusCode.UNAVAILABLE or is_last or wait >= time_left():
                break
            time.sleep(wait)
        return call

    def wait(self, attempt: int, call: Any) -> float:
        """Return what the service asks for, or else a backoff with jitter."""
        asked = dict(call.trailing_metadata() or ()).get("grpc-retry-pushback-ms")
        if asked is not None:
            return int(asked) / 1000 if int(asked) >= 0 else float("inf")
        backoff: float = self.base * 2**attempt * random.uniform(0.5, 1.5)
        return backoff


# endregion


class Logging(grpc.UnaryUnaryClientInterceptor):  # type: ignore[misc]
    """Tells how each attempt ended."""

    def intercept_unary_unary(self, continuation: Any, details: Any, request: Any) -> Any:
        call = continuation(details, request)
        log.info("%s: %s", details.method, call.code())
        return call


class OrdersClient:
    """Gets and places orders."""

    def __init__(self, target: str, *, timeout: float = 2.0) -> None:
        self.timeout = timeout
        # region channel
        retry = Retry(idempotent={"/shop.v1.Orders/Get"})
        options = [("grpc.enable_retries", 0), ("grpc.use_local_subchannel_pool", 1)]
        plain = grpc.insecure_channel(target, options)
        self.channel = grpc.intercept_channel(plain, retry, Timeout(), Logging())  # the outermost first
        # endregion
        self.stub = stubs.OrdersStub(self.channel)

    def get(self, order: str) -> Any:
        """Return the *order*."""
        return self._call(self.stub.Get, messages.GetRequest(id=order))

    def place(self, book: str, *, key: str = "") -> Any:
        """Order *book*; with a *key*, by which the service knows it for the same, it is tried again."""
        metadata = (("idempotency-key", key),) if key else ()
        return self._call(self.stub.Place, messages.PlaceRequest(book=book), metadata)

    # region errors
    def _call(self, method: Any, request: Any, metadata: Any = ()) -> Any:
        try:
            with within(self.timeout):
                answer = method(request, metadata=metadata)
        except grpc.RpcError as error:
            kind = NotFound if error.code() is grpc.StatusCode.NOT_FOUND else Unavailable
            raise kind(f"{error.code().name}: {error.details()}") from error
        if answer is None:  # OK, and no message: grpcio raises nothing
            raise Unavailable("the service said OK and sent nothing")
        return answer

    # endregion

    def close(self) -> None:
        """Hang up."""
        self.channel.close()
