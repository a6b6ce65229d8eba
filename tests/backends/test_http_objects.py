"""werkzeug's Request and Response of a recorded call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from werkzeug.wrappers import Response

from pytest_integrations.backends.http_objects import RecordedCall, environ_of, reply_of
from pytest_integrations.core.call import Connection

if TYPE_CHECKING:
    import httpx

    from pytest_integrations import FakeRest


def _call(head: bytes, body: bytes = b"", reply: bytes = b"", status: int | None = None) -> RecordedCall:
    call = RecordedCall("fake", Connection(1, "fake", 0.0), head)
    call.body, call.reply, call.status = body, reply, status
    return call


def test_the_request_is_what_was_sent(fake: FakeRest, client: httpx.Client) -> None:
    """Arguments, form, JSON, cookies, files; built once."""
    fake.any("/x").reply(200)
    client.post("/x?a=1&a=2", data={"f": "\u20ac"}, headers={"Cookie": "c=d"})
    client.post("/x", json={"n": [1]}, auth=("user", "secret"))
    client.post("/x", files={"upload": ("name.txt", b"content")})
    form, body, upload = (call.request for call in fake.calls)  # type: ignore[attr-defined]

    assert (form.args.getlist("a"), form.form["f"], form.cookies["c"], form.method) == (
        ["1", "2"],
        "\u20ac",
        "d",
        "POST",
    )
    assert (body.get_json(), body.authorization.password, body.is_json) == ({"n": [1]}, "secret", True)
    with upload.files["upload"].stream as file:
        assert (upload.files["upload"].filename, file.read()) == ("name.txt", b"content")
    assert form.url == f"{fake.url}/x?a=1&a=2"
    assert fake.calls[0].request is form  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"GET /a%2Fb%20%FF?q=%20 HTTP/1.1", {"PATH_INFO": "/a/b \xff", "QUERY_STRING": "q=%20"}),
        (b"GET /x HTTP/1.1\r\nHost: shop:81", {"SERVER_NAME": "shop", "SERVER_PORT": "81", "HTTP_HOST": "shop:81"}),
        (b"GET /x HTTP/1.1\r\nHost: shop", {"SERVER_NAME": "shop", "SERVER_PORT": "80"}),
        (b"GET /x HTTP/1.1\r\nHost: [::1]:81", {"SERVER_NAME": "[::1]", "SERVER_PORT": "81"}),
        (b"GET /x HTTP/1.1\r\nHost: [::1]", {"SERVER_NAME": "[::1]", "SERVER_PORT": "80"}),
        (b"GET /x HTTP/1.0", {"SERVER_NAME": "127.0.0.1", "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.0"}),
        (b"GET http://shop:81/x?q HTTP/1.1\r\nHost: shop:81", {"PATH_INFO": "/x", "REQUEST_URI": "http://shop:81/x?q"}),
        (b"POST /x HTTP/1.1\r\nContent-Type: a/b\r\nContent-Length: 9", {"CONTENT_TYPE": "a/b", "CONTENT_LENGTH": "2"}),
        (b"POST /x HTTP/1.1\r\nTransfer-Encoding: chunked", {"HTTP_TRANSFER_ENCODING": None, "CONTENT_LENGTH": "2"}),
        (b"GET /x HTTP/1.1\r\nX-A: 1\r\nx-a: 2", {"HTTP_X_A": "1,2"}),
    ],
)
def test_the_environ(head: bytes, expected: dict[str, str | None]) -> None:
    """As PEP 3333 has it, for every form of target and host."""
    environ = environ_of(_call(head, b"hi"))

    assert {name: environ.get(name) for name in expected} == expected
    assert environ["wsgi.input"].read() == b"hi"


@pytest.mark.parametrize(
    ("answer", "status", "headers", "content"),
    [
        ({"text": "hello"}, 200, {"Content-Length": "5"}, b"hello"),
        ({"chunks": [b"a", b"bc"]}, 200, {"Transfer-Encoding": "chunked"}, b"abc"),
        ({"status": 204}, 204, {}, b""),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_the_response_is_what_was_sent(  # noqa: PLR0917 -- one for each question
    fake: FakeRest, client: httpx.Client, answer: dict[str, Any], status: int, headers: dict[str, str], content: bytes
) -> None:
    """Status, headers, and the body without its framing."""
    fake.get("/").reply(**answer)
    client.get("/")
    response = fake.calls[0].response  # type: ignore[attr-defined]

    assert (response.status_code, response.get_data()) == (status, content)
    assert headers.items() <= dict(response.headers).items()


def test_there_may_be_no_response() -> None:
    """While none was sent, and where none could be understood."""
    assert _call(b"GET / HTTP/1.1").response is None


def test_a_response_with_spoilt_chunks_is_shown_as_it_is() -> None:
    """What cannot be put together is left apart."""
    wire = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n"
    response = _call(b"GET / HTTP/1.1", reply=wire, status=200).response

    assert response is not None
    assert response.get_data() == b"zz\r\nabc\r\n"


def test_a_werkzeug_response_becomes_a_reply() -> None:
    """Its status, its fields but those of framing, its body; streamed ones are read."""
    reply = reply_of(Response((piece for piece in (b"a", b"b")), 201, {"Connection": "close", "X": "\xe9"}))

    assert (reply.status, reply.body) == (201, b"ab")
    assert dict(reply.headers) == {"X": "\xe9", "Content-Type": "text/plain; charset=utf-8"}
