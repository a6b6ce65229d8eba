"""Whether a breaker opens and sheds: a wrong client caught, a right one passing, and one with nothing to judge."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_integrations.assertions.breaker import assert_breaker_opens, assert_breaker_sheds
from pytest_integrations.assertions.breaker_trip import failure_ratio
from pytest_integrations.assertions.client_calls import ClientCalls
from pytest_integrations.core.errors import ResilienceError, ScriptingError
from tests.assertions.breakers import SETTINGS, Failed, Shed, ToyBreaker, ToyClient, nothing, toy, verdict
from tests.assertions.ledgers import HandLedger


class TestOpens:
    def test_passes_when_nothing_arrives_after_the_failure_that_opens_it(self) -> None:
        """Three failures, five shed calls: the breaker opened after 3."""
        client = toy(503).make(8)

        assert_breaker_opens(client.hand.calls, **SETTINGS, demand=client.calls)

    def test_passes_with_the_number_of_calls_that_the_test_made(self) -> None:
        """A test that does not record its calls says how many it made after the last failure."""
        client = toy(503).make(8)

        assert_breaker_opens(client.hand.calls, **SETTINGS, demand=5)

    @pytest.mark.parametrize("demand", [None, 5])
    def test_catches_a_breaker_that_never_opens(self, demand: int | None) -> None:
        """All calls arrive: the verdict counts those that should not have."""
        client = toy(503, bugs=("never opens",)).make(8)

        said = verdict(assert_breaker_opens, client, demand=demand or client.calls)

        assert said == "the breaker did not open after 3 failures in a row: 5 more calls arrived within 30 s"

    def test_catches_one_that_opens_one_failure_too_late(self) -> None:
        """The off-by-one of many breakers: open after the fourth instead of the third."""
        said = verdict(assert_breaker_opens, toy(503, after=4).make(8))

        assert said == "the breaker opened 1 call too late: not after 3 failures in a row, but after #4"

    def test_catches_one_that_opens_too_early(self) -> None:
        """Calls denied after the second failure are not mistaken for too few failures."""
        said = verdict(assert_breaker_opens, toy(503, after=2).make(8))

        assert said == (
            "the breaker opened too early, at #2, not after 3 failures in a row: 6 calls by the client did not arrive"
        )

    def test_catches_a_recovery_that_is_too_short(self) -> None:
        """A call that comes through after 10 s of 30 is named with its time."""
        said = verdict(assert_breaker_opens, toy(503, recovery=10).make(20, every=1))

        assert said == "the breaker opened, but let #4 through after 10.000 s; it should stay open for 30 s"

    def test_a_success_begins_the_count_anew(self) -> None:
        """Two failures, a success and two failures are not three in a row."""
        said = nothing(assert_breaker_opens, toy(503, 503, 200, 503, 503, 200).make(8))

        assert said == "the breaker should open after 3 failures in a row, and the fake saw at most 2 failures in a row"

    def test_nothing_to_check_without_failures(self) -> None:
        """A healthy fake opens no breaker."""
        said = nothing(assert_breaker_opens, toy(200).make(8))

        assert said == "the breaker should open after 3 failures in a row, and the fake saw no failure"

    @pytest.mark.parametrize("demand", [None, 0])
    def test_nothing_to_check_if_the_client_stops_at_the_last_failure(self, demand: int | None) -> None:
        """A client that makes no further call would look like an open breaker."""
        client = toy(503, bugs=("never opens",)).make(3)

        said = nothing(assert_breaker_opens, client, demand=client.calls if demand is None else demand)

        assert said == "the client made no call after #3, which had to open the breaker"

    def test_calls_after_the_recovery_are_no_leaks(self) -> None:
        """A probe may come from the end of the recovery on, 5 ms less on a real clock."""
        hand = HandLedger(exact=False)
        client = ToyClient(hand, ToyBreaker(hand, recovery=29.996), 503).make(8).wait(29.996).make(1)

        assert_breaker_opens(client.hand.calls, **SETTINGS, demand=client.calls)

    def test_a_call_before_the_recovery_is_a_leak_on_an_exact_clock(self) -> None:
        """On a virtual clock a millisecond too early is too early."""
        client = toy(503, recovery=29.999).make(8).wait(29.999).make(1)

        assert "let #4 through after 29.999 s" in verdict(assert_breaker_opens, client)

    def test_each_opening_is_judged(self) -> None:
        """A breaker that works once and leaks the second time is caught."""
        client = toy(503, 503, 503, 200, 503).make(6).wait(30).make(2)
        client.breaker.bugs = ("never opens",)
        client.make(8)

        assert "did not open after 3 failures in a row" in verdict(assert_breaker_opens, client)

    def test_attempts_inside_the_breaker_count_once(self) -> None:
        """With two attempts per call, three failed calls are six rows."""
        client = toy(503)
        client.tries = 2
        client.make(8)

        assert len(client.hand.calls) == 6
        assert_breaker_opens(client.hand.calls, **SETTINGS, demand=client.calls, retries_inside=True)

    def test_rows_of_one_client_call_hint_at_retries_inside(self) -> None:
        """Who forgets to say so is told."""
        client = toy(503)
        client.tries = 2
        client.make(8)

        with pytest.raises(ResilienceError, match="retries_inside=True") as caught:
            assert_breaker_opens(client.hand.calls, **SETTINGS, demand=client.calls)

        text = " ".join(str(caught.value).split())
        assert "Look for an off-by-one" in text  # it may be that as well
        assert "3 failures in a row; 1 of 6 calls by the client arrived (3 attempts)" in text

    def test_attempts_are_told_by_blocks_where_the_demand_is_a_number(self) -> None:
        """Without recorded calls, logical calls come from the ledger."""
        hand = HandLedger()
        for block in (1, 2, 3):
            hand.call(block, 503, block=block)
            hand.call(block + 0.1, 503, block=block)

        assert_breaker_opens(hand.calls, **SETTINGS, demand=4, retries_inside=True)

    def test_what_counts_as_a_failure_can_be_chosen(self) -> None:
        """A function of the call decides; None counts neither way."""
        hand = HandLedger()
        for second, status in enumerate([404, 503, 404, 404]):
            hand.call(second, status)

        def missing(call: Any) -> bool | None:
            return None if call.status == 503 else call.status == 404

        assert_breaker_opens(hand.calls, **SETTINGS, demand=2, failure=missing)

    def test_a_client_that_gave_up_and_kept_its_socket_has_failed(self) -> None:
        """The fake still holds the answer; that the client's call is back tells the end."""
        client = toy("open", took=1)
        client.counts = ("open",)
        client.make(8)

        assert_breaker_opens(client.hand.calls, **SETTINGS, demand=client.calls)

    def test_a_share_begins_anew_when_the_breaker_closes(self) -> None:
        """Failures from before are not held against it."""
        hand = HandLedger()
        for at, status in ((0, 503), (1, 503), (40, 200), (41, 503), (42, 200), (43, 503)):
            hand.call(at, status)
        rule = failure_ratio(0.6, min_calls=2)

        assert_breaker_opens(hand.calls, after=rule, recovery=30, demand=1)

    def test_a_share_of_failures_opens_it(self) -> None:
        """Half of at least four calls: open with the fourth."""
        hand = HandLedger()
        for status in (200, 503, 200, 503):
            hand.call(hand.ledger.now() + 1, status)

        assert_breaker_opens(hand.calls, after=failure_ratio(0.5, min_calls=4), recovery=30, demand=4)

    def test_a_share_looks_at_its_window_alone(self) -> None:
        """Old successes outside the window do not dilute the share."""
        hand = HandLedger()
        for second in range(10):
            hand.call(second, 200)
        hand.call(100, 503)
        hand.call(101, 503)
        hand.call(102, 200)
        rule = failure_ratio(1.0, min_calls=2, window=30)

        with pytest.raises(
            ResilienceError, match="did not open after 100% failures of the calls in 30 s, of at least 2"
        ):
            assert_breaker_opens(hand.calls, after=rule, recovery=30, demand=1)

    def test_a_share_looks_at_its_last_calls_alone(self) -> None:
        """A count-based window forgets what came before."""
        hand = HandLedger()
        for second, status in enumerate([200] * 9 + [503, 503]):
            hand.call(second, status)

        assert_breaker_opens(hand.calls, after=failure_ratio(0.5, min_calls=4, last=4), recovery=30, demand=2)

    def test_nothing_to_check_below_the_share(self) -> None:
        """The highest share that was reached is told."""
        client = toy(503, 200).make(5)

        said = nothing(assert_breaker_opens, client, after=failure_ratio(0.5, min_calls=4))

        assert said.endswith("and the fake saw at most 100% failures, of 1 calls")

    @pytest.mark.parametrize(
        "wrong",
        [
            {"after": 0},
            {"recovery": 0},
            {"demand": -1},
            {"demand": ClientCalls(HandLedger().ledger)},
        ],
    )
    def test_settings_that_no_breaker_has_are_refused(self, wrong: dict[str, Any]) -> None:
        """A wrong setting is an error of the test, not of the client."""
        client = toy(503).make(8)

        with pytest.raises(ScriptingError, match=next(iter(wrong))):
            assert_breaker_opens(client.hand.calls, **{**SETTINGS, "demand": client.calls, **wrong})

    @pytest.mark.parametrize(
        "wrong", [{"ratio": 0}, {"ratio": 1.1}, {"min_calls": 0}, {"window": 0}, {"last": 5, "min_calls": 10}]
    )
    def test_a_share_that_makes_no_sense_is_refused(self, wrong: dict[str, Any]) -> None:
        """failure_ratio() checks its numbers."""
        with pytest.raises(ScriptingError, match=next(iter(wrong))):
            failure_ratio(**{"ratio": 0.5, "min_calls": 4, **wrong})

    def test_the_failure_shows_the_state_the_leak_and_a_way_out(self) -> None:
        """The whole message, as it is read."""
        client = toy(503, bugs=("never opens",)).make(5, every=0.5)

        with pytest.raises(ResilienceError) as caught:
            assert_breaker_opens(client.hand.calls, **SETTINGS, demand=client.calls)

        assert str(caught.value) == MESSAGE


MESSAGE = """\
the breaker did not open after 3 failures in a row: 2 more calls arrived within 30 s
  fake_rest  5 calls on 1 connection, 2.00 s
  #1  0.000 s            conn 1         GET /stock  x 503
  #2  0.500 s  +0.500 s  conn 1 reused  GET /stock  x 503
  #3  1.000 s  +0.500 s  conn 1 reused  GET /stock  x 503
  -- should be open, 1.000 s to 31.000 s: 3 failures in a row; 2 of 2 calls by the client arrived
  #4  1.500 s  +0.500 s  conn 1 reused  GET /stock  x 503
               ^ arrived 0.500 s after #3, which had to open the breaker
  #5  2.000 s  +0.500 s  conn 1 reused  GET /stock  x 503

The client made 5 calls: 5 arrived, 0 did not.
A breaker that lets calls through while it is open keeps hammering a backend that is down, and lets
every caller wait for the failure.
-> Check that the breaker wraps the call that fails, that it counts this kind of failure (3 x 503),
   and that all callers share one breaker."""


class TestSheds:
    def test_passes_when_shed_calls_fail_fast_with_the_declared_error(self) -> None:
        """Nothing arrives, nobody waits, the error is the breaker's own."""
        client = toy(503).make(8)

        assert_breaker_sheds(client.hand.calls, **SETTINGS, demand=client.calls, raises=Shed)

    def test_catches_shed_calls_that_wait(self) -> None:
        """A backoff around the breaker makes every shed call slow."""
        client = toy(503)
        client.shed_takes = 2.0

        said = verdict(assert_breaker_sheds, client.make(8))

        assert said == "5 shed calls of 5 did not fail fast: the slowest took 2.000 s, and 0 s is the limit"

    def test_the_limit_is_50_ms_on_a_real_clock(self) -> None:
        """A busy machine is not blamed for milliseconds."""
        hand = HandLedger(exact=False)
        client = ToyClient(hand, ToyBreaker(hand), 503)
        client.shed_takes = 0.04

        assert_breaker_sheds(client.make(8).hand.calls, **SETTINGS, demand=client.calls)
        assert "0.01 s is the limit" in verdict(assert_breaker_sheds, client, fast=0.01)

    def test_catches_another_error_than_the_declared_one(self) -> None:
        """A shed call that looks like a failed one is caught, with both names."""
        said = verdict(assert_breaker_sheds, toy(503).make(8), raises=(Failed, KeyError))

        assert said == "5 shed calls of 5 ended in Shed, not in Failed or KeyError"

    def test_catches_leaks_above_the_allowed_number(self) -> None:
        """`leak=1` lets one pass, not two."""
        client = toy(503, after=5).make(9)

        assert "2 calls too late" in verdict(assert_breaker_sheds, client, leak=1)
        assert_breaker_sheds(client.hand.calls, **SETTINGS, demand=client.calls, leak=2)

    def test_nothing_to_check_without_an_open_breaker(self) -> None:
        """Two failures shed nothing."""
        assert "should open after 3" in nothing(assert_breaker_sheds, toy(503, 503, 200).make(8))

    def test_nothing_to_check_without_calls_meanwhile(self) -> None:
        """A client that stops is not a breaker that sheds."""
        said = nothing(assert_breaker_sheds, toy(503).make(3))

        assert said == "the client made no call while the breaker should be open"

    def test_a_number_cannot_tell_latencies_and_errors(self) -> None:
        """The client's side has to be recorded."""
        with pytest.raises(ScriptingError, match="ClientCalls"):
            assert_breaker_sheds(toy(503).make(8).hand.calls, **SETTINGS, demand=5)  # type: ignore[arg-type]
