"""HTTP/2 in virtual time: waits of a minute take none, and gaps are exact."""

from __future__ import annotations

import time
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from pytest_integrations.faults import dribble, hang, latency, slow_headers, slow_read
from pytest_integrations.faults.http2 import h2_rst_stream

if TYPE_CHECKING:
    from pytest_integrations import FakeRest
    from pytest_integrations.core.fault import Fault

pytestmark = [pytest.mark.timeout(30)]


@pytest.mark.parametrize(
    ("fault", "seconds"),
    [(latency(60), 60), (dribble(chunks=6, duration=60), 60), (slow_headers(1), 65), (hang(for_=60), 60)],
    ids=repr,
)
def test_waits_take_no_time(fake_rest: FakeRest, virtual_clock: Any, fault: Fault, seconds: float) -> None:
    """To the second, as by HTTP/1.1; `slow_headers` counts the bytes of the head as the ledger shows it."""
    fake_rest.get("/users").reply(json=["ada", "grace"])
    fake_rest.inject(fault)
    with httpx.Client(http1=False, http2=True, timeout=300) as client:
        if isinstance(fault, hang):
            with pytest.raises(httpx.RemoteProtocolError):
                client.get(f"{fake_rest.url}/users")
        else:
            assert client.get(f"{fake_rest.url}/users").json() == ["ada", "grace"]
    (call,) = fake_rest.calls
    assert call.ended is not None
    assert call.ended - call.started == pytest.approx(seconds, abs=1e-6)


def test_a_slow_reader_takes_no_time(fake_rest: FakeRest, virtual_clock: Any) -> None:
    """100,000 bytes at 1000 a second."""
    fake_rest.post("/users").reply(201)
    fake_rest.inject(slow_read(1000))
    with httpx.Client(http1=False, http2=True, timeout=300) as client:
        assert client.post(f"{fake_rest.url}/users", content=bytes(100_000)).status_code == 201
    (call,) = fake_rest.calls
    assert call.started == pytest.approx(100, abs=0.1)


def test_a_timeout_of_the_client_is_seen(fake_rest: FakeRest, virtual_clock: Any) -> None:
    """It leaves after its minute."""
    fake_rest.get("/users").reply()
    fake_rest.inject(hang())
    with httpx.Client(http1=False, http2=True, timeout=60) as client, pytest.raises(httpx.ReadTimeout):
        client.get(f"{fake_rest.url}/users")
    (call,) = fake_rest.calls
    assert call.gone == pytest.approx(60, abs=1e-3)


def test_attempts_and_their_gaps(fake_rest: FakeRest, virtual_clock: Any) -> None:
    """Retries on one connection are attempts like any other."""
    fake_rest.get("/users").reply(json=[])
    fake_rest.inject(h2_rst_stream("REFUSED_STREAM"), h2_rst_stream())
    limits = httpx.Limits(keepalive_expiry=None)
    with httpx.Client(http1=False, http2=True, timeout=60, limits=limits) as client:
        for wait in (10, 20):
            with pytest.raises(httpx.RemoteProtocolError):
                client.get(f"{fake_rest.url}/users")
            time.sleep(wait)
        client.get(f"{fake_rest.url}/users")
    starts = [call.started for call in fake_rest.calls]
    assert [later - earlier for earlier, later in pairwise(starts)] == pytest.approx([10, 20])
    assert len(fake_rest.connections) == 1
