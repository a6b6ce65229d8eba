"""The assertions judge real clients over the wire: for each rule one that breaks it, and one that keeps it."""

from __future__ import annotations

import io
import socket
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

from pytest_integrations.assertions import (
    assert_amplification,
    assert_attempts,
    assert_backoff,
    assert_connections_at_most,
    assert_gives_up,
    assert_idempotency_key,
    assert_jittered,
    assert_no_hang,
    assert_no_unsafe_retry,
    assert_not_retried,
    assert_respects_retry_after,
    assert_retry_budget,
    assert_same_request,
    exponential,
    fixed,
    no_hang,
)
from pytest_integrations.backends.rest import FakeRest
from pytest_integrations.core.errors import ResilienceError
from pytest_integrations.faults import (
    connection_reset,
    hang,
    lost_response,
    rate_limited,
    reset_on_accept,
    status,
    truncate_body,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_integrations.timekeeping import VirtualClock

requests = pytest.importorskip("requests")
urllib3 = pytest.importorskip("urllib3")
httpx = pytest.importorskip("httpx")
tenacity = pytest.importorskip("tenacity")


@pytest.fixture
def rest(virtual_clock: VirtualClock) -> Iterator[FakeRest]:
    """A fake in virtual time: no wait depends on how busy the machine is."""
    with FakeRest() as fake:
        fake.get("/users").reply(json=["ada"])
        fake.post("/charges").reply(201, json={"id": "ch_1"})
        fake.put("/report").reply(204)
        yield fake


@pytest.fixture
def session() -> Iterator[Any]:
    with requests.Session() as session:
        yield session


def with_retry(session: Any, **how: Any) -> Any:
    """Return the session with urllib3's Retry under it, as everybody's blog has it."""
    retry = urllib3.Retry(total=3, status_forcelist=[500, 502, 503, 504], **how)
    session.mount("http://", requests.adapters.HTTPAdapter(max_retries=retry))
    return session


# -- how often


def test_requests_with_retry_makes_four_attempts(rest: FakeRest, session: Any) -> None:
    """total=3 is 4 attempts, and a POST is not retried at all."""
    rest.inject(status(503), every=1)

    with pytest.raises(requests.exceptions.RetryError) as caught:
        with_retry(session).get(f"{rest.url}/users")
    assert_attempts(rest.calls, exactly=4)
    assert_gives_up(rest.calls, after=4, error=caught.value, declared=requests.RequestException)

    assert session.post(f"{rest.url}/charges").status_code == 503
    with pytest.raises(ResilienceError, match="expected exactly 4 attempts of POST /charges, saw 1"):
        assert_attempts(rest.calls.of("POST /charges"), exactly=4)


def test_a_bare_pool_manager_retries_below_the_clients_own_loop(rest: FakeRest) -> None:
    """urllib3 retries a reset 3 times by itself: 2 attempts of the client are 8 on the wire."""
    rest.inject(connection_reset(), every=1)

    with urllib3.PoolManager() as pool:
        for _ in range(2):
            with suppress(urllib3.exceptions.HTTPError):
                pool.request("GET", f"{rest.url}/users")

    with pytest.raises(ResilienceError, match="expected at most 2 attempts of GET /users, saw 8"):
        assert_attempts(rest.calls, at_most=2)


def test_a_truncated_body_is_not_retried_by_urllib3(rest: FakeRest, session: Any) -> None:
    """The body is read outside of Retry: one attempt, and an error that is not RetryError."""
    rest.inject(truncate_body())

    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        with_retry(session).get(f"{rest.url}/users")

    with pytest.raises(ResilienceError, match="saw 1"):
        assert_attempts(rest.calls, at_least=2)


def test_spoilt_connections_are_attempts(rest: FakeRest, session: Any) -> None:
    """Two connections are reset before a request; the third attempt is answered."""
    rest.inject(reset_on_accept(), reset_on_accept())

    assert with_retry(session).get(f"{rest.url}/users").json() == ["ada"]

    assert_attempts(rest.calls, exactly=3)


def test_a_client_that_retries_everything_retries_a_404(rest: FakeRest) -> None:
    """`except HTTPStatusError` catches too much."""
    rest.get("/missing").reply(404)

    def ask(path: str) -> None:
        with httpx.Client(base_url=rest.url) as client:
            client.get(path).raise_for_status()

    three = tenacity.stop_after_attempt(3)
    careless = tenacity.retry(stop=three, retry=tenacity.retry_if_exception_type(httpx.HTTPError))
    with pytest.raises(tenacity.RetryError):
        careless(ask)("/missing")
    with pytest.raises(ResilienceError, match="GET /missing was tried again after 404"):
        assert_not_retried(rest.calls)

    rest.ledger.clear()
    careful = tenacity.retry(stop=three, retry=tenacity.retry_if_exception_type(httpx.TransportError))
    with pytest.raises(httpx.HTTPStatusError):
        careful(ask)("/missing")
    assert_not_retried(rest.calls)


def test_a_task_that_goes_on_is_no_giving_up(rest: FakeRest) -> None:
    """The caller got its error, and a thread tries again behind its back."""
    rest.inject(status(503), every=1)

    with ThreadPoolExecutor(1) as background:
        requests.get(f"{rest.url}/users")
        calls = rest.calls  # before there can be another one
        background.submit(lambda: (time.sleep(0.05), requests.get(f"{rest.url}/users")))

        with pytest.raises(ResilienceError, match=r"GET /users was tried again 0\.\d+ s after it was given up"):
            assert_gives_up(calls, after=1, quiet=0.3)


# -- when


def test_urllib3_backs_off_after_the_second_attempt(rest: FakeRest, session: Any) -> None:
    """0, 0.4, 0.8: the first retry comes at once, and the message names the library."""
    rest.inject(status(503), times=3)

    assert with_retry(session, backoff_factor=0.2).get(f"{rest.url}/users").ok

    assert_backoff(rest.calls, exponential(base=0.2, first=0))
    with pytest.raises(ResilienceError, match=r"wait 1 of GET /users was 0\.0") as caught:
        assert_backoff(rest.calls, exponential(base=0.2))
    assert "urllib3 backoff_factor=0.2" in str(caught.value)


def test_tenacity_backs_off_and_a_loop_without_a_pause_does_not(rest: FakeRest) -> None:
    """The timeout of a hanging attempt is not backoff."""
    rest.inject(hang(), hang(), per="header:X-Client")

    def ask(client: str) -> None:
        requests.get(f"{rest.url}/users", headers={"X-Client": client}, timeout=0.15)

    tenacity.Retrying(wait=tenacity.wait_exponential(0.1), stop=tenacity.stop_after_attempt(3))(ask, "good")
    assert_backoff(rest.calls, exponential(base=0.1))

    rest.ledger.clear()
    tenacity.Retrying(stop=tenacity.stop_after_attempt(3))(ask, "hasty")
    with pytest.raises(ResilienceError, match=r"wait 1 of GET /users was 0\.0"):
        assert_backoff(rest.calls, fixed(0.15))


@pytest.mark.parametrize(("respects", "wait"), [(True, 1.0), (False, 0.0)])
def test_retry_after(rest: FakeRest, session: Any, *, respects: bool, wait: float) -> None:
    """urllib3 waits as asked, unless it is told not to."""
    rest.inject(rate_limited(1))
    began = time.monotonic()

    retry = urllib3.Retry(total=1, status_forcelist=[429], respect_retry_after_header=respects)
    session.mount("http://", requests.adapters.HTTPAdapter(max_retries=retry))
    assert session.get(f"{rest.url}/users").ok
    assert time.monotonic() - began >= wait

    if respects:
        assert_respects_retry_after(rest.calls)
    else:
        with pytest.raises(ResilienceError, match="#1 said 'Retry-After: 1' but #2 came after 0"):
            assert_respects_retry_after(rest.calls)


def test_callers_in_lockstep_and_callers_with_jitter(rest: FakeRest) -> None:
    """Eight callers fail together: a constant wait brings them back together, a drawn one does not."""
    rest.inject(status(503), per=lambda call: call.target)

    def run(wait: Any, kind: str) -> None:
        retrying = tenacity.Retrying(wait=wait, stop=tenacity.stop_after_attempt(2))

        def ask(caller: int) -> None:
            requests.get(f"{rest.url}/users?{kind}={caller}").raise_for_status()

        with ThreadPoolExecutor(8) as callers:
            list(callers.map(lambda caller: retrying.copy()(ask, caller), range(8)))

    run(tenacity.wait_fixed(0.5), "fixed")
    with pytest.raises(ResilienceError, match="8 callers retry in lockstep"):
        assert_jittered(rest.calls)

    rest.ledger.clear()
    waits = iter([0.01, 0.4, 0.1, 0.3, 0.2, 0.35, 0.05, 0.25])  # as a good draw may come out
    run(lambda _: next(waits), "drawn")
    assert_jittered(rest.calls)


# -- what is safe


def charge(rest: FakeRest, headers: Any) -> None:
    """Charge, and try once more, as a loop by hand does."""
    for _ in range(2):
        with suppress(requests.ConnectionError):
            requests.post(f"{rest.url}/charges", json={"amount": 100}, headers=headers())
            return


def test_a_lost_response_is_charged_twice_without_a_key(rest: FakeRest) -> None:
    """The handler ran, and the client cannot know."""
    rest.inject(lost_response())

    charge(rest, dict)

    with pytest.raises(ResilienceError, match=r"sent again .* after #1 \(reset\), which had been applied"):
        assert_no_unsafe_retry(rest.calls)
    with pytest.raises(ResilienceError, match="POST /charges #1 carried no Idempotency-Key"):
        assert_idempotency_key(rest.calls)


def test_a_key_must_be_made_before_the_loop(rest: FakeRest) -> None:
    """In the loop it is a new request each time; before it, it is safe."""
    rest.inject(lost_response(), per=lambda call: call.json()["amount"])
    charge(rest, lambda: {"Idempotency-Key": str(uuid.uuid4())})

    with pytest.raises(ResilienceError, match="2 attempts of POST /charges carried 2 different Idempotency-Keys"):
        assert_idempotency_key(rest.calls)
    with pytest.raises(ResilienceError, match="sent again with another Idempotency-Key"):
        assert_no_unsafe_retry(rest.calls)

    rest.ledger.clear()
    rest.inject(lost_response())
    key = str(uuid.uuid4())
    charge(rest, lambda: {"Idempotency-Key": key})

    assert_attempts(rest.calls, exactly=2)
    assert_idempotency_key(rest.calls)
    assert_no_unsafe_retry(rest.calls)
    assert_same_request(rest.calls)


def test_a_stream_is_empty_the_second_time(rest: FakeRest) -> None:
    """A generator or file that was read to its end sends nothing on the retry."""
    rest.inject(status(503), status(503))
    report = io.BytesIO(b"all of it")

    for _ in range(2):
        requests.put(f"{rest.url}/report", data=report.read())

    with pytest.raises(ResilienceError, match="the body of PUT /report changed between attempts: 'all of it' in #1"):
        assert_same_request(rest.calls)


# -- how much


def test_three_attempts_for_everybody_are_no_budget(rest: FakeRest, session: Any) -> None:
    """All fail and all are retried: three times the load."""
    rest.inject(status(503), every=1)

    for user in range(20):
        for _ in range(3):
            session.get(f"{rest.url}/users?id={user}")

    with pytest.raises(ResilienceError, match="40 retries for 20 first attempts"):
        assert_retry_budget(rest.calls)
    with pytest.raises(ResilienceError, match="60 attempts reached fake_rest for 20 at the entry: 3 times, 2 allowed"):
        assert_amplification(rest.calls, at_most=2, entry=20)


def test_an_unread_response_keeps_its_connection(rest: FakeRest) -> None:
    """stream=True without reading or closing: the retry needs a connection of its own."""
    rest.inject(status(503), times=2)

    with requests.Session() as session:
        kept = [session.get(f"{rest.url}/users", stream=True) for _ in range(3)]
        time.sleep(0.15)
        with pytest.raises(ResilienceError, match="connections were open together and still are"):
            assert_connections_at_most(rest.calls, 1)
        assert len(kept) == 3

    rest.ledger.clear()
    rest.inject(status(503), times=2)
    with requests.Session() as session:
        for _ in range(3):
            session.get(f"{rest.url}/users")
        assert_connections_at_most(rest.calls, 1)


# -- at all


def test_a_client_without_a_timeout_is_interrupted(rest: FakeRest) -> None:
    """requests has none by default; the block ends, the test fails, and the stack says where it hung."""
    rest.inject(hang())

    with pytest.raises(ResilienceError) as caught, no_hang(rest.calls, limit=0.3):
        requests.get(f"{rest.url}/users")

    text = str(caught.value)
    assert "0.3 s is the limit" in text
    assert "MainThread waited in socket.py" in " ".join(text.split())


def test_a_client_with_a_timeout_comes_back(rest: FakeRest) -> None:
    """In the block and looking back."""
    rest.inject(hang())

    with no_hang(rest.calls, limit=2), suppress(requests.Timeout):
        requests.get(f"{rest.url}/users", timeout=0.1)

    assert_no_hang(rest.calls, limit=2)


def test_a_client_that_keeps_a_hanging_connection_is_caught(rest: FakeRest) -> None:
    """It timed out and went on, and the socket is open still."""
    rest.inject(hang())
    address = ("127.0.0.1", rest.port)
    request = b"GET /users HTTP/1.1\r\nHost: x\r\n\r\n"

    with (
        rest.logical_call(),
        socket.create_connection(address, 0.1) as first,
        socket.create_connection(address) as second,
    ):
        first.sendall(request)
        with suppress(TimeoutError):
            first.recv(1)
        second.sendall(request)
        second.recv(1000)
        time.sleep(0.15)

        with pytest.raises(ResilienceError, match=r"connection 1 is still open, although #2 took the place of #1"):
            assert_connections_at_most(rest.calls, 2)
