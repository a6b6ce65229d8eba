"""The memory channel is the wire: the same script, the same code, messages, metadata and record as by a socket."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import grpc
import pytest

from pytest_integrations.backends.grpc.fake import FakeGrpc
from pytest_integrations.faults import dribble, hang, latency, lost_response
from pytest_integrations.faults.grpc import (
    break_stream,
    fail_after_headers,
    goaway,
    grpc_status,
    no_trailers,
)
from pytest_integrations.faults.grpc_messages import (
    false_compression,
    garbage_message,
    oversize,
    truncated_message,
    two_messages,
)
from tests.backends.grpc.orders import OPTIONS, PROTO, stub
from tests.contract.grpc.clients import races, until
from tests.contract.grpc.test_faults import UNARY

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from pytest_integrations.backends.grpc.services import Service
    from pytest_integrations.core.fault import Fault

pytestmark = pytest.mark.usefixtures("quiet")

ENOUGH = 5.0
SHORT = 0.3
"""Seconds for a call that waits for its deadline."""


@dataclass(frozen=True)
class Seen:
    """What an application has of a call, and what the ledger has."""

    code: str
    messages: tuple[Any, ...]
    initial: list[Any]
    trailing: list[Any]
    requests: tuple[Any, ...]
    record: tuple[Any, ...]


@contextmanager
def channel_of(shop: FakeGrpc, way: str) -> Iterator[Any]:
    made = grpc.insecure_channel(shop.target, options=OPTIONS) if way == "wire" else shop.memory_channel()
    with made as channel:
        yield channel


def sync(shop: FakeGrpc, way: str, kind: str, timeout: float) -> Seen:
    """Call by grpcio with threads."""
    method = getattr(shop.service("shop.v1.Orders"), kind)
    got: list[Any] = []
    with channel_of(shop, way) as channel:
        call: Any
        made = stub(channel, method)
        metadata = (("x-client", "1"), ("x-client-bin", b"\xff"))
        try:
            request = iter(REQUESTS[kind]) if method.schema.wire.streams_requests else REQUESTS[kind][0]
            if method.schema.wire.streams_replies:
                call = made(request, timeout=timeout, metadata=metadata)
                got.extend(each for each in call)
            else:
                message, call = made.with_call(request, timeout=timeout, metadata=metadata)
                got.append(message)
        except grpc.RpcError as error:
            call = error
        return _seen(shop, got, call.code(), call.initial_metadata(), call.trailing_metadata())


REQUESTS: dict[str, list[dict[str, Any]]] = {
    "Get": [{"id": "o1"}],
    "List": [{}],
    "Upload": [{"id": "a"}, {"id": "b"}],
    "Chat": [{"text": "a"}, {"text": "b"}],
}


def _seen(shop: FakeGrpc, got: list[Any], code: Any, initial: Any, trailing: Any) -> Seen:
    recorded: Any = shop.calls[-1]
    until(lambda: recorded.end is not None)  # a client tells its application first that it leaves, and the server then
    own = tuple(pair for pair in recorded.metadata if pair[0].startswith("x-"))
    record = (
        *(recorded.operation, recorded.kind, recorded.outcome, recorded.verdict, recorded.code, recorded.details),
        *(recorded.trailers, recorded.reset, recorded.cancelled, recorded.untouched, recorded.spoiled),
        *(recorded.handled, recorded.failed, recorded.status, recorded.replies, own, recorded.fault),
        recorded.gone is None,
    )
    # grpcio gives metadata to an application in an order of its own.
    return Seen(code.name, tuple(got), sorted(initial or ()), sorted(trailing or ()), recorded.requests, record)


def asynchronous(shop: FakeGrpc, way: str, kind: str, timeout: float) -> Seen:
    """Call by grpcio with asyncio."""
    return asyncio.run(_asynchronous(shop, way, kind, timeout))


async def _asynchronous(shop: FakeGrpc, way: str, kind: str, patience: float) -> Seen:
    method = getattr(shop.service("shop.v1.Orders"), kind)
    wire = method.schema.wire
    got: list[Any] = []
    made = grpc.aio.insecure_channel(shop.target, options=OPTIONS) if way == "wire" else shop.aio_memory_channel()
    metadata = (("x-client", "1"), ("x-client-bin", b"\xff"))
    async with made as channel:
        request = _each(REQUESTS[kind]) if wire.streams_requests else REQUESTS[kind][0]
        call = stub(channel, method)(request, timeout=patience, metadata=metadata)
        try:
            if wire.streams_replies:
                async for message in call:
                    got.append(message)  # noqa: PERF401 -- what came before an error is kept
            else:
                got.append(await call)
        except (grpc.aio.AioRpcError, asyncio.CancelledError) as error:
            raised = await call.code() if isinstance(error, asyncio.CancelledError) else error.code()
        else:
            raised = grpc.StatusCode.OK
        assert raised is await call.code()
        initial, trailing = await call.initial_metadata(), await call.trailing_metadata()
        return _seen(shop, got, await call.code(), initial, trailing)


async def _each(requests: list[dict[str, Any]]) -> AsyncIterator[Any]:
    for request in requests:
        yield request


CLIENTS: dict[str, Callable[..., Seen]] = {"grpcio": sync, "grpcio-aio": asynchronous}


@pytest.fixture
def both() -> Iterator[dict[str, FakeGrpc]]:
    """Two fakes with the same script: one is reached by the wire, one by memory."""
    with FakeGrpc("shop") as wire, FakeGrpc("shop") as memory:
        for fake in (wire, memory):
            fake.load(PROTO)
            _script(fake.service("shop.v1.Orders"))
        yield {"wire": wire, "memory": memory}


def _script(service: Service) -> None:
    service.Get.reply(lambda request: {"id": request.id, "qty": 2})
    service.Upload.reply(lambda requests: {"count": len(requests)}).metadata({"h": "1"}, trailing={"t-bin": b"\0"})
    service.List.reply_stream([{"id": "a"}, {"id": "b"}, {"id": "c"}]).metadata({"h": "2"}, trailing={"t": "2"})
    service.Chat.reply(lambda note: {"text": note.text.upper()})


def same(both: dict[str, FakeGrpc], client: Callable[..., Seen], kind: str, fault: Fault | None = None) -> Seen:
    """Call both, and compare all but texts that a client makes by itself."""
    seen = {}
    waits = isinstance(fault, hang | two_messages)
    for way, fake in both.items():
        if fault is not None:
            fake.inject(fault)
        seen[way] = client(fake, way, kind, SHORT if waits else ENOUGH)
    wire, memory = seen["wire"], seen["memory"]
    if kind != "Get" and wire.code != memory.code:
        assert wire.code in races(is_async=client is asynchronous, fault=fault)
        return memory
    assert memory.code == wire.code
    # By the wire, an end that is an error may overtake messages that are on their way; here it does not.
    assert wire.messages == memory.messages[: None if wire.code == "OK" else len(wire.messages)]
    if wire.code == "OK" or kind in {"Get", "List"}:
        assert memory.requests == wire.requests
    assert memory.trailing == wire.trailing
    if wire.code == "OK" or wire.initial:  # headers are overtaken too
        assert memory.initial == wire.initial
    refused = (oversize, false_compression) if kind == "Get" else (oversize, false_compression, garbage_message)
    if not isinstance(fault, refused):  # whether a client's refusal comes in time is a race
        assert memory.record == wire.record
    return memory


clients = pytest.mark.parametrize("client", CLIENTS.values(), ids=CLIENTS)


@clients
@pytest.mark.parametrize("kind", REQUESTS)
def test_each_kind(both: dict[str, FakeGrpc], client: Callable[..., Seen], kind: str) -> None:
    assert same(both, client, kind).code == "OK"


CALLS = [(fault, code) for fault, code in UNARY if fault.scope not in {"connection", "listener"}]


@clients
@pytest.mark.parametrize("fault", [fault for fault, _ in CALLS], ids=repr)
def test_each_fault(both: dict[str, FakeGrpc], client: Callable[..., Seen], fault: Fault) -> None:
    same(both, client, "Get", fault)
    assert same(both, client, "Get").code == "OK"


@clients
@pytest.mark.parametrize("fault", [hang(), two_messages()], ids=repr)
def test_a_call_that_waits_for_its_deadline(
    both: dict[str, FakeGrpc], client: Callable[..., Seen], fault: Fault
) -> None:
    assert same(both, client, "Get", fault).code == "DEADLINE_EXCEEDED"


STREAMS: list[Fault] = [
    grpc_status("UNAVAILABLE", "busy", retry_after=2, pushback_ms=5),
    fail_after_headers("ABORTED", "late"),
    break_stream(after=1, code="DATA_LOSS", message="half"),
    no_trailers(),
    goaway(),
    latency(0.02),
    dribble(chunks=3, duration=0.02),
    lost_response(),
    hang(),
    truncated_message(at=2),
    garbage_message(at=2),
]


@clients
@pytest.mark.parametrize("kind", ["List", "Upload", "Chat"])
@pytest.mark.parametrize("fault", STREAMS, ids=repr)
def test_each_fault_of_streams(both: dict[str, FakeGrpc], client: Callable[..., Seen], kind: str, fault: Fault) -> None:
    same(both, client, kind, fault)
