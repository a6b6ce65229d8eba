"""Every fake with a port of its own can be intercepted, by the clients that speak to it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from pytest_integrations import (
    FakeAmqp,
    FakeGraphQL,
    FakeGrpc,
    FakeKafka,
    FakeProxy,
    FakeRedis,
    FakeRest,
    FakeSqs,
    Interception,
    ScriptingError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.usefixtures("no_leaks")


@pytest.fixture
def intercept() -> Iterator[Interception]:
    with Interception() as interception:
        yield interception


def test_sqs_by_boto3(intercept: Interception) -> None:
    boto3 = pytest.importorskip("boto3")
    with FakeSqs() as fake:
        fake.queue("orders")
        intercept("https://sqs.eu-west-1.amazonaws.com", fake)
        sqs = boto3.client("sqs", region_name="eu-west-1", aws_access_key_id="a", aws_secret_access_key="b")
        sqs.send_message(QueueUrl=fake.url_of("orders"), MessageBody="one")
        sqs.close()

        assert [message.body for message in fake.messages] == [b"one"]
        assert {connection.tls for connection in fake.connections} >= {"TLSv1.3"}


def test_redis_over_tls(intercept: Interception) -> None:
    redis = pytest.importorskip("redis")
    with FakeRedis() as fake:
        intercept("rediss://cache.internal:6380", fake)
        with redis.Redis.from_url("rediss://cache.internal:6380") as client:
            client.set("a", 1)
            assert client.get("a") == b"1"


def test_amqp_by_pika(intercept: Interception) -> None:
    pika = pytest.importorskip("pika")
    with FakeAmqp() as fake:
        intercept("amqp://rabbit.internal", fake)
        pika.BlockingConnection(pika.URLParameters("amqp://guest:guest@rabbit.internal/")).close()

        assert len(fake.connections) == 1


def test_graphql_by_httpx(intercept: Interception) -> None:
    import httpx

    with FakeGraphQL("type Query { viewer: Int }") as fake:
        intercept("https://api.example.com", fake)
        answer = httpx.post("https://api.example.com/graphql", json={"query": "{ viewer }"})

        assert isinstance(answer.json()["data"]["viewer"], int)


def test_grpc_by_grpclib(intercept: Interception) -> None:
    client = pytest.importorskip("grpclib.client")
    health = pytest.importorskip("grpclib.health.v1.health_grpc")
    messages = pytest.importorskip("grpclib.health.v1.health_pb2")

    async def check() -> int:
        async with client.Channel("orders.internal", 443, ssl=True) as channel:
            answer = await health.HealthStub(channel).Check(messages.HealthCheckRequest(), timeout=5)
        await asyncio.sleep(0.05)  # it does not wait for its own goodbye in TLS
        return int(answer.status)

    with FakeGrpc() as fake:
        intercept("https://orders.internal", fake)
        assert asyncio.run(check()) == 1


def test_a_proxy_passes_tls_on(intercept: Interception) -> None:
    import httpx

    with FakeRest(tls=True) as fake, FakeProxy(fake) as proxy:
        fake.get("/users").reply(text="all")
        intercept("https://localhost:444", proxy)

        assert httpx.get("https://localhost:444/users", verify=fake.client_context()).text == "all"


def test_what_a_library_in_c_serves_is_refused(intercept: Interception) -> None:
    with pytest.raises(ScriptingError, match="its port is opened and served by a library in C"):
        intercept("https://kafka.internal:9092", FakeKafka())


def test_loops_in_c_are_led_too() -> None:
    uvloop = pytest.importorskip("uvloop")
    import aiohttp
    import httpx

    async def by_aiohttp(url: str) -> str:
        async with aiohttp.ClientSession() as session, session.get(url) as answer:
            return await answer.text()

    async def by_httpx(url: str) -> str:
        async with httpx.AsyncClient() as client:
            return (await client.get(url)).text

    with FakeRest() as fake, Interception() as intercept:
        fake.get("/users").reply(text="all")
        intercept("https://api.example.com", fake)
        for fetch in (by_aiohttp, by_httpx):
            assert uvloop.run(fetch("https://api.example.com/users")) == "all"
            with pytest.raises(Exception, match="nothing intercepts"):
                uvloop.run(fetch("https://other.example.com/users"))
        intercept.ledger.untold()
