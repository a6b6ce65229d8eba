"""What every fake does: its life, its scripts, its port, and its part of the ledger."""

from __future__ import annotations

import asyncio
import gc
import socket
import urllib.request
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import aiohttp
import httpx
import pytest
import requests

from pytest_integrations import FakeRest
from pytest_integrations.core.errors import CannotPerform, FakeStopped, ScriptingError, UnexpectedCall
from pytest_integrations.core.ledger import Ledger
from pytest_integrations.core.seed import Seed
from pytest_integrations.faults import connection_refused, latency, reset_on_accept, status
from pytest_integrations.wire.loop import shared_loop
from tests.assertions.ledgers import HandClock
from tests.core.plain_faults import endless, say, stop_upload, turn_away

if TYPE_CHECKING:
    from collections.abc import Callable


def _statuses(client: httpx.Client, count: int, path: str = "/") -> list[int]:
    return [client.get(path).status_code for _ in range(count)]


# -- life


@pytest.mark.parametrize(
    "use",
    [
        lambda fake: fake.url,
        lambda fake: fake.port,
        lambda fake: fake.inject(status(503)),
        lambda fake: fake.get("/").inject(status(503)),
        lambda fake: fake.rate_limit(1, per=1),
        lambda fake: fake.injected(status(503)).__enter__(),
    ],
)
def test_a_fake_that_does_not_run_cannot_be_used(use: Callable[[FakeRest], object]) -> None:
    """Neither before it was started nor after it was stopped; the message says how it is used."""
    fake = FakeRest("payments")
    for _ in range(2):
        with pytest.raises(
            FakeStopped,
            match=r"payments is not running: use it inside its test, or inside `with FakeRest\(\) as fake:`",
        ):
            use(fake)
        assert repr(fake) == "<FakeRest 'payments' (stopped)>"
        fake.start()
        assert (fake.is_running, repr(fake)) == (True, "<FakeRest 'payments'>")
        fake.stop()


def test_a_stopped_fake_still_tells_what_it_saw() -> None:
    """Calls and connections can be read after the end, and routes be declared before the beginning."""
    fake = FakeRest()
    fake.get("/").reply(201)
    fake.stop()
    with fake as entered:
        assert entered is fake
        assert fake.start() is fake
        assert httpx.get(fake.url).status_code == 201
    fake.stop()

    assert [call.status for call in fake.calls] == [201]
    assert fake.connections[0].closed is not None


def test_the_end_of_a_with_block_raises_what_went_wrong() -> None:
    """A call that nothing answered, though its client swallowed the 404; not if something else was raised."""
    with pytest.raises(UnexpectedCall, match="nothing answers GET /nope"), FakeRest() as fake:
        httpx.get(f"{fake.url}/nope")
    fake = FakeRest()
    with pytest.raises(httpx.HTTPStatusError), fake:
        httpx.get(f"{fake.url}/nope").raise_for_status()
    assert len(fake.ledger.untold()) == 1


def test_two_fakes_on_one_ledger_are_in_order() -> None:
    """One numbering and one clock for both; each sees its own, and fails for its own."""
    ledger = Ledger(settle=FakeRest().ledger.settle)
    with FakeRest("auth", ledger=ledger) as auth, FakeRest("shop", ledger=ledger) as shop:
        auth.post("/token").reply(json="t")
        shop.get("/cart").reply(json=[])
        httpx.post(f"{auth.url}/token")
        httpx.get(f"{shop.url}/cart")
        httpx.post(f"{auth.url}/token")
        httpx.get(f"{shop.url}/nope")

        assert [(call.seq, call.fake) for call in ledger.calls] == [(1, "auth"), (2, "shop"), (3, "auth"), (4, "shop")]
        assert [call.seq for call in auth.calls] == [1, 3]
        assert [connection.fake for connection in shop.connections] == ["shop", "shop"]
        auth.verify()
        with pytest.raises(UnexpectedCall):
            shop.verify()


def test_an_empty_ledger_that_was_given_is_used() -> None:
    """A ledger without calls is false, and a ledger all the same."""
    ledger = Ledger()
    assert FakeRest(ledger=ledger).ledger is ledger
    assert FakeRest().ledger is not FakeRest().ledger


@pytest.mark.parametrize("client", ["requests", "httpx", "urllib", "aiohttp"])
def test_real_clients(fake: FakeRest, client: str) -> None:
    """Everybody's client reads the answer, and the ledger has what it sent."""
    fake.post("/users", query={"q": "\xe4"}).calls(lambda request: ({"got": request.get_json()}, 201, {"X-A": "1"}))
    url, body = f"{fake.url}/users?q=%C3%A4", {"name": "\u20ac"}

    async def by_aiohttp() -> tuple[int, Any]:
        async with aiohttp.ClientSession() as session, session.post(url, json=body) as answer:
            return answer.status, await answer.json()

    if client == "requests":
        response = requests.post(url, json=body, timeout=5)
        got = (response.status_code, response.json())
    elif client == "httpx":
        answer = httpx.post(url, json=body)
        got = (answer.status_code, answer.json())
    elif client == "urllib":
        data = b'{"name": "\\u20ac"}'
        request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=5) as opened:
            got = (opened.status, {"got": body} if b"got" in opened.read() else None)
    else:
        got = asyncio.run(by_aiohttp())
        gc.collect()

    assert got == (201, {"got": body})
    (call,) = fake.calls
    assert (call.method, call.path, call.query, call.json()) == ("POST", "/users", {"q": "\xe4"}, body)  # type: ignore[attr-defined]
    assert (call.status, call.outcome, call.handled, call.protocol) == (201, "answered", True, "http")


def test_a_proxy_of_a_client_may_be_a_fake(fake: FakeRest) -> None:
    """A client that takes the fake for its proxy asks for whole URLs, and gets its routes."""
    fake.get("/x").reply(text="by proxy")
    answer = requests.get("http://example.invalid/x?a=1", proxies={"http": fake.url}, timeout=5)

    assert (answer.text, fake.calls[0].operation) == ("by proxy", "GET /x")


# -- scripts


def test_faults_of_a_route_go_before_those_of_the_fake(fake: FakeRest, client: httpx.Client) -> None:
    """Each for its calls; a call that one takes is not counted by the other."""
    fake.get("/").inject(say(501), times=2)
    fake.get("/other").reply(200)
    fake.inject(say(502), say(503))

    assert _statuses(client, 5) == [501, 501, 502, 503, 200]
    assert _statuses(client, 1, "/other") == [200]
    assert fake.calls[0].fault == say(501)
    assert not fake.calls[0].handled


def test_injected_lasts_for_its_block(fake: FakeRest, client: httpx.Client) -> None:
    """Also when the block is left by an error."""
    fake.get("/")
    with fake.injected(say(503), every=1) as rule:
        assert _statuses(client, 2) == [503, 503]
    assert (rule.fired, _statuses(client, 1)) == (2, [200])
    with pytest.raises(httpx.HTTPStatusError), fake.injected(say(503), every=1):
        client.get("/").raise_for_status()
    assert _statuses(client, 1) == [200]


def test_healing_one_rule_or_all(fake: FakeRest, client: httpx.Client) -> None:
    """Of the fake and of its routes; healing twice does no harm."""
    fake.get("/")
    on_fake = fake.inject(endless())
    on_route = fake.get("/").inject(say(500), every=1)
    assert [client.get("/", follow_redirects=False).status_code] == [500]
    fake.heal(on_route)
    fake.heal(on_route)
    assert [client.get("/", follow_redirects=False).status_code] == [302]
    fake.heal(on_fake)
    fake.get("/").inject(say(500), every=1)
    fake.inject(say(501), every=1)
    fake.heal()
    assert _statuses(client, 1) == [200]
    assert [script.rules for script in fake.scripts] == [(), ()]


def test_what_a_fake_cannot_do_is_refused_at_the_line(fake: FakeRest) -> None:
    """A fault of the connection on a route, and an effect that the wire does not have."""
    with pytest.raises(
        ScriptingError, match=r"turn_away\(\) happens before there is a request: inject it into the fake, fake\.inject"
    ):
        fake.get("/").inject(turn_away())
    fake.performs = fake.performs - {next(iter({type(each) for each in say().effects(None)}))}  # type: ignore[arg-type]
    with pytest.raises(CannotPerform, match=r"fake \(http/1\.1\) cannot perform say\(\): it needs Answer; it can: Cut"):
        fake.inject(say())
    assert fake.script.rules == ()


def test_a_rule_may_come_and_go_while_clients_ask(fake: FakeRest, client: httpx.Client) -> None:
    """Injecting and healing take effect with the next request."""
    fake.get("/")
    for _ in range(20):
        rule = fake.inject(say(503), every=1)
        assert _statuses(client, 1) == [503]
        fake.heal(rule)
        assert _statuses(client, 1) == [200]


def test_chance_follows_the_seed() -> None:
    """The same seed, the same faults; another seed or test, others."""

    def fates(seed: Seed) -> list[int]:
        with FakeRest("fake", seed=seed) as fake, httpx.Client(base_url=fake.url) as client:
            fake.get("/")
            fake.inject(say(503), probability=0.5)
            return _statuses(client, 30)

    assert fates(Seed(1, "a")) == fates(Seed(1, "a"))
    assert fates(Seed(1, "a")) != fates(Seed(2, "a"))
    assert fates(Seed(1, "a")) != fates(Seed(1, "b"))


def test_a_fault_of_uploads_does_not_choose_the_answer(fake: FakeRest, client: httpx.Client) -> None:
    """A route is found by the whole request, also where a fault had to be decided at its head."""
    fake.post("/x", json={"a": 1}).reply(201)
    fake.post("/x").reply(202)
    fake.put("/y")
    fake.get("/never").inject(stop_upload(10**9))

    assert [client.post("/x", json={"a": a}).status_code for a in (1, 2)] == [201, 202]
    fake.heal()


# -- the port


def test_a_port_is_down_for_a_while(fake: FakeRest) -> None:
    """connection_refused(): at once, for some time, or until it is healed; the number stays."""
    fake.get("/")
    url = fake.url
    rule = fake.inject(connection_refused())
    with pytest.raises(httpx.ConnectError):
        httpx.get(url)
    fake.heal(rule)
    assert (httpx.get(url).status_code, fake.url, rule.fired) == (200, url, 1)

    with fake.injected(connection_refused()), pytest.raises(httpx.ConnectError):
        httpx.get(url)
    assert httpx.get(url).status_code == 200


def test_a_port_goes_down_later_and_comes_back_by_the_clock(fake: FakeRest) -> None:
    """after= and during= are seconds of the loop's clock; connections that are open end with the port."""
    fake.get("/")
    url = fake.url
    fake.inject(connection_refused(), after=timedelta(seconds=0.2), during=0.1)
    with socket.create_connection(("127.0.0.1", fake.port), 5) as sock:
        assert sock.recv(1) == b""
    statuses = []
    while not statuses:
        try:
            statuses.append(httpx.get(url, timeout=5).status_code)
        except httpx.ConnectError:
            assert fake.ledger.now() < 5
    assert statuses == [200]
    assert fake.ledger.now() > 0.29


def test_stopping_while_a_port_is_down() -> None:
    """Timers of a fake that has stopped do nothing to the next one on its port."""
    with FakeRest() as fake:
        fake.inject(connection_refused(), during=0.02)
        port = fake.port
    with FakeRest(port=port) as another:
        another.get("/")
        another.ledger.clock.sleep(0.03)
        assert httpx.get(another.url).status_code == 200


def test_a_block_that_stops_its_fake(fake: FakeRest) -> None:
    """Healing a port that is gone for good is harmless."""
    with fake.injected(connection_refused()):
        fake.stop()
    assert not fake.is_running


def test_connections_that_are_turned_away_are_attempts(fake: FakeRest, client: httpx.Client) -> None:
    """reset_on_accept(): in the ledger as attempts that did not come as far as a request."""
    fake.get("/")
    fake.inject(reset_on_accept(), times=2)
    for _ in range(2):
        with pytest.raises(httpx.TransportError):
            client.get("/")
    assert _statuses(client, 1) == [200]
    assert [(call.operation, call.outcome, call.failed) for call in fake.calls] == [
        ("connect", "reset", True),
        ("connect", "reset", True),
        ("GET /", "answered", False),
    ]


# -- the ledger


def test_attempts_of_one_logical_call(fake: FakeRest, client: httpx.Client) -> None:
    """By an explicit block."""
    fake.get("/")
    client.get("/")
    with fake.logical_call():
        client.get("/")
        client.get("/")
    assert [call.block for call in fake.calls] == [None, 1, 1]


def test_times_are_those_of_the_clock_in_force() -> None:
    """A fake on another clock stamps its calls by it."""
    clock = HandClock()
    with FakeRest(clock=clock) as fake, httpx.Client(base_url=fake.url) as client:
        fake.get("/")
        for _ in range(3):
            client.get("/")
            clock.now += 10

        assert [(call.started, call.first_byte, call.ended) for call in fake.calls] == [
            (0, 0, 0),
            (10, 10, 10),
            (20, 20, 20),
        ]


def test_a_delay_is_in_the_record(fake: FakeRest, client: httpx.Client) -> None:
    """Between the request and the first byte; real time, to within what the machine adds."""
    fake.get("/")
    fake.inject(latency(0.02))
    client.get("/")
    (call,) = fake.calls
    assert call.first_byte is not None
    assert 0.019 < call.first_byte - call.started < 0.5
    assert call.fault == latency(0.02)


def test_a_fake_that_has_stopped_leaves_nothing_to_wait_for() -> None:
    """A timer of an outage would be waited for in the next test, if that is in virtual time."""
    with FakeRest() as fake:
        fake.inject(connection_refused(), during=30)
        assert shared_loop().call(_pending) == 1

    assert shared_loop().call(_pending) == 0


def _pending() -> int:
    return sum(timer.action is not None for _, _, timer in shared_loop()._timers)
