"""Whether a breaker comes back: a wrong client caught, a right one passing, and one with nothing to judge."""

from __future__ import annotations

import pytest

from pytest_integrations.assertions.breaker_recovery import (
    assert_breaker_closes,
    assert_breaker_reopens,
    assert_half_open_probes,
)
from pytest_integrations.core.errors import ScriptingError
from tests.assertions.breakers import SETTINGS, ToyClient, nothing, toy, verdict


class TestReopens:
    def test_passes_when_a_failed_probe_opens_it_again(self) -> None:
        """One probe each 30 s, all others shed."""
        client = toy(503).make(8).wait(30).make(5)

        assert_breaker_reopens(client.hand.calls, **SETTINGS, demand=client.calls)

    def test_catches_a_breaker_that_stays_half_open(self) -> None:
        """After a failed probe, calls go on to arrive."""
        client = toy(503, bugs=("a failed probe does not open it again",)).make(3).wait(30).make(5)

        said = verdict(assert_breaker_reopens, client)

        assert said == "the breaker did not open again after the probe #4 failed: 4 more calls arrived within 30 s"

    def test_a_growing_recovery_is_judged_by_its_growth(self) -> None:
        """30 s again is too short where 60 s are due."""
        client = toy(503).make(3).wait(30).make(2).wait(30).make(1)

        assert_breaker_reopens(client.hand.calls, **SETTINGS, demand=client.calls)
        assert verdict(assert_breaker_reopens, client, growth=2) == (
            "the breaker opened again, but let #5 through after 30.000 s; it should stay open for 60 s"
        )

    def test_nothing_to_check_if_no_probe_failed(self) -> None:
        """A probe that succeeds opens nothing."""
        client = toy(503, 503, 503, 200).make(3).wait(30).make(5)

        assert nothing(assert_breaker_reopens, client) == "no probe failed, of 1 probe"

    def test_nothing_to_check_without_a_probe(self) -> None:
        """The recovery has to pass first."""
        assert "there was no probe" in nothing(assert_breaker_reopens, toy(503).make(8))

    def test_nothing_to_check_without_calls_after_the_failed_probe(self) -> None:
        """The probe was the last call."""
        said = nothing(assert_breaker_reopens, toy(503).make(3).wait(30).make(1))

        assert said == "the client made no call after the probe #4 failed"


class TestCloses:
    def test_passes_under_steady_demand(self) -> None:
        """Shed calls each second do not keep it open."""
        client = toy(503, 503, 503, 200).make(60, every=1)

        assert_breaker_closes(client.hand.calls, **SETTINGS, demand=client.calls)

    def test_catches_shed_calls_that_restart_the_recovery(self) -> None:
        """A busy client never comes back."""
        client = toy(503, 503, 503, 200, bugs=("shed calls restart the recovery",)).make(60, every=1)

        said = verdict(assert_breaker_closes, client)

        assert said == (
            "the breaker is still open 57.000 s after it opened, and should try again after 30 s: "
            "27 calls did not arrive"
        )

    def test_catches_a_breaker_that_sheds_after_the_good_probe(self) -> None:
        """One good probe should close it, and it asks for more."""
        client = toy(503, 503, 503, 200).make(3).wait(30).make(1)
        client.breaker.open_until = client.hand.ledger.now() + 5
        client.make(4)

        said = verdict(assert_breaker_closes, client)

        assert said == (
            "the breaker did not close after the successful probe #4: 4 of the next 4 calls did not arrive "
            "(4 x Shed in 0.000 s)"
        )

    def test_a_number_of_calls_that_did_not_arrive_is_caught(self) -> None:
        """Where the test only tells how many it made."""
        client = toy(503, 503, 503, 200).make(3).wait(30).make(3)

        assert_breaker_closes(client.hand.calls, **SETTINGS, demand=2)
        assert "1 of the next 3 calls did not arrive" in verdict(assert_breaker_closes, client, demand=3)

    def test_several_good_probes_can_be_asked_for(self) -> None:
        """With successes=2, a breaker that closes at the first is not yet judged at the first."""
        client = toy(503, 503, 503, 200, successes=2).make(3).wait(30).make(5)

        assert_breaker_closes(client.hand.calls, **SETTINGS, demand=client.calls, successes=2)

    def test_nothing_to_check_if_no_probe_succeeded(self) -> None:
        """A fake that stays down closes nothing."""
        said = nothing(assert_breaker_closes, toy(503).make(3).wait(30).make(5))

        assert said == "not enough probes succeeded to close the breaker, of 1 probe"

    def test_nothing_to_check_without_calls_after_the_good_probe(self) -> None:
        """Whether it closed shows only at the next call."""
        said = nothing(assert_breaker_closes, toy(503, 503, 503, 200).make(3).wait(30).make(1))

        assert said == "the client made no call after the breaker should have closed"

    def test_nothing_to_check_if_the_client_waits_in_vain(self) -> None:
        """No call after the recovery, no probe."""
        assert "there was no probe" in nothing(assert_breaker_closes, toy(503).make(8))


class TestProbes:
    @staticmethod
    def probed(starts: tuple[float, ...], took: float = 1.0) -> ToyClient:
        """Open the breaker at 2 s; then calls that arrive at *starts*."""
        client = toy(503).make(3, every=1)
        for start in starts:
            client.hand.call(start, took=took)
        return client

    def test_passes_with_one_probe_until_it_has_ended(self) -> None:
        """The second comes when the first is over."""
        client = self.probed((32, 33.5))

        assert_half_open_probes(client.hand.calls, **SETTINGS, demand=5)

    def test_catches_more_probes_than_are_allowed(self) -> None:
        """Two more while the first is under way."""
        client = self.probed((32, 32.1, 32.2, 40))

        assert verdict(assert_half_open_probes, client, demand=5, n=2) == (
            "the half-open breaker let 3 calls through before the first probe had ended; 2 are allowed"
        )
        assert_half_open_probes(client.hand.calls, **SETTINGS, demand=5, n=3)

    def test_nothing_to_check_with_as_many_callers_as_are_allowed(self) -> None:
        """It takes one more."""
        said = nothing(assert_half_open_probes, self.probed((32,)), demand=2, n=2)

        assert said == "only 2 calls by the client were under way with a probe; it takes more than 2"

    def test_nothing_to_check_without_a_probe(self) -> None:
        """Not before the recovery is over, and not without failures."""
        assert "there was no probe" in nothing(assert_half_open_probes, toy(503).make(5))
        assert "the fake saw no failure" in nothing(assert_half_open_probes, toy(200).make(5))

    def test_a_probe_that_no_recorded_call_made_has_no_rivals(self) -> None:
        """A background refresh, say: the recorder does not know who came with it."""
        assert "only 0 calls by the client" in nothing(assert_half_open_probes, self.probed((32,)))

    def test_at_least_one_probe_has_to_be_allowed(self) -> None:
        """A breaker that lets none through never comes back."""
        with pytest.raises(ScriptingError, match="n=0"):
            assert_half_open_probes(toy(503).make(5).hand.calls, **SETTINGS, demand=5, n=0)
