"""Health and reflection, asked with the messages that others have generated for them."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from google.protobuf import descriptor_pb2, descriptor_pool

from pytest_integrations.core.errors import ScriptingError
from pytest_integrations.faults.grpc import grpc_status
from tests.backends.grpc.orders import OPTIONS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_integrations.backends.grpc.fake import FakeGrpc
    from pytest_integrations.backends.grpc.services import Service

health_pb2: Any = pytest.importorskip("grpclib.health.v1.health_pb2")
v1: Any = pytest.importorskip("grpclib.reflection.v1.reflection_pb2")
v1alpha: Any = pytest.importorskip("grpclib.reflection.v1alpha.reflection_pb2")
NAMES = {0: "UNKNOWN", 1: "SERVING", 2: "NOT_SERVING", 3: "SERVICE_UNKNOWN"}


@pytest.fixture
def channel(shop: FakeGrpc) -> Iterator[grpc.Channel]:
    with grpc.insecure_channel(shop.target, options=OPTIONS) as channel:
        yield channel


# -- health


def _health(channel: grpc.Channel, name: str, make: Any) -> Any:
    request, response = health_pb2.HealthCheckRequest, health_pb2.HealthCheckResponse
    return make(f"/grpc.health.v1.Health/{name}", request.SerializeToString, response.FromString)


def test_check(shop: FakeGrpc, channel: grpc.Channel) -> None:
    check = _health(channel, "Check", channel.unary_unary)

    def status(service: str) -> str:
        return NAMES[check(health_pb2.HealthCheckRequest(service=service), timeout=5).status]

    assert [status(""), status("shop.v1.Orders")] == ["SERVING", "SERVING"]
    with pytest.raises(grpc.RpcError) as caught:
        status("shop.v1.Nope")
    assert caught.value.code() is grpc.StatusCode.NOT_FOUND
    shop.health("shop.v1.Orders", "NOT_SERVING")
    shop.health("shop.v1.Nope", "SERVING")
    assert [status(""), status("shop.v1.Orders"), status("shop.v1.Nope")] == ["SERVING", "NOT_SERVING", "SERVING"]
    with pytest.raises(ScriptingError, match=r"status='DOWN' is unknown: valid are 'UNKNOWN', 'SERVING'"):
        shop.health("", "DOWN")


def test_watch_tells_each_change(shop: FakeGrpc, channel: grpc.Channel) -> None:
    watch = _health(channel, "Watch", channel.unary_stream)
    stream = watch(health_pb2.HealthCheckRequest(service="later"), timeout=10)
    assert NAMES[next(stream).status] == "SERVICE_UNKNOWN"
    for status in ("SERVING", "SERVING", "NOT_SERVING"):
        shop.health("later", status)
    assert [NAMES[next(stream).status] for _ in range(2)] == ["SERVING", "NOT_SERVING"]
    stream.cancel()
    done = threading.Event()
    stream.add_callback(done.set)
    assert done.wait(5)
    shop.health("later", "SERVING")


def test_faults_spare_health_checks_unless_they_name_them(shop: FakeGrpc, channel: grpc.Channel) -> None:
    check = _health(channel, "Check", channel.unary_unary)
    rule = shop.inject(grpc_status("UNAVAILABLE"), every=1)
    assert check(health_pb2.HealthCheckRequest(), timeout=5).status == 1
    assert rule.fired == 0
    shop.heal(rule)
    assert shop.calls[0].is_spared


# -- reflection


def _ask(channel: grpc.Channel, pb2: Any, *questions: dict[str, Any]) -> list[Any]:
    package = "v1alpha" if pb2 is v1alpha else "v1"
    info = channel.stream_stream(
        f"/grpc.reflection.{package}.ServerReflection/ServerReflectionInfo",
        pb2.ServerReflectionRequest.SerializeToString,
        pb2.ServerReflectionResponse.FromString,
    )
    return list(info(iter([pb2.ServerReflectionRequest(**question) for question in questions]), timeout=5))


@pytest.mark.parametrize("pb2", [v1, v1alpha], ids=["v1", "v1alpha"])
def test_reflection(shop: FakeGrpc, orders: Service, channel: grpc.Channel, pb2: Any) -> None:
    listed, symbol, file, missing, no_extension, numbers = _ask(
        channel,
        pb2,
        {"list_services": "", "host": "here"},
        {"file_containing_symbol": "shop.v1.Orders"},
        {"file_by_filename": "google/protobuf/timestamp.proto"},
        {"file_containing_symbol": "shop.v1.Nope"},
        {"file_containing_extension": {"containing_type": "shop.v1.Order", "extension_number": 7}},
        {"all_extension_numbers_of_type": "shop.v1.Order"},
    )
    names = [service.name for service in listed.list_services_response.service]
    assert {"shop.v1.Orders", "shop.v1.Audit", "grpc.health.v1.Health"} <= set(names)
    assert (listed.valid_host, listed.original_request.host) == ("here", "here")
    pool = descriptor_pool.DescriptorPool()
    files = symbol.file_descriptor_response.file_descriptor_proto
    for serialized in reversed(files):
        pool.AddSerializedFile(serialized)
    methods = pool.FindServiceByName("shop.v1.Orders").methods_by_name
    assert list(methods) == ["Get", "Create", "Upload", "List", "Chat"]
    (timestamp,) = file.file_descriptor_response.file_descriptor_proto
    assert descriptor_pb2.FileDescriptorProto.FromString(timestamp).name == "google/protobuf/timestamp.proto"
    assert missing.error_response.error_code == no_extension.error_response.error_code == 5
    assert numbers.all_extension_numbers_response.base_type_name == "shop.v1.Order"
    assert list(numbers.all_extension_numbers_response.extension_number) == []


@pytest.mark.parametrize("theirs", [health_pb2, v1, v1alpha], ids=lambda module: module.__name__)
def test_what_is_built_in_tells_of_itself(shop: FakeGrpc, channel: grpc.Channel, theirs: Any) -> None:
    """Each service that is listed has a file, which says what gRPC's own says."""
    (service,) = theirs.DESCRIPTOR.services_by_name.values()
    (answer,) = _ask(channel, v1, {"file_containing_symbol": service.full_name})
    pool = descriptor_pool.DescriptorPool()
    for file in answer.file_descriptor_response.file_descriptor_proto:
        pool.AddSerializedFile(file)
    ours = pool.FindServiceByName(service.full_name)
    assert [_signature(method) for method in ours.methods] == [_signature(method) for method in service.methods]
    for name, message in theirs.DESCRIPTOR.message_types_by_name.items():
        known = ours.file.message_types_by_name[name]
        assert [_field(each) for each in known.fields] == [_field(each) for each in message.fields]
        assert [list(each.values_by_number) for each in known.enum_types] == [
            list(each.values_by_number) for each in message.enum_types
        ]


def _signature(method: Any) -> tuple[Any, ...]:
    kinds = method.input_type.full_name, method.output_type.full_name
    return method.name, *kinds, method.client_streaming, method.server_streaming


def _field(field: Any) -> tuple[Any, ...]:
    group, kind = field.containing_oneof, field.message_type or field.enum_type
    told = field.name, field.number, field.type, field.is_repeated
    return *told, group.name if group else None, kind.full_name if kind else None


def test_reflection_of_what_is_no_question(shop: FakeGrpc, channel: grpc.Channel) -> None:
    info = channel.stream_stream("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo")
    with pytest.raises(grpc.RpcError) as caught:
        list(info(iter([b"\x0f"]), timeout=5))
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
