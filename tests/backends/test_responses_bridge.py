"""A fake's routes in `responses`: what `requests` gets by the patch is what it gets by a connection, where both can."""

from __future__ import annotations

import gc
import threading
from typing import TYPE_CHECKING, Any

import pytest
import requests
import responses
from requests.adapters import HTTPAdapter
from responses.registries import OrderedRegistry
from urllib3 import Retry, Timeout

from pytest_integrations import (
    CannotPerform,
    FakeRest,
    Reply,
    ScriptingError,
    UnexpectedCall,
    VirtualClock,
    assert_attempts,
    assert_backoff,
    exponential,
)
from pytest_integrations.backends.rest.bridge.ability import ABLE, check
from pytest_integrations.faults import (
    auth_expires,
    bad_chunk_size,
    close_on_accept,
    connect_timeout,
    connection_refused,
    connection_reset,
    content_length,
    corrupt_body,
    dribble,
    duplicate_reply,
    empty_response,
    hang,
    latency,
    lost_request,
    lost_response,
    many_headers,
    max_concurrency,
    pagination_loop,
    rate_limit,
    rate_limited,
    redirect,
    redirect_loop,
    reset_mid_upload,
    reset_on_accept,
    slow_accept,
    slow_read,
    stale_keepalive,
    status,
    truncate_body,
    unavailable,
)
from pytest_integrations.profiles import Profile, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_integrations.core.fault import Fault

pytestmark = pytest.mark.usefixtures("no_leaks")

API = "https://api.example.com"


@pytest.fixture
def mock() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


@pytest.fixture
def fake() -> Iterator[FakeRest]:
    with FakeRest("payments") as fake:
        yield fake


@pytest.fixture
def api(fake: FakeRest, mock: responses.RequestsMock) -> FakeRest:
    """The fake, registered."""
    fake.register_in(mock, API)
    return fake


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


# -- faults

_SCRIPTS: dict[str, tuple[Fault, ...]] = {
    "status": (status(503, text="busy"),),
    "unavailable": (unavailable(7),),
    "rate_limited": (rate_limited(retry_after=3),),
    "connection_reset": (connection_reset(),),
    "empty_response": (empty_response(),),
    "reset_on_accept": (reset_on_accept(),),
    "close_on_accept": (close_on_accept(),),
    "lost_response": (lost_response(), lost_response(then="empty_response")),
    "lost_request": (lost_request(), lost_request(then="hang")),
    "hang": (hang(), hang(0.01)),
    "latency": (latency(0.01), latency(9)),
    "slow_accept": (slow_accept(9),),
    "corrupt_body": tuple(
        map(
            corrupt_body, ("json_cut", "json_type", "bad_gzip", "cut_gzip", "wrong_charset", "html_error_page", "empty")
        )
    ),
    "rate_limit": (rate_limit(1, 60),),
    "max_concurrency": (max_concurrency(1),),
    "redirect": (redirect("/b"),),
    "redirect_loop": (redirect_loop(2),),
    "pagination_loop": (pagination_loop(),),
    "auth_expires": (auth_expires(after=1),),
    "together": (latency(0.01) + status(500), rate_limited() + latency(9)),
}


def _session(fake: FakeRest, url: str, faults: tuple[Fault, ...]) -> list[Any]:
    """Return what a client gets of *fake* at *url* that meets *faults*."""
    fake.get("/a").reply(json={"n": 1, "next": "/a?page=2"}, headers={"X-One": "1"})
    fake.get("/b").reply(text="b")
    fake.inject(*faults)
    told: list[Any] = []
    with requests.Session() as session:
        session.trust_env = False
        for _ in range(len(faults) + 1):
            try:
                answer = session.get(f"{url}/a", timeout=0.15)
                headers = {name.lower(): value for name, value in answer.headers.items()}
                headers = {name: value.replace(url, "URL") for name, value in headers.items()}
                told.append((answer.status_code, answer.content.replace(url.encode(), b"URL"), headers, answer.reason))
            except requests.RequestException as error:
                told.append(_types(error))
    told.append([(call.operation, call.verdict, call.handled, call.failed) for call in fake.calls])
    return told


def _types(error: Any) -> list[str]:
    """Return the kinds of *error* and of what is behind it."""
    kinds = []
    while isinstance(error, BaseException):
        kinds.append(type(error).__name__)
        inner = [each for each in (*error.args, getattr(error, "reason", None)) if isinstance(each, BaseException)]
        error = inner[0] if inner else None
    return kinds


@pytest.mark.parametrize("name", _SCRIPTS)
def test_a_fault_is_what_it_is_by_a_connection(name: str, mock: responses.RequestsMock) -> None:
    """The same answers and errors, to their causes, and the same in the ledger."""
    with FakeRest("patched") as patched:
        patched.register_in(mock, API)
        by_patch = _session(patched, API, _SCRIPTS[name])
    mock.stop(allow_assert=False)
    with FakeRest("real") as real:
        by_wire = _session(real, real.url, _SCRIPTS[name])
    mock.start()
    gc.collect()  # requests leaves connections to it

    if name == "reset_on_accept":  # where it shows by a connection is a race
        by_patch[0], by_wire[0] = by_patch[0][:1], by_wire[0][:1]
    assert by_patch == by_wire


def test_the_list_of_what_it_can_is_true(api: FakeRest) -> None:
    able = {fault.name for script in _SCRIPTS.values() for fault in script if "+" not in fault.name}
    for script in _SCRIPTS.values():
        for fault in script:
            check(api, fault)
    assert able | {"connection_refused", "connect_timeout"} == set(ABLE)


@pytest.mark.parametrize(
    "fault",
    [
        truncate_body(bytes=3),
        connection_reset(at="mid_body"),
        connection_reset(at="after_bytes", bytes=5),
        bad_chunk_size(),
        content_length("conflicting"),
        dribble(chunks=3, duration=1),
        stale_keepalive(),
        slow_read(100),
        reset_mid_upload(10),
        duplicate_reply(),
        many_headers(200),
        latency(1) + truncate_body(bytes=3),
    ],
    ids=repr,
)
def test_what_only_a_wire_can_is_refused_where_it_is_scripted(api: FakeRest, fault: Fault) -> None:
    with pytest.raises(CannotPerform) as caught:
        api.get("/a").inject(fault)

    said = str(caught.value)
    assert said.startswith(f"payments is registered in responses, and {fault!r} needs a connection: a patch ")
    assert "It can perform auth_expires, close_on_accept, " in said
    assert said.endswith("to payments.url, or where its URL is in the code, by intercept(url, payments)")


def test_what_was_scripted_before_is_refused_at_the_registration(fake: FakeRest, mock: responses.RequestsMock) -> None:
    fake.inject(truncate_body(bytes=3))
    with pytest.raises(CannotPerform, match="truncate_body"):
        fake.register_in(mock, API)
    assert not mock.registered()
    fake.heal()


def test_a_fault_of_ones_own_that_spoils_an_answer_is_told(api: FakeRest) -> None:
    """Where it does so only to some answers, of which the sample is none."""
    from dataclasses import dataclass, replace

    from pytest_integrations import Fault
    from pytest_integrations.core.effect import Tamper

    @dataclass(frozen=True, slots=True, repr=False)
    class Longer(Fault):
        def effects(self, occasion: Any) -> Any:
            yield Tamper(lambda message: replace(message, content=message.content.replace(b"spoil", b"spoilt")))

    api.get("/a").reply(text="spoil")
    api.inject(Longer())
    assert requests.get(f"{API}/a").status_code == 500
    assert "makes of GET /a what only a connection can carry" in api.ledger.untold()[0].text


def test_profiles_leave_out_what_it_cannot(api: FakeRest) -> None:
    api.get("/a").reply(204)
    Profile("bad", "", (rule(truncate_body(bytes=1)), rule(status(503), times=1))).apply(api)
    assert [requests.get(f"{API}/a").status_code for _ in range(2)] == [503, 204]


def test_a_port_that_is_down(api: FakeRest) -> None:
    api.get("/a").reply(204)
    with api.injected(connection_refused()), pytest.raises(requests.ConnectionError) as caught:
        requests.get(f"{API}/a")
    assert "HTTPSConnectionPool(host='api.example.com', port=443)" in str(caught.value)
    assert "Connection refused" in str(caught.value)
    with api.injected(connect_timeout()), pytest.raises(requests.ConnectTimeout):
        requests.get(f"{API}/a", timeout=(0.01, 5))
    assert requests.get(f"{API}/a").status_code == 204


def test_a_client_without_a_timeout_is_told_and_does_not_hang(api: FakeRest) -> None:
    api.get("/a").reply(204)
    api.inject(hang())
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{API}/a")
    with pytest.raises(UnexpectedCall, match="GET /a has no read timeout, and nobody will answer"):
        api.verify()


@pytest.mark.parametrize("timeout", [0.01, (5, 0.01), Timeout(connect=5, read=0.01)])
def test_timeouts_of_all_kinds(api: FakeRest, timeout: Any) -> None:
    api.get("/a").reply(204)
    api.inject(hang())
    with pytest.raises(requests.ReadTimeout, match=r"Read timed out\. \(read timeout=0\.01\)"):
        requests.get(f"{API}/a", timeout=timeout)


def test_in_virtual_time(mock: responses.RequestsMock) -> None:
    pytest.importorskip("time_machine")
    with VirtualClock() as clock, FakeRest() as api:
        api.register_in(mock, API)
        api.get("/a").reply(204)
        api.inject(latency(20), hang(), status(503), status(503))
        assert requests.get(f"{API}/a", timeout=30).status_code == 204
        assert clock.now == 20
        with pytest.raises(requests.ReadTimeout):
            requests.get(f"{API}/a", timeout=30)
        assert clock.now == 50
        for pause in (1, 2):
            requests.get(f"{API}/a")
            clock.sleep(pause)
        requests.get(f"{API}/a")
    assert_backoff(api.calls[2:], exponential(base=1, factor=2))
    assert_attempts(api.calls[2:], exactly=3)


def test_retries_of_the_transport_are_those_of_responses(api: FakeRest) -> None:
    """It counts retries of a status, and does not wait between them; each is a call."""
    api.get("/a").replies(503, 503, 204)
    with requests.Session() as session:
        session.mount("https://", HTTPAdapter(max_retries=Retry(3, status_forcelist=[503], backoff_factor=9)))
        assert session.get(f"{API}/a").status_code == 204
    assert [call.status for call in api.calls] == [503, 503, 204]


def test_threads(api: FakeRest) -> None:
    api.get("/a").calls(lambda: "all")
    told: list[str] = []
    threads = [threading.Thread(target=lambda: told.append(requests.get(f"{API}/a").text)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert told == ["all"] * 8
    assert len(api.calls) == 8


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
