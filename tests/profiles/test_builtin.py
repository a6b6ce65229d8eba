"""Each profile that comes with the package does what its description says."""

from __future__ import annotations

import http.client
from contextlib import closing, suppress

import pytest

from pytest_integrations import FakeRest, profiles
from pytest_integrations.core.registry import Registry
from pytest_integrations.core.seed import Seed
from pytest_integrations.profiles import BUILT_IN, Profile

CALLS = 300
REGISTRY = Registry[Profile]("fault profile", BUILT_IN)


def _ask(client: http.client.HTTPConnection) -> None:
    with suppress(OSError, http.client.HTTPException):
        client.request("GET", "/")
        client.getresponse().read()


def _faults(name: str, calls: int = CALLS) -> dict[str, int]:
    """Return how often each fault of a profile happened, and how many calls had none."""
    with FakeRest(seed=Seed(7, "test")) as fake:
        fake.get("/").reply(json={"id": 7})
        profiles.apply(name, fake)
        for _ in range(calls):
            with closing(http.client.HTTPConnection("127.0.0.1", fake.port, timeout=0.2)) as client:
                _ask(client)
        found = [call.fault.name if call.fault else "none" for call in fake.calls]
    return {fault: found.count(fault) for fault in found}


@pytest.mark.parametrize("name", BUILT_IN)
def test_it_is_registered_by_its_name_and_described(name: str) -> None:
    profile = REGISTRY.get(name)

    assert profile.name == name
    assert profile.description.endswith(".")
    assert bool(profile.rules) == (name != "calm")


def test_calm() -> None:
    assert _faults("calm", 20) == {"none": 20}


def test_slow() -> None:
    (rule,) = REGISTRY.get("slow").rules
    assert repr(rule.faults[0]) == "latency(lognormal=(0.3, 0.6, 3.0))"


def test_lossy() -> None:
    seen = _faults("lossy")
    assert seen.keys() >= {"connection_reset", "truncate_body", "lost_response", "stale_keepalive", "none"}
    assert seen["none"] > CALLS * 0.75


def test_rate_limited() -> None:
    seen = _faults("rate-limited", 10)
    assert seen["rate_limit"] >= 4


def test_outage() -> None:
    assert _faults("outage", 3) == {}


def test_hostile() -> None:
    seen = _faults("hostile")
    assert len(seen) >= 9
    assert CALLS * 0.4 < seen["none"] < CALLS * 0.7


def test_the_rates_of_flaky_and_brownout() -> None:
    for name, rates in {"flaky": [0.05, 0.02, None], "brownout": [0.33, 0.05, None]}.items():
        assert [rule.when.get("probability") for rule in REGISTRY.get(name).rules] == rates
