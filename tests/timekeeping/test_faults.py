"""The fakes follow the virtual clock with no clock code of their own."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import httpx
import pytest
import requests

from pytest_integrations.faults import (
    bandwidth,
    connection_refused,
    connection_reset,
    dribble,
    hang,
    latency,
    rate_limit,
    slow_read,
    status,
    truncate_body,
)

if TYPE_CHECKING:
    from pytest_integrations import FakeRest
    from pytest_integrations.timekeeping import VirtualClock


def get(fake: FakeRest, timeout: float = 5) -> int | str:
    try:
        return requests.get(fake.url + "/", timeout=timeout).status_code
    except requests.RequestException as error:
        return type(error).__name__


def test_hang(shop: FakeRest, virtual_clock: VirtualClock) -> None:
    shop.inject(hang(), hang(3))

    assert get(shop) == "ReadTimeout"
    assert virtual_clock.now == 5.0
    assert get(shop) == "ConnectionError"
    assert virtual_clock.now == 8.0
    assert [call.end for call in shop.calls] == [5.0, 8.0]


def test_dribble(shop: FakeRest, virtual_clock: VirtualClock) -> None:
    """A timeout for each read never fires, one for the whole call would."""
    shop.get("/").reply(body=bytes(100))
    shop.inject(dribble(chunks=10, duration=20), dribble(chunks=2, duration=20))

    assert get(shop) == 200
    assert virtual_clock.now == 20.0
    assert get(shop) == "ConnectionError"  # the read timed out in the middle of the body
    assert virtual_clock.now == 25.0


def test_bandwidth(shop: FakeRest, virtual_clock: VirtualClock) -> None:
    """A hundred pieces; there is a rest between two of them, none after the last."""
    shop.get("/").reply(body=bytes(10_000))
    shop.inject(bandwidth(10))

    assert get(shop) == 200
    assert virtual_clock.now == pytest.approx(1.0, abs=0.05)


def test_slow_read(shop: FakeRest, virtual_clock: VirtualClock) -> None:
    shop.put("/").reply(204)
    shop.inject(slow_read(1000))

    assert requests.put(shop.url + "/", data=bytes(3000), timeout=10).status_code == 204
    assert virtual_clock.now == 3.0


def test_windows_of_a_rate_limit(shop: FakeRest) -> None:
    shop.inject(rate_limit(2, 10.0), every=1)

    seen = []
    for _ in range(5):
        seen += [get(shop), get(shop), get(shop)]
        time.sleep(5)

    assert seen.count(200) == 6
    assert seen[:3] == [200, 200, 429]


def test_after_and_during(shop: FakeRest) -> None:
    shop.inject(status(503), after=10, during=20, every=1)
    seen = {}
    for _ in range(7):
        seen[shop.ledger.now()] = get(shop)
        time.sleep(5)

    assert seen == {0: 200, 5: 200, 10: 503, 15: 503, 20: 503, 25: 503, 30: 200}


def test_an_outage_of_the_port(shop: FakeRest) -> None:
    shop.inject(connection_refused(), after=10, during=20)
    seen = {}
    for _ in range(4):
        seen[shop.ledger.now()] = get(shop)
        time.sleep(9.999)

    assert seen == {0: 200, 9.999: 200, 19.998: "ConnectionError", 29.997: "ConnectionError"}
    time.sleep(0.01)
    assert get(shop) == 200


def test_cuts_take_no_time(shop: FakeRest, virtual_clock: VirtualClock) -> None:
    """Waiting for the kernel to acknowledge what goes before a reset is not waiting in virtual time."""
    shop.get("/").reply(body=bytes(20_000))
    with httpx.Client(timeout=5) as client:
        client.get(shop.url + "/")
        for fault in (connection_reset(), connection_reset(at="mid_body"), truncate_body(fraction=0.5)):
            shop.inject(fault)
            with pytest.raises(httpx.TransportError):
                client.get(shop.url + "/")

    assert virtual_clock.now == 0.0


def test_an_answer_that_comes_after_the_client_has_left(shop: FakeRest, virtual_clock: VirtualClock) -> None:
    shop.inject(latency(30))

    assert get(shop) == "ReadTimeout"
    virtual_clock.sleep(60)

    assert shop.calls[0].gone == 5.0
