"""Every assertion on time: a wrong client caught, a right one passing, and one with nothing to judge."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_integrations.assertions.client_calls import ClientCalls
from pytest_integrations.assertions.deadline import assert_deadline_shrinks, read_timeout
from pytest_integrations.assertions.timing import assert_timeout_order, assert_times_out, assert_total_time
from pytest_integrations.core.errors import NothingToCheck, ResilienceError, ScriptingError
from tests.assertions.ledgers import scripted

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.assertions.ledgers import HandLedger


def verdict(assertion: Callable[..., None], *args: Any, **settings: Any) -> str:
    """Return the first line of the failure."""
    with pytest.raises(ResilienceError) as caught:
        assertion(*args, **settings)
    assert not isinstance(caught.value, NothingToCheck), str(caught.value)
    return str(caught.value).partition("\n")[0]


def nothing(assertion: Callable[..., None], *args: Any, **settings: Any) -> str:
    with pytest.raises(NothingToCheck) as caught:
        assertion(*args, **settings)
    return str(caught.value).partition("\n")[0].removeprefix("nothing to check: ")


class TestTimesOut:
    def test_passes_if_the_client_leaves_in_time(self, ledger: HandLedger) -> None:
        """Gone after exactly the limit is in time."""
        ledger.call(0, outcome="abandoned", took=2)
        ledger.call(3)

        assert_times_out(ledger.calls, within=2)

    def test_the_wait_before_a_retry_is_no_timeout(self, ledger: HandLedger) -> None:
        """urllib3 closes the connection of an attempt that timed out when its backoff is over."""
        for start, stay in ((0, 10), (10, 12), (22, 14)):
            ledger.call(start, outcome="abandoned", took=stay)
        ledger.call(36)

        assert_times_out(ledger.calls, within=10)
        assert "waited 14.000 s" in verdict(assert_times_out, ledger.calls, within=9)

    def test_catches_a_client_that_waits_for_ever(self, ledger: HandLedger) -> None:
        """The exchange hung until the fake ended it."""
        ledger.call(0, outcome="hung", took=60)

        said = verdict(assert_times_out, ledger.calls, within=2)

        assert said == "the client waited 60.000 s for GET /users (#1); it should give up within 2 s"

    def test_catches_a_client_that_waits_for_a_slow_answer(self, ledger: HandLedger) -> None:
        """That it was answered in the end is no excuse."""
        ledger.call(0, took=5)
        ledger.call(6, outcome="abandoned", took=1)

        assert "waited 5.000 s" in verdict(assert_times_out, ledger.calls, within=2)

    def test_a_drip_that_is_waited_for_is_explained(self, ledger: HandLedger) -> None:
        """Bytes kept coming: a read timeout begins anew with each of them."""
        call = ledger.call(0, outcome="abandoned", took=20)
        call.first_byte = 1.0

        with pytest.raises(ResilienceError, match="a read timeout begins anew"):
            assert_times_out(ledger.calls, within=2)

    def test_an_exchange_that_is_still_open_counts_until_now(self, ledger: HandLedger) -> None:
        """A client that waits on, or that kept its socket."""
        ledger.call(0, outcome="open")
        ledger.at(10)

        with pytest.raises(ResilienceError, match=r"waited 10.000 s(.|\n)*still waiting(.|\n)*kept the socket"):
            assert_times_out(ledger.calls, within=2)

    def test_a_real_clock_may_be_late(self, real: HandLedger) -> None:
        """A tenth and 150 ms, or what the test says."""
        real.call(0, outcome="abandoned", took=2.3)

        assert_times_out(real.calls, within=2)
        assert "waited 2.300 s" in verdict(assert_times_out, real.calls, within=2, tolerance=0.1)

    def test_nothing_to_check_if_all_was_answered_in_time(self, ledger: HandLedger) -> None:
        """A quick fake proves no timeout."""
        ledger.call(0)

        said = nothing(assert_times_out, ledger.calls, within=2)

        assert said == "no client left before its answer, so that no timeout of 2 s was seen"

    def test_a_connection_closed_after_the_answer_is_no_timeout(self, ledger: HandLedger) -> None:
        """Keep-alive connections are closed when the client exits."""
        call = ledger.call(0, took=0.1)
        call.gone = 0.1

        assert "no client left" in nothing(assert_times_out, ledger.calls, within=2)

    def test_a_limit_has_to_be_positive(self, ledger: HandLedger) -> None:
        """No client gives up within 0 s."""
        with pytest.raises(ScriptingError, match="within=0"):
            assert_times_out(ledger.calls, within=0)


class TestTotalTime:
    def test_passes_within_the_budget(self, ledger: HandLedger) -> None:
        """Attempts and waits together."""
        ledger.attempts(0, 1, 3)

        assert_total_time(ledger.calls, at_most=3)

    def test_catches_waits_that_exceed_it(self, ledger: HandLedger) -> None:
        """The last wait was one too long."""
        ledger.attempts(0, 1, 3, 7)

        said = verdict(assert_total_time, ledger.calls, at_most=5)

        assert said == "GET /users took 7.000 s in 4 attempts; 5 s is the limit"

    def test_logical_calls_are_judged_one_by_one(self, ledger: HandLedger) -> None:
        """Two calls of 3 s are not one of 6 s."""
        ledger.attempts(0, 3)
        ledger.attempts(3, 6)

        assert_total_time(ledger.calls, at_most=3)

    def test_the_clients_side_has_the_waits_that_the_wire_does_not_show(self, ledger: HandLedger) -> None:
        """A wait after the last attempt is found with the recorded calls."""
        client = ClientCalls(ledger.ledger)

        def fetch() -> None:
            ledger.attempts(0, 1, last=503)
            ledger.clock.sleep(4)

        client(fetch)

        assert_total_time(ledger.calls, at_most=2)
        assert verdict(assert_total_time, ledger.calls, at_most=2, demand=client) == (
            "fetch took 5.000 s; 2 s is the limit"
        )
        assert_total_time(ledger.calls, at_most=5, demand=client)

    def test_nothing_to_check_if_nothing_took_time(self, ledger: HandLedger) -> None:
        """No failure, no fault."""
        ledger.call(0)

        assert "no call failed and no fault was played" in nothing(assert_total_time, ledger.calls, at_most=5)

    def test_nothing_to_check_without_a_recorded_call(self, ledger: HandLedger) -> None:
        """A recorder that was never used."""
        ledger.attempts(0, 1)

        said = nothing(assert_total_time, ledger.calls, at_most=5, demand=ClientCalls(ledger.ledger))

        assert said == "the client made no call"

    def test_a_latency_that_was_survived_is_something_to_check(self, ledger: HandLedger) -> None:
        """A slow success could have been too slow."""
        ledger.call(0, took=2, fault=scripted("latency"))

        assert_total_time(ledger.calls, at_most=3)


class TestTimeoutOrder:
    def test_passes_if_the_inner_one_is_shorter(self, ledger: HandLedger) -> None:
        """1 s inside 3 s, as calls and as a number."""
        ledger.call(0, fake="profile", outcome="abandoned", took=1)
        ledger.call(2, fake="gateway", outcome="abandoned", took=3)
        inner, outer = ledger.ledger.calls_to("profile"), ledger.ledger.calls_to("gateway")

        assert_timeout_order(inner=inner, outer=outer)
        assert_timeout_order(inner=inner, outer=2)

    def test_catches_an_inner_one_that_is_longer(self, ledger: HandLedger) -> None:
        """10 s inside 1 s: the Netflix bug."""
        ledger.call(0, operation="GET /profile", fake="profile", outcome="abandoned", took=10)
        ledger.call(11, operation="GET /home", fake="gateway", outcome="abandoned", took=1)
        inner, outer = ledger.ledger.calls_to("profile"), ledger.ledger.calls_to("gateway")

        assert verdict(assert_timeout_order, inner=inner, outer=outer) == (
            "the inner timeout of GET /profile (#1) is 10.000 s, not shorter than the outer GET /home (#2), 1.000 s"
        )
        assert "not shorter than the outer timeout, 1.000 s" in verdict(assert_timeout_order, inner=inner, outer=1)

    @pytest.mark.parametrize("outcome", ["open", "hung"])
    def test_catches_an_inner_one_that_is_waited_for_still(self, ledger: HandLedger, outcome: str) -> None:
        """The usual test: one call of the gateway, whose caller leaves first; nobody has to wait for the rest."""
        ledger.call(0, operation="GET /home", fake="gateway", outcome="abandoned", took=3)
        ledger.call(0, operation="GET /profile", fake="profile", outcome=outcome)
        ledger.at(3)
        inner, outer = ledger.ledger.calls_to("profile"), ledger.ledger.calls_to("gateway")

        assert verdict(assert_timeout_order, inner=inner, outer=outer) == (
            "the inner GET /profile (#2) is waited for still, although the outer GET /home (#1) was given up after "
            "3.000 s"
        )

    def test_an_inner_one_of_another_call_tells_nothing(self, ledger: HandLedger) -> None:
        """It began when the outer one was over."""
        ledger.call(0, fake="gateway", outcome="abandoned", took=3)
        ledger.call(4, fake="profile", outcome="open")
        inner, outer = ledger.ledger.calls_to("profile"), ledger.ledger.calls_to("gateway")

        assert nothing(assert_timeout_order, inner=inner, outer=outer) == "no inner call was given up"

    @pytest.mark.parametrize("answered", ["inner", "outer"])
    def test_nothing_to_check_if_one_was_not_given_up(self, ledger: HandLedger, answered: str) -> None:
        """Both timeouts have to be seen."""
        for fake in ("inner", "outer"):
            ledger.call(ledger.ledger.now(), fake=fake, took=1, outcome="answered" if fake == answered else "abandoned")
        calls = {fake: ledger.ledger.calls_to(fake) for fake in ("inner", "outer")}

        assert nothing(assert_timeout_order, **calls) == f"no {answered} call was given up"


class TestDeadlineShrinks:
    @staticmethod
    def attempts(ledger: HandLedger, *given: str | None, every: float = 1.0) -> None:
        for number, text in enumerate(given):
            headers = {} if text is None else {"X-Timeout": text}
            ledger.call(number * every, 503, headers=headers)

    def test_passes_if_each_attempt_is_given_what_is_left(self, ledger: HandLedger) -> None:
        """5 s, then 4 s, then 3 s."""
        self.attempts(ledger, "5", "4", "2.5")

        assert_deadline_shrinks(ledger.calls, header="X-Timeout")

    def test_catches_the_full_time_given_again(self, ledger: HandLedger) -> None:
        """The retry has the whole deadline once more."""
        self.attempts(ledger, "5", "5")

        said = verdict(assert_deadline_shrinks, ledger.calls, header="X-Timeout")

        assert said == "attempt 2 of GET /users (#2) has X-Timeout: 5 s, and 4.000 s are left of 5 s"

    def test_catches_an_attempt_without_a_deadline(self, ledger: HandLedger) -> None:
        """A header that only the first attempt has."""
        self.attempts(ledger, "5", None)

        said = verdict(assert_deadline_shrinks, ledger.calls, header="X-Timeout")

        assert said == "attempt 2 of GET /users (#2) has no X-Timeout, and 4.000 s are left of 5 s"

    def test_a_real_clock_is_given_150_ms(self, real: HandLedger) -> None:
        """Requests are read a little later than they are sent."""
        self.attempts(real, "5", "4.1")

        assert_deadline_shrinks(real.calls, header="X-Timeout")
        assert "has X-Timeout: 4.1 s" in verdict(
            assert_deadline_shrinks, real.calls, header="X-Timeout", tolerance=0.01
        )

    def test_nothing_to_check_without_a_retry(self, ledger: HandLedger) -> None:
        """One attempt cannot shrink."""
        self.attempts(ledger, "5")

        assert (
            nothing(assert_deadline_shrinks, ledger.calls, header="X-Timeout") == "no call with X-Timeout was retried"
        )

    def test_the_text_can_be_parsed_by_the_test(self, ledger: HandLedger) -> None:
        """Milliseconds, for example."""
        self.attempts(ledger, "5000 ms", "5000 ms")

        def milliseconds(text: str) -> float:
            return int(text.removesuffix(" ms")) / 1000

        with pytest.raises(ScriptingError, match="'5000 ms' is not a number of seconds"):
            assert_deadline_shrinks(ledger.calls, header="X-Timeout")
        assert "has X-Timeout: 5 s" in verdict(
            assert_deadline_shrinks, ledger.calls, header="X-Timeout", parse=milliseconds
        )

    @pytest.mark.parametrize(
        ("text", "seconds"),
        [("1H", 3600), ("2M", 120), ("3S", 3), ("100m", 0.1), ("5u", 5e-6), ("7n", 7e-9), (".5", 0.5)],
    )
    def test_grpc_timeouts_are_read(self, text: str, seconds: float) -> None:
        """All six units, and plain seconds."""
        assert read_timeout(text) == pytest.approx(seconds)
