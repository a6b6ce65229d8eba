"""The sender: what it writes on a socket, and that it hides nothing of what comes back."""

from __future__ import annotations

import http.client
import socket
import threading
from typing import TYPE_CHECKING, Any

import pytest

from pytest_integrations import FakeRest
from pytest_integrations.core.errors import ScriptingError
from pytest_integrations.faults import connection_reset, empty_response, hang, status, truncate_body
from pytest_integrations.tester import HttpClient

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.usefixtures("no_leaks")


def _asked(send: Callable[[str], object]) -> bytes:
    """Return what *send(url)* writes to a plain socket that answers 204."""
    asked = b""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            nonlocal asked
            connection, _ = server.accept()
            with connection:
                while not _is_whole(asked):
                    asked += connection.recv(65536)
                connection.sendall(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")

        thread = threading.Thread(target=serve)
        thread.start()
        send(f"http://127.0.0.1:{server.getsockname()[1]}")
        thread.join()
    return asked


def _is_whole(request: bytes) -> bool:
    head, found, body = request.partition(b"\r\n\r\n")
    length = next((int(row[15:]) for row in head.split(b"\r\n") if row.lower().startswith(b"content-length:")), 0)
    return bool(found) and len(body) >= length


def test_it_sends_what_it_is_told() -> None:
    asked = _asked(
        lambda url: HttpClient(f"{url}/api/", headers={"X-Shop": "1", "accept": "text/plain"})(
            "post", "/caf\u00e9?a=1", query={"b": ["x y", 2]}, json={"left": 3}, headers={"x-shop": "2"}
        )
    )

    head, _, body = asked.partition(b"\r\n\r\n")
    rows = head.split(b"\r\n")
    assert rows[0] == b"POST /api/caf%C3%A9?a=1&b=x+y&b=2 HTTP/1.1"
    assert b"Content-Type: application/json" in rows
    assert b"x-shop: 2" in rows
    assert b"accept: text/plain" in rows
    assert not [row for row in rows if row.startswith((b"X-Shop", b"Accept:"))], "a field is sent once"
    assert body == b'{"left": 3}'


@pytest.mark.parametrize(
    ("options", "kind", "content"),
    [
        ({"json": None}, b"application/json", b"null"),
        ({"text": "\u00e9"}, b"text/plain; charset=utf-8", b"\xc3\xa9"),
        ({"body": b"\x00"}, b"application/octet-stream", b"\x00"),
    ],
)
def test_forms_of_a_body(options: dict[str, Any], kind: bytes, content: bytes) -> None:
    asked = _asked(lambda url: HttpClient(url)("PUT /x", **options))

    assert b"Content-Type: " + kind in asked
    assert asked.endswith(b"\r\n\r\n" + content)


def test_an_answer_is_whole_whatever_its_status(fake_rest: FakeRest) -> None:
    fake_rest.get("/tea").reply(301, json={"left": 3}, headers={"Location": "/coffee", "X-Left": "3"})

    answer = HttpClient(fake_rest.url)("GET", "/tea")

    assert (answer.status, answer.json(), answer.text) == (301, {"left": 3}, '{"left": 3}')
    assert answer.headers["x-left"] == "3"
    assert len(fake_rest.calls) == 1, "a redirect is not followed"
    assert repr(answer).startswith("<Response 301 Moved Permanently b'{\"left\": 3}'")


@pytest.mark.parametrize(
    ("fault", "raised"),
    [
        (connection_reset(), ConnectionResetError),
        (empty_response(), http.client.RemoteDisconnected),
        (truncate_body(), http.client.IncompleteRead),
        (hang(), TimeoutError),
    ],
    ids=repr,
)
def test_what_goes_wrong_is_raised_and_nothing_is_tried_again(
    fake_rest: FakeRest, fault: Any, raised: type[Exception]
) -> None:
    fake_rest.get("/tea").reply(json={"left": 3})
    fake_rest.inject(fault)

    with pytest.raises(raised):
        HttpClient(fake_rest.url, timeout=0.2)("GET", "/tea")
    assert len(fake_rest.calls) == 1


def test_a_503_is_an_answer(fake_rest: FakeRest) -> None:
    fake_rest.get("/tea").reply()
    fake_rest.inject(status(503))

    assert HttpClient(fake_rest.url)("GET /tea").status == 503


def test_https_is_verified() -> None:
    with FakeRest(tls=True) as shop:
        shop.get("/").reply(text="in secret")

        assert HttpClient(shop.url, context=shop.client_context())("GET", "/").text == "in secret"
        with pytest.raises(OSError, match="CERTIFICATE_VERIFY_FAILED"):
            HttpClient(shop.url)("GET", "/")


@pytest.mark.parametrize(
    "url", ["shop", "ftp://shop", "http://", "", None, "http://a:99999", "http://a:b", "http://[::1"]
)
def test_what_is_no_url_is_refused(url: Any) -> None:
    with pytest.raises(ScriptingError, match=r"is not a URL to send to.*: valid are http:// and https:// with a host"):
        HttpClient(url)


def test_what_cannot_be_sent_is_refused() -> None:
    client = HttpClient("http://127.0.0.1:1")

    with pytest.raises(ScriptingError, match="path 'tea' does not begin with '/'"):
        client("GET", "tea")
    with pytest.raises(
        ScriptingError, match="a request has one body: give one of json=, text= and body=, not text and"
    ):
        client("GET", "/tea", text="a", body=b"b")
    with pytest.raises(ScriptingError, match="timeout=0 is out of range: valid are numbers greater than 0"):
        HttpClient("http://127.0.0.1:1", timeout=0)
    assert repr(client) == "HttpClient('http://127.0.0.1:1')"
