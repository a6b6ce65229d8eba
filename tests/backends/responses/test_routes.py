"""A fake's routes in `responses`: whatever `requests` asks there, beside what others have registered."""

from __future__ import annotations

from typing import Any

import pytest
import requests
import responses
from responses.registries import OrderedRegistry

from pytest_integrations import (
    FakeRest,
    Reply,
    ScriptingError,
    UnexpectedCall,
)

pytestmark = pytest.mark.usefixtures("no_leaks")

API = "https://api.example.com"


# -- routes, replies, and the ledger


def test_routes_answer_whenever_they_are_declared(api: FakeRest) -> None:
    api.get("/users/<int:id>").calls(lambda request, id: {"id": id, "q": request.args["q"]})  # noqa: A006 -- the placeholder's name
    api.post("/users", json={"name": "ada"}).reply(201, headers=[("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")])
    api.get("/many").replies(Reply.of(404), "found")

    told = requests.get(f"{API}/users/7", params={"q": "x y"})
    made = requests.post(f"{API}/users", json={"name": "ada", "age": 7})

    assert (told.json(), told.headers["content-type"], told.reason) == ({"id": 7, "q": "x y"}, "application/json", "OK")
    assert (made.status_code, dict(made.cookies)) == (201, {"a": "1", "b": "2"})
    assert [requests.get(f"{API}/many").status_code for _ in range(3)] == [404, 200, 200]
    assert not api.connections[0].tls


def test_calls_are_in_the_ledger(api: FakeRest) -> None:
    api.post("/charges").reply(201, json={"id": 1})
    requests.post(f"{API}/charges?a=1", data={"amount": "7"}, headers={"Idempotency-Key": "k"})

    call = api.calls[0]
    assert (call.operation, call.status, call.outcome, call.handled) == ("POST /charges", 201, "answered", True)
    assert (call.target, call.body, call.headers["host"]) == ("/charges?a=1", b"amount=7", "api.example.com")
    assert (call.headers["idempotency-key"], call.text) == ("k", "amount=7")
    assert call.response.get_json() == {"id": 1}


@pytest.mark.parametrize("body", [b"bytes", "text", iter([b"by", b"tes"]), None])
def test_bodies_of_all_kinds(api: FakeRest, body: Any) -> None:
    api.post("/a").calls(lambda request: request.get_data() or b"none")
    assert requests.post(f"{API}/a", data=body).content in {b"bytes", b"text", b"none"}


def test_chunks_heads_and_compressed_bodies(api: FakeRest) -> None:
    import gzip

    api.get("/chunks").reply(chunks=[b"ab", b"c"])
    api.get("/gzip").reply(body=gzip.compress(b"abc"), headers={"Content-Encoding": "gzip"})
    api.get("/none").reply(204)

    assert requests.get(f"{API}/chunks").text == requests.get(f"{API}/gzip").text == "abc"
    assert b"".join(requests.get(f"{API}/chunks", stream=True).iter_content(1)) == b"abc"
    assert (requests.head(f"{API}/gzip").content, requests.get(f"{API}/none").content) == (b"", b"")


def test_async_handlers_and_other_fakes_in_handlers(api: FakeRest) -> None:
    async def answer() -> dict[str, int]:
        return {"a": 1}

    api.get("/a").calls(answer)
    assert requests.get(f"{API}/a").json() == {"a": 1}


def test_an_unexpected_call_fails_the_test(api: FakeRest) -> None:
    api.get("/users").reply(204)
    assert requests.get(f"{API}/user").status_code == 404
    with pytest.raises(UnexpectedCall, match="nothing answers GET /user"):
        api.verify()


def test_a_handler_that_raises_fails_the_test(api: FakeRest) -> None:
    api.get("/a").calls(lambda: 1 // 0)
    assert requests.get(f"{API}/a").status_code == 500
    assert isinstance(api.ledger.untold()[0].cause, ZeroDivisionError)


def test_a_handler_that_raises_on_the_loop_fails_the_test(api: FakeRest) -> None:
    api.get("/a").calls(lambda: 1 // 0, inline=True)
    assert requests.get(f"{API}/a").status_code == 500
    assert isinstance(api.ledger.untold()[0].cause, ZeroDivisionError)


def test_a_service_behind_answers_too_and_events_do_not(mock: responses.RequestsMock) -> None:
    """What goes on and on has no place in a patch."""
    with FakeRest("real") as real, FakeRest("front", upstream=real.url) as front:
        real.get("/a").reply(text="all")
        real.get("/events").reply(chunks=[b"data: 1"], headers={"Content-Type": "text/event-stream"})
        front.register_in(mock, API)

        assert requests.get(f"{API}/a").text == "all"
        assert requests.get(f"{API}/events").status_code == 500
        assert "an answer that goes on needs a connection" in front.ledger.untold()[0].text


# -- beside others


def test_other_responses_of_the_mock_go_before(api: FakeRest, mock: responses.RequestsMock) -> None:
    api.any("/<path:rest>").reply(text="fake")
    mock.get(f"{API}/mine", body="mine")
    mock.get("https://other.example.com/", body="other")

    for _ in range(2):
        assert requests.get(f"{API}/mine").text == "mine"
        assert requests.post(f"{API}/mine").text == "fake"
    assert requests.get("https://other.example.com/").text == "other"
    with pytest.raises(requests.ConnectionError, match=f"URL is not below {API}"):
        requests.get("https://third.example.com/")
    assert len(api.calls) == 2


def test_several_fakes_and_the_longest_url_answers(mock: responses.RequestsMock) -> None:
    with FakeRest("one") as one, FakeRest("two") as two:
        for fake in (one, two):
            fake.any("/<path:rest>").reply(text=fake.name)
        one.register_in(mock, API)
        two.register_in(mock, f"{API}/v2/")

        told = [requests.get(f"{API}{path}").text for path in ("/a", "/v2/a", "/v22", "/v2")]
    assert told == ["one", "two", "one", "two"]


@pytest.mark.parametrize("url", [f"{API}:443/a", "https://API.example.com/a", "https://ada:x@api.example.com/a"])
def test_a_url_may_be_written_in_other_ways(api: FakeRest, url: str) -> None:
    api.get("/a").reply(204)

    assert requests.get(url).status_code == 204
    assert api.calls[0].headers["host"].lower().removesuffix(":443") == "api.example.com"


def test_two_fakes_for_one_url_are_refused_and_one_twice_is_one(api: FakeRest, mock: responses.RequestsMock) -> None:
    api.get("/a").reply(204)
    api.register_in(mock, f"{API}:443/")
    with FakeRest("other") as other, pytest.raises(ScriptingError, match="payments is registered for that URL"):
        other.register_in(mock, API)

    assert len(mock.registered()) == 1
    assert [requests.get(f"{API}/a").status_code for _ in range(2)] == [204, 204]


def test_a_fake_that_has_stopped_refuses(mock: responses.RequestsMock) -> None:
    with FakeRest() as fake:
        fake.register_in(mock, API)
    with pytest.raises(requests.ConnectionError, match="Connection refused"):
        requests.get(f"{API}/a")
    assert not fake.ledger.untold()


def test_the_module_itself_and_the_fakes_own_url(fake: FakeRest) -> None:
    @responses.activate
    def test() -> str:
        fake.get("/a").reply(text="all")
        fake.register_in(responses)
        assert len(responses.registered()) == 1
        return requests.get(f"{fake.url}/a").text

    assert test() == "all"
    assert fake.calls[0].connection.received < 250
    assert not responses.registered()


def test_it_counts_as_fired() -> None:
    with (
        pytest.raises(AssertionError, match="Not all requests have been executed"),
        FakeRest() as fake,
        responses.RequestsMock() as mock,
    ):
        fake.register_in(mock, API)
    with FakeRest() as fake, responses.RequestsMock() as mock:
        fake.get("/a").reply(204)
        fake.register_in(mock, API)
        requests.get(f"{API}/a")
        assert len(mock.calls) == 1


# -- what goes in wrong


def test_what_is_no_mock_is_told(fake: FakeRest) -> None:
    with pytest.raises(ScriptingError, match=r"is no mock: give the module responses, or a responses.RequestsMock"):
        fake.register_in(requests, API)
    with (
        responses.RequestsMock(registry=OrderedRegistry) as mock,
        pytest.raises(ScriptingError, match="an OrderedRegistry drops each"),
    ):
        fake.register_in(mock, API)


@pytest.mark.parametrize("url", ["api.example.com", "ftp://a", "https://", "https://a/?q=1", 7])
def test_what_is_no_url_is_told(fake: FakeRest, mock: responses.RequestsMock, url: Any) -> None:
    with pytest.raises(ScriptingError, match=r"register_in\(…, .*is not a URL"):
        fake.register_in(mock, url)
