"""What a breaker counts, ignores and leaves alone: clients that are wrong, right and silent."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_integrations.assertions.breaker_scope import (
    assert_breaker_counts,
    assert_breaker_ignores,
    assert_breaker_isolated,
)
from pytest_integrations.core.errors import NothingToCheck, ResilienceError, ScriptingError, UnknownName
from tests.assertions.breakers import ToyBreaker, ToyClient, toy
from tests.assertions.ledgers import HandLedger


class TestIgnores:
    def test_passes_when_every_call_arrives(self) -> None:
        """Eight 404s, and the breaker stays closed."""
        client = toy(404).make(8)

        assert_breaker_ignores(client.hand.calls, 404, times=5, demand=client.calls)
        assert_breaker_ignores(client.hand.calls, "4xx", times=5, demand=3)

    @pytest.mark.parametrize("times", [2, 5])
    def test_catches_a_breaker_that_counts_them(self, times: int) -> None:
        """Whether it opens before or after *times* of them."""
        client = toy(404)
        client.counts = (404,)
        client.make(8)

        with pytest.raises(ResilienceError, match="counts 404: after 3 of them, 5 calls by the client did not arrive"):
            assert_breaker_ignores(client.hand.calls, 404, times=times, demand=client.calls)

    def test_catches_it_by_numbers(self) -> None:
        """Fewer arrived than the test made."""
        client = toy(404)
        client.counts = (404,)
        client.make(8)

        with pytest.raises(ResilienceError, match="after 3 of them 0 of 5 further calls arrived"):
            assert_breaker_ignores(client.hand.calls, 404, times=3, demand=5)

    def test_nothing_to_check_with_too_few_answers_of_the_kind(self) -> None:
        """Two 404s are no reason to open."""
        client = toy(404, 404, 200).make(8)

        with pytest.raises(NothingToCheck, match="5 answers of the kind 404 in a row were to be ignored"):
            assert_breaker_ignores(client.hand.calls, 404, times=5, demand=client.calls)

    def test_nothing_to_check_without_a_call_afterwards(self) -> None:
        """The breaker could be open."""
        client = toy(404).make(5)

        with pytest.raises(NothingToCheck, match="the client made no call after 5 answers of the kind 404"):
            assert_breaker_ignores(client.hand.calls, 404, times=5, demand=client.calls)


class TestCounts:
    @pytest.mark.parametrize(
        ("answer", "kind"),
        [
            (503, 503),
            (502, "5xx"),
            ("reset", "reset"),
            ("closed", "closed"),
            ("abandoned", "timeout"),
            ("truncated",) * 2,
        ],
    )
    def test_passes_for_each_kind_that_opens_it(self, answer: int | str, kind: int | str) -> None:
        """One kind a test."""
        client = toy(answer)
        client.counts = (answer,)
        client.make(8)

        assert_breaker_counts(client.hand.calls, kind, after=3, demand=client.calls)

    def test_catches_a_kind_that_the_breaker_is_not_told_of(self) -> None:
        """The naive breaker that counts 503s and not the timeouts that it is for."""
        client = toy("abandoned", took=0.1)
        client.counts = (503,)
        client.make(8)

        with pytest.raises(
            ResilienceError, match="does not count timeout: after 3 failures in a row, 5 more calls arrived"
        ):
            assert_breaker_counts(client.hand.calls, "timeout", after=3, demand=client.calls)

    def test_a_function_of_the_call_can_tell_the_kind(self) -> None:
        """Slow answers, for example."""

        def slow(call: Any) -> bool:
            return call.ended - call.started > 1

        client = toy(200, took=2).make(8)

        with pytest.raises(ResilienceError, match="does not count slow"):
            assert_breaker_counts(client.hand.calls, slow, after=3, demand=client.calls)

    def test_an_answer_with_a_wrong_body_is_a_kind(self) -> None:
        """Whole, and not what it should be."""
        hand = HandLedger()
        for second in range(3):
            hand.call(second, spoiled=True)

        assert_breaker_counts(hand.calls, "spoiled", after=3, demand=1)

    def test_nothing_to_check_with_failures_of_another_kind(self) -> None:
        """Resets do not prove that 503s are counted."""
        client = toy("reset", 503, 503, 200).make(8)

        with pytest.raises(NothingToCheck, match="#1 failed in another way than 503"):
            assert_breaker_counts(client.hand.calls, 503, after=3, demand=client.calls)

    def test_nothing_to_check_with_too_few_failures(self) -> None:
        """Two are no reason to open."""
        with pytest.raises(NothingToCheck, match="at most 2 failures in a row"):
            assert_breaker_counts(toy(503, 503, 200).make(8).hand.calls, 503, after=3, demand=5)

    def test_a_word_that_is_no_kind_is_refused_with_a_guess(self) -> None:
        """A typo must not look like a kind that never comes."""
        with pytest.raises(UnknownName, match="Did you mean 'timeout'"):
            assert_breaker_counts(toy(503).make(8).hand.calls, "timeouts", after=3, demand=5)


class TestIsolated:
    @staticmethod
    def two(*, shared: bool) -> tuple[HandLedger, ToyClient]:
        """Let writing fail, then read five times, with a breaker for both or one each."""
        hand = HandLedger()
        writing = ToyBreaker(hand)
        writer, reader = ToyClient(hand, writing, 503), ToyClient(hand, writing if shared else ToyBreaker(hand), 200)
        writer.operation = "POST /users"
        reader.operation = "GET /users"
        writer.make(5)
        reader.make(5)
        return hand, reader

    def test_passes_with_a_breaker_each(self) -> None:
        """Reading goes on while writing is shed."""
        hand, reader = self.two(shared=False)

        for demand in (reader.calls, 5):
            assert_breaker_isolated(hand.calls, opened="POST /users", admitted="GET /users", after=3, demand=demand)

    def test_catches_a_shared_breaker(self) -> None:
        """Reading is shed because writing fails."""
        hand, reader = self.two(shared=True)

        for demand in (reader.calls, 5):
            with pytest.raises(
                ResilienceError, match=r"breaker of POST /users sheds GET /users too: 5 of 5 calls to it did not arrive"
            ):
                assert_breaker_isolated(hand.calls, opened="POST /users", admitted="GET /users", after=3, demand=demand)

    def test_things_can_be_told_apart_by_a_header(self) -> None:
        """A breaker for each tenant."""
        hand = HandLedger()
        for second in range(3):
            hand.call(second, 503, headers={"X-Tenant": "one"})
        hand.call(4, 200, headers={"X-Tenant": "two"})

        assert_breaker_isolated(hand.calls, opened="one", admitted="two", after=3, demand=1, by="header:X-Tenant")

    def test_nothing_to_check_if_the_first_breaker_did_not_open(self) -> None:
        """Without an open breaker there is nothing to be spared from."""
        hand = HandLedger()
        hand.call(0, 503, "POST /users")
        hand.call(1, 200)

        with pytest.raises(NothingToCheck, match="POST /users saw at most 1 failure"):
            assert_breaker_isolated(hand.calls, opened="POST /users", admitted="GET /users", after=3, demand=1)

    def test_nothing_to_check_if_the_second_was_not_tried(self) -> None:
        """The client has to call it meanwhile."""
        hand, _ = self.two(shared=False)

        with pytest.raises(NothingToCheck, match="did not try GET /orders"):
            assert_breaker_isolated(hand.calls, opened="POST /users", admitted="GET /orders", after=3, demand=0)

    def test_one_thing_cannot_be_isolated_from_itself(self) -> None:
        """A slip in the test is refused."""
        with pytest.raises(ScriptingError, match="both 'GET /users'"):
            assert_breaker_isolated(HandLedger().calls, opened="GET /users", admitted="GET /users", after=3, demand=1)
