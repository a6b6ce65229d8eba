"""WSGI applications behind the faults and the ledger."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import pytest
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Request, Response

from pytest_integrations.core.errors import HandlerFailed
from tests.core.plain_faults import say

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

    from pytest_integrations import FakeRest


def _plain(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    """Tell what the server told."""
    told = "\n".join(environ[name] for name in ("REQUEST_METHOD", "SCRIPT_NAME", "PATH_INFO", "QUERY_STRING"))
    body = told.encode("latin-1") + b"\n" + environ["wsgi.input"].read()
    start_response("200 Fine", [("Content-Type", "text/plain"), ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")])
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [body[:5], body[5:]]


@pytest.mark.parametrize(
    ("at", "path", "script", "info"),
    [
        ("/", "/", "", "/"),
        ("/", "/a/b", "", "/a/b"),
        ("/", "/a//b/", "", "/a//b/"),
        ("/api", "/api", "/api", ""),
        ("/api", "/api/", "/api", "/"),
        ("/api/", "/api/x%20y", "/api", "/x y"),
        ("/api", "/api/api", "/api", "/api"),
        ("/caf\xe9", "/caf%C3%A9/x", "/caf\xc3\xa9", "/x"),
        ("/", "/%FF", "", "/\xff"),
    ],
)
def test_an_application_is_told_where_it_is_mounted(  # noqa: PLR0917 -- one for each question
    fake: FakeRest, client: httpx.Client, at: str, path: str, script: str, info: str
) -> None:
    """SCRIPT_NAME and PATH_INFO as PEP 3333 has them; repeated header fields come through."""
    fake.mount(_plain, at)
    answer = client.post(f"{path}?q=1", content=b"body")

    assert answer.content.decode("latin-1").split("\n") == ["POST", script, info, "q=1", "body"]
    assert answer.headers.get_list("set-cookie") == ["a=1", "b=2"]


def test_its_operations_are_called_by_method_and_path(fake: FakeRest, client: httpx.Client) -> None:
    """One template has many operations behind it, so that the path says which."""
    fake.mount(_plain)
    client.get("/users/7")
    client.get("/orders")

    assert [call.operation for call in fake.calls] == ["GET /users/7", "GET /orders"]


def test_routes_and_faults_go_before_it(fake: FakeRest, client: httpx.Client) -> None:
    """What the test declares or injects is met first; the application does not see it."""
    seen: list[str] = []

    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        seen.append(environ["PATH_INFO"])
        return _plain(environ, start_response)

    fake.mount(application)
    fake.get("/special").reply(text="mine")
    fake.inject(say(503), where=lambda call: call.path == "/a")

    assert [client.get(path).status_code for path in ("/a", "/a", "/b")] == [503, 200, 200]
    assert client.get("/special").text == "mine"
    assert seen == ["/a", "/b"]


def test_head_keeps_the_length_that_the_application_says(fake: FakeRest, client: httpx.Client) -> None:
    """There is no body to count, so that its Content-Length is what it says."""

    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("200 OK", [("Content-Length", "1234")])
        return [b""]

    fake.mount(application)
    assert client.head("/").headers["content-length"] == "1234"


def test_the_length_of_a_body_is_counted(fake: FakeRest, client: httpx.Client) -> None:
    """An application that says a wrong length does not make the client wait."""

    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("200 OK", [("Content-Length", "1234"), ("Connection", "keep-alive")])
        return [b"short"]

    fake.mount(application)
    answer = client.get("/")
    assert (answer.content, answer.headers["content-length"], "connection" in answer.headers) == (b"short", "5", False)


class _Pages:
    """An iterable that starts late, and is closed."""

    def __init__(self, start_response: Any, *, fails: bool = False) -> None:
        self.start_response = start_response
        self.fails = fails
        self.closed = 0

    def __iter__(self) -> Iterator[bytes]:
        self.start_response("200 OK", [])
        yield b"one "
        if self.fails:
            raise OSError
        yield b"two"

    def close(self) -> None:
        self.closed += 1


@pytest.mark.parametrize("fails", [False, True])
def test_an_application_may_start_late_and_is_closed(
    fake: FakeRest,
    client: httpx.Client,
    fails: bool,  # noqa: FBT001
) -> None:
    """start_response() may come with the first piece; close() is called once, after an error too."""
    made: list[_Pages] = []

    def application(environ: dict[str, Any], start_response: Any) -> _Pages:
        made.append(_Pages(start_response, fails=fails))
        return made[0]

    fake.mount(application)
    assert client.get("/").content == b"one two" if not fails else client.get("/").status_code == 500
    assert made[0].closed == 1
    assert [type(problem.cause) for problem in fake.ledger.untold()] == [OSError] * fails


def test_an_application_may_show_its_own_error_page(fake: FakeRest, client: httpx.Client) -> None:
    """Called again with exc_info, start_response() replaces what was not sent yet (PEP 3333)."""

    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("200 OK", [("X-Page", "good")])
        try:
            return [b"%d" % (1 // 0)]
        except ZeroDivisionError as error:
            start_response("500 Oops", [("X-Page", "bad")], (type(error), error, error.__traceback__))
            return [b"sorry"]

    fake.mount(application)
    answer = client.get("/")
    assert (answer.status_code, answer.headers["x-page"], answer.content) == (500, "bad", b"sorry")
    fake.verify()


def test_an_application_may_write(fake: FakeRest, client: httpx.Client) -> None:
    """The old way: start_response() returns a function that writes, before what is returned."""

    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        write = start_response("201 Created", [])
        write(b"first ")
        return [b"second"]

    fake.mount(application)
    assert (client.get("/").status_code, client.get("/").content) == (201, b"first second")


def _raises(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    raise LookupError


def _never_starts(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    return [b"x"]


def _starts_twice(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    start_response("200 OK", [])
    start_response("200 OK", [])
    return [b"x"]


def _breaks_its_head(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    start_response("200 OK", [("Location", "/a\nb")])
    return [b"x"]


@pytest.mark.parametrize(
    ("application", "said"),
    [
        (_breaks_its_head, r"headers: Location='/a\\nb' is not a value"),
        (_raises, "raised LookupError"),
        (_never_starts, r"_never_starts.* did not call start_response\(\)"),
        (_starts_twice, r"_starts_twice.* called start_response\(\) twice without exc_info"),
    ],
)
def test_an_application_that_breaks_fails_the_test(
    fake: FakeRest, client: httpx.Client, application: Any, said: str
) -> None:
    """What it raises, and what it does against PEP 3333, is told as a handler's failure."""
    fake.mount(application)

    assert client.get("/").status_code == 500
    with pytest.raises(HandlerFailed, match=said):
        fake.verify()


def test_a_werkzeug_application(fake: FakeRest, client: httpx.Client) -> None:
    """A real one: forms, cookies, errors as pages, URLs with the right host and prefix."""

    @Request.application
    def application(request: Request) -> Response:
        if request.path == "/missing":
            raise NotFound
        return Response(f"{request.form['a']} {request.cookies['c']} {request.url}", headers={"X-M": request.method})

    fake.mount(application, at="/shop")
    answer = client.post("/shop/buy?x=1", data={"a": "\u20ac"}, headers={"Cookie": "c=d"})

    assert answer.text == f"\u20ac d {fake.url}/shop/buy?x=1"
    assert client.get("/shop/missing").status_code == 404
    fake.verify()


def test_what_it_prints_goes_to_the_error_stream_of_the_moment(
    fake: FakeRest, client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`wsgi.errors` is standard error, looked up when it is written to."""

    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        environ["wsgi.errors"].write("one ")
        environ["wsgi.errors"].writelines(["two ", "three"])
        environ["wsgi.errors"].flush()
        return _plain(environ, start_response)

    stream = io.StringIO()
    fake.mount(application)
    monkeypatch.setattr("sys.stderr", stream)
    client.get("/")
    assert stream.getvalue() == "one two three"
