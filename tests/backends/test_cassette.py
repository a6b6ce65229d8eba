"""Answers of a real service that are kept in a file, without secrets, and answered again."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from pytest_integrations import Cassette, FakeRest, ScriptingError, UnexpectedCall
from pytest_integrations.backends.rest.redaction import Redaction
from pytest_integrations.faults import connection_reset, status, truncate_body

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("no_leaks")


@pytest.fixture
def real() -> Iterator[FakeRest]:
    with FakeRest("real") as real:
        yield real


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "cassettes" / "payments.json"


def _asked(path: Path, real: FakeRest | None, *requests: Any, **settings: Any) -> list[Any]:
    """Return what a fake that stands before *real*, with the cassette at *path*, answers to *requests*."""
    told = []
    upstream = None if real is None else real.url
    with FakeRest("payments", upstream=upstream, record=path, **settings) as fake, httpx.Client(timeout=5) as client:
        for request in requests:
            method, target, *rest = request if isinstance(request, tuple) else ("GET", request)
            answer = client.request(method, f"{fake.url}{target}", **(rest[0] if rest else {}))
            told.append((answer.status_code, answer.text))
        fake.ledger.untold()
    return told


# -- what comes back


def test_what_was_recorded_is_answered_without_the_service(path: Path, real: FakeRest) -> None:
    real.get("/a").reply(json={"a": [1, 2.5, "é"]}, headers={"X-One": "1"})
    first = _asked(path, real, "/a")
    assert _asked(path, None, "/a", "/a", record_mode="none") == [*first, *first]
    assert len(real.calls) == 1


@pytest.mark.parametrize(
    "body",
    [
        b'{"a": 1, "b": "\xc3\xa9"}',
        b'{"a":1,"b":"\xc3\xa9"}',
        b'{"b":"\\u00e9"}',
        b'{\n  "a": 1\n}',
        b'{ "a":1 }',
        b'{"a": 1.0e5}',
        b'{"a":1,"a":2}',
        b"[]",
        b"text",
        b"\xff\x00",
        b"",
        b"null",
    ],
)
@pytest.mark.parametrize("kind", ["application/json", "text/plain"])
def test_a_body_comes_back_to_the_byte(path: Path, real: FakeRest, body: bytes, kind: str) -> None:
    real.get("/a").reply(body=body, headers={"Content-Type": kind})
    _asked(path, real, "/a")

    with FakeRest("again", record=path) as fake:
        answer = httpx.get(f"{fake.url}/a")
    assert (answer.content, answer.headers["content-type"]) == (body, kind)


@pytest.mark.parametrize("body", [b'{"a": "\\ud83d"}', b'{"a":"\\udc00","token":"one-secret"}'])
def test_half_a_character_does_not_cost_the_recording(path: Path, real: FakeRest, body: bytes) -> None:
    """As servers leave it that cut text by its length; it is JSON, and no UTF-8."""
    real.get("/a").reply(body=body, headers={"Content-Type": "application/json"})
    _asked(path, real, "/a")

    assert [each.name for each in path.parent.iterdir()] == [path.name]
    assert _asked(path, None, "/a")[0][1] == body.decode().replace("one-secret", "REDACTED")


def test_an_answer_without_a_content_type_comes_back_without_one(path: Path, real: FakeRest) -> None:
    real.get("/a").reply(304, headers={"ETag": '"v"'})
    with FakeRest(upstream=real.url, record=path) as first:
        told = httpx.get(f"{first.url}/a").headers
    with FakeRest(record=path) as second:
        assert httpx.get(f"{second.url}/a").headers == told


def test_the_file_can_be_read_by_people(path: Path, real: FakeRest) -> None:
    real.post("/charges").reply(201, json={"id": "ch_1"}, headers=[("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")])
    _asked(path, real, ("POST", "/charges?b=2", {"json": {"amount": 7}, "headers": {"X-Trace": "t"}}))

    text = path.read_text()
    assert text.startswith('{\n  "cassette": 1,\n  "upstream": "http://127.0.0.1:')
    told = json.loads(text)["interactions"][0]
    assert {"method": "POST", "target": "/charges?b=2", "json": {"amount": 7}}.items() <= told["request"].items()
    assert told["request"]["headers"]["X-Trace"] == "t"
    assert "host" not in {name.lower() for name in told["request"]["headers"]}
    assert told["response"] == {
        "status": 201,
        "headers": {"Content-Type": "application/json", "Set-Cookie": ["a=REDACTED", "b=REDACTED"]},
        "json": {"id": "ch_1"},
        "layout": "spaced",
    }
    assert [file.name for file in path.parent.iterdir()] == ["payments.json"]


def test_a_service_is_asked_for_what_can_be_read(path: Path, real: FakeRest) -> None:
    """A compressed body would be neither readable nor searched for secrets."""
    real.get("/a").reply(text="all")
    _asked(path, real, ("GET", "/a", {"headers": {"Accept-Encoding": "gzip"}}))

    assert real.calls[0].headers["accept-encoding"] == "identity"


def test_events_are_recorded_too(path: Path, real: FakeRest) -> None:
    real.get("/events").reply(chunks=[b"data: 1\n\n", b"data: 2\n\n"], headers={"Content-Type": "text/event-stream"})
    first = _asked(path, real, "/events")

    assert first == _asked(path, None, "/events") == [(200, "data: 1\n\ndata: 2\n\n")]


def test_errors_of_the_service_are_recorded_as_they_are(path: Path, real: FakeRest) -> None:
    real.get("/a").replies(503, {"fine": True})
    assert [code for code, _ in _asked(path, real, "/a", "/a")] == [503, 200]
    assert [code for code, _ in _asked(path, None, "/a", "/a", "/a")] == [503, 200, 200]


def test_a_service_that_cannot_be_reached_is_not_recorded(path: Path, real: FakeRest) -> None:
    """Else the gateway's word of it would be had for ever, since there is a file."""
    real.get("/a").replies(connection_reset(), "fine", "x" * 99)
    settings = {"upstream": real.url, "record": path}
    with FakeRest("payments", **settings, max_body=98) as fake:
        assert [httpx.get(f"{fake.url}/a").status_code for _ in range(3)] == [502, 200, 502]
    real.stop()
    with FakeRest("payments", **settings, record_mode="all") as fake:
        assert httpx.get(f"{fake.url}/a").status_code == 502

    assert [code for code, _ in _asked(path, None, "/a", "/a")] == [200, 200]


def test_faults_happen_on_top_and_are_not_recorded(path: Path, real: FakeRest) -> None:
    real.get("/a").reply(text="0123456789")
    for record_mode in ("once", "none"):
        with FakeRest("fake", upstream=real.url, record=path, record_mode=record_mode) as fake:  # type: ignore[arg-type]
            fake.inject(status(503), truncate_body(bytes=3))
            assert httpx.get(f"{fake.url}/a").status_code == 503
            with pytest.raises(httpx.RemoteProtocolError):
                httpx.get(f"{fake.url}/a")
            assert httpx.get(f"{fake.url}/a").text == "0123456789"
    assert len(real.calls) == 2
    assert {each["response"]["text"] for each in json.loads(path.read_text())["interactions"]} == {"0123456789"}


# -- which answer


def test_answers_come_in_the_order_of_the_recording_and_the_last_again(path: Path, real: FakeRest) -> None:
    real.get("/a").replies("one", "two")
    _asked(path, real, "/a", "/a")

    assert [text for _, text in _asked(path, None, *["/a"] * 4)] == ["one", "two", "two", "two"]


def test_one_with_the_same_body_goes_first(path: Path, real: FakeRest) -> None:
    """As of GraphQL, where all requests have one path; JSON is compared by what it says."""
    real.post("/g").calls(lambda request: request.get_json()["q"])
    _asked(path, real, *[("POST", "/g", {"json": {"q": name, "n": 1}}) for name in ("a", "b")])

    def text(body: bytes) -> str:
        return str(_asked(path, None, ("POST", "/g", {"content": body}))[0][1])

    assert [text(b'{"n": 1, "q":"b"}'), text(b'{"q":"a","n":1}'), text(b"{}")] == ["b", "a", "a"]


def test_method_path_and_query_decide(path: Path, real: FakeRest) -> None:
    real.any("/<path:rest>").calls(lambda request, rest: f"{request.method} {rest}")
    _asked(path, real, "/a?x=1&y=2", ("POST", "/a?x=1&y=2"))

    assert _asked(path, None, "/a?y=2&x=1", ("POST", "/a?x=1&y=2")) == [(200, "GET a"), (200, "POST a")]
    assert [code for code, _ in _asked(path, None, "/a", "/b?x=1&y=2", "/a?x=1")] == [404, 404, 404]


def test_what_is_not_in_it_fails_the_test(path: Path, real: FakeRest) -> None:
    real.get("/a").reply(204)
    _asked(path, real, "/a?page=1")

    with pytest.raises(UnexpectedCall) as caught, FakeRest("payments", record=path) as fake:
        assert httpx.get(f"{fake.url}/a?page=2").status_code == 404
    assert str(caught.value).splitlines() == [
        f"payments: {str(path)!r} has no answer to GET /a?page=2",
        "  it has GET /a?page=1",
        "  record it with --integrations-record=new_episodes, or declare a route",
    ]


# -- when it is recorded


@pytest.mark.parametrize(
    ("mode", "asked", "kept"),
    [("once", 1, ["/a"]), ("none", 1, ["/a"]), ("new_episodes", 2, ["/a", "/b"]), ("all", 3, ["/a", "/b"])],
)
def test_modes_with_a_file(path: Path, real: FakeRest, mode: Any, asked: int, kept: list[str]) -> None:
    real.any("/<path:rest>").reply(204)
    _asked(path, real, "/a")
    _asked(path, real, "/a", "/b", record_mode=mode)

    assert len(real.calls) == asked
    assert [each["request"]["target"] for each in json.loads(path.read_text())["interactions"]] == kept


def test_modes_without_a_file(path: Path, real: FakeRest) -> None:
    with pytest.raises(ScriptingError, match=r"no cassette .*record it with --integrations-record=once"):
        FakeRest("a", upstream=real.url, record=path, record_mode="none").start()
    with pytest.raises(ScriptingError, match=r"would record, but nothing says what: name the service"):
        FakeRest("a", record=path).start()
    assert not path.exists()


def test_a_cassette_has_a_mode_of_its_own_and_the_run_goes_before_it(path: Path, real: FakeRest) -> None:
    real.get("/a").reply(204)
    _asked(path, real, "/a")
    for mode, asked in ((None, 2), ("none", 2), ("all", 3)):
        with FakeRest("a", upstream=real.url, record=Cassette(path, mode="all"), record_mode=mode) as fake:  # type: ignore[arg-type]
            httpx.get(f"{fake.url}/a")
        assert len(real.calls) == asked


def test_a_file_that_nothing_was_added_to_is_left_alone(path: Path, real: FakeRest) -> None:
    real.get("/a").reply(204)
    _asked(path, real, "/a")
    before = path.stat().st_mtime_ns
    _asked(path, real, "/a")
    assert path.stat().st_mtime_ns == before


# -- secrets


def _written(path: Path, real: FakeRest, *requests: Any, **settings: Any) -> str:
    with FakeRest("payments", upstream=real.url, record=Cassette(path, **settings)) as fake, httpx.Client() as client:
        for method, target, rest in requests:
            client.request(method, f"{fake.url}{target}", **rest)
    return path.read_text()


def test_secrets_are_not_written_and_the_client_gets_them(path: Path, real: FakeRest) -> None:
    real.post("/login").reply(
        json={
            "access_token": "at-secret-1",
            "expires": 3,
            "user": {"password": "pw-secret-2"},
            "echo": "got k-secret-3",
        },
        headers={"Set-Cookie": "sid=cookie-secret-4; Path=/", "X-Auth-Token": "x-secret-5"},
    )
    headers = {
        "Authorization": "Bearer b-secret-6",
        "Cookie": "sid=c-secret-7; b=c-secret-8",
        "X-Api-Key": "k-secret-3",
    }
    request = {"headers": headers, "json": {"client_secret": "cs-secret-9", "name": "ada"}}
    text = _written(path, real, ("POST", "/login?api_key=q-secret-0&page=1", request))

    assert "secret-" not in text
    told = json.loads(text)["interactions"][0]
    assert told["request"]["target"] == "/login?api_key=REDACTED&page=1"
    assert told["request"]["json"] == {"client_secret": "REDACTED", "name": "ada"}
    assert told["request"]["headers"]["Authorization"] == "Bearer REDACTED"
    assert told["request"]["headers"]["Cookie"] == "sid=REDACTED; b=REDACTED"
    assert told["response"]["headers"]["Set-Cookie"] == "sid=REDACTED; Path=/"
    assert told["response"]["json"]["echo"] == "got REDACTED"
    assert told["response"]["json"]["user"] == {"password": "REDACTED"}
    assert real.calls[0].headers["authorization"] == "Bearer b-secret-6"


def test_the_same_request_with_another_secret_is_answered(path: Path, real: FakeRest) -> None:
    real.post("/a").reply(text="fine")
    _asked(path, real, ("POST", "/a?token=one-secret", {"data": {"password": "one", "x": "1"}}))

    assert _asked(path, None, ("POST", "/a?token=two-secret", {"data": {"password": "two", "x": "1"}})) == [
        (200, "fine")
    ]


def test_forms_texts_and_names_of_ones_own(path: Path, real: FakeRest) -> None:
    real.post("/<path:rest>").reply(text="<pin>pin-secret-1</pin>")
    text = _written(
        path,
        real,
        ("POST", "/a", {"data": {"password": "form secret-2", "grant": "x"}}),
        ("POST", "/b", {"json": {"Pin": "pin-secret-1", "nested": [{"x-pin": 12345678}]}}),
        secrets=["pin", "x_pin"],
    )

    assert "secret" not in text.replace('"secrets"', "")[text.index('"/b"') :]
    assert "password=REDACTED&grant=x" in text
    assert "12345678" not in text


def test_forms_in_parts(path: Path, real: FakeRest) -> None:
    real.post("/a").reply(text="fine")
    fields = {"password": "part-secret-1", "grant": "x", "api_key": "part\r\nsecret-2"}
    files = {name: (None, value) for name, value in fields.items()} | {"f": ("password.txt", "kept", "text/plain")}
    text = _written(path, real, ("POST", "/a", {"files": files}))

    assert "secret" not in text
    assert text.count("REDACTED") == 2
    assert all(name in text for name in (*fields, "kept"))


def test_what_is_no_secret_stays() -> None:
    redaction = Redaction()
    value = {
        "nextPageToken": "abcdefghij",
        "monkey": "abc",
        "token_count": 5,
        "tokens": [1],
        "secret": "",
        "password": None,
    }
    assert redaction.value(value) == value
    assert redaction.everywhere("abcdefghij") == "abcdefghij"
    assert redaction.header("Accept", "x") == "x"
    assert redaction.target("/a?b&c=d") == "/a?b&c=d"


# -- what goes in wrong


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{}",
        '{"cassette": 2, "interactions": []}',
        '{"cassette": 1, "interactions": [{}]}',
        '{"cassette": 1, "interactions": [{"request": {"method": "GET", "target": "/"}, "response": {}}]}',
    ],
)
def test_a_file_that_is_no_cassette_is_told(path: Path, content: str) -> None:
    path.parent.mkdir()
    path.write_text(content)
    with pytest.raises(ScriptingError, match=r"cannot be read as a cassette .*: delete it to record it anew"):
        FakeRest("a", record=path).start()


def test_wrong_settings_are_told(path: Path) -> None:
    with pytest.raises(ScriptingError, match=r"is a directory: give the path of a file, such as '.*shop\.json'"):
        FakeRest(upstream="http://127.0.0.1:1", record=path.parent.parent).start()
    with pytest.raises(ScriptingError, match="record=7 is not a cassette"):
        FakeRest("a", record=7)  # type: ignore[arg-type]
    with pytest.raises(ScriptingError, match=r"mode='never' is not a way to record: valid are 'once', 'none'"):
        Cassette(path, mode="never")  # type: ignore[arg-type]
    with pytest.raises(ScriptingError, match="secrets='pin' is one name"):
        Cassette(path, secrets="pin")


def test_two_fakes_do_not_record_in_one_file(path: Path, real: FakeRest) -> None:
    """The one that is written last would be all that is left; to play it, and one after the other, they may."""
    shared = Cassette(path, mode="all")
    for first, second in ((path, path), (path, path.parent / ".." / path.parent.name / path.name), (shared, shared)):
        with (
            FakeRest("one", upstream=real.url, record=first, record_mode="all"),
            pytest.raises(ScriptingError, match=r"payments\.json' is being recorded by another fake: give each fake a"),
        ):
            FakeRest("two", upstream=real.url, record=second, record_mode="all").start()
    with pytest.raises(ScriptingError, match="would record, but nothing says what"):
        FakeRest("nobody", record=path).start()

    real.get("/a").reply(json=1)
    assert [_asked(path, real, "/a") for _ in range(2)] == [[(200, "1")], [(200, "1")]]
    with FakeRest("one", record=path), FakeRest("two", record=path):
        assert len(real.calls) == 1


def test_binary_bodies_are_kept_in_base_64(path: Path, real: FakeRest) -> None:
    real.get("/a").reply(body=b"\xff\xfe")
    _asked(path, real, "/a")
    assert (
        json.loads(path.read_text())["interactions"][0]["response"]["base64"] == base64.b64encode(b"\xff\xfe").decode()
    )
