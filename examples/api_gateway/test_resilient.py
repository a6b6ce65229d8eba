"""The resilient gateway under the same scripts, under more of them, and under every profile."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pytest
import requests
from werkzeug.test import Client

from examples.api_gateway.resilient import Gateway
from pytest_integrations import (
    VirtualClock,
    assert_amplification,
    assert_timeout_order,
    assert_times_out,
)
from pytest_integrations.faults import (
    connection_reset,
    corrupt_body,
    dribble,
    empty_ok,
    grpc_status,
    hang,
    lost_response,
    rate_limited,
    redis_error,
    reset_on_accept,
    status,
    truncate_body,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from examples.api_gateway.conftest import Neighbours
    from pytest_integrations import FakeRest, Fakes, Fault

pytestmark = [
    pytest.mark.virtual_time,  # so that nobody waits for timeouts, and a minute is over at once
    pytest.mark.no_faults,  # but those of the test: its numbers are exact; for the profiles there is the last test
]

ADA = {"Authorization": "Bearer token of ada"}
GRACE = {"Authorization": "Bearer token of grace"}
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


def visited(fakes: Fakes) -> list[str]:
    """Whom the gateway asked, in order."""
    return list(dict.fromkeys(call.fake for call in fakes.calls))


# -- the order


@pytest.mark.parametrize(
    ("method", "path", "service"),
    [("GET", "/stock/tea", "stock"), ("GET", "/orders/o1", "orders"), ("POST", "/mails", "jobs")],
)
def test_who_then_how_often_then_where(fakes: Fakes, door: FakeRest, method: str, path: str, service: str) -> None:
    answer = requests.request(method, door.url + path, headers=ADA, data=b"hello", timeout=10)

    assert answer.status_code == (202 if service == "jobs" else 200)
    assert visited(fakes) == ["gateway", "auth", "limits", service]


def test_a_stranger_comes_no_further_than_the_door(fakes: Fakes, client: Client) -> None:
    for path in ("/stock/tea", "/orders/o1", "/mails", "/pots/1"):
        answer = client.post(path, headers=STRANGER)
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"] == "Bearer"

    assert visited(fakes) == ["auth"]


def test_strangers_use_up_nobodys_limit(client: Client) -> None:
    for _ in range(20):
        client.get("/stock/tea", headers=STRANGER)

    assert client.get("/stock/tea", headers=ADA).status_code == 200


def test_each_client_has_a_limit_of_its_own_and_a_new_one_each_minute(
    neighbours: Neighbours, client: Client, virtual_clock: VirtualClock
) -> None:
    assert [client.get("/stock/tea", headers=ADA).status_code for _ in range(7)] == [200] * 5 + [429] * 2
    assert len(neighbours.stock.calls) == 5
    assert client.get("/stock/tea", headers=GRACE).status_code == 200

    refused = client.get("/stock/tea", headers=ADA)
    virtual_clock.sleep(int(refused.headers["Retry-After"]))
    assert client.get("/stock/tea", headers=ADA).status_code == 200


def test_a_service_that_is_none_is_a_clear_404(client: Client) -> None:
    answer = client.get("/pots/1", headers=ADA)

    assert answer.status_code == 404
    assert answer.json == {"error": "there is no service 'pots'; there are mails, orders, stock"}


def test_a_service_learns_who_asks_and_no_secret(neighbours: Neighbours, client: Client) -> None:
    client.get("/stock/tea", headers=ADA | {"X-Client-Id": "grace"})

    [call] = neighbours.stock.calls
    assert call.headers["X-Client-Id"] == "ada"
    assert "Authorization" not in call.headers


def test_a_service_gets_the_request_as_it_came(neighbours: Neighbours, client: Client) -> None:
    neighbours.stock.post("/tea/green").reply(201, json={"left": 5})
    sent = ADA | {"Idempotency-Key": "k1"}

    answer = client.post("/stock/tea/green", query_string={"unit": "kg"}, json={"add": 2}, headers=sent)

    assert (answer.status_code, answer.json) == (201, {"left": 5})
    call: Any = neighbours.stock.calls[0]
    assert (call.query, call.json()) == ({"unit": "kg"}, {"add": 2})
    assert call.headers["Content-Type"] == "application/json"
    assert call.headers["Idempotency-Key"] == "k1"


def test_what_is_part_of_a_name_stays_part_of_it(neighbours: Neighbours, client: Client) -> None:
    neighbours.stock.get("/<name>").reply(json={"left": 1})
    client.get("/stock/tea%3Fprice=0", headers=ADA)

    call: Any = neighbours.stock.calls[0]
    assert (call.path, call.query) == ("/tea?price=0", {})


def test_what_is_done_and_has_nothing_to_say_is_done(neighbours: Neighbours, client: Client) -> None:
    neighbours.stock.delete("/tea").reply(204)
    answer = client.delete("/stock/tea", headers=ADA)

    assert (answer.status_code, answer.data) == (204, b"")


def test_a_head_is_answered_as_a_get_is_but_for_the_body(client: Client) -> None:
    for path in ("/stock/tea", "/orders/o1"):
        answer = client.head(path, headers=ADA)
        assert (answer.status_code, answer.data) == (200, b"")


@pytest.mark.parametrize(
    ("method", "path", "valid"), [("DELETE", "/orders/o1", "GET, HEAD"), ("GET", "/mails", "POST")]
)
def test_a_method_that_a_service_does_not_have_is_refused(
    fakes: Fakes, client: Client, method: str, path: str, valid: str
) -> None:
    answer = client.open(path, method=method, headers=ADA)

    assert (answer.status_code, answer.headers["Allow"]) == (405, valid)
    assert visited(fakes) == ["auth", "limits"]


@pytest.mark.parametrize("path", ["/stock/../admin", "/stock/tea/%2e%2e/%2E%2E/admin", "/stock/.."])
def test_nobody_climbs_out_of_a_service(neighbours: Neighbours, client: Client, path: str) -> None:
    answer = client.get(path, headers=ADA)

    assert answer.status_code == 400
    assert not neighbours.stock.calls


# -- neighbours that fail


@pytest.mark.parametrize(
    "fault",
    [
        reset_on_accept(),
        connection_reset(),
        status(500),
        status(404),
        truncate_body(),
        corrupt_body(),
        hang(),
        rate_limited(),
    ],
    ids=str,
)
def test_without_the_auth_service_nobody_comes_in(
    fakes: Fakes, neighbours: Neighbours, client: Client, fault: Fault
) -> None:
    neighbours.auth.inject(fault, every=1)

    assert client.get("/stock/tea", headers=ADA).status_code in {502, 503, 504}
    assert set(visited(fakes)) <= {"auth"}


def test_who_has_a_good_token_and_no_name_stays_outside(fakes: Fakes, neighbours: Neighbours, client: Client) -> None:
    neighbours.auth.post("/introspect").reply(json={"active": True})

    assert client.get("/stock/tea", headers=ADA).status_code == 502
    assert visited(fakes) == ["auth"]


@pytest.mark.parametrize("fault", [reset_on_accept(), redis_error("loading"), hang()], ids=str)
def test_while_nobody_counts_clients_are_let_in(
    neighbours: Neighbours, client: Client, fault: Fault, caplog: pytest.LogCaptureFixture
) -> None:
    neighbours.limits.inject(fault, every=1)

    with caplog.at_level(logging.WARNING):
        assert [client.get("/stock/tea", headers=ADA).status_code for _ in range(7)] == [200] * 7
    assert caplog.text.count("nobody counts") == 7


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (reset_on_accept(), 503),
        (connection_reset(), 503),
        (status(503), 503),
        (rate_limited(), 503),
        (status(500), 502),
        (corrupt_body("html_error_page"), 502),
        (hang(), 504),
        (status(404), 404),
        (status(409), 409),
        (status(422), 422),
        (status(401), 502),
    ],
    ids=str,
)
def test_what_a_service_did_is_told_in_the_gateways_own_words(
    neighbours: Neighbours, client: Client, fault: Fault, told: int
) -> None:
    neighbours.stock.inject(fault, every=1)

    answer = client.get("/stock/tea", headers=ADA)

    assert answer.status_code == told
    assert list(answer.json or {}) == ["error"]


@pytest.mark.parametrize(
    ("asked", "told"),
    [(120, "120"), ("Mon, 02 Mar 2026 09:00:00 GMT",) * 2, ("garbage", "1"), (None, "1")],
    ids=["seconds", "date", "garbage", "nothing"],
)
def test_callers_hear_when_a_service_wants_to_be_asked_again(
    neighbours: Neighbours, client: Client, asked: Any, told: str
) -> None:
    neighbours.stock.inject(rate_limited(asked))

    assert client.get("/stock/tea", headers=ADA).headers["Retry-After"] == told


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (grpc_status("INVALID_ARGUMENT"), 400),
        (grpc_status("NOT_FOUND"), 404),
        (grpc_status("UNAVAILABLE", "the address is 10.0.0.7"), 503),
        (grpc_status("INTERNAL"), 502),
        (empty_ok(), 502),
    ],
    ids=str,
)
def test_so_it_is_of_grpc(neighbours: Neighbours, client: Client, fault: Fault, told: int) -> None:
    neighbours.orders.inject(fault)

    answer = client.get("/orders/o1", headers=ADA)

    assert answer.status_code == told
    assert ("Retry-After" in answer.headers) == (told == 503)
    assert "10.0.0.7" not in answer.text


def test_it_tries_nothing_again(neighbours: Neighbours, door: FakeRest) -> None:
    neighbours.stock.inject(status(503), every=1)

    for _ in range(3):  # its caller does
        requests.get(f"{door.url}/stock/tea", headers=ADA, timeout=10)

    assert_amplification(neighbours.stock.calls, at_most=1, entry=3)


def test_it_gives_up_before_its_callers_do(neighbours: Neighbours, door: FakeRest) -> None:
    neighbours.stock.inject(hang(), every=1)

    answer = requests.get(f"{door.url}/stock/tea", headers=ADA, timeout=10)

    assert answer.status_code == 504
    assert_times_out(neighbours.stock.calls, within=2)
    assert_timeout_order(inner=neighbours.stock.calls, outer=10.0)


def test_a_service_that_drips_is_waited_for(
    neighbours: Neighbours, client: Client, virtual_clock: VirtualClock
) -> None:
    """The price of urllib3's timeout, which begins anew with each piece."""
    neighbours.stock.inject(dribble(chunks=9, duration=15))

    assert client.get("/stock/tea", headers=ADA).json == {"left": 3}
    assert virtual_clock.now == 15


@pytest.mark.parametrize("fault", [redis_error("oom"), connection_reset(), lost_response(), hang()], ids=str)
def test_what_it_promises_is_in_the_queue(neighbours: Neighbours, client: Client, fault: Fault) -> None:
    neighbours.jobs.on("publish").inject(fault)
    answers = [client.post("/mails", data=b"hello", headers=ADA | {"Idempotency-Key": "m1"}) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [503, 202]
    waiting = [message for message in neighbours.jobs.messages if message.places]
    assert {message.headers["id"] for message in waiting} == {"m1"}  # twice, maybe; its worker can tell


# -- every profile

PROFILES = ("calm", "slow", "flaky", "lossy", "rate-limited", "outage", "brownout", "hostile", "queue-full")


@pytest.mark.fault_profile(*PROFILES, "poison", "redelivery", "lossy-queue")
def test_whatever_happens_nobody_gets_in_and_every_answer_is_one(
    neighbours: Neighbours, client: Client, virtual_clock: VirtualClock
) -> None:
    served = promised = 0
    for _ in range(20):
        virtual_clock.sleep(15)  # less than five calls of a client in a minute
        stock, order = client.get("/stock/tea", headers=ADA), client.get("/orders/o1", headers=GRACE)
        virtual_clock.sleep(15)
        stranger, sent = client.get("/stock/tea", headers=STRANGER), client.post("/mails", data=b"hi", headers=GRACE)

        assert stock.json == {"left": 3} or stock.status_code in {502, 503, 504}
        assert order.json == {"id": "o1", "book": "Dune"} or order.status_code in {502, 503, 504}
        assert stranger.status_code in {401, 502, 503, 504}
        assert sent.status_code in {202, 502, 503, 504}
        served += stock.status_code == 200
        promised += sent.status_code == 202

    assert served > 0
    assert {call.headers["X-Client-Id"] for call in neighbours.stock.calls if call.operation != "connect"} == {"ada"}
    assert sum(bool(mail.places) for mail in neighbours.jobs.messages) >= promised > 0
