"""HTTP/2 inside TLS: the same faults, and those of the handshake."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from pytest_integrations import FakeRest
from pytest_integrations.faults import connection_reset, empty_response, latency, slow_accept, slow_headers, tls
from pytest_integrations.faults.http2 import h2_goaway, h2_max_streams, h2_rst_stream, h2_short_body

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_integrations.core.fault import Fault

pytestmark = [pytest.mark.usefixtures("no_leaks"), pytest.mark.timeout(60)]


@pytest.fixture
def api(no_leaks: None) -> Iterator[FakeRest]:
    """A fake that answers at `/users`, inside TLS."""
    with FakeRest("api", tls=True) as fake:
        fake.get("/users").reply(json=["ada", "grace"])
        fake.post("/echo").calls(lambda request: request.get_data(), inline=True)
        yield fake


def test_large_bodies(api: FakeRest) -> None:
    """Both ways at once, through TLS records and windows."""
    body = bytes(range(256)) * 8000
    with httpx.Client(http2=True, verify=api.client_context()) as client:
        answer = client.post(f"{api.url}/echo", content=body)
    assert (answer.http_version, answer.content) == ("HTTP/2", body)


@pytest.mark.parametrize("fault", [latency(0.01), slow_headers(5000), slow_accept(0.05), h2_max_streams(1)], ids=repr)
def test_faults_that_do_no_harm(api: FakeRest, fault: Fault) -> None:
    """The answer comes all the same."""
    api.inject(fault)
    with httpx.Client(http2=True, verify=api.client_context()) as client:
        answer = client.get(f"{api.url}/users")
    assert (answer.http_version, answer.json()) == ("HTTP/2", ["ada", "grace"])


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        (connection_reset(), "reset"),
        (connection_reset(at="mid_body"), "reset"),
        (empty_response(), "closed"),
        (h2_goaway("none"), "closed"),
        (h2_rst_stream("CANCEL", after=3), "reset"),
        (h2_short_body(1), "answered"),
    ],
    ids=repr,
)
def test_faults_that_do(api: FakeRest, fault: Fault, outcome: str) -> None:
    """The same as without TLS, in the client and in the ledger."""
    api.inject(fault)
    with httpx.Client(http2=True, verify=api.client_context()) as client, pytest.raises(httpx.TransportError):
        client.get(f"{api.url}/users")
    (call,) = api.calls
    assert (call.outcome, call.failed, call.connection.tls) == (outcome, True, "TLSv1.3")


def test_handshakes_go_wrong_before_a_version_is_chosen(api: FakeRest) -> None:
    """A certificate that is not to be trusted is that for HTTP/2 as well."""
    api.inject(tls("expired"), tls(alert="handshake_failure"))
    with httpx.Client(http2=True, verify=api.client_context()) as client:
        for _ in range(2):
            with pytest.raises(httpx.ConnectError):
                client.get(f"{api.url}/users")
        assert client.get(f"{api.url}/users").http_version == "HTTP/2"
