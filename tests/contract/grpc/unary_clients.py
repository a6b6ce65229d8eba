"""A unary call by each client of Python that speaks gRPC, as an application makes it, and what comes of it in a word.

"OK"                   the answer
"OK, None"             no error, and no answer either
"UNAVAILABLE", …       an error with that status
"StreamTerminatedError", …   an error of another kind, by its name
"waits"                nothing at all, until somebody's patience ends
"""

from __future__ import annotations

import asyncio
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import grpc

from tests.backends.grpc.orders import stub

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from pytest_integrations.backends.grpc.methods import MethodRule

__all__ = ["CLIENTS", "PACKAGES", "PATIENCE", "measured"]

PATIENCE = 1.0
"""Seconds after which a call without a deadline is taken for one that would wait for ever."""
STOCK = (("grpc.use_local_subchannel_pool", 1), ("grpc.enable_http_proxy", 0))
"""Channels that share nothing with others; all else, retries of what was not processed included, is as it comes."""
PACKAGES = {"grpcio": "grpcio", "grpcio aio": "grpcio", "grpclib": "grpclib", "connectrpc": "connectrpc"}
"""What brings each client."""


def _grpcio(url: str, method: MethodRule, timeout: float | None) -> str:
    target = url.removeprefix("http://")
    with grpc.insecure_channel(target, options=STOCK) as channel:
        call = stub(channel, method).future({"id": "o1"}, timeout=timeout)
        try:
            return _answer(call.result(timeout=PATIENCE if timeout is None else 5))
        except grpc.FutureTimeoutError:
            call.cancel()
            return "waits"
        except grpc.RpcError as error:
            return str(error.code().name)


async def _aio(url: str, method: MethodRule, timeout: float | None) -> str:  # noqa: ASYNC109 -- the client's own
    async with grpc.aio.insecure_channel(url.removeprefix("http://"), options=STOCK) as channel:
        try:
            return _answer(await stub(channel, method)({"id": "o1"}, timeout=timeout))
        except grpc.aio.AioRpcError as error:
            return str(error.code().name)


async def _grpclib(url: str, method: MethodRule, timeout: float | None) -> str:  # noqa: ASYNC109 -- the client's own
    from grpclib.client import Channel, UnaryUnaryMethod
    from grpclib.exceptions import GRPCError

    host, _, port = url.removeprefix("http://").partition(":")
    schema = method.schema
    channel = Channel(host, int(port))
    call: Any = UnaryUnaryMethod(channel, schema.path, schema.request, schema.reply)
    try:
        return _answer(await call(schema.request(id="o1"), timeout=timeout))
    except GRPCError as error:
        return error.status.name
    finally:
        channel.close()


async def _connectrpc(url: str, method: MethodRule, timeout: float | None) -> str:  # noqa: ASYNC109 -- as above
    import pyqwest
    from connectrpc.client import ConnectClient
    from connectrpc.compat import google_protobuf_binary_codec
    from connectrpc.errors import ConnectError
    from connectrpc.method import IdempotencyLevel, MethodInfo, StreamType
    from connectrpc.protocol import ProtocolType

    schema = method.schema
    asked = MethodInfo(
        name=schema.name,
        service_name=schema.descriptor.containing_service.full_name,
        input=schema.request,
        output=schema.reply,
        stream_type=StreamType.UNARY,
        idempotency_level=IdempotencyLevel.UNKNOWN,
    )
    transport = pyqwest.HTTPTransport(http_version=pyqwest.HTTPVersion.HTTP2)
    http, codec = pyqwest.Client(transport), google_protobuf_binary_codec()
    async with ConnectClient(url, protocol=ProtocolType.GRPC, codec=codec, http_client=http) as client:
        try:
            request = schema.request(id="o1")
            answer = await client.execute_unary(
                request=request, method=asked, timeout_ms=timeout and round(timeout * 1000)
            )
            return _answer(answer)
        except ConnectError as error:
            return error.code.name


def _answer(message: Any) -> str:
    return "OK, None" if message is None else "OK" if message.id == "o1" else f"OK, {message!r}"


def _run(call: Callable[..., Coroutine[Any, Any, str]]) -> Callable[..., str]:
    async def bounded(url: str, method: MethodRule, timeout: float | None) -> str:  # noqa: ASYNC109 -- as above
        task = asyncio.create_task(call(url, method, timeout))
        done, _ = await asyncio.wait([task], timeout=PATIENCE if timeout is None else 5)
        if not done:
            task.cancel()
            await asyncio.wait([task])
            return "waits"
        error = task.exception()
        return task.result() if error is None else type(error).__name__

    return lambda url, method, timeout: asyncio.run(bounded(url, method, timeout))


CLIENTS: dict[str, Callable[[str, MethodRule, float | None], str]] = {
    "grpcio": _grpcio,
    "grpcio aio": _run(_aio),
    "grpclib": _run(_grpclib),
    "connectrpc": _run(_connectrpc),
}
"""`client(url, method, timeout)`."""


def measured() -> str:
    """Return the versions of the clients."""
    return ", ".join(f"{name} {version(name)}" for name in dict.fromkeys(PACKAGES.values()))
