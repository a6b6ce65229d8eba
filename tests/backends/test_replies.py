"""What routes answer: fixed replies, sequences, and the faults among them."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from pytest_integrations import FakeRest, Reply
from pytest_integrations.core.errors import FakeStopped, ScriptingError, UnexpectedCall
from pytest_integrations.faults import latency
from tests.core.plain_faults import mark, say, turn_away


def _statuses(client: httpx.Client, count: int, path: str = "/x") -> list[int]:
    return [client.get(path).status_code for _ in range(count)]


def test_a_route_without_a_reply_answers_200(fake: FakeRest, client: httpx.Client) -> None:
    """Declaring it is enough."""
    fake.get("/x")
    assert (client.get("/x").status_code, client.get("/x").content) == (200, b"")


@pytest.mark.parametrize(
    ("arguments", "kind", "content"),
    [
        ({"json": {"id": 1}}, "application/json", b'{"id": 1}'),
        ({"json": None}, "application/json", b"null"),
        ({"text": "\u20ac"}, "text/plain; charset=utf-8", b"\xe2\x82\xac"),
        ({"body": b"\0\xff"}, "application/octet-stream", b"\0\xff"),
        ({"chunks": [b"ab", b"c"]}, "application/octet-stream", b"abc"),
        ({"text": "<p>", "headers": {"Content-Type": "text/html", "X-N": 5}}, "text/html", b"<p>"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_every_form_of_body_arrives(
    fake: FakeRest, client: httpx.Client, arguments: dict[str, Any], kind: str, content: bytes
) -> None:
    """A status, at most one form of body, and header fields, as a client sees them; HEAD sees the same fields."""
    fake.get("/x").reply(201, **arguments)
    answer, head = client.get("/x"), client.head("/x")

    assert (answer.status_code, answer.headers["content-type"], answer.content) == (201, kind, content)
    assert (head.status_code, head.headers, head.content) == (201, answer.headers, b"")
    assert answer.headers.get("transfer-encoding") == ("chunked" if "chunks" in arguments else None)


@pytest.mark.parametrize("status", [204, 304])
def test_answers_without_a_body_leave_the_connection_usable(fake: FakeRest, client: httpx.Client, status: int) -> None:
    """A 204 or 304 is over with its head."""
    fake.get("/x").reply(status)

    assert _statuses(client, 3) == [status] * 3
    assert len(fake.connections) == 1


def test_a_reply_that_says_close_ends_its_connection(fake: FakeRest, client: httpx.Client) -> None:
    """`Connection: close` in the reply is kept by the fake too, whoever makes the reply."""
    fake.get("/x").reply(headers={"Connection": "close"})
    fake.get("/y").calls(lambda _request: ("y", 200, {"connection": "Close"}), inline=True)
    client.get("/x")
    client.get("/y")
    client.get("/x")

    assert [call.reused for call in fake.calls] == [False] * 3
    assert [connection.closed_by for connection in fake.connections] == ["fake"] * 3


# -- sequences


@pytest.mark.parametrize(
    ("then", "statuses"), [("last", [503, 502, 200, 200, 200]), ("cycle", [503, 502, 200, 503, 502])]
)
def test_a_sequence_goes_on_as_told(fake: FakeRest, client: httpx.Client, then: Any, statuses: list[int]) -> None:
    """One answer a call; then the last one again, or all from the beginning."""
    fake.get("/x").replies(503, (None, 502), Reply(200), then=then)

    assert _statuses(client, 5) == statuses


def test_a_sequence_may_end(fake: FakeRest, client: httpx.Client) -> None:
    """With then="unexpected" a further call fails the test, and gets what clients do not retry."""
    fake.get("/x").replies({"n": 1}, then="unexpected")

    assert _statuses(client, 2) == [200, 404]
    with pytest.raises(UnexpectedCall, match=r"GET /x was called once more than replies\(\.\.\., then='unexpected'\)"):
        fake.verify()


@pytest.mark.parametrize(
    ("answers", "statuses"),
    [
        ((say(500), 200), [500, 200, 200]),
        ((201, say(500), 202), [201, 500, 202, 202]),
        ((say(500), say(501), 200), [500, 501, 200, 200]),
        ((201, say(500)), [201, 500, 500, 500]),
        ((say(500), say(501)), [500, 501, 501]),
        ((say(500), 201, say(501), say(502)), [500, 201, 501, 502, 502]),
        ((say(500),), [500, 500]),
        ((201, say(500), 202, say(501), 203), [201, 500, 202, 501, 203, 203]),
    ],
    ids=repr,
)
def test_faults_among_the_answers(
    fake: FakeRest, client: httpx.Client, answers: tuple[Any, ...], statuses: list[int]
) -> None:
    """A fault takes its turn like an answer; as the last one it goes on."""
    fake.get("/x").replies(*answers)

    assert _statuses(client, len(statuses)) == statuses
    assert [call.fault is not None for call in fake.calls] == [status in {500, 501, 502} for status in statuses]


def test_a_sequence_of_faults_may_end(fake: FakeRest, client: httpx.Client) -> None:
    """After the last one, a further call is unexpected."""
    fake.get("/x").replies(say(500), say(501), then="unexpected")

    assert _statuses(client, 3) == [500, 501, 404]
    assert len(fake.ledger.untold()) == 1


@pytest.mark.parametrize("then", ["last", "unexpected"])
def test_a_fault_that_spoils_an_answer_spoils_the_one_after_it(fake: FakeRest, client: httpx.Client, then: Any) -> None:
    """The next call gets that one whole; where none is left, there is an empty one to spoil."""
    fake.get("/x").replies({"n": 1}, latency(0.001), {"n": 2}, latency(0.002), then=then)

    answers = [client.get("/x") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200] * 4
    assert [answer.json() for answer in answers[:3]] == [{"n": 1}, {"n": 2}, {"n": 2}]
    assert answers[3].content == (b'{"n": 2}' if then == "last" else b"")
    assert [call.fault for call in fake.calls] == [None, latency(0.001), None, latency(0.002)]
    assert client.get("/x").status_code == (200 if then == "last" else 404)
    assert len(fake.ledger.untold()) == (then == "unexpected")


def test_a_fault_on_the_fake_does_not_use_up_an_answer(fake: FakeRest, client: httpx.Client) -> None:
    """A call that never came as far as its answer leaves it for the next."""
    fake.get("/x").replies(201, 202)
    fake.inject(say(500))

    assert _statuses(client, 3) == [500, 201, 202]


def test_what_is_declared_anew_replaces_what_was(fake: FakeRest, client: httpx.Client) -> None:
    """A new reply, sequence or handler drops the old one and its faults; faults that were injected stay."""
    route = fake.get("/x").replies(say(500), say(501), 200)
    assert _statuses(client, 1) == [500]
    assert _statuses(client, 1) == [501] if route.replies(say(501)) is route else False
    route.reply(202)
    assert _statuses(client, 2) == [202, 202]
    route.inject(say(503))
    route.calls(lambda: 203)
    assert _statuses(client, 2) == [503, 203]
    route.replies(204, 205)
    assert _statuses(client, 3) == [204, 205, 205]


@pytest.mark.parametrize(
    ("answers", "then", "message"),
    [
        ((), "last", r"replies\(\) needs at least one answer, such as replies\(503, 503, \{'id': 1\}\)"),
        ((1,), "repeat", "then='repeat' is not a way to go on: valid are 'last', 'cycle', 'unexpected'"),
        ((99,), "last", "status=99 is not a status code"),
        ((object,), "last", "a handler returned <class 'object'>"),
        ((say(), 200), "cycle", r"has no number of its own: script it by inject\(fault, every=n\)"),
        ((turn_away(), 200), "last", r"happens before there is a request: inject it into the fake, fake\.inject"),
    ],
    ids=str,
)
def test_a_sequence_that_cannot_be(
    fake: FakeRest, client: httpx.Client, answers: tuple[Any, ...], then: Any, message: str
) -> None:
    """It is refused where it is written, and what was declared before holds."""
    route = fake.get("/x").reply(204)

    with pytest.raises(ScriptingError, match=message):
        route.replies(*answers, then=then)
    assert _statuses(client, 1) == [204]


def test_a_reply_that_cannot_be(fake: FakeRest) -> None:
    """The same for reply()."""
    with pytest.raises(ScriptingError, match="a reply has one body"):
        fake.get("/x").reply(text="a", json=1)


def test_a_route_knows_its_calls(fake: FakeRest, client: httpx.Client) -> None:
    """`received` has the calls to this operation and no others."""
    route = fake.get("/x").inject(mark(), every=1) and fake.get("/x")
    fake.get("/y").reply(200)
    client.get("/x?a=1")
    client.get("/y")

    assert [call.target for call in route.received] == ["/x?a=1"]  # type: ignore[attr-defined]
    assert fake.calls[0].reply_headers["x-mark"] == "seen"  # type: ignore[attr-defined]


def test_faults_need_a_running_fake() -> None:
    """A script's clock begins with its injection, so that it cannot be written before the start."""
    fake = FakeRest("early")
    fake.get("/x").replies(503, 200)
    with pytest.raises(
        FakeStopped, match=r"early is not running: use it inside its test, or inside `with FakeRest\(\)"
    ):
        fake.get("/x").inject(say())
    with fake:
        assert httpx.get(f"{fake.url}/x").status_code == 503
