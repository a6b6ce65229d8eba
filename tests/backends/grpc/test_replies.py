"""What methods answer, called by grpcio: the four kinds, sequences, conditions, callables, metadata and errors."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import grpc
import pytest

from pytest_integrations.backends.grpc.errors import GrpcError
from pytest_integrations.core.errors import ScriptingError, UnknownName
from pytest_integrations.faults import connection_reset
from tests.backends.grpc.conftest import told
from tests.backends.grpc.orders import OPTIONS, PROTO, call, error_of, stub

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_integrations.backends.grpc.fake import FakeGrpc
    from pytest_integrations.backends.grpc.services import Service


# -- the forms of a reply


@pytest.mark.parametrize("form", ["fields", "dict", "message", "bytes", "callable", "async"])
def test_a_reply_in_each_form(shop: FakeGrpc, orders: Service, form: str) -> None:
    message = orders.Get.schema.reply(id="o1", qty=2)

    async def later(request: Any) -> Any:
        return {"id": request.id, "qty": 2}

    forms: dict[str, Any] = {
        "dict": {"id": "o1", "qty": 2},
        "message": message,
        "bytes": message.SerializeToString(),
        "callable": lambda request: {"id": request.id, "qty": 2},
        "async": later,
    }
    if form == "fields":
        orders.Get.reply(id="o1", qty=2)
    else:
        orders.Get.reply(forms[form])
    assert call(shop.target, orders.Get, {"id": "o1"}) == message
    assert [(each.operation, each.kind, each.verdict) for each in shop.calls] == [
        ("/shop.v1.Orders/Get", "unary", "OK")
    ]
    assert shop.calls[0].request == orders.Get.schema.request(id="o1")
    assert shop.calls[0].replies == (message,)


def test_fields_of_every_type(shop: FakeGrpc, orders: Service) -> None:
    orders.Get.reply(
        state="PAID",
        address={"city": "Rome"},
        tags=["a", "b"],
        counts={"a": 1},
        blob=b"\xff",
        note="",
        addresses=[{"city": "Oslo"}, {}],
    )
    answer = call(shop.target, orders.Get)
    assert answer.state == 1
    assert answer.address.city == "Rome"
    assert list(answer.tags) == ["a", "b"]
    assert dict(answer.counts) == {"a": 1}
    assert (answer.blob, answer.HasField("note")) == (b"\xff", True)
    assert [each.city for each in answer.addresses] == ["Oslo", ""]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"idd": "o1"}, r"shop\.v1\.Order has no field 'idd'\. Did you mean 'id'\? It has: id, qty, state"),
        ({"qty": "two"}, r"shop\.v1\.Order cannot have qty='two': .*; qty is of the type int32"),
        ({"state": "LOST"}, r"cannot have state='LOST': .*shop\.v1\.State \(STATE_UNSPECIFIED, PAID, SENT\)"),
        ({"address": {"town": "Rome"}}, r"shop\.v1\.Address has no field 'town'"),
    ],
)
def test_a_field_that_cannot_be_is_refused_where_it_is_written(
    orders: Service, fields: dict[str, Any], words: str
) -> None:
    with pytest.raises(ScriptingError, match=words):
        orders.Get.reply(**fields)


def test_an_argument_with_a_default_is_the_callable_s_own(shop: FakeGrpc, orders: Service) -> None:
    for number in (1, 2):
        orders.Get.when(id=f"o{number}").reply(lambda request, number=number: {"id": request.id, "qty": number})
    assert [call(shop.target, orders.Get, {"id": each}).qty for each in ("o1", "o2")] == [1, 2]
    orders.Get.when(id="o3").reply(lambda _request, its_call: {"id": its_call.operation})
    assert call(shop.target, orders.Get, {"id": "o3"}).id == "/shop.v1.Orders/Get"
    orders.Get.when(id="o4").reply(lambda name="mine": {"id": name})
    assert call(shop.target, orders.Get, {"id": "o4"}).id == "mine"


def test_a_message_of_another_type_is_refused(orders: Service) -> None:
    with pytest.raises(ScriptingError, match=r"shop\.v1\.GetOrder was given, where a shop\.v1\.Order is sent"):
        orders.Get.reply(orders.Get.schema.request())
    with pytest.raises(ScriptingError, match=r"7 is not a shop\.v1\.Order: give its fields"):
        orders.Get.reply(7)
    with pytest.raises(ScriptingError, match=r"takes a message or fields, not both"):
        orders.Get.reply({}, id="o1")


# -- the four kinds


def test_a_client_stream_is_answered_when_it_is_complete(shop: FakeGrpc, orders: Service) -> None:
    orders.Upload.reply(lambda requests: {"count": sum(each.qty for each in requests)})
    assert call(shop.target, orders.Upload, [{"qty": 2}, {"qty": 3}]).count == 5
    assert [each.qty for each in orders.Upload.requests] == [2, 3]
    assert call(shop.target, orders.Upload, []).count == 0


def test_a_server_stream(shop: FakeGrpc, orders: Service) -> None:
    orders.List.reply_stream([{"id": "a"}, {"id": "b"}])
    assert [each.id for each in call(shop.target, orders.List)] == ["a", "b"]
    orders.List.reply_stream([])
    assert call(shop.target, orders.List) == []

    def numbered(request: Any) -> Iterator[Any]:
        for number in range(request.limit):
            yield {"id": str(number)}

    orders.List.reply(numbered)
    assert [each.id for each in call(shop.target, orders.List, {"limit": 3})] == ["0", "1", "2"]
    orders.List.reply(lambda request: [{"id": "x"}] * request.limit)
    assert len(call(shop.target, orders.List, {"limit": 2})) == 2


def test_a_server_stream_that_never_ends_is_asked_for_no_more_than_its_client_takes(
    shop: FakeGrpc, orders: Service
) -> None:
    made, closed = [0], threading.Event()

    def endless(_request: Any) -> Iterator[Any]:
        try:
            while True:
                made[0] += 1
                yield {"blob": bytes(100_000)}
        finally:
            closed.set()

    orders.List.reply(endless)
    with grpc.insecure_channel(shop.target, options=OPTIONS) as channel:
        stream = stub(channel, orders.List)({}, timeout=5)
        assert len(next(stream).blob) == 100_000
        stream.cancel()
    assert closed.wait(5)
    assert made[0] < 1000
    assert orders.List.calls[0].cancelled


def test_both_sides_stream(shop: FakeGrpc, orders: Service) -> None:
    orders.Chat.reply(lambda note: {"text": note.text.upper()} if note.text else None)
    notes = [{"text": "a"}, {"text": ""}, {"text": "b"}]
    assert [each.text for each in call(shop.target, orders.Chat, notes)] == ["A", "B"]
    orders.Chat.reply(text="got it")
    assert [each.text for each in call(shop.target, orders.Chat, notes[:2])] == ["got it"] * 2
    orders.Chat.reply_stream([{"text": "x"}, {"text": "y"}])
    assert [each.text for each in call(shop.target, orders.Chat, [])] == ["x", "y"]

    def talk(notes: Any) -> Iterator[Any]:
        yield {"text": "hello"}
        for note in notes:
            yield {"text": note.text + "!"}
        yield {"text": "bye"}

    orders.Chat.reply(talk)
    assert [each.text for each in call(shop.target, orders.Chat, [{"text": "a"}])] == ["hello", "a!", "bye"]


def test_a_bidi_call_is_a_conversation(shop: FakeGrpc, orders: Service) -> None:
    orders.Chat.reply(lambda note: {"text": note.text * 2})
    said: list[str] = []
    answered = threading.Event()

    def speak() -> Iterator[Any]:
        yield {"text": "a"}
        assert answered.wait(5)
        yield {"text": said[-1]}

    with grpc.insecure_channel(shop.target, options=OPTIONS) as channel:
        for note in stub(channel, orders.Chat)(speak(), timeout=5):
            said.append(note.text)
            answered.set()
    assert said == ["aa", "aaaa"]


def test_a_server_that_speaks_first_does_so_whatever_was_asked_about_its_calls(shop: FakeGrpc, orders: Service) -> None:
    orders.Chat.reply_stream([{"text": "hello"}])
    assert not orders.Chat.when(text="bye").calls
    said: list[str] = []
    greeted = threading.Event()

    def speak() -> Iterator[Any]:
        assert greeted.wait(5)
        yield {"text": "bye"}

    with grpc.insecure_channel(shop.target, options=OPTIONS) as channel:
        for note in stub(channel, orders.Chat)(speak(), timeout=2):
            said.append(note.text)
            greeted.set()
    assert said == ["hello"]
    assert len(orders.Chat.when(text="bye").calls) == 1


# -- which reply


def test_replies_take_turns(shop: FakeGrpc, orders: Service) -> None:
    orders.Get.replies({"id": "a"}, GrpcError("NOT_FOUND", "gone"), connection_reset(), {"id": "b"})
    assert call(shop.target, orders.Get).id == "a"
    assert error_of(shop.target, orders.Get) == ("NOT_FOUND", "gone")
    assert error_of(shop.target, orders.Get)[0] == "UNAVAILABLE"
    assert [call(shop.target, orders.Get).id for _ in range(2)] == ["b", "b"]
    assert [each.verdict for each in orders.Get.calls] == ["OK", "NOT_FOUND", "reset", "OK", "OK"]


def test_the_rule_with_the_most_conditions_answers(shop: FakeGrpc, orders: Service) -> None:
    orders.Get.reply(id="any")
    orders.Get.when(id="o1").reply(id="one")
    orders.Get.when(id="o1", state="PAID").reply(id="paid")
    orders.Get.when(address={"city": "Rome"}).reply(id="roman")
    orders.Get.when(lambda request: len(request.tags) > 1, id=lambda each: each.startswith("t")).reply(id="tagged")
    asked = [{"id": "x"}, {"id": "o1"}, {"id": "o1", "state": 1}, {"address": {"city": "Rome"}}]
    assert [call(shop.target, orders.Get, each).id for each in asked] == ["any", "one", "paid", "roman"]
    assert call(shop.target, orders.Get, {"id": "t", "tags": ["a", "b"]}).id == "tagged"
    assert len(orders.Get.when(id="o1").calls) == 2
    assert len(orders.Get.calls) == 5
    orders.Chat.when(text="hi").reply(text="hello")
    orders.Chat.reply(text="what?")
    assert [each.text for each in call(shop.target, orders.Chat, [{"text": "hi"}, {"text": "x"}])] == ["hello"] * 2
    assert [each.text for each in call(shop.target, orders.Chat, [{"text": "x"}])] == ["what?"]


def test_a_request_that_is_no_message_fits_no_condition(shop: FakeGrpc, orders: Service) -> None:
    orders.Get.reply()
    rule = orders.Get.when(lambda request: request.id, state="PAID")
    rule.inject(connection_reset())
    with grpc.insecure_channel(shop.target) as channel, pytest.raises(grpc.RpcError) as caught:
        channel.unary_unary(orders.Get.schema.path)(b"\xff\xff", timeout=5)
    assert caught.value.details() == "shop: a request of /shop.v1.Orders/Get is not a shop.v1.GetOrder"
    assert not rule.calls
    assert orders.Get.requests == [b"\xff\xff"]
    assert error_of(shop.target, orders.Get, {"id": "o1", "state": "PAID"})[0] == "UNAVAILABLE"
    assert len(told(shop)) == 1


def test_conditions_are_checked_where_they_are_written(orders: Service) -> None:
    with pytest.raises(ScriptingError, match=r"shop\.v1\.GetOrder has no field 'idd'\. Did you mean 'id'"):
        orders.Get.when(idd="o1")
    with pytest.raises(ScriptingError, match=r"Orders\.Get\.when\(\) needs a condition"):
        orders.Get.when()
    with pytest.raises(ScriptingError, match=r"Orders\.Get is unary: it has one reply"):
        orders.Get.reply_stream([{}])
    with pytest.raises(ScriptingError, match=r"\[\{'id': 'a'\}\] are several replies: give them to reply_stream\(\)"):
        orders.List.reply([{"id": "a"}])
    with pytest.raises(ScriptingError, match=r"are several replies: .*, or a function that returns or yields them"):
        orders.List.replies(iter([{}]), {})


# -- errors and metadata


def test_an_error_with_its_metadata(shop: FakeGrpc, orders: Service) -> None:
    orders.Get.fail("NOT_FOUND", "no such order: Zoë, 50 %\n", trailing={"x-reason": "gone", "x-bin": b"\x00\xff"})
    with grpc.insecure_channel(shop.target, options=OPTIONS) as channel, pytest.raises(grpc.RpcError) as caught:
        stub(channel, orders.Get)({"id": "o9"}, timeout=5, metadata=[("x-user", "7"), ("x-key-bin", b"\x01\x02")])
    error = caught.value
    assert (error.code(), error.details()) == (grpc.StatusCode.NOT_FOUND, "no such order: Zoë, 50 %\n")
    assert {("x-reason", "gone"), ("x-bin", b"\x00\xff")} <= {tuple(pair) for pair in error.trailing_metadata()}
    got = orders.Get.calls[0]
    assert (got.code, got.denied, got.failed) == ("NOT_FOUND", True, False)
    assert got.headers["x-user"] == "7"
    assert ("x-key-bin", b"\x01\x02") in got.metadata
    assert got.timeout == pytest.approx(5, abs=2)


def test_metadata_before_and_after(shop: FakeGrpc, orders: Service) -> None:
    orders.Get.reply(id="o1").metadata({"x-served-by": "a"}, trailing={"x-cost": "7"})
    with grpc.insecure_channel(shop.target, options=OPTIONS) as channel:
        _, done = stub(channel, orders.Get).with_call({}, timeout=5)
    assert ("x-served-by", "a") in {tuple(pair) for pair in done.initial_metadata()}
    assert ("x-cost", "7") in {tuple(pair) for pair in done.trailing_metadata()}
    with pytest.raises(ScriptingError, match=r"'X-Cost' is not a key of metadata"):
        orders.Get.reply().metadata({"X-Cost": "7"})
    with pytest.raises(ScriptingError, match=r"x-cost=b'7' is not a value of metadata: valid is printable"):
        orders.Get.reply().metadata({"x-cost": b"7"})
    for given, shown in [("x-cost", "'x-cost'"), (7, "7"), ([("x-cost",)], r"\('x-cost',\)"), (["ab"], "'ab'")]:
        with pytest.raises(ScriptingError, match=rf"trailing: {shown} is not metadata: valid are pairs"):
            orders.Get.fail("INTERNAL", trailing=given)  # type: ignore[arg-type]


def test_an_error_raised_by_a_callable_is_the_answer(shop: FakeGrpc, orders: Service) -> None:
    def out_of_stock(_request: Any) -> Any:
        raise GrpcError(code="FAILED_PRECONDITION", text="out of stock")

    def two_then_error(_request: Any) -> Iterator[Any]:
        yield {"id": "a"}
        yield {"id": "b"}
        raise GrpcError(grpc.StatusCode.DATA_LOSS)

    orders.Get.reply(out_of_stock)
    assert error_of(shop.target, orders.Get) == ("FAILED_PRECONDITION", "out of stock")
    orders.List.reply(two_then_error)
    assert error_of(shop.target, orders.List)[0] == "DATA_LOSS"
    assert [each.id for each in orders.List.calls[0].replies] == ["a", "b"]
    for method in (orders.Get, orders.List, orders.Chat):
        method.reply(lambda _request: GrpcError("ABORTED"))  # returned, rather than raised
        assert error_of(shop.target, method, [{}] if method is orders.Chat else {})[0] == "ABORTED"
    with pytest.raises(ScriptingError, match=r"'GONE' is not a status code of gRPC.*Valid: OK, CANCELLED"):
        GrpcError("GONE")


def test_a_text_that_is_none_is_refused_and_nobody_waits(shop: FakeGrpc, orders: Service) -> None:
    def fails(request: Any) -> Any:
        raise GrpcError(code="INTERNAL", text=KeyError(request.id))  # type: ignore[arg-type]

    with pytest.raises(ScriptingError, match=r"404 is not the text of a status: valid is a str, such as '404'"):
        orders.Get.fail("NOT_FOUND", 404)  # type: ignore[arg-type]
    orders.Get.reply(fails)
    code, text = error_of(shop.target, orders.Get, {"id": "o1"})
    assert code == "INTERNAL"
    assert "KeyError('o1') is not the text of a status" in text
    assert told(shop) == [text]
    orders.Get.fail("NOT_FOUND", "\ud800 of Zo\xeb")
    assert error_of(shop.target, orders.Get) == ("NOT_FOUND", "? of Zo\xeb")


# -- what fails the test by itself


def test_a_callable_that_raises_fails_the_test(shop: FakeGrpc, orders: Service) -> None:
    orders.Get.reply(lambda request: request.nope)
    code, text = error_of(shop.target, orders.Get)
    assert code == "INTERNAL"
    assert "a callable for /shop.v1.Orders/Get raised AttributeError" in text
    assert told(shop) == [text]


def test_a_method_without_an_answer_fails_the_test(shop: FakeGrpc, orders: Service) -> None:
    orders.Create.reply(id="o1")
    orders.Get.when(id="o1").reply(id="o1")
    code, text = error_of(shop.target, orders.Get, {"id": "o2"})
    assert code == "UNIMPLEMENTED"
    assert "nothing was said about what /shop.v1.Orders/Get answers" in text
    assert "when(id='o1'): id is 'o2', expected 'o1'" in text
    assert "methods with an answer: /shop.v1.Orders/Create, /shop.v1.Orders/Get" in text
    assert told(shop) == [text]


def test_a_method_that_is_not_known_fails_the_test(shop: FakeGrpc) -> None:
    with grpc.insecure_channel(shop.target, options=OPTIONS) as channel, pytest.raises(grpc.RpcError) as caught:
        channel.unary_unary("/shop.v1.Orders/Gett")(b"", timeout=5)
    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED
    assert "nearest: /shop.v1.Orders/Get" in caught.value.details()
    assert told(shop) == [caught.value.details()]


def test_a_sequence_that_has_come_to_its_end_fails_the_test(shop: FakeGrpc, orders: Service) -> None:
    orders.Get.replies({"id": "a"}, then="unexpected")
    assert call(shop.target, orders.Get).id == "a"
    assert "called once more" in error_of(shop.target, orders.Get)[1]
    assert len(told(shop)) == 1


# -- services


def test_methods_of_the_same_name(shop: FakeGrpc) -> None:
    both = shop.load(PROTO)
    assert both.List is shop.service("shop.v1.Orders").List
    with pytest.raises(ScriptingError, match=r"Get is a method of several services: /shop\.v1\.Orders/Get, /shop"):
        _ = both.Get
    shop.service("shop.v1.Audit").Get.reply(count=3)
    assert call(shop.target, shop.service("shop.v1.Audit").Get).count == 3
    with pytest.raises(UnknownName, match=r"unknown method 'Lisst'\. Did you mean 'List'"):
        _ = both.Lisst
    with pytest.raises(UnknownName, match=r"unknown service 'shop\.v1\.Order'\. Did you mean 'shop\.v1\.Orders'"):
        shop.service("shop.v1.Order")
    assert not hasattr(both, "Nope")
    assert "List" in dir(both)
