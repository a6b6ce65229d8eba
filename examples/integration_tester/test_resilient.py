"""The table of cases, with faults of its own, and under every profile."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from examples.integration_tester import resilient
from examples.synchronous.resilient import ServiceError

if TYPE_CHECKING:
    from pytest_integrations import FakeRest, VirtualClock
    from pytest_integrations.tester import IntegrationTester

pytestmark = pytest.mark.virtual_time  # so that nobody waits for timeouts of 30 s


@pytest.mark.no_faults  # but those of the cases, whose numbers are exact
def test_the_shop(fake_rest: FakeRest, integration_tester: IntegrationTester) -> None:
    resilient.script(fake_rest)
    resilient.add_cases(integration_tester)

    results = integration_tester.run(resilient.client(fake_rest))

    assert [result.status for result in results] == ["passed"] * 7
    assert results.health().status == "healthy"


PROFILES = ("calm", "slow", "flaky", "lossy", "rate-limited", "outage", "brownout", "hostile")


@pytest.mark.fault_profile(*PROFILES)
def test_in_all_weathers_it_is_the_answer_or_the_error(
    fake_rest: FakeRest, integration_tester: IntegrationTester, virtual_clock: VirtualClock
) -> None:
    resilient.script(fake_rest)
    client = resilient.client(fake_rest)

    def left(_case: int) -> Any:
        virtual_clock.sleep(20)
        try:
            return client.get("/stock")
        except ServiceError:
            return "not now"

    for number in range(10):
        integration_tester.add(
            f"page {number}", request=number, expect=lambda answer: answer in ({"left": 3}, "not now"), within=120
        )

    assert integration_tester.run(left).health().status == "healthy"
