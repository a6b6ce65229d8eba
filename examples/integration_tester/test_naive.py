"""What the naive tester does not see, and who does."""

from __future__ import annotations

import pytest

from examples.integration_tester.naive import IntegrationTester
from pytest_integrations import FakeRest, ResilienceError, assert_attempts, no_hang
from pytest_integrations.faults import corrupt_body, hang, latency, status

pytestmark = [
    pytest.mark.virtual_time,  # so that nobody waits for what never comes
    pytest.mark.no_faults,  # but those of the test
]


@pytest.fixture
def shop(fake_rest: FakeRest) -> FakeRest:
    for path in ("/stock", "/prices", "/orders", "/users"):
        fake_rest.get(path).reply(json={"fine": True})
    return fake_rest


@pytest.fixture
def tester(shop: FakeRest) -> IntegrationTester:
    tester = IntegrationTester(shop.url)
    for path in ("/stock", "/prices", "/orders", "/users"):
        tester.add(path.strip("/"), path)
    return tester


def test_an_error_page_passes(shop: FakeRest, tester: IntegrationTester) -> None:
    shop.inject(corrupt_body("html_error_page"), every=1)

    assert {result.status for result in tester.run()} == {"passed"}


def test_one_that_is_always_down_is_healthy_in_the_mean(shop: FakeRest, tester: IntegrationTester) -> None:
    shop.inject(status(503), where=lambda call: call.path == "/orders", every=1)
    tester.run()

    assert tester.health()["status"] == "healthy"


def test_one_that_is_slow_is_fast_in_the_mean(shop: FakeRest, tester: IntegrationTester) -> None:
    shop.inject(latency(20), where=lambda call: call.path == "/orders", every=1)
    tester.run()

    assert tester.health()["latency"] == pytest.approx(5, abs=0.1)


def test_its_own_retries_hide_what_its_users_meet(shop: FakeRest, tester: IntegrationTester) -> None:
    shop.inject(status(503), status(503))

    assert {result.status for result in tester.run()} == {"passed"}
    with pytest.raises(ResilienceError, match="expected exactly 1 attempt of GET /stock, saw 3"):
        assert_attempts(shop.calls.of("GET /stock"), exactly=1)


def test_one_that_hangs_ends_the_run(shop: FakeRest, tester: IntegrationTester) -> None:
    shop.inject(hang())

    with pytest.raises(ResilienceError, match="the block was not done after"), no_hang(shop.calls, limit=60):
        tester.run()
    assert tester.results == []
