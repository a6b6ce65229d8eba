"""What the naive gateway does wrong, and who tells."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import requests
from werkzeug.test import Client

from examples.api_gateway.naive import Gateway
from pytest_integrations import ResilienceError, assert_amplification, no_hang
from pytest_integrations.faults import hang, redis_error, reset_on_accept, status

if TYPE_CHECKING:
    from collections.abc import Iterator

    from examples.api_gateway.conftest import Neighbours
    from pytest_integrations import FakeRest, Fakes

pytestmark = [
    pytest.mark.virtual_time,  # so that nobody waits for timeouts and for what never comes
    pytest.mark.no_faults,  # but those of the test: it is told where the gateway fails, not how often
]

ADA = {"Authorization": "Bearer token of ada", "X-Client-Id": "ada"}
STRANGER = {"Authorization": "Bearer found in the street", "X-Client-Id": "ada"}


@pytest.fixture
def gateway(neighbours: Neighbours) -> Iterator[Gateway]:
    gateway = Gateway(**neighbours.addresses, per_minute=5)
    yield gateway
    gateway.close()


@pytest.fixture
def client(gateway: Gateway) -> Client:
    return Client(gateway)


@pytest.fixture
def door(fakes: Fakes, gateway: Gateway) -> FakeRest:
    """The gateway on a port of its own, so that the ledger has who came in, too."""
    door = fakes.rest("gateway")
    door.mount(gateway)
    return door


def test_it_counts_before_it_knows_who_asks(fakes: Fakes, client: Client) -> None:
    client.get("/stock/tea", headers=ADA)

    visited = list(dict.fromkeys(call.fake for call in fakes.calls))
    assert visited == ["limits", "auth", "stock"]


def test_so_strangers_use_up_what_is_a_clients(client: Client) -> None:
    assert [client.get("/stock/tea", headers=STRANGER).status_code for _ in range(5)] == [401] * 5

    assert client.get("/stock/tea", headers=ADA).status_code == 429


def test_a_stranger_sends_mails(neighbours: Neighbours, client: Client) -> None:
    assert client.post("/mails", data=b"buy this!", headers=STRANGER).status_code == 202

    assert neighbours.auth.calls == ()
    assert len(neighbours.jobs.messages) == 1


def test_without_the_auth_service_everybody_comes_in(neighbours: Neighbours, client: Client) -> None:
    neighbours.auth.inject(reset_on_accept(), every=1)

    assert client.get("/stock/tea", headers=STRANGER).status_code == 200


def test_a_service_that_is_none_breaks_it(client: Client) -> None:
    with pytest.raises(KeyError, match="pots"):
        client.get("/pots/1", headers=ADA)


def test_three_attempts_become_nine(neighbours: Neighbours, door: FakeRest) -> None:
    neighbours.stock.inject(status(503), every=1)

    for _ in range(3):  # the caller tries again too
        requests.get(f"{door.url}/stock/tea", headers=ADA, timeout=10)

    with pytest.raises(ResilienceError, match="9 attempts reached stock for 3 at the entry"):
        assert_amplification(neighbours.stock.calls, at_most=1, entry=3)


def test_it_waits_for_ever(neighbours: Neighbours, client: Client) -> None:
    neighbours.stock.inject(hang())

    too_long = pytest.raises(ResilienceError, match=r"the block was not done after 60\.0\d+ s, 60 s is the limit")
    with too_long, no_hang(neighbours.stock.calls, limit=60):
        client.get("/stock/tea", headers=ADA)


def test_it_promises_what_it_has_lost(neighbours: Neighbours, client: Client) -> None:
    neighbours.jobs.on("publish").inject(redis_error("oom"))

    assert client.post("/mails", data=b"hello", headers=ADA).status_code == 202
    [mail] = neighbours.jobs.messages
    assert mail.places == {}  # it is nowhere
