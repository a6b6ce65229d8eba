"""Generated code, and servicers written against it as an application writes them."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from dataclasses import dataclass
from functools import cache
from importlib import util
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import grpc
from google.protobuf import any_pb2
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status

if TYPE_CHECKING:
    from pytest_integrations.backends.grpc.fake import FakeGrpc
    from pytest_integrations.backends.grpc.services import Service

_PROTO = Path(__file__).with_name("hosted.proto")


@cache
def generated() -> tuple[Any, Any]:
    """Return the modules `hosted_pb2` and `hosted_pb2_grpc`, as the compiler writes them."""
    from grpc_tools import protoc

    with TemporaryDirectory() as folder:
        where = (f"-I{_PROTO.parent}", f"--python_out={folder}", f"--grpc_python_out={folder}")
        assert protoc.main(["protoc", *where, str(_PROTO)]) == 0
        return _imported(folder, "hosted_pb2"), _imported(folder, "hosted_pb2_grpc")


def _imported(folder: str, name: str) -> Any:
    spec = util.spec_from_file_location(name, Path(folder, f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[name] = util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@dataclass
class Seen:
    """What a servicer was told about one call."""

    method: str
    left: float | None
    """Seconds until the deadline; None without one."""
    metadata: dict[str, Any]


def _seen(method: str, context: Any) -> Seen:
    left = context.time_remaining()
    metadata = {each[0]: each[1] for each in context.invocation_metadata()}
    return Seen(method, None if left is None or left > 1e9 else left, metadata)


def rich(text: str) -> Any:
    """Return a status with details, as grpcio-status makes it."""
    detail = any_pb2.Any()
    detail.Pack(error_details_pb2.RetryInfo())
    return rpc_status.to_status(
        status_pb2.Status(code=grpc.StatusCode.ABORTED.value[0], message=text, details=[detail])
    )


class Threaded:
    """A servicer with threads; what it does depends on the id that it is asked for."""

    def __init__(self) -> None:
        self.seen: list[Seen] = []
        self.cancelled = threading.Event()
        self.yielded = self.taken = 0
        self.go_on = threading.Event()

    def Get(self, request: Any, context: Any) -> Any:  # noqa: N802 -- the name of the method
        self.seen.append(_seen("Get", context))
        if request.id == "gzip":
            context.set_compression(grpc.Compression.Gzip)
        context.send_initial_metadata((("before", "1"), ("before-bin", b"\x00\xff")))
        context.set_trailing_metadata((("after", "2"), ("after-bin", b"\xff\x00")))
        match request.id:
            case "abort":
                context.abort(grpc.StatusCode.NOT_FOUND, "no such order: 50 % of Zoë")
            case "rich":
                context.abort_with_status(rich("again"))
            case "raise":
                raise ValueError(request.id)
            case "cancel":
                context.cancel()
            case "hang":
                context.add_callback(self.cancelled.set)
                self.cancelled.wait(30)
            case "sleep":
                time.sleep(60)
        return generated()[0].Order(id=request.id, qty=request.qty, blob=request.blob)

    def Upload(self, requests: Any, context: Any) -> Any:  # noqa: N802 -- as above
        self.seen.append(_seen("Upload", context))
        for request in requests:
            self.taken += 1
            if request.id == "early":
                break
            if request.id == "wait":
                self.go_on.wait(30)
        return generated()[0].Summary(count=self.taken)

    def List(self, request: Any, context: Any) -> Any:  # noqa: N802 -- as above
        self.seen.append(_seen("List", context))
        context.add_callback(self.cancelled.set)
        if request.id == "gzip":
            context.set_compression(grpc.Compression.Gzip)
        for number in range(request.qty or 3):
            if request.id == "gzip" and number == 1:
                context.disable_next_message_compression()
            self.yielded += 1
            yield generated()[0].Order(id="abc"[number % 3], blob=request.blob)

    def Chat(self, requests: Any, context: Any) -> Any:  # noqa: N802 -- as above
        self.seen.append(_seen("Chat", context))
        yield generated()[0].Order(id="hello")  # before it has heard anything
        for request in requests:
            yield generated()[0].Order(id=request.id.upper())


class Awaited(Threaded):
    """The same with coroutines."""

    async def Get(self, request: Any, context: Any) -> Any:  # noqa: N802 -- as above
        self.seen.append(_seen("Get", context))
        if request.id == "gzip":
            context.set_compression(grpc.Compression.Gzip)
        await context.send_initial_metadata((("before", "1"), ("before-bin", b"\x00\xff")))
        context.set_trailing_metadata((("after", "2"), ("after-bin", b"\xff\x00")))
        match request.id:
            case "abort":
                await context.abort(
                    grpc.StatusCode.NOT_FOUND, "no such order: 50 % of Zoë", context.trailing_metadata()
                )
            case "rich":
                await context.abort_with_status(rich("again"))
            case "raise":
                raise ValueError(request.id)
            case "hang":
                try:
                    await asyncio.sleep(30)
                finally:
                    self.cancelled.set()
            case "sleep":
                await asyncio.sleep(60)
        return generated()[0].Order(id=request.id, qty=request.qty, blob=request.blob)

    async def Upload(self, request_iterator: Any, context: Any) -> Any:  # noqa: N802 -- as above
        self.seen.append(_seen("Upload", context))
        async for request in request_iterator:
            self.taken += 1
            if request.id == "early":
                break
            if request.id == "wait":
                await asyncio.to_thread(self.go_on.wait, 30)
        return generated()[0].Summary(count=self.taken)

    async def List(self, request: Any, context: Any) -> Any:  # noqa: N802 -- as above
        self.seen.append(_seen("List", context))
        if request.id == "gzip":
            context.set_compression(grpc.Compression.Gzip)
        try:
            for number in range(request.qty or 3):
                if request.id == "gzip" and number == 1:
                    context.disable_next_message_compression()
                self.yielded += 1
                yield generated()[0].Order(id="abc"[number % 3], blob=request.blob)
        finally:
            self.cancelled.set()

    async def Chat(self, request_iterator: Any, context: Any) -> Any:  # noqa: N802 -- as above
        self.seen.append(_seen("Chat", context))
        yield generated()[0].Order(id="hello")
        async for request in request_iterator:
            yield generated()[0].Order(id=request.id.upper())


SERVICERS = {"threads": Threaded, "asyncio": Awaited}


def hosted(fake: FakeGrpc, servicer: Any, **more: Any) -> Service:
    """Have *fake* host *servicer*."""
    return fake.host(servicer, generated()[1].add_OrdersServicer_to_server, **more)
