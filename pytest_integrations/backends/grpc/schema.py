"""From whatever a test has of a schema to the services in it, and the classes of their messages."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_integrations.core.errors import ScriptingError
from pytest_integrations.core.grpc_call import GrpcMethod

if TYPE_CHECKING:
    from collections.abc import Iterable

    from google.protobuf.descriptor import FileDescriptor, MethodDescriptor, ServiceDescriptor
    from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet
    from google.protobuf.descriptor_pool import DescriptorPool

    from pytest_integrations.core.grpc_call import GrpcKind

__all__ = ["MethodSchema", "service_named", "services_in"]

_WELL_KNOWN = "google/protobuf/"
_VALID = (
    "generated code (orders_pb2), a FileDescriptor, a ServiceDescriptor, a FileDescriptorSet, its bytes or its path"
)

_pools: dict[bytes, DescriptorPool] = {}
"""The private pools so far, by the descriptor set in them: its message classes are made once."""


class MethodSchema:
    """One method of a schema: its path, its kind, and the classes of its messages."""

    def __init__(self, descriptor: MethodDescriptor) -> None:
        """Take what *descriptor* says."""
        from google.protobuf.message_factory import GetMessageClass

        self.descriptor = descriptor
        self.name: str = descriptor.name
        self.path: str = f"/{descriptor.containing_service.full_name}/{descriptor.name}"
        self.request: type[Any] = GetMessageClass(descriptor.input_type)
        self.reply: type[Any] = GetMessageClass(descriptor.output_type)
        self.wire: GrpcMethod = GrpcMethod(
            self.path,
            _kind(descriptor),
            self.request.FromString,
            self.reply.FromString,
            descriptor.GetOptions().idempotency_level != 0,
        )


def _kind(descriptor: MethodDescriptor) -> GrpcKind:
    if descriptor.client_streaming:
        return "bidi" if descriptor.server_streaming else "client-stream"
    return "server-stream" if descriptor.server_streaming else "unary"


def services_in(source: Any) -> list[ServiceDescriptor]:
    """Return the services of *source*, in the order in which they are written there.

    Messages are of the classes of the generated code, where this process has imported the same schema as such, so that
    `isinstance` and `==` hold; else of classes of their own, in a pool of their own, so that two versions of a file do
    not meet.
    """
    __tracebackhide__ = True
    from google.protobuf.descriptor import FileDescriptor, ServiceDescriptor
    from google.protobuf.descriptor_pb2 import FileDescriptorSet

    if isinstance(source, ServiceDescriptor):
        return [source]
    descriptor = getattr(source, "DESCRIPTOR", source)
    if isinstance(descriptor, FileDescriptor):
        return _not_empty(list(descriptor.services_by_name.values()), descriptor.name)
    if isinstance(source, FileDescriptorSet):
        return _services_of(source)
    if isinstance(source, bytes):
        return _services_of(_parsed(source, "these bytes"))
    if isinstance(source, str | Path) and Path(source).is_file():
        return _services_of(_parsed(Path(source).read_bytes(), str(source)))
    msg = f"{source!r} is not a schema: valid are {_VALID}; a .proto file goes to load()"
    raise ScriptingError(msg)


def service_named(name: str) -> ServiceDescriptor:
    """Return the service called *name* of the generated code that was imported."""
    __tracebackhide__ = True
    from google.protobuf import descriptor_pool

    try:
        found: ServiceDescriptor = descriptor_pool.Default().FindServiceByName(name)
    except KeyError:
        msg = f"no schema of {name} is known: import its orders_pb2, or the like, or give it to load() or add() first"
        raise ScriptingError(msg) from None
    return found


def _parsed(data: bytes, what: str) -> FileDescriptorSet:
    __tracebackhide__ = True
    from google.protobuf.descriptor_pb2 import FileDescriptorSet
    from google.protobuf.message import DecodeError

    try:
        return FileDescriptorSet.FromString(data)
    except DecodeError:
        msg = (
            f"{what}: not a descriptor set, which `protoc --include_imports --descriptor_set_out` writes; "
            "a .proto file goes to load()"
        )
        raise ScriptingError(msg) from None


def _services_of(files: FileDescriptorSet) -> list[ServiceDescriptor]:
    __tracebackhide__ = True
    from google.protobuf import descriptor_pool

    default = descriptor_pool.Default()
    own = all(_is_generated(file, default) for file in files.file)
    pool = default if own else _private_pool(files)
    found = [service for file in files.file for service in _found(pool, file).services_by_name.values()]
    return _not_empty(found, ", ".join(file.name for file in files.file) or "an empty descriptor set")


def _found(pool: DescriptorPool, file: FileDescriptorProto) -> FileDescriptor:
    return pool.FindFileByName(file.name)


def _not_empty(services: list[ServiceDescriptor], what: str) -> list[ServiceDescriptor]:
    __tracebackhide__ = True
    if not services:
        msg = f"{what}: there is no service in it"
        raise ScriptingError(msg)
    return services


def _is_generated(file: FileDescriptorProto, default: DescriptorPool) -> bool:
    """Tell whether generated code has brought the same file; the well-known ones are the same to everybody."""
    from google.protobuf.descriptor_pb2 import FileDescriptorProto

    if file.name.startswith(_WELL_KNOWN):
        return True
    try:
        known = _found(default, file)
    except KeyError:
        return False
    other = FileDescriptorProto()
    known.CopyToProto(other)
    return _bare(file) == _bare(other)


def _bare(file: FileDescriptorProto) -> FileDescriptorProto:
    """Return *file* without what one compiler writes and another does not."""
    from google.protobuf.descriptor_pb2 import FileDescriptorProto

    bare = FileDescriptorProto()
    bare.CopyFrom(file)
    bare.ClearField("source_code_info")
    _clear_json_names(bare.message_type)
    for extension in bare.extension:
        extension.ClearField("json_name")
    return bare


def _clear_json_names(messages: Iterable[Any]) -> None:
    for message in messages:
        for field in (*message.field, *message.extension):
            field.ClearField("json_name")
        _clear_json_names(message.nested_type)


def _private_pool(files: FileDescriptorSet) -> DescriptorPool:
    __tracebackhide__ = True
    from google.protobuf.descriptor_pool import DescriptorPool

    key = files.SerializeToString(deterministic=True)
    pool = _pools.get(key)
    if pool is None:
        pool = DescriptorPool()
        waiting = {file.name: file for file in files.file}
        while waiting:
            _add(pool, next(iter(waiting)), waiting, wanted_by="")
        _pools[key] = pool
    return pool


def _add(pool: DescriptorPool, name: str, waiting: dict[str, FileDescriptorProto], wanted_by: str) -> None:
    """Add the file *name* to *pool*, after all that it imports; what the set lacks may be a well-known one."""
    __tracebackhide__ = True
    file = waiting.pop(name, None)
    if file is None and _has(pool, name):
        return
    file = file or _well_known(name, wanted_by)
    for imported in file.dependency:
        _add(pool, imported, waiting, wanted_by=name)
    try:
        pool.AddSerializedFile(file.SerializeToString())
    except TypeError as error:
        msg = f"the descriptor set is not sound: {error}"
        raise ScriptingError(msg) from None


def _well_known(name: str, wanted_by: str) -> FileDescriptorProto:
    __tracebackhide__ = True
    from google.protobuf import descriptor_pool
    from google.protobuf.descriptor_pb2 import FileDescriptorProto

    file = FileDescriptorProto()
    try:
        descriptor_pool.Default().FindFileByName(name).CopyToProto(file)
    except KeyError:
        msg = f"{wanted_by} imports {name}, which is not in the descriptor set: make it with --include_imports"
        raise ScriptingError(msg) from None
    return file


def _has(pool: DescriptorPool, name: str) -> bool:
    try:
        pool.FindFileByName(name)
    except KeyError:
        return False
    return True
