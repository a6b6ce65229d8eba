"""Connections that end in the middle of a frame, seen by a client of HTTP/2 that checks nothing, and by grpcio."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import grpc
import pytest

from pytest_integrations.backends.grpc.fake import FakeGrpc
from pytest_integrations.core.errors import ScriptingError
from pytest_integrations.faults.grpc import fail_after_headers
from pytest_integrations.faults.grpc_frames import drop_connection
from tests.backends.grpc.orders import PROTO, error_of, stub
from tests.wire.http2.client import Answer, Http2Client

if TYPE_CHECKING:
    from collections.abc import Iterator

GET, LIST = "/shop.v1.Orders/Get", "/shop.v1.Orders/List"
REPLY = bytes.fromhex("0000000004 0a026f31")
"""The frame of the message {id: "o1"}."""
DATA, HEADERS = 0, 1


@pytest.fixture
def fake(no_leaks: None) -> Iterator[FakeGrpc]:
    with FakeGrpc("shop") as fake:
        fake.load(PROTO)
        orders = fake.service("shop.v1.Orders")
        orders.Get.reply(id="o1")
        orders.List.reply_stream([{"id": "o1"}] * 3)
        yield fake


@pytest.fixture
def client(fake: FakeGrpc) -> Iterator[Http2Client]:
    with Http2Client(fake.port) as client:
        yield client


def ask(client: Http2Client, path: str = GET) -> Answer:
    number = client.ask(path, "POST", bytes(5), ("content-type", "application/grpc"), ("te", "trailers"))
    answer = client.answer(number)
    client.wait_for_end()
    return answer


def half(client: Http2Client) -> tuple[int, int, int]:
    """Return the kind of the frame that is cut, how long its payload was to be, and how much of that came."""
    rest = client.rest
    return rest[3], int.from_bytes(rest[:3], "big"), len(rest) - 9


both = pytest.mark.parametrize("how", ["reset", "close"])


@both
def test_half_of_the_headers(fake: FakeGrpc, client: Http2Client, how: Any) -> None:
    fake.inject(drop_connection("headers", how))
    answer = ask(client)
    assert (answer.fields, answer.body) == ([], b"")
    kind, whole, came = half(client)
    assert (kind, came) == (HEADERS, whole // 2)
    assert client.was_reset == (how == "reset")
    call: Any = fake.calls[0]
    assert call.outcome == ("reset" if how == "reset" else "truncated")
    assert (call.handled, call.failed) == (True, True)


@both
def test_half_of_a_message(fake: FakeGrpc, client: Http2Client, how: Any) -> None:
    fake.inject(drop_connection(how=how))
    answer = ask(client, LIST)
    assert (answer.status, answer.body) == (200, b"")
    assert half(client) == (DATA, len(REPLY), len(REPLY) // 2)
    assert client.rest == bytes.fromhex("000009 00 00 00000001 00000000")
    assert client.was_reset == (how == "reset")


@both
def test_half_of_the_trailers(fake: FakeGrpc, client: Http2Client, how: Any) -> None:
    fake.inject(drop_connection("trailers", how))
    answer = ask(client, LIST)
    assert (answer.status, bytes(answer.body), answer.trailers) == (200, REPLY * 3, [])
    kind, whole, came = half(client)
    assert (kind, came) == (HEADERS, whole // 2)
    assert client.rest[4] & 1  # END_STREAM, which does not count before the frame is whole
    assert client.was_reset == (how == "reset")


def test_a_large_message_is_cut_in_its_first_frame(fake: FakeGrpc, client: Http2Client) -> None:
    fake.service("shop.v1.Orders").Get.reply(blob=bytes(1_000_000))
    fake.inject(drop_connection("data"))
    ask(client)
    assert half(client) == (DATA, 16384, 8192)


def test_nothing_comes_after_it(fake: FakeGrpc, client: Http2Client) -> None:
    """Others of the same connection, which would send, do not: their frames would be taken for the rest of this one."""
    fake.service("shop.v1.Orders").List.reply_stream([{"id": "o1"}] * 100, every=0.001)
    other = client.ask(LIST, "POST", bytes(5), ("content-type", "application/grpc"), ("te", "trailers"))
    client.until(lambda: client.answers[other].body)
    fake.inject(drop_connection("headers", "close"))
    client.h2.ping(b"12345678")
    ask(client)
    kind, whole, came = half(client)
    assert (kind, came) == (HEADERS, whole // 2)
    assert not client.answers[other].ended
    assert fake.calls[0].failed


def test_an_answer_without_what_is_to_be_cut(fake: FakeGrpc, client: Http2Client) -> None:
    """An error has no DATA: the connection ends all the same."""
    fake.service("shop.v1.Orders").Get.fail("NOT_FOUND")
    fake.inject(drop_connection("data"))
    ask(client)
    assert client.was_reset
    assert not client.rest


def test_what_ends_the_call_before_goes_first(fake: FakeGrpc, client: Http2Client) -> None:
    fake.inject(fail_after_headers("ABORTED") + drop_connection("trailers"))
    number = client.ask(GET, "POST", bytes(5), ("content-type", "application/grpc"), ("te", "trailers"))
    assert dict(client.answer(number).trailers)["grpc-status"] == "10"


@both
@pytest.mark.parametrize("inside", ["headers", "data", "trailers"])
def test_what_grpcio_says(fake: FakeGrpc, inside: Any, how: Any) -> None:
    get = fake.service("shop.v1.Orders").Get
    fake.inject(drop_connection(inside, how))
    assert error_of(fake.target, get)[0] == "UNAVAILABLE"
    with grpc.insecure_channel(fake.target) as channel:
        assert stub(channel, get)({}, timeout=5).id == "o1"


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: drop_connection("ping"), r"inside='ping' .*headers.*data.*trailers"),  # type: ignore[arg-type]
        (lambda: drop_connection(how="stall"), r"how='stall' .*reset.*close"),  # type: ignore[arg-type]
    ],
)
def test_a_setting_that_cannot_be(make: Any, words: str) -> None:
    with pytest.raises(ScriptingError, match=words):
        make()
