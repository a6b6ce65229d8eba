"""Answers on the wire: framing by version, method and status."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from pytest_integrations.core.effect import Answer, Effect
from pytest_integrations.core.errors import HandlerFailed
from pytest_integrations.core.fault import Fault
from pytest_integrations.faults import early_hints, reset_mid_upload, stale_keepalive
from tests.core.plain_faults import mark

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pytest_integrations import FakeRest, Reply
    from pytest_integrations.core.fault import Occasion

    from .raw import Raw


@pytest.mark.parametrize("status", [200, 201, 204, 304, 404, 503, 599])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("form", ["text", "chunks"])
@pytest.mark.parametrize("is_faulty", [False, True])
def test_every_answer_ends_where_its_framing_says(  # noqa: PLR0917 -- one for each question
    fake: FakeRest,
    connect: Callable[[], Raw],
    status: int,
    method: str,
    form: str,
    is_faulty: bool,  # noqa: FBT001
) -> None:
    """Whatever the status, method and form, on the fast path and off it, the next answer begins where it should."""
    fake.get("/x").reply(status, **{form: "hello" if form == "text" else [b"hel", b"lo"]})
    if is_faulty:
        fake.inject(mark(), every=1)
    raw = connect()
    for _ in range(3):
        answer = raw.ask("/x", method).answer(method)
        assert answer.status == status
        assert answer.body == (b"hello" if method == "GET" and status not in {204, 304} else b"")
        assert answer.header("X-Mark") == ("seen" if is_faulty else None)
        has_length = answer.header("Content-Length") == "5"
        is_chunked = answer.header("Transfer-Encoding") == "chunked"
        assert (has_length, is_chunked) == (
            (False, False) if status in {204, 304} else (form == "text", form != "text")
        )


@pytest.mark.parametrize("fields", ["", "Connection: keep-alive\r\n"])
def test_an_http_1_0_client_gets_what_it_understands(fake: FakeRest, connect: Callable[[], Raw], fields: str) -> None:
    """No chunks, a length, and the end of the connection."""
    fake.get("/x").reply(chunks=[b"a", b"b"])
    raw = connect().send(f"GET /x HTTP/1.0\r\n{fields}\r\n".encode())
    answer = raw.answer()

    assert (answer.body, answer.header("Content-Length"), answer.header("Connection")) == (b"ab", "2", "close")
    assert raw.rest() == b""


def test_early_hints_are_not_the_answer(fake: FakeRest, connect: Callable[[], Raw]) -> None:
    """A 103 goes before the answer; the ledger's status, headers and response are those of the answer."""
    fake.inject(early_hints("</style.css>; rel=preload"))
    raw = connect().ask()

    assert (raw.answer().status, raw.answer().body) == (103, b"ok")
    (call,) = fake.calls
    assert (call.status, call.reply_headers["content-length"]) == (200, "2")  # type: ignore[attr-defined]
    assert call.response.get_data() == b"ok"  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True, repr=False)
class answers_by(Fault):  # noqa: N801 -- faults are called by a word
    function: Any

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        yield Answer(self.function)


def _raise(_call: object) -> Reply:
    raise LookupError


@pytest.mark.parametrize("is_inline", [True, False])
def test_a_fault_that_raises_fails_the_test_and_answers(
    fake: FakeRest,
    connect: Callable[[], Raw],
    is_inline: bool,  # noqa: FBT001
) -> None:
    """A callable of a fault is the test's own code: its client gets a 500, and the connection goes on."""
    fake.get("/x").calls(lambda _request: "x", inline=is_inline)
    fake.inject(answers_by(_raise))
    raw = connect()

    assert raw.ask("/x").answer().status == 500
    assert raw.ask("/x").answer().body == b"x"
    with pytest.raises(HandlerFailed, match="raised LookupError"):
        fake.verify()


@pytest.mark.parametrize("kind", ["fin_idle", "fin_on_next", "reset_on_next"])
def test_a_stale_connection_ends_under_pipelined_requests(
    fake: FakeRest, connect: Callable[[], Raw], kind: Any
) -> None:
    """What was sent ahead meets the end of the connection, and is in the ledger as that."""
    fake.inject(stale_keepalive(kind))
    raw = connect().send(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n" * 3)
    assert raw.answer().body == b"ok"
    if kind == "reset_on_next":
        with pytest.raises(ConnectionResetError):
            raw.rest()
    else:
        assert raw.rest() == b""

    calls = fake.calls
    assert calls[0].outcome == "answered"
    assert {call.outcome for call in calls[1:]} <= {"closed", "reset"}
    assert not any(call.handled for call in calls[1:])


def test_a_fault_in_an_upload_ends_the_answers_before_it(fake: FakeRest, connect: Callable[[], Raw]) -> None:
    """A reset in the second of two pipelined requests takes the first one, still being answered, with it."""
    fake.get("/slow").calls(lambda _request: fake.ledger.settle() or "slow")
    fake.inject(reset_mid_upload(3), where=lambda call: call.method == "POST")
    raw = connect().send(b"GET /slow HTTP/1.1\r\n\r\nPOST /echo HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello")

    with pytest.raises(ConnectionResetError):
        raw.rest()
    assert "open" not in {call.outcome for call in fake.calls}
    assert fake.calls.of("POST /echo")[0].outcome == "reset"
