"""Libraries for retries and circuit breakers, as they are."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import circuitbreaker
import pybreaker
import pytest
import requests
import stamina
import tenacity

from pytest_integrations.faults import status

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_integrations import FakeRest
    from pytest_integrations.timekeeping import VirtualClock

    Gaps = Callable[[], list[float]]


def get(fake: FakeRest) -> int:
    answer = requests.get(fake.url + "/", timeout=5)
    answer.raise_for_status()
    return answer.status_code


def test_tenacity(shop: FakeRest, gaps: Gaps) -> None:
    shop.inject(status(503), times=4)
    retry = tenacity.retry(wait=tenacity.wait_exponential(multiplier=1, max=60), stop=tenacity.stop_after_attempt(6))

    assert retry(get)(shop) == 200
    assert gaps() == [1, 2, 4, 8]


def test_tenacity_gives_up_after_a_delay(shop: FakeRest, virtual_clock: VirtualClock) -> None:
    shop.inject(status(503), every=1)
    retry = tenacity.retry(wait=tenacity.wait_fixed(3), stop=tenacity.stop_after_delay(30), reraise=True)

    with pytest.raises(requests.HTTPError):
        retry(get)(shop)

    assert virtual_clock.now == 30.0
    assert len(shop.calls) == 11


def test_stamina(shop: FakeRest, gaps: Gaps) -> None:
    shop.inject(status(503), times=3)
    retry = stamina.retry(on=requests.HTTPError, attempts=5, wait_initial=0.1, wait_jitter=0, timeout=60)

    assert retry(get)(shop) == 200
    assert gaps() == [0.1, 0.2, 0.4]


def drive(call: Callable[[], object], is_open: type[Exception]) -> list[str]:
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


def test_pybreaker_recovers_at_its_second(shop: FakeRest) -> None:
    shop.inject(status(503), times=3)
    breaker = pybreaker.CircuitBreaker(fail_max=3, reset_timeout=30)

    seen = drive(lambda: breaker.call(get, shop), pybreaker.CircuitBreakerError)

    assert seen == ["failed", "failed", "shed", "shed", "shed", "ok", "ok"]  # the third failure is told as the opening
    assert [call.started for call in shop.calls] == [0, 0, 0, 30, 30]


def test_circuitbreaker_recovers_at_its_second(shop: FakeRest) -> None:
    shop.inject(status(503), times=3)
    guarded = circuitbreaker.CircuitBreaker(failure_threshold=3, recovery_timeout=30)(get)

    seen = drive(lambda: guarded(shop), circuitbreaker.CircuitBreakerError)

    assert seen == ["failed", "failed", "failed", "shed", "shed", "ok", "ok"]
    assert [call.started for call in shop.calls] == [0, 0, 0, 30, 30]
