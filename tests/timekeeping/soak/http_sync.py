"""Synchronous clients, retry libraries and breakers, over real sockets."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import TYPE_CHECKING

import backoff
import circuitbreaker
import httpx
import httpx_retries
import pybreaker
import requests
import stamina
import tenacity
import urllib3

from pytest_integrations import FakeRest
from pytest_integrations.faults import (
    connection_refused,
    connection_reset,
    dribble,
    latency,
    rate_limited,
    status,
    unavailable,
)
from tests.timekeeping.soak.bench import get_gaps, scenario, times_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_integrations.timekeeping import VirtualClock

_RECOVERY = [0, 0, 0, 30, 30]


def _get(fake: FakeRest) -> int:
    answer = requests.get(fake.url + "/", timeout=5)
    answer.raise_for_status()
    return answer.status_code


def _or_error(call: Callable[[], object]) -> object:
    try:
        return call()
    except (requests.RequestException, httpx.HTTPError) as error:
        return type(error).__name__


def _session(retries: urllib3.Retry) -> requests.Session:
    made = requests.Session()
    for scheme in ("http://", "https://"):
        made.mount(scheme, requests.adapters.HTTPAdapter(max_retries=retries))
    return made


@scenario((200, [0, 2, 4, 8], 14.0))
def urllib3_backoff(fake: FakeRest, clock: VirtualClock) -> object:
    fake.inject(status(503), times=4)
    retries = urllib3.Retry(total=5, backoff_factor=1, status_forcelist=[503])
    with urllib3.PoolManager(retries=retries, timeout=5) as pool:
        answer = pool.request("GET", fake.url + "/").status
    return answer, get_gaps(fake), clock.now


@scenario((200, [7, 3, 11], 21.0))
def retry_after_in_seconds_and_as_a_date(fake: FakeRest, clock: VirtualClock) -> object:
    fake.inject(unavailable(7), rate_limited(3), unavailable(timedelta(seconds=11)))
    with _session(urllib3.Retry(total=5, status_forcelist=[429, 503])) as client:
        answer = client.get(fake.url + "/", timeout=5).status_code
    return answer, get_gaps(fake), clock.now


@scenario(("ReadTimeout", 5.0))
def read_timeout(fake: FakeRest, clock: VirtualClock) -> object:
    fake.inject(latency(10))
    return _or_error(lambda: _get(fake)), clock.now


@scenario((200, 4.999))
def answer_just_in_time(fake: FakeRest, clock: VirtualClock) -> object:
    fake.inject(latency(4.999))
    return _get(fake), clock.now


@scenario(("ConnectionError", 5.0))
def stalled_body(fake: FakeRest, clock: VirtualClock) -> object:
    fake.get("/").reply(body=bytes(1000))
    fake.inject(dribble(chunks=2, duration=20))
    return _or_error(lambda: _get(fake)), clock.now


@scenario((200, [5, 5], 12.0))
def retries_after_timeouts(fake: FakeRest, clock: VirtualClock) -> object:
    fake.inject(latency(10), times=2)
    fake.inject(latency(2))
    with _session(urllib3.Retry(total=5, backoff_factor=0)) as client:
        answer = client.get(fake.url + "/", timeout=5).status_code
    return answer, get_gaps(fake), clock.now


@scenario((200, [0, 0.4], 0.4))
def resets_then_an_answer(fake: FakeRest, clock: VirtualClock) -> object:
    fake.inject(connection_reset(), times=2)
    with _session(urllib3.Retry(total=5, backoff_factor=0.2)) as client:
        answer = client.get(fake.url + "/", timeout=5).status_code
    return answer, get_gaps(fake), clock.now


@scenario((200, [0, 0, 2, 11], 11.0))
def backoff_and_a_timeout_over_tls(_: FakeRest, clock: VirtualClock) -> object:
    with FakeRest("vault", tls=True) as fake:
        fake.get("/").reply(text="ok")
        fake.inject(status(503), status(503), latency(9))
        with _session(urllib3.Retry(total=5, backoff_factor=1, status_forcelist=[503])) as client:
            answer = client.get(fake.url + "/", timeout=5, verify=fake.ca_file).status_code
        return answer, times_of(fake), clock.now


@scenario((200, [1, 2, 4, 8]))
def tenacity_waits(fake: FakeRest, clock: VirtualClock) -> object:
    fake.inject(status(503), times=4)
    retry = tenacity.retry(wait=tenacity.wait_exponential(multiplier=1, max=60), stop=tenacity.stop_after_attempt(6))
    return retry(_get)(fake), get_gaps(fake)


@scenario((11, 30.0))
def tenacity_gives_up(fake: FakeRest, clock: VirtualClock) -> object:
    fake.inject(status(503), every=1)
    retry = tenacity.retry(wait=tenacity.wait_fixed(3), stop=tenacity.stop_after_delay(30), reraise=True)
    _or_error(lambda: retry(_get)(fake))
    return len(fake.calls), clock.now


@scenario((200, [0.1, 0.2, 0.4]))
def stamina_waits(fake: FakeRest, clock: VirtualClock) -> object:
    fake.inject(status(503), times=3)
    retry = stamina.retry(on=requests.HTTPError, attempts=5, wait_initial=0.1, wait_jitter=0, timeout=60)
    return retry(_get)(fake), get_gaps(fake)


@scenario((200, [1, 2, 4, 8]))
def backoff_waits(fake: FakeRest, clock: VirtualClock) -> object:
    fake.inject(status(503), times=4)
    retry = backoff.on_exception(backoff.expo, requests.HTTPError, max_tries=6, jitter=None)
    return retry(_get)(fake), get_gaps(fake)


@scenario((200, [1, 2, 4], 7.0))
def httpx_retries_waits(fake: FakeRest, clock: VirtualClock) -> object:
    fake.inject(status(503), times=3)
    retry = httpx_retries.Retry(total=5, backoff_factor=0.5, backoff_jitter=0)
    with httpx.Client(transport=httpx_retries.RetryTransport(retry=retry), timeout=5) as client:
        answer = client.get(fake.url + "/").status_code
    return answer, get_gaps(fake), clock.now


@scenario((["ReadTimeout", 200], [5.001], 10.0))
def httpx_times_out(fake: FakeRest, clock: VirtualClock) -> object:
    fake.inject(latency(10), latency(4.999))
    with httpx.Client(timeout=5) as client:
        seen = [_or_error(lambda: client.get(fake.url + "/").status_code)]
        time.sleep(0.001)
        seen.append(client.get(fake.url + "/").status_code)
    return seen, get_gaps(fake), clock.now


@scenario(([1, 2, 4, 8, 16, 30], 200, 61.0))
def outage(fake: FakeRest, clock: VirtualClock) -> object:
    """The port is closed for a minute; the client's waits double, to 30 s at most."""
    fake.inject(connection_refused(), during=60)
    waits: list[float] = []
    while True:
        try:
            return waits, _get(fake), clock.now
        except requests.ConnectionError:
            waits.append(min(2 ** len(waits), 30))
            time.sleep(waits[-1])


def _drive(call: Callable[[], object], is_open: type[Exception]) -> list[str]:
    """Call three times, then at once, at 29.999 s, at 30 s and at once again."""
    seen = []
    for wait in (0, 0, 0, 0, 29.999, 0.001, 0):
        time.sleep(wait)
        try:
            call()
            seen.append("ok")
        except is_open:
            seen.append("shed")
        except requests.HTTPError:
            seen.append("failed")
    return seen


@scenario((["failed", "failed", "shed", "shed", "shed", "ok", "ok"], _RECOVERY))
def pybreaker_recovers(fake: FakeRest, clock: VirtualClock) -> object:
    fake.inject(status(503), times=3)
    breaker = pybreaker.CircuitBreaker(fail_max=3, reset_timeout=30)
    return _drive(lambda: breaker.call(_get, fake), pybreaker.CircuitBreakerError), times_of(fake)


@scenario((["failed", "failed", "failed", "shed", "shed", "ok", "ok"], _RECOVERY))
def circuitbreaker_recovers(fake: FakeRest, clock: VirtualClock) -> object:
    fake.inject(status(503), times=3)
    guarded = circuitbreaker.CircuitBreaker(failure_threshold=3, recovery_timeout=30)(_get)
    return _drive(lambda: guarded(fake), circuitbreaker.CircuitBreakerError), times_of(fake)
