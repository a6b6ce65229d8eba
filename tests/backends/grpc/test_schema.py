"""Where services come from: .proto files, texts, generated code, descriptor sets; and of which classes messages are."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from google.protobuf import descriptor_pb2, timestamp_pb2

from pytest_integrations.backends.grpc.fake import FakeGrpc
from pytest_integrations.backends.grpc.protoc import compiled
from pytest_integrations.backends.grpc.schema import services_in
from pytest_integrations.core.errors import ScriptingError
from tests.backends.grpc.orders import PROTO, call

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TEXT = 'syntax = "proto3"; message Item { string id = 1; } service Items { rpc Get(Item) returns (Item); }'


@pytest.fixture
def fake() -> Iterator[FakeGrpc]:
    with FakeGrpc() as fake:
        yield fake


def _write(folder: Path, name: str, text: str) -> Path:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file


# -- .proto files


def test_a_file_is_compiled_once_until_it_changes(tmp_path: Path) -> None:
    _write(tmp_path, "part.proto", 'syntax = "proto3"; message Part { string id = 1; }')
    file = _write(
        tmp_path,
        "whole.proto",
        'syntax = "proto3"; import "part.proto"; service Whole { rpc Get(Part) returns (Part); }',
    )
    first = compiled(file)
    assert compiled(str(file)) is first
    _write(tmp_path, "part.proto", 'syntax = "proto3"; message Part { string id = 1; int32 qty = 2; }')
    second = compiled(file)
    assert second != first
    (service,) = services_in(second)
    assert list(service.methods[0].input_type.fields_by_name) == ["id", "qty"]


def test_imports_are_looked_for_in_paths(fake: FakeGrpc, tmp_path: Path) -> None:
    _write(
        tmp_path,
        "include/money/v1/money.proto",
        'syntax = "proto3"; package money.v1; message Money { int64 units = 1; }',
    )
    file = _write(
        tmp_path,
        "protos/bank.proto",
        'syntax = "proto3"; import "money/v1/money.proto"; import "google/protobuf/empty.proto";'
        "service Bank { rpc Balance(google.protobuf.Empty) returns (money.v1.Money); }",
    )
    bank = fake.load(file, paths=[tmp_path / "include"])
    bank.Balance.reply(units=7)
    assert call(fake.target, bank.Balance).units == 7
    with pytest.raises(
        ScriptingError, match=r'(?s)bank\.proto does not compile:.*Import "money/v1/money\.proto" was not'
    ):
        fake.load(file)
    with pytest.raises(ScriptingError, match=r"paths: .*nowhere is not a directory"):
        fake.load(file, paths=[tmp_path / "nowhere"])


def test_what_does_not_compile_is_told_with_its_place(tmp_path: Path) -> None:
    file = _write(tmp_path, "bad.proto", 'syntax = "proto3";\nmessage A {\n  Foo b = 1;\n  string c = 1;\n}\n')
    with pytest.raises(ScriptingError) as caught:
        compiled(file)
    assert "bad.proto does not compile:" in str(caught.value)
    assert 'bad.proto:3:3: "Foo" is not defined.' in str(caught.value)
    with pytest.raises(ScriptingError, match=r"there is no file 'nope\.proto'"):
        compiled("nope.proto")


def test_a_text_is_a_schema_too(fake: FakeGrpc) -> None:
    items = fake.load(TEXT)
    items.Get.reply(id="i1")
    assert call(fake.target, items.Get).id == "i1"
    assert fake.load(TEXT).Get is items.Get
    with pytest.raises(ScriptingError, match=r'"Nope" is not defined'):
        fake.load('syntax = "proto3"; message A { Nope b = 1; }')


@pytest.mark.parametrize(
    "head",
    ["// Orders\nsyntax = 'proto3'; ", f"/* {'a licence ' * 500} */ syntax = 'proto3'; ", "edition = '2023'; ", ""],
    ids=["comment", "long", "edition", "proto2"],
)
def test_a_text_may_begin_with_whatever_a_file_begins_with(fake: FakeGrpc, head: str) -> None:
    items = fake.load(head + "service Items { rpc Get(Item) returns (Item); } message Item { reserved 1; }")
    assert items.Get.schema.path == "/Items/Get"


def test_without_the_compiler_there_is_one_clear_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "grpc_tools", None)
    file = _write(tmp_path, "new.proto", TEXT)
    with pytest.raises(ScriptingError, match=r"pip install 'pytest-integrations\[proto\]', or give generated code"):
        compiled(file)


def test_two_files_of_one_name_do_not_meet(fake: FakeGrpc, tmp_path: Path) -> None:
    one = _write(tmp_path, "a/same.proto", TEXT)
    two = _write(tmp_path, "b/same.proto", TEXT.replace("string id", "int32 id").replace("Items", "Things"))
    items, things = fake.load(one), fake.load(two)
    items.Get.reply(id="i1")
    things.Get.reply(id=7)
    assert call(fake.target, items.Get).id == "i1"
    assert call(fake.target, things.Get).id == 7


# -- other sources


def test_a_descriptor_set_in_each_form(fake: FakeGrpc, tmp_path: Path) -> None:
    data = compiled(PROTO)
    file = tmp_path / "orders.binpb"
    file.write_bytes(data)
    for source in (data, file, str(file), descriptor_pb2.FileDescriptorSet.FromString(data)):
        assert fake.add(source).List is fake.service("shop.v1.Orders").List
    (orders, audit) = services_in(data)
    assert fake.add(orders).Create is fake.service("shop.v1.Orders").Create
    assert fake.add(audit.file).Create is fake.service("shop.v1.Orders").Create


def test_a_descriptor_set_without_its_imports() -> None:
    whole = descriptor_pb2.FileDescriptorSet.FromString(compiled(PROTO))
    own = [file for file in whole.file if file.name == "orders.proto"]
    alone = descriptor_pb2.FileDescriptorSet(file=own)
    assert [service.full_name for service in services_in(alone)] == ["shop.v1.Orders", "shop.v1.Audit"]  # well known
    own[0].dependency.append("shop/money.proto")
    with pytest.raises(
        ScriptingError, match=r"orders\.proto imports shop/money\.proto, which is not in the descriptor set"
    ):
        services_in(descriptor_pb2.FileDescriptorSet(file=own))


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (7, r"7 is not a schema: valid are generated code \(orders_pb2\)"),
        (b"\xff\xff", r"these bytes: not a descriptor set"),
        (b"", r"an empty descriptor set: there is no service in it"),
        (timestamp_pb2, r"google/protobuf/timestamp\.proto: there is no service in it"),
        ("nope.binpb", r"'nope\.binpb' is not a schema"),
    ],
)
def test_what_is_no_schema(fake: FakeGrpc, source: Any, words: str) -> None:
    with pytest.raises(ScriptingError, match=words):
        fake.add(source)


def test_well_known_types_are_everybody_s(fake: FakeGrpc) -> None:
    orders = fake.load(PROTO)
    orders.Create.reply(created=timestamp_pb2.Timestamp(seconds=7))
    created = call(fake.target, orders.Create).created
    assert created.seconds == 7
    assert created.ToJsonString() == "1970-01-01T00:00:07Z"
    orders.Create.reply(created=datetime(1970, 1, 1, 0, 0, 9, tzinfo=UTC))
    assert call(fake.target, orders.Create).created.seconds == 9
    orders.Create.reply(created={"seconds": 8})
    assert call(fake.target, orders.Create).created.seconds == 8


def test_messages_of_another_class_in_a_map_are_taken_as_well(fake: FakeGrpc) -> None:
    fake.load("""
        syntax = "proto3";
        import "google/protobuf/timestamp.proto";
        service Items { rpc Get(Item) returns (Item); }
        message Item { map<string, google.protobuf.Timestamp> seen = 1; map<string, Item> parts = 2; }
    """)
    get = fake.service("Items").Get
    get.reply(seen={"a": timestamp_pb2.Timestamp(seconds=9)}, parts={"b": {"parts": {"c": {}}}})
    reply = call(fake.target, get)
    assert (reply.seen["a"].seconds, [*reply.parts["b"].parts]) == (9, ["c"])
