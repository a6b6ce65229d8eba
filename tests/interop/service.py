"""`grpc.testing.TestService` as gRPC's interoperability tests ask for it, scripted on a fake."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_integrations.backends.grpc.errors import GrpcError
from pytest_integrations.core.grpc_message import Uncompressed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_integrations.backends.grpc.fake import FakeGrpc
    from pytest_integrations.backends.grpc.services import Service

__all__ = ["serve"]

PROTO = Path(__file__).with_name("test_service.proto")


def serve(fake: FakeGrpc) -> Service:
    """Have *fake* answer the cases; `UnimplementedCall` is a method of which nobody has said anything."""
    service = fake.load(PROTO)
    kind = service.StreamingOutputCall.schema.reply
    service.EmptyCall.reply()
    service.UnaryCall.reply(partial(_unary, service.UnaryCall.schema.reply))
    service.StreamingInputCall.reply(_streaming_input)
    service.StreamingOutputCall.reply(lambda request: map(partial(_asked, kind), request.response_parameters))

    def full_duplex(requests: Iterator[Any]) -> Iterator[Any]:
        for request in requests:
            _echo_status(request)
            yield from map(partial(_asked, kind), request.response_parameters)

    service.FullDuplexCall.reply(full_duplex)
    return service


def _unary(kind: type[Any], request: Any, call: Any) -> bytes:
    _check_compression(request, call.compressed[0])
    _echo_status(request)
    return _message(kind, request.response_size, request, "response_compressed")


def _streaming_input(requests: list[Any], call: Any) -> dict[str, Any]:
    for request, compressed in zip(requests, call.compressed, strict=True):
        _check_compression(request, compressed)
    return {"aggregated_payload_size": sum(len(request.payload.body) for request in requests)}


def _asked(kind: type[Any], parameters: Any) -> bytes:
    return _message(kind, parameters.size, parameters, "compressed")


def _message(kind: type[Any], size: int, asked: Any, field: str) -> bytes:
    """Return a reply of *size* bytes, which is not compressed where *asked* says so in this *field*."""
    message: bytes = kind(payload={"body": bytes(size)}).SerializeToString()
    return Uncompressed(message) if asked.HasField(field) and not getattr(asked, field).value else message


def _echo_status(request: Any) -> None:
    if request.HasField("response_status"):
        raise GrpcError(request.response_status.code, request.response_status.message)


def _check_compression(request: Any, compressed: bool) -> None:  # noqa: FBT001 -- a flag of the wire
    if request.HasField("expect_compressed") and request.expect_compressed.value != compressed:
        text = f"expect_compressed is {request.expect_compressed.value}, and the message came otherwise"
        raise GrpcError(code="INVALID_ARGUMENT", text=text)
