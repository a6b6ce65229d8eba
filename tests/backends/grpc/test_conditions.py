"""What `when` asks of a request, for fields of every type."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from google.protobuf import timestamp_pb2

from pytest_integrations.backends.grpc.conditions import Conditions
from pytest_integrations.backends.grpc.fake import FakeGrpc

if TYPE_CHECKING:
    from pytest_integrations.backends.grpc.services import Service

TEXT = """
    syntax = "proto3";
    import "google/protobuf/struct.proto";
    import "google/protobuf/timestamp.proto";
    service Items { rpc Get(Item) returns (Item); }
    enum Colour { RED = 0; GREEN = 1; }
    message Item {
      string id = 1;
      float price = 2;
      repeated Colour colours = 3;
      map<string, Colour> by_name = 4;
      map<string, Item> parts = 5;
      repeated Item more = 6;
      google.protobuf.Struct extra = 7;
      google.protobuf.Timestamp made = 8;
    }
"""


@pytest.fixture
def items() -> Service:
    return FakeGrpc().load(TEXT)


@pytest.mark.parametrize(
    ("sent", "expected", "other"),
    [
        ({"price": 0.1}, 0.1, 0.2),  # which is 0.10000000149 in 32 bits
        ({"colours": [1, 0]}, ["GREEN", "RED"], ["GREEN", "GREEN"]),
        ({"by_name": {"a": 1}}, {"a": "GREEN"}, {"a": "RED"}),
        ({"parts": {"a": {"id": "p", "price": 2}}}, {"a": {"id": "p"}}, {"b": {"id": "p"}}),
        ({"more": [{"id": "p", "price": 2}]}, [{"id": "p"}], [{"id": "p"}, {"id": "p"}]),
        ({"extra": {"a": [1, None]}}, {"a": [1, None]}, {"a": [1]}),
        ({"made": {"seconds": 9}}, datetime(1970, 1, 1, 0, 0, 9, tzinfo=UTC), datetime(1970, 1, 1, tzinfo=UTC)),
        ({"made": {"seconds": 9}}, timestamp_pb2.Timestamp(seconds=9), timestamp_pb2.Timestamp()),  # another class
        ({"id": "a"}, "a", ["a"]),
        ({"more": []}, [], None),
    ],
    ids=lambda value: str(value)[:20],
)
def test_a_field_of_each_type_is_compared_as_it_is_written(
    items: Service, sent: dict[str, Any], expected: Any, other: Any
) -> None:
    request = items.Get.schema.request(**sent)
    (name,) = sent
    assert not Conditions({name: expected}).misses(request)
    assert Conditions({name: other}).misses(request)


@pytest.mark.parametrize("nonsense", [None, "x", 7, 2.5, b"x", [7], {"no such": 1}, object(), int, 2**70])
@pytest.mark.parametrize("name", ["price", "colours", "parts", "more", "extra", "made"])
def test_what_a_field_cannot_be_is_a_miss(items: Service, name: str, nonsense: Any) -> None:
    request = items.Get.schema.request(id="a", price=1, colours=[1], parts={"a": {}}, more=[{}], made={"seconds": 1})
    assert Conditions({name: nonsense}).misses(request)
