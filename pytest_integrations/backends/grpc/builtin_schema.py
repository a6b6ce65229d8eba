"""The schemas of the services that the fake answers by itself, for clients that ask by reflection what they have.

grpc.health.v1, grpc.reflection.v1 and v1alpha, as in gRPC's own .proto files: the same names and numbers.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from google.protobuf.descriptor_pb2 import FileDescriptorProto
    from google.protobuf.descriptor_pool import DescriptorPool

__all__ = ["builtin_pool"]

_HEALTH = {
    "HealthCheckRequest": "service 1 string",
    "HealthCheckResponse": "status 1 HealthCheckResponse.ServingStatus",
}
_STATUSES = ("UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN")
_REFLECTION = {
    "ServerReflectionRequest": (
        "host 1 string, file_by_filename 3 string message_request, file_containing_symbol 4 string message_request, "
        "file_containing_extension 5 ExtensionRequest message_request, "
        "all_extension_numbers_of_type 6 string message_request, list_services 7 string message_request"
    ),
    "ExtensionRequest": "containing_type 1 string, extension_number 2 int32",
    "ServerReflectionResponse": (
        "valid_host 1 string, original_request 2 ServerReflectionRequest, "
        "file_descriptor_response 4 FileDescriptorResponse message_response, "
        "all_extension_numbers_response 5 ExtensionNumberResponse message_response, "
        "list_services_response 6 ListServiceResponse message_response, error_response 7 ErrorResponse message_response"
    ),
    "FileDescriptorResponse": "file_descriptor_proto 1 bytes repeated",
    "ExtensionNumberResponse": "base_type_name 1 string, extension_number 2 int32 repeated",
    "ListServiceResponse": "service 1 ServiceResponse repeated",
    "ServiceResponse": "name 1 string",
    "ErrorResponse": "error_code 1 int32, error_message 2 string",
}
"""Of each message its fields: name, number, type, and `repeated` or the `oneof` that it is of."""


@cache
def builtin_pool() -> DescriptorPool:
    """Return the pool that they are in, a private one: a program may have gRPC's own beside it."""
    from google.protobuf.descriptor_pool import DescriptorPool

    pool = DescriptorPool()
    pool.AddSerializedFile(_health().SerializeToString())
    for version in ("v1", "v1alpha"):
        pool.AddSerializedFile(_reflection(version).SerializeToString())
    return pool


def _health() -> FileDescriptorProto:
    file = _file("grpc/health/v1/health.proto", "grpc.health.v1", _HEALTH)
    statuses = file.message_type[1].enum_type.add(name="ServingStatus")
    for number, name in enumerate(_STATUSES):
        statuses.value.add(name=name, number=number)
    service = file.service.add(name="Health")
    for name in ("Check", "Watch"):
        _method(service, f".{file.package}.HealthCheck", name, server_streaming=name == "Watch")
    return file


def _reflection(version: str) -> FileDescriptorProto:
    file = _file(f"grpc/reflection/{version}/reflection.proto", f"grpc.reflection.{version}", _REFLECTION)
    service = file.service.add(name="ServerReflection")
    kinds = f".{file.package}.ServerReflection"
    _method(service, kinds, "ServerReflectionInfo", client_streaming=True, server_streaming=True)
    return file


def _method(service: Any, kinds: str, name: str, **streaming: bool) -> None:
    service.method.add(name=name, input_type=f"{kinds}Request", output_type=f"{kinds}Response", **streaming)


def _file(name: str, package: str, messages: dict[str, str]) -> FileDescriptorProto:
    from google.protobuf.descriptor_pb2 import FileDescriptorProto

    file = FileDescriptorProto(name=name, package=package, syntax="proto3")
    for kind, fields in messages.items():
        message = file.message_type.add(name=kind)
        for field in fields.split(", "):
            _add_field(message, package, field)
    return file


def _add_field(message: Any, package: str, told: str) -> None:
    from google.protobuf.descriptor_pb2 import FieldDescriptorProto

    name, number, kind, group = (*told.split(" "), "")[:4]
    label = "LABEL_REPEATED" if group == "repeated" else "LABEL_OPTIONAL"
    field = message.field.add(name=name, number=int(number), label=FieldDescriptorProto.Label.Value(label))
    if kind[0].islower():
        field.type = FieldDescriptorProto.Type.Value(f"TYPE_{kind.upper()}")
    else:
        is_enum = "." in kind
        field.type = FieldDescriptorProto.Type.Value("TYPE_ENUM" if is_enum else "TYPE_MESSAGE")
        field.type_name = f".{package}.{kind}"
    if group not in {"", "repeated"}:
        groups = [each.name for each in message.oneof_decl]
        if group not in groups:
            message.oneof_decl.add(name=group)
            groups.append(group)
        field.oneof_index = groups.index(group)
