"""Server reflection, grpc.reflection.v1 and v1alpha, whose messages are the same bytes.

message ServerReflectionRequest {
  string host = 1;
  oneof message_request {
    string file_by_filename = 3;
    string file_containing_symbol = 4;
    ExtensionRequest file_containing_extension = 5;  // { string containing_type = 1; int32 extension_number = 2; }
    string all_extension_numbers_of_type = 6;
    string list_services = 7;
  }
}
message ServerReflectionResponse {
  string valid_host = 1;
  ServerReflectionRequest original_request = 2;
  oneof message_response {
    FileDescriptorResponse file_descriptor_response = 4;         // { repeated bytes file_descriptor_proto = 1; }
    ExtensionNumberResponse all_extension_numbers_response = 5;  // { string base_type_name = 1;
                                                                 //   repeated int32 extension_number = 2; }
    ListServiceResponse list_services_response = 6;              // { repeated ServiceResponse service = 1; }
    ErrorResponse error_response = 7;                  // { int32 error_code = 1; string error_message = 2; }
  }
}
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, cast

from pytest_integrations.core.grpc_call import GrpcMethod
from pytest_integrations.core.grpc_status import CODES
from pytest_integrations.core.protobuf_bytes import bytes_field, fields, number_field

from .builtin import Builtin
from .builtin_schema import builtin_pool

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from google.protobuf.descriptor import FileDescriptor, ServiceDescriptor
    from google.protobuf.descriptor_pool import DescriptorPool

    from pytest_integrations.wire.grpc.service import Answering

__all__ = ["reflection_methods"]

_SERVICES = ("grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection")
_OWN = ("grpc.health.v1.Health", *_SERVICES)


def reflection_methods(services: Callable[[], Mapping[str, ServiceDescriptor]]) -> dict[str, Builtin]:
    """Return the methods, by path; they tell of the *services* that there are when they are asked."""
    methods = [GrpcMethod(f"/{name}/ServerReflectionInfo", "bidi", bytes, bytes, repeatable=True) for name in _SERVICES]
    return {method.path: Builtin(method, partial(_Asked, services)) for method in methods}


class _Asked:
    """One client that asks, question by question."""

    def __init__(self, services: Callable[[], Mapping[str, ServiceDescriptor]], answering: Answering) -> None:
        self._services = services
        self._answering = answering

    def received(self, message: bytes) -> None:
        try:
            asked: dict[int, Any] = dict(fields(message))
        except ValueError as error:
            self._answering.end(CODES.index("INVALID_ARGUMENT"), f"not a ServerReflectionRequest: {error}")
            return
        host = bytes_field(1, asked[1]) if isinstance(asked.get(1), bytes) else b""
        self._answering.send(host + bytes_field(2, message) + self._answer(asked))

    def half_closed(self) -> None:
        self._answering.end(0)

    def drained(self) -> None: ...

    def over(self) -> None: ...

    def _answer(self, asked: dict[int, Any]) -> bytes:
        if 7 in asked:
            names = sorted({*self._services(), *_OWN})
            return bytes_field(6, b"".join(bytes_field(1, bytes_field(1, name.encode())) for name in names))
        try:
            if 6 in asked:
                return self._extension_numbers(asked[6].decode())
            return self._files(self._file(asked))
        except (AttributeError, KeyError, TypeError, ValueError):  # what is there is not, or not of its type
            return bytes_field(7, number_field(1, CODES.index("NOT_FOUND")) + bytes_field(2, b"not found"))

    def _pools(self) -> list[DescriptorPool]:
        return [*dict.fromkeys(service.file.pool for service in self._services().values()), builtin_pool()]

    def _found(self, find: Callable[[DescriptorPool], Any]) -> Any:
        """Return what one of the pools has; none is a KeyError."""
        for pool in self._pools():
            try:
                return find(pool)
            except KeyError:
                continue
        raise KeyError

    def _file(self, asked: dict[int, Any]) -> FileDescriptor:
        """Return the file that is asked for, by its name, a symbol in it, or an extension."""
        if 3 in asked:
            name = asked[3].decode()
            return cast("FileDescriptor", self._found(lambda pool: pool.FindFileByName(name)))
        if 4 in asked:
            symbol = asked[4].decode()
            return cast("FileDescriptor", self._found(lambda pool: pool.FindFileContainingSymbol(symbol)))
        extension: dict[int, Any] = dict(fields(asked[5]))
        name, number = extension[1].decode(), extension[2]
        found = self._found(lambda pool: pool.FindExtensionByNumber(pool.FindMessageTypeByName(name), number))
        file: FileDescriptor = found.file
        return file

    def _extension_numbers(self, name: str) -> bytes:
        kind = self._found(lambda pool: pool.FindMessageTypeByName(name))
        numbers = sorted(extension.number for extension in kind.file.pool.FindAllExtensions(kind))
        return bytes_field(5, bytes_field(1, name.encode()) + b"".join(number_field(2, each) for each in numbers))

    def _files(self, file: FileDescriptor) -> bytes:
        """Return *file* and all that it imports, itself first."""
        found: dict[str, FileDescriptor] = {}
        waiting = [file]
        while waiting:
            each = waiting.pop()
            if each.name not in found:
                found[each.name] = each
                waiting += each.dependencies
        return bytes_field(4, b"".join(bytes_field(1, each.serialized_pb) for each in found.values()))
