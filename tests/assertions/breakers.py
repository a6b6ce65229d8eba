"""A breaker with bugs to choose from, and a client that calls a fake through it, both on a clock that stands still."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_integrations.assertions.client_calls import ClientCalls
from pytest_integrations.core.errors import NothingToCheck, ResilienceError
from tests.assertions.ledgers import HandLedger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Shed(Exception):
    """The breaker is open."""


class Failed(Exception):
    """The backend failed."""


class ToyBreaker:
    """Opens after so many failures in a row; `bugs` names what it does wrong."""

    def __init__(
        self, hand: HandLedger, *bugs: str, after: int = 3, recovery: float = 30.0, successes: int = 1
    ) -> None:
        self.hand = hand
        self.bugs = bugs
        self.after, self.recovery, self.successes = after, recovery, successes
        self.failures = self.probed = 0
        self.open_until: float | None = None

    def permits(self) -> bool:
        if self.open_until is None or "never opens" in self.bugs:
            return True
        if self.hand.ledger.now() >= self.open_until:
            return True
        if "shed calls restart the recovery" in self.bugs:
            self.open_until = self.hand.ledger.now() + self.recovery
        return False

    def record(self, failed: bool) -> None:  # noqa: FBT001 -- a toy
        half_open = self.open_until is not None
        if not failed:
            self.failures = 0
            self.probed += half_open
            if self.probed >= self.successes:
                self.open_until, self.probed = None, 0
            return
        self.failures += 1
        if "a failed probe does not open it again" in self.bugs and half_open:
            return
        if half_open or self.failures >= self.after:
            self.open_until, self.probed = self.hand.ledger.now() + self.recovery, 0


class ToyClient:
    """Calls through a breaker; each call takes the next answer, after its last one the same again."""

    def __init__(self, hand: HandLedger, breaker: ToyBreaker, *answers: int | str, took: float = 0.0) -> None:
        self.hand, self.breaker, self.took = hand, breaker, took
        self.answers = self._answers(answers)
        self.calls = ClientCalls(hand.ledger)
        self.operation = "GET /stock"
        self.shed_takes = 0.0
        self.counts: tuple[int | str, ...] = (500, 503, 429, "reset", "closed", "abandoned", "truncated")
        self.tries = 1

    @staticmethod
    def _answers(answers: tuple[int | str, ...]) -> Iterator[int | str]:
        yield from answers
        while True:
            yield answers[-1]

    def fetch(self) -> None:
        if not self.breaker.permits():
            self.hand.clock.sleep(self.shed_takes)
            raise Shed
        for _ in range(self.tries):
            answer = next(self.answers)
            self._ask(answer)
        self.breaker.record(answer in self.counts)
        if answer != 200:
            raise Failed(answer)

    def _ask(self, answer: int | str) -> None:
        how: dict[str, Any] = {"status": answer} if isinstance(answer, int) else {"status": None, "outcome": answer}
        self.hand.call(self.hand.ledger.now(), operation=self.operation, took=self.took, **how)

    def make(self, times: int, every: float = 0.0) -> ToyClient:
        self.calls.repeat(times, self.fetch, every=every)
        return self

    def wait(self, seconds: float) -> ToyClient:
        self.hand.clock.sleep(seconds)
        return self


SETTINGS: dict[str, Any] = {"after": 3, "recovery": 30}


def toy(*answers: int | str, bugs: tuple[str, ...] = (), took: float = 0.0, **settings: Any) -> ToyClient:
    hand = HandLedger()
    return ToyClient(hand, ToyBreaker(hand, *bugs, **settings), *answers, took=took)


def verdict(assertion: Callable[..., None], client: ToyClient, **settings: Any) -> str:
    """Return the first line of the failure."""
    with pytest.raises(ResilienceError) as caught:
        assertion(client.hand.calls, **{"demand": client.calls, **SETTINGS, **settings})
    assert not isinstance(caught.value, NothingToCheck), str(caught.value)
    return str(caught.value).partition("\n")[0]


def nothing(assertion: Callable[..., None], client: ToyClient, **settings: Any) -> str:
    with pytest.raises(NothingToCheck) as caught:
        assertion(client.hand.calls, **{"demand": client.calls, **SETTINGS, **settings})
    return str(caught.value).partition("\n")[0].removeprefix("nothing to check: ")
