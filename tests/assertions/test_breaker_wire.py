"""The assertions on breakers and timeouts, with published breakers and a naive one, over real sockets."""

from __future__ import annotations

import socket
import threading
import time
from typing import TYPE_CHECKING, Any

import circuitbreaker
import pybreaker
import pytest
import requests

from pytest_integrations.assertions.breaker import assert_breaker_opens, assert_breaker_sheds
from pytest_integrations.assertions.breaker_recovery import (
    assert_breaker_closes,
    assert_breaker_reopens,
    assert_half_open_probes,
)
from pytest_integrations.assertions.breaker_scope import assert_breaker_counts, assert_breaker_ignores
from pytest_integrations.assertions.client_calls import ClientCalls
from pytest_integrations.assertions.timing import assert_times_out
from pytest_integrations.backends.rest import FakeRest
from pytest_integrations.core.effect import Cut, Delay, Trickle
from pytest_integrations.core.errors import NothingToCheck, ResilienceError
from pytest_integrations.core.fault import Fault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_integrations.core.effect import Effect
    from pytest_integrations.core.fault import Occasion
    from pytest_integrations.timekeeping import VirtualClock

RECOVERY = 0.2
SETTINGS: dict[str, Any] = {"after": 3, "recovery": RECOVERY}


class played(Fault):  # noqa: N801 -- faults are called by a word
    """A fault made of its effects alone."""

    def __init__(self, *effects: Effect) -> None:
        self.made_of = effects

    def effects(self, occasion: Occasion) -> tuple[Effect, ...]:
        return self.made_of

    def __repr__(self) -> str:
        return f"played{self.made_of}"


@pytest.fixture
def fake(virtual_clock: VirtualClock) -> Iterator[FakeRest]:
    with FakeRest() as fake:
        yield fake


def getter(fake: FakeRest, timeout: float = 5) -> Callable[[], None]:
    session = requests.Session()
    session.trust_env = False  # reads the environment and netrc at each call otherwise

    def stock() -> None:
        session.get(f"{fake.url}/stock", timeout=timeout).raise_for_status()

    return stock


def with_pybreaker(function: Callable[[], None]) -> Callable[[], None]:
    return pybreaker.CircuitBreaker(fail_max=3, reset_timeout=RECOVERY)(function)


def with_circuitbreaker(function: Callable[[], None]) -> Callable[[], None]:
    return circuitbreaker.CircuitBreaker(failure_threshold=3, recovery_timeout=RECOVERY, name=str(id(function)))(
        function
    )


PUBLISHED = pytest.mark.parametrize(
    ("protect", "error"),
    [(with_pybreaker, pybreaker.CircuitBreakerError), (with_circuitbreaker, circuitbreaker.CircuitBreakerError)],
    ids=["pybreaker", "circuitbreaker"],
)


class OpenError(Exception):
    """The naive breaker is open."""


class NaiveBreaker:
    """As found in tutorials: a shed call is caught with the others, counted, and starts the recovery anew."""

    def __init__(self, function: Callable[[], None], tries: int = 3) -> None:
        self.function, self.tries = function, tries
        self.failures, self.last_failure = 0, 0.0

    def _guarded(self) -> None:
        if self.failures >= 3 and time.monotonic() - self.last_failure < RECOVERY:
            raise OpenError
        self.function()
        self.failures = 0

    def __call__(self) -> None:
        for _ in range(self.tries):
            try:
                return self._guarded()
            except requests.Timeout:
                continue  # retried at once, and the breaker is not told
            except Exception as error:
                self.failures += 1
                self.last_failure = time.monotonic()
                raise RuntimeError from error
        raise RuntimeError


@PUBLISHED
class TestPublished:
    def test_opens_and_sheds(self, fake: FakeRest, protect: Any, error: type[Exception]) -> None:
        """Three failures, then nothing arrives, fast, with the breaker's own error."""
        fake.get("/stock").reply(503)
        client = ClientCalls(fake.ledger)
        client.repeat(8, protect(getter(fake)))

        assert_breaker_opens(fake.calls, **SETTINGS, demand=client)
        assert_breaker_sheds(fake.calls, **SETTINGS, demand=client, raises=error)
        assert_breaker_counts(fake.calls, 503, after=3, recovery=RECOVERY, demand=client)

    def test_closes_under_steady_demand(self, fake: FakeRest, protect: Any, error: type[Exception]) -> None:
        """Shed calls do not keep it open."""
        fake.get("/stock").replies(503, 503, 503, 200)
        client = ClientCalls(fake.ledger)
        client.repeat(20, protect(getter(fake)), every=0.02)

        assert_breaker_closes(fake.calls, **SETTINGS, demand=client)
        assert_breaker_opens(fake.calls, **SETTINGS, demand=client)

    def test_reopens_after_a_failed_probe(self, fake: FakeRest, protect: Any, error: type[Exception]) -> None:
        """One probe, and shed again."""
        fake.get("/stock").reply(503)
        client, stock = ClientCalls(fake.ledger), protect(getter(fake))
        client.repeat(3, stock)
        time.sleep(RECOVERY + 0.05)
        client.repeat(5, stock)

        assert_breaker_reopens(fake.calls, **SETTINGS, demand=client)
        with pytest.raises(NothingToCheck, match="not enough probes succeeded"):
            assert_breaker_closes(fake.calls, **SETTINGS, demand=client)

    def test_counts_timeouts(self, fake: FakeRest, protect: Any, error: type[Exception]) -> None:
        """Held answers open it; the moment the client left is its end."""
        fake.get("/stock").reply(200)
        fake.inject(played(Cut("stall")), every=1)
        client = ClientCalls(fake.ledger)
        client.repeat(6, protect(getter(fake, timeout=0.05)))

        assert_breaker_counts(fake.calls, "timeout", after=3, recovery=RECOVERY, demand=client)
        assert_times_out(fake.calls, within=0.05)

    def test_counts_resets(self, fake: FakeRest, protect: Any, error: type[Exception]) -> None:
        """A reset is a failure as any other."""
        fake.get("/stock").reply(200)
        fake.inject(played(Cut("reset")), every=1)
        client = ClientCalls(fake.ledger)
        client.repeat(6, protect(getter(fake)))

        assert_breaker_counts(fake.calls, "reset", after=3, recovery=RECOVERY, demand=client)

    def test_counts_missing_things_unless_it_is_told_not_to(
        self, fake: FakeRest, protect: Any, error: type[Exception]
    ) -> None:
        """The default of both libraries: a 404 opens the breaker."""
        fake.get("/stock").reply(404)
        client = ClientCalls(fake.ledger)
        client.repeat(8, protect(getter(fake)))

        with pytest.raises(ResilienceError, match="the breaker counts 404: after 3 of them, 5 calls by the client"):
            assert_breaker_ignores(fake.calls, 404, times=5, demand=client)

    def test_another_threshold_is_noticed_from_both_sides(
        self, fake: FakeRest, protect: Any, error: type[Exception]
    ) -> None:
        """Three is too late for two, and too early for four."""
        fake.get("/stock").reply(503)
        client = ClientCalls(fake.ledger)
        client.repeat(8, protect(getter(fake)))

        with pytest.raises(ResilienceError, match="opened 1 call too late"):
            assert_breaker_opens(fake.calls, after=2, recovery=RECOVERY, demand=client)
        with pytest.raises(ResilienceError, match="opened too early, at #3"):
            assert_breaker_opens(fake.calls, after=4, recovery=RECOVERY, demand=client)

    def test_callers_at_the_same_time_may_still_arrive(
        self, fake: FakeRest, protect: Any, error: type[Exception]
    ) -> None:
        """What was under way when the breaker opened is a straggler, not a leak."""
        fake.get("/stock").reply(503)
        fake.inject(played(Delay(0.03)), every=1)
        client, stock = ClientCalls(fake.ledger), protect(getter(fake))
        client.together(6, stock)
        client.repeat(4, stock)

        assert_breaker_opens(fake.calls, **SETTINGS, demand=client)


class TestHalfOpen:
    @staticmethod
    def crowd(fake: FakeRest, protect: Callable[[Callable[[], None]], Callable[[], None]]) -> ClientCalls:
        """Open the breaker, and let four callers come at once when the recovery is over."""
        fake.get("/stock").replies(503, 503, 503, 200)
        client, stock = ClientCalls(fake.ledger), protect(getter(fake))
        client.repeat(3, stock)
        fake.inject(played(Delay(0.1)), every=1)
        time.sleep(RECOVERY + 0.05)
        client.together(4, stock)
        return client

    def test_pybreaker_lets_one_probe_through_at_a_time(self, fake: FakeRest) -> None:
        """Its lock makes the others wait."""
        client = self.crowd(fake, with_pybreaker)

        assert_half_open_probes(fake.calls, **SETTINGS, demand=client, n=1)

    def test_circuitbreaker_lets_all_callers_through(self, fake: FakeRest) -> None:
        """As most Python libraries do; n= tells that it is known."""
        client = self.crowd(fake, with_circuitbreaker)

        with pytest.raises(ResilienceError, match="let 4 calls through before the first probe had ended; 1 is allowed"):
            assert_half_open_probes(fake.calls, **SETTINGS, demand=client)
        with pytest.raises(NothingToCheck, match="it takes more than 4"):
            assert_half_open_probes(fake.calls, **SETTINGS, demand=client, n=4)

    def test_nothing_to_check_with_one_caller(self, fake: FakeRest) -> None:
        """One caller after the other is always one probe."""
        fake.get("/stock").replies(503, 503, 503, 200)
        client, stock = ClientCalls(fake.ledger), with_pybreaker(getter(fake))
        client.repeat(3, stock)
        time.sleep(RECOVERY + 0.05)
        client.repeat(3, stock)

        with pytest.raises(NothingToCheck, match="only 1 call by the client was under way with a probe"):
            assert_half_open_probes(fake.calls, **SETTINGS, demand=client)


class TestNaive:
    def test_it_never_opens_on_timeouts(self, fake: FakeRest) -> None:
        """The one fault that a breaker is for is retried at once, and not counted."""
        fake.get("/stock").reply(200)
        fake.inject(played(Cut("stall")), every=1)
        client = ClientCalls(fake.ledger)
        client.repeat(4, NaiveBreaker(getter(fake, timeout=0.03)))

        with pytest.raises(ResilienceError, match="does not count timeout: after 3 failures in a row, 1 more call"):
            assert_breaker_counts(fake.calls, "timeout", after=3, demand=client, retries_inside=True)

    def test_its_shed_calls_do_not_say_that_they_are(self, fake: FakeRest) -> None:
        """The breaker's error comes out as another."""
        fake.get("/stock").reply(503)
        client = ClientCalls(fake.ledger)
        client.repeat(8, NaiveBreaker(getter(fake)))

        assert_breaker_opens(fake.calls, **SETTINGS, demand=client)
        with pytest.raises(ResilienceError, match="5 shed calls of 5 ended in RuntimeError, not in OpenError"):
            assert_breaker_sheds(fake.calls, **SETTINGS, demand=client, raises=OpenError)

    def test_it_never_recovers_under_load(self, fake: FakeRest) -> None:
        """Each shed call is counted, and starts the recovery anew."""
        fake.get("/stock").replies(503, 503, 503, 200)
        client = ClientCalls(fake.ledger)
        client.repeat(30, NaiveBreaker(getter(fake)), every=0.02)

        with pytest.raises(ResilienceError, match="the breaker is still open"):
            assert_breaker_closes(fake.calls, **SETTINGS, demand=client)


class TestTimeouts:
    def test_a_drip_defeats_a_read_timeout(self, fake: FakeRest) -> None:
        """Byte by byte, requests waits for ever; the message says why."""
        fake.get("/stock").reply(json={"left": 3, "of": list(range(20))})
        fake.inject(played(Trickle("body", lambda length: [1] * length, 0.01)))

        ClientCalls(fake.ledger)(getter(fake, timeout=0.1))

        with pytest.raises(ResilienceError, match="a read timeout begins anew with each of them"):
            assert_times_out(fake.calls, within=0.1, tolerance=0.05)

    def test_a_client_that_keeps_its_socket_is_seen_waiting(self, fake: FakeRest) -> None:
        """A thread that still waits when the test ends."""
        fake.get("/stock").reply(200)
        fake.inject(played(Cut("stall")))
        waiting = socket.create_connection(("127.0.0.1", fake.port))
        waiting.sendall(b"GET /stock HTTP/1.1\r\nHost: x\r\n\r\n")
        _until(lambda: len(fake.calls) == 1)
        time.sleep(0.1)

        with waiting, pytest.raises(ResilienceError, match="still waiting after"):
            assert_times_out(fake.calls, within=0.05, tolerance=0.01)


def _until(condition: Callable[[], bool]) -> None:
    pause = threading.Event()
    for _ in range(500):
        if condition():
            return
        pause.wait(0.01)
    pytest.fail("it did not come to that")


@PUBLISHED
def test_many_callers_at_once_are_judged_rightly(fake: FakeRest, protect: Any, error: type[Exception]) -> None:
    """Stragglers are no leaks, waiting for a lock is no early opening, and a client without a breaker is caught."""
    fake.get("/stock").reply(503)
    fake.inject(played(Delay(0.002)), every=1)
    plain = threading.local()

    def stock() -> None:
        if not hasattr(plain, "get"):
            plain.get = getter(fake)  # a session each
        plain.get()

    guarded, bare = ClientCalls(fake.ledger), ClientCalls(fake.ledger)
    shielded = protect(stock)
    _crowd(8, lambda: guarded.repeat(10, shielded))
    assert_breaker_opens(fake.calls, after=3, recovery=RECOVERY, demand=guarded)
    seen = len(fake.calls)

    _crowd(8, lambda: bare.repeat(10, stock))
    with pytest.raises(ResilienceError, match=r"did not open after 3 failures in a row: [67]\d more calls"):
        assert_breaker_opens(fake.calls[seen:], after=3, recovery=5, demand=bare)


def _crowd(number: int, work: Callable[[], object]) -> None:
    threads = [threading.Thread(target=work) for _ in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
