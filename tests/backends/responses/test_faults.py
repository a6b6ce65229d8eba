"""What goes wrong by the patch is what goes wrong by a connection, where both can."""

from __future__ import annotations

import gc
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
import requests
from requests.adapters import HTTPAdapter
from urllib3 import Retry, Timeout

from pytest_integrations import (
    CannotPerform,
    FakeRest,
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
    import responses

    from pytest_integrations.core.fault import Fault

pytestmark = pytest.mark.usefixtures("no_leaks")

API = "https://api.example.com"


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


def test_a_handler_that_takes_longer_than_the_client_waits(mock: responses.RequestsMock) -> None:
    pytest.importorskip("time_machine")
    with VirtualClock() as clock, FakeRest() as fake:
        fake.register_in(mock, API)
        fake.get("/a").calls(lambda: time.sleep(30))
        with pytest.raises(requests.ReadTimeout, match=r"read timeout=5"):
            requests.get(f"{API}/a", timeout=5)
        assert clock.now == 5
        assert requests.get(f"{API}/a", timeout=60).status_code == 204
        assert clock.now == 35

    assert [call.outcome for call in fake.calls] == ["abandoned", "answered"]


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


def test_a_connection_that_is_picked_up_late_in_time(api: FakeRest) -> None:
    api.get("/a").reply(204)
    api.inject(slow_accept(0.01))
    assert requests.get(f"{API}/a", timeout=5).status_code == 204
    assert api.calls[0].started >= 0.01


def test_a_hang_that_ends_before_the_clients_patience(api: FakeRest) -> None:
    api.get("/a").reply(204)
    api.inject(hang(0.01))
    with pytest.raises(requests.ConnectionError, match="Remote end closed connection without response"):
        requests.get(f"{API}/a")
    assert (api.calls[0].outcome, api.calls[0].connection.closed_by) == ("hung", "client")
