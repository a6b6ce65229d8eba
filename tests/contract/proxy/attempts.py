"""One attempt of each real client through a proxy: what it returns, or the name of the error that it raises."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

import httpx
import pika
import pika.exceptions
import redis
import redis.asyncio
import requests
from redis.backoff import NoBackoff
from redis.retry import Retry

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_integrations.backends.proxy import FakeProxy

__all__ = ["ATTEMPTS", "outcome"]

_REDIS: dict[str, Any] = {
    "decode_responses": True,
    "protocol": 2,
    "retry": Retry(NoBackoff(), 0),
}


def by_requests(proxy: FakeProxy, patience: float) -> str:
    return requests.get(f"{proxy.url}/greeting", timeout=patience).text


def by_httpx(proxy: FakeProxy, patience: float) -> str:
    async def ask() -> str:
        async with httpx.AsyncClient(timeout=patience, trust_env=False) as client:
            return (await client.get(f"{proxy.url}/greeting")).text

    return asyncio.run(ask())


def by_redis(proxy: FakeProxy, patience: float) -> str:
    with redis.Redis.from_url(proxy.url, socket_timeout=patience, **_REDIS) as client:
        return str(client.get("greeting"))


def by_redis_asyncio(proxy: FakeProxy, patience: float) -> str:
    async def ask() -> str:
        from redis.asyncio.retry import Retry as AsyncRetry

        settings = {**_REDIS, "retry": AsyncRetry(NoBackoff(), 0)}
        async with redis.asyncio.Redis.from_url(proxy.url, socket_timeout=patience, **settings) as client:
            return str(await client.get("greeting"))

    return asyncio.run(ask())


def by_pika(proxy: FakeProxy, patience: float) -> str:
    parameters = pika.URLParameters(proxy.url)
    parameters.socket_timeout = parameters.stack_timeout = parameters.blocked_connection_timeout = patience
    connection = pika.BlockingConnection(parameters)
    try:
        _method, _properties, body = connection.channel().basic_get("greetings", auto_ack=True)
        return str(body.decode())
    finally:
        with contextlib.suppress(pika.exceptions.AMQPError):
            connection.close()


def outcome(client: str, proxy: FakeProxy, patience: float = 10.0) -> str:
    """Return what an attempt of *client* returns, or the name of what it raises; it waits *patience* seconds."""
    try:
        return ATTEMPTS[client](proxy, patience)
    except Exception as error:  # noqa: BLE001 -- which it is, is the result
        return type(error).__name__


ATTEMPTS: dict[str, Callable[[FakeProxy, float], str]] = {
    "requests": by_requests,
    "httpx": by_httpx,
    "redis": by_redis,
    "redis.asyncio": by_redis_asyncio,
    "pika": by_pika,
}
