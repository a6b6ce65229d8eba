"""Callables that answer calls: where they run, what they may return, and what happens when they raise."""

from __future__ import annotations

import asyncio
import functools
import threading
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from unittest.mock import Mock

import httpx
import pytest
from werkzeug.wrappers import Request, Response

from pytest_integrations import FakeRest, Reply
from pytest_integrations.backends.handlers import Handler, Runner, as_reply
from pytest_integrations.core.errors import HandlerFailed, ScriptingError

if TYPE_CHECKING:
    from collections.abc import Callable


# -- what they may return


@pytest.mark.parametrize(
    ("result", "status", "kind", "body"),
    [
        (None, 204, None, b""),
        (503, 503, None, b""),
        (HTTPStatus.CREATED, 201, None, b""),
        ({"a": 1}, 200, "application/json", b'{"a": 1}'),
        ([1, 2], 200, "application/json", b"[1, 2]"),
        (True, 200, "application/json", b"true"),
        (1.5, 200, "application/json", b"1.5"),
        ("text", 200, "text/plain; charset=utf-8", b"text"),
        (b"\0\1", 200, "application/octet-stream", b"\0\1"),
        (bytearray(b"ab"), 200, "application/octet-stream", b"ab"),
        (("text", 418), 418, "text/plain; charset=utf-8", b"text"),
        ((None, 304), 304, None, b""),
        (({"a": 1}, 201, {"Content-Type": "application/hal+json"}), 201, "application/hal+json", b'{"a": 1}'),
        (Reply.of(202, text="kept"), 202, "text/plain; charset=utf-8", b"kept"),
        (Response(b"<p>", 203, content_type="text/html"), 203, "text/html", b"<p>"),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_what_a_handler_returns_becomes_the_answer(result: Any, status: int, kind: str | None, body: bytes) -> None:
    """Each documented form gives its status, content type and body."""
    reply = as_reply(result)

    assert (reply.status, reply.header("content-type"), reply.body) == (status, kind, body)


def test_chunks_survive_a_status_given_beside_them() -> None:
    """`(reply, status)` keeps the reply's chunks."""
    assert as_reply((Reply.of(chunks=[b"a", b"b"]), 206)) == Reply.of(206, chunks=[b"a", b"b"])


def test_repeated_header_fields_are_all_sent() -> None:
    """Pairs of header fields are kept in order, repeated names included."""
    cookies = [("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")]

    assert as_reply(("body", 200, cookies)).headers[-2:] == tuple(cookies)


@pytest.mark.parametrize("result", [object(), {1, 2}, (1, 2, 3, 4), iter([b"a"])], ids=lambda v: type(v).__name__)
def test_other_things_are_refused_by_name(result: Any) -> None:
    """What no form fits is an error that shows the value and lists the valid forms."""
    with pytest.raises(ScriptingError, match=r"a handler returned .*; valid: a Reply, a werkzeug Response, dict, list"):
        as_reply(result)


# -- what they are


def test_a_handler_must_be_callable() -> None:
    """A reply given to calls() is refused where it is given, with the way out."""
    with pytest.raises(ScriptingError, match=r"\{'id': 1\} is not callable: give a function of the request"):
        Handler({"id": 1})  # type: ignore[arg-type]


def test_an_async_handler_cannot_run_inline() -> None:
    """`inline=True` on an `async def` is refused where it is given."""

    async def answer(_request: Request) -> int:
        return 200

    with pytest.raises(ScriptingError, match="is async and cannot run inline: leave out inline=True"):
        Handler(answer, inline=True)


class _AsyncObject:
    async def __call__(self, request: Request) -> int:
        return 200


async def _async(_request: Request) -> int:
    return 200


@pytest.mark.parametrize("function", [_async, functools.partial(_async), _AsyncObject()], ids=["def", "partial", "obj"])
def test_async_callables_are_recognised(function: Callable[..., Any]) -> None:
    """An `async def`, a partial of one and an object with an async `__call__` are all async."""
    assert Handler(function).is_async


def test_a_handler_without_parameters_gets_none(fake: FakeRest, client: httpx.Client) -> None:
    """A callable that takes no request is called without one, a keyword-only one with its placeholders alone."""
    fake.get("/plain").calls(lambda: "plain")
    fake.get("/users/<int:id>").calls(lambda *, id: {"id": id})  # noqa: A006 -- the placeholder's name

    assert client.get("/plain").text == "plain"
    assert client.get("/users/7").json() == {"id": 7}


def test_a_mock_can_answer(fake: FakeRest, client: httpx.Client) -> None:
    """A Mock is a handler like any other, and remembers the request that it was given."""
    handler = Mock(return_value={"ok": True})
    fake.post("/x").calls(handler)

    assert client.post("/x", json={"n": 1}).json() == {"ok": True}
    assert handler.call_args.args[0].get_json() == {"n": 1}


def test_an_argument_with_a_default_is_the_handler_s_own(fake: FakeRest, client: httpx.Client) -> None:
    for number in (1, 2):
        fake.get(f"/{number}").calls(lambda number=number: {"number": number})
        fake.get(f"/<name>/{number}").calls(lambda request, name, number=number: [request.method, name, number])

    assert [client.get(path).json() for path in ("/1", "/2")] == [{"number": 1}, {"number": 2}]
    assert [client.get(path).json() for path in ("/a/1", "/b/2")] == [["GET", "a", 1], ["GET", "b", 2]]


# -- where they run


def test_a_handler_runs_off_the_io_thread(fake: FakeRest, client: httpx.Client) -> None:
    """Plain handlers run on workers, inline ones on the I/O thread, async ones on the asyncio thread."""

    async def in_asyncio(_request: Request) -> str:
        await asyncio.sleep(0)
        return threading.current_thread().name

    fake.get("/worker").calls(lambda _request: threading.current_thread().name)
    fake.get("/inline").calls(lambda _request: threading.current_thread().name, inline=True)
    fake.get("/async").calls(in_asyncio)

    names = [client.get(path).text for path in ("/worker", "/inline", "/async")]
    assert [name.rstrip("0123456789") for name in names] == [
        "integrations-worker-",
        "integrations-io",
        "integrations-asyncio",
    ]


def test_a_handler_that_blocks_blocks_nobody_else(fake: FakeRest, client: httpx.Client) -> None:
    """While one call waits in its handler, others are answered, by handlers too; async ones likewise."""
    may_go = threading.Event()

    async def wait(_request: Request) -> str:
        await asyncio.to_thread(may_go.wait, 5)
        return "async"

    fake.get("/slow").calls(lambda _request: "slow" if may_go.wait(5) else "stuck")
    fake.get("/async").calls(wait)
    fake.get("/fast").calls(lambda _request: "fast")
    answers: list[str] = []
    threads = [
        threading.Thread(target=lambda p=path: answers.append(client.get(p).text)) for path in ("/slow", "/async")
    ]
    for thread in threads:
        thread.start()

    assert [client.get("/fast").text for _ in range(3)] == ["fast"] * 3
    assert answers == []
    may_go.set()
    for thread in threads:
        thread.join(5)
    assert sorted(answers) == ["async", "slow"]


def test_a_handler_may_call_other_fakes_and_its_own(fake: FakeRest, client: httpx.Client) -> None:
    """A handler that asks another fake, which asks the first again, does not dead-lock."""
    with FakeRest("stock") as stock:
        fake.get("/order").calls(lambda _request: {"stock": httpx.get(f"{stock.url}/level", timeout=5).json()})
        stock.get("/level").calls(lambda _request: {"price": httpx.get(f"{fake.url}/price", timeout=5).json()})
        fake.get("/price").reply(json=7)

        assert client.get("/order").json() == {"stock": {"price": 7}}


def test_stopping_one_fake_leaves_the_handlers_of_another(fake: FakeRest, client: httpx.Client) -> None:
    """An async handler that waits is not disturbed when some other fake stops."""
    may_go = threading.Event()

    async def wait(_request: Request) -> str:
        await asyncio.to_thread(may_go.wait, 5)
        return "done"

    fake.get("/wait").calls(wait)
    answers: list[str] = []
    thread = threading.Thread(target=lambda: answers.append(client.get("/wait").text))
    with FakeRest("other"):
        thread.start()
        while not fake.calls:
            pass
    may_go.set()
    thread.join(5)

    assert answers == ["done"]


@pytest.mark.parametrize("kind", ["worker", "inline", "async"])
def test_a_handler_may_stop_its_own_fake(kind: str) -> None:
    """A server that dies in the middle of a call: its client sees the connection end, and the test goes on."""

    async def die_async(_request: Request) -> None:
        fake.stop()

    fake = FakeRest().start()
    route = fake.get("/")
    if kind == "async":
        route.calls(die_async)
    else:
        route.calls(lambda _request: fake.stop(), inline=kind == "inline")
    with pytest.raises(httpx.TransportError):
        httpx.get(fake.url, timeout=5)

    assert not fake.is_running
    assert fake.calls[0].outcome == "abandoned"
    with FakeRest() as another:
        another.get("/").calls(die_async if kind == "async" else lambda: "alive")
        assert httpx.get(another.url, timeout=5).is_success


def test_an_async_handler_that_waits_ends_with_its_fake() -> None:
    """A coroutine still waiting when the last fake stops is cancelled; that is no failure of the handler."""
    ended: list[str] = []

    async def wait(_request: Request) -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            ended.append("cancelled")
            raise

    with FakeRest() as fake:
        fake.get("/").calls(wait)
        with pytest.raises(httpx.ReadTimeout):
            httpx.get(fake.url, timeout=0.05)
    assert ended == ["cancelled"]


# -- when they raise


def _raise(error: BaseException) -> Any:
    raise error


@pytest.mark.parametrize("kind", ["worker", "inline", "async"])
@pytest.mark.parametrize(
    "error", [KeyError("nope"), pytest.fail.Exception("no such user"), SystemExit(3), KeyboardInterrupt()], ids=repr
)
def test_what_a_handler_raises_fails_the_test_and_answers_500(
    fake: FakeRest, client: httpx.Client, kind: str, error: BaseException
) -> None:
    """Whatever it raises, even an exit, the client gets a 500, the cause is kept, and the fake goes on."""

    async def raise_async(_request: Request) -> None:
        _raise(error)

    route = fake.get("/boom")
    if kind == "async":
        route.calls(raise_async)
    else:
        route.calls(lambda _request: _raise(error), inline=kind == "inline")

    answer = client.get("/boom")
    assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json")
    with pytest.raises(HandlerFailed, match=rf"a handler for GET /boom raised {type(error).__name__}") as caught:
        fake.verify()
    assert caught.value.__cause__ is error
    assert client.get("/boom").status_code == 500  # still alive
    fake.ledger.untold()


def test_a_handler_that_returns_nonsense_fails_the_test(fake: FakeRest, client: httpx.Client) -> None:
    """A result of no valid form is told as the handler's failure."""
    fake.get("/x").calls(lambda _request: object())

    assert client.get("/x").status_code == 500
    with pytest.raises(HandlerFailed, match="a handler returned <object object"):
        fake.verify()


def test_a_failure_is_raised_once(fake: FakeRest, client: httpx.Client) -> None:
    """What verify() has raised it does not raise again; what happened since, it does."""
    fake.get("/x").calls(lambda _request: 1 / 0)

    client.get("/x")
    with pytest.raises(HandlerFailed):
        fake.verify()
    fake.verify()
    client.get("/x")
    with pytest.raises(HandlerFailed):
        fake.verify()


def test_the_answer_tells_what_was_raised(fake: FakeRest, client: httpx.Client) -> None:
    """The problem document of the 500 names the error, for whoever looks at the client's side."""
    fake.get("/x").calls(lambda _request: {}["missing"])

    problem = client.get("/x").json()
    assert problem["status"] == 500
    assert "KeyError: 'missing'" in problem["detail"]
    fake.ledger.untold()


# -- the threads


def test_workers_are_used_again_and_end_when_dismissed() -> None:
    """An idle worker takes the next job; dismiss() ends all idle ones, and busy ones after their job."""
    runner = Runner()
    names: list[str] = []
    done = threading.Semaphore(0)
    may_go = threading.Event()

    def job() -> None:
        names.append(threading.current_thread().name)
        done.release()

    def busy() -> None:
        done.release()
        may_go.wait(5)

    runner.submit(job)
    assert done.acquire(timeout=5)
    while not runner._idle:
        pass
    runner.submit(job)
    assert done.acquire(timeout=5)
    assert names == [names[0]] * 2

    while not runner._idle:
        pass
    runner.submit(busy)
    assert done.acquire(timeout=5)
    threads = list(runner._threads)
    runner.dismiss()
    assert any(thread.is_alive() for thread in threads)
    may_go.set()
    for thread in threads:
        thread.join(5)
    assert not any(thread.is_alive() for thread in threads)


def test_dismissing_an_unused_runner_is_harmless() -> None:
    """Nothing to end, nothing happens."""
    Runner().dismiss()
