"""Synchronous HTTP clients over real sockets: what they wait is exact, and takes no time."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import TYPE_CHECKING

import httpx
import pytest
import requests
import urllib3

from pytest_integrations import assert_backoff, assert_respects_retry_after, assert_times_out, exponential
from pytest_integrations.faults import hang, latency, rate_limited, status, unavailable

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_integrations import FakeRest
    from pytest_integrations.plugin.factory import Fakes
    from pytest_integrations.timekeeping import VirtualClock

    Gaps = Callable[[], list[float]]


def session(total: int = 5, factor: float = 1.0) -> requests.Session:
    retries = urllib3.Retry(total=total, backoff_factor=factor, status_forcelist=[429, 503])
    made = requests.Session()
    for scheme in ("http://", "https://"):
        made.mount(scheme, requests.adapters.HTTPAdapter(max_retries=retries))
    return made


def test_urllib3_backs_off_exactly(shop: FakeRest, gaps: Gaps, virtual_clock: VirtualClock) -> None:
    shop.inject(status(503), times=3)
    retries = urllib3.Retry(total=5, backoff_factor=1, status_forcelist=[503])
    with urllib3.PoolManager(retries=retries, timeout=5) as pool:
        assert pool.request("GET", shop.url + "/").status == 200

    assert gaps() == [0, 2, 4]
    assert virtual_clock.now == 6


def test_assertions_need_no_tolerance(shop: FakeRest) -> None:
    shop.inject(status(503), times=4)

    for attempt in range(5):
        if requests.get(shop.url + "/", timeout=5).ok:
            break
        time.sleep(2**attempt)

    assert_backoff(shop.calls, exponential(base=1.0, factor=2))
    with pytest.raises(AssertionError):
        assert_backoff(shop.calls, exponential(base=1.0001, factor=2))


def test_retry_after_in_seconds(shop: FakeRest, gaps: Gaps) -> None:
    shop.inject(unavailable(7), rate_limited(3))
    with session() as client:
        assert client.get(shop.url + "/", timeout=5).ok

    assert gaps() == [7, 3]
    assert_respects_retry_after(shop.calls)


def test_retry_after_as_a_date(shop: FakeRest, gaps: Gaps) -> None:
    shop.inject(unavailable(timedelta(seconds=7)), latency(2), rate_limited(timedelta(seconds=11)))
    with session() as client:
        assert client.get(shop.url + "/", timeout=5).ok
        assert client.get(shop.url + "/", timeout=5).ok

    assert gaps() == [7, 2, 11]
    assert_respects_retry_after(shop.calls)


def test_a_read_timeout_ends_at_its_second(shop: FakeRest, virtual_clock: VirtualClock) -> None:
    shop.inject(latency(10))

    with pytest.raises(requests.ReadTimeout):
        requests.get(shop.url + "/", timeout=5)

    assert virtual_clock.now == 5.0


def test_urllib3_backs_off_after_timeouts_too(shop: FakeRest, virtual_clock: VirtualClock) -> None:
    """It closes the connection of an attempt that timed out when its wait is over."""
    shop.inject(hang(), times=4)
    with session() as client:
        assert client.get(shop.url + "/", timeout=5).ok

    assert virtual_clock.now == 4 * 5 + 0 + 2 + 4 + 8
    assert_backoff(shop.calls, exponential(base=1, first=0))
    assert_times_out(shop.calls, within=5)


def test_an_answer_just_in_time_is_in_time(shop: FakeRest, virtual_clock: VirtualClock) -> None:
    shop.inject(latency(4.999))

    assert requests.get(shop.url + "/", timeout=5).ok
    assert virtual_clock.now == 4.999


def test_httpx(shop: FakeRest, gaps: Gaps, virtual_clock: VirtualClock) -> None:
    shop.inject(latency(10), latency(4.999))
    with httpx.Client(timeout=5) as client:
        with pytest.raises(httpx.ReadTimeout):
            client.get(shop.url + "/")
        time.sleep(0.001)
        assert client.get(shop.url + "/").is_success

    assert gaps() == [5.001]
    assert virtual_clock.now == 10.0


def test_over_tls(virtual_clock: VirtualClock, fakes: Fakes) -> None:
    fake = fakes.rest("vault", tls=True)
    fake.get("/").reply(text="ok")
    fake.inject(status(503), status(503), latency(9))
    with session() as client:
        assert client.get(fake.url + "/", timeout=5, verify=fake.ca_file).ok

    assert [call.started for call in fake.calls] == [0, 0, 2, 11]  # 2 + a timeout of 5 + 4
    assert virtual_clock.now == 11
