"""Clients of gRPC behind one face: a method and its requests go in, what an application sees comes out."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import grpc

from pytest_integrations.faults.grpc import http_status
from tests.backends.grpc.orders import OPTIONS, stub

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Sequence

    from pytest_integrations.backends.grpc.methods import MethodRule

ENOUGH = 5.0
"""Seconds that a call may take: a bound for what never ends, not a measure."""


@dataclass(frozen=True)
class Seen:
    """What a call came to: its messages, and the status with its text."""

    code: str
    messages: tuple[Any, ...] = ()
    text: str = ""


Client = Any
"""`client(target, method, requests, timeout=, options=)` -> `Seen`."""


def merged(options: Iterable[tuple[str, Any]]) -> list[tuple[str, Any]]:
    """Return the usual options with *options* in their place: of two of one name grpcio takes the first."""
    return list({**dict(OPTIONS), **dict(options)}.items())


def until(done: Callable[[], object]) -> None:
    """Wait until *done*, at most as long as a call may take."""
    deadline = time.monotonic() + ENOUGH
    while not done():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.005)


def sync(
    target: str,
    method: MethodRule,
    requests: Sequence[dict[str, Any]] = ({},),
    *,
    timeout: float = ENOUGH,
    options: Iterable[Any] = (),
) -> Seen:
    """Call by grpcio with threads."""
    streams = method.schema.wire.streams_requests
    got: list[Any] = []
    with grpc.insecure_channel(target, options=merged(options)) as channel:
        try:
            answer = stub(channel, method)(iter(requests) if streams else requests[0], timeout=timeout)
            for each in answer if method.schema.wire.streams_replies else (answer,):
                got.append(each)  # noqa: PERF402 -- what came before an error is kept
        except grpc.RpcError as error:
            return Seen(error.code().name, tuple(got), error.details() or "")
    return Seen("OK", tuple(got))


def aio(
    target: str,
    method: MethodRule,
    requests: Sequence[dict[str, Any]] = ({},),
    *,
    timeout: float = ENOUGH,
    options: Iterable[Any] = (),
) -> Seen:
    """Call by grpcio with asyncio."""
    return asyncio.run(_aio(target, method, requests, timeout, merged(options)))


async def _aio(
    target: str, method: MethodRule, requests: Sequence[dict[str, Any]], patience: float, options: list[Any]
) -> Seen:
    streams = method.schema.wire.streams_requests
    got: list[Any] = []

    async def each() -> AsyncIterator[Any]:
        for request in requests:
            yield request

    async with grpc.aio.insecure_channel(target, options=options) as channel:
        try:
            answer = stub(channel, method)(each() if streams else requests[0], timeout=patience)
            if method.schema.wire.streams_replies:
                async for message in answer:
                    got.append(message)  # noqa: PERF401 -- what came before an error is kept
            else:
                got.append(await answer)
        except asyncio.CancelledError:  # what grpcio makes, now and then, of a call that ends while it still sends
            return Seen("CANCELLED", tuple(got))
        except grpc.aio.AioRpcError as error:
            return Seen(error.code().name, tuple(got), error.details() or "")
    return Seen("OK", tuple(got))


CLIENTS: dict[str, Client] = {"grpcio": sync, "grpcio-aio": aio}


def races(*, is_async: bool, fault: Any) -> frozenset[str]:
    """Return what else grpcio says, now and then, of a stream that is ended by *fault*.

    With asyncio that is while it still reads or sends. Of an answer without a `grpc-status` it takes what it hears of
    first, the HTTP status, or that the stream has ended without trailers.
    """
    if is_async:
        return frozenset({"CANCELLED", "INTERNAL", "UNKNOWN"})
    return frozenset({"INTERNAL", "UNKNOWN"} if isinstance(fault, http_status) else ())
