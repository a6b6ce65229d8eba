"""What clients do on their way: follow redirects, keep connections, bring an authority of their own."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import httpx
import pytest
import requests

from pytest_integrations import FakeGraphQL, FakeRest, Interception, NotIntercepted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("no_leaks")

API = "https://api.example.com"


@pytest.fixture
def fake() -> Iterator[FakeRest]:
    with FakeRest("fake") as fake:
        fake.get("/users").reply(text="all")
        yield fake


@pytest.fixture
def intercept() -> Iterator[Interception]:
    with Interception() as interception:
        yield interception


def test_a_redirect_leads_from_fake_to_fake(fake: FakeRest, intercept: Interception) -> None:
    with FakeRest("door") as door:
        door.get("/users").reply(302, headers={"Location": f"{API}/users"})
        intercept("https://door.example.com", door)
        intercept(API, fake)

        assert requests.get("https://door.example.com/users", timeout=5).text == "all"


def test_a_redirect_that_leads_elsewhere_is_refused(fake: FakeRest, intercept: Interception) -> None:
    fake.get("/old").reply(302, headers={"Location": "https://elsewhere.example.com/"})
    intercept(API, fake)

    with pytest.raises(httpx.ConnectError, match=r"elsewhere\.example\.com was refused"):
        httpx.get(f"{API}/old", follow_redirects=True)
    intercept.ledger.untold()


def test_connections_are_kept_as_ever(fake: FakeRest, intercept: Interception) -> None:
    intercept(API, fake)
    with requests.Session() as session:
        assert [session.get(f"{API}/users", timeout=5).text for _ in range(3)] == ["all"] * 3

    assert len(fake.connections) == 1


def test_many_at_a_time_on_one_loop(fake: FakeRest, intercept: Interception) -> None:
    intercept(API, fake)

    async def fetch() -> list[str]:
        async with httpx.AsyncClient(timeout=5) as client:
            return [answer.text for answer in await asyncio.gather(*[client.get(f"{API}/users") for _ in range(20)])]

    assert asyncio.run(fetch()) == ["all"] * 20


def test_a_client_with_an_authority_of_its_own(fake: FakeRest, intercept: Interception, tmp_path: Path) -> None:
    """That it knows another one does not keep it from trusting ours for this host."""
    trustme = pytest.importorskip("trustme")
    file = tmp_path / "ca.pem"
    trustme.CA().cert_pem.write_to_path(str(file))
    intercept(API, fake)

    assert requests.get(f"{API}/users", timeout=5, verify=str(file)).text == "all"


def test_subscriptions_by_websocket(intercept: Interception) -> None:
    client = pytest.importorskip("websockets.sync.client")
    with FakeGraphQL("type Query { a: Int }") as fake:
        intercept("wss://live.example.com", fake)
        with client.connect("wss://live.example.com/graphql", subprotocols=["graphql-transport-ws"]) as socket:
            socket.send('{"type": "connection_init"}')
            assert "connection_ack" in socket.recv(timeout=5)


def test_a_fake_that_has_stopped_refuses(intercept: Interception) -> None:
    with FakeRest() as fake:
        intercept("http://api.example.com", fake)
    with pytest.raises(requests.ConnectionError) as caught:
        requests.get("http://api.example.com/users", timeout=5)
    assert not isinstance(caught.value.__context__, NotIntercepted)
