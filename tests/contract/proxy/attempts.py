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

__all__ = ["ATTEMPTS"]

_PATIENCE = 0.25
_REDIS: dict[str, Any] = {
    "socket_timeout": _PATIENCE,
    "socket_connect_timeout": _PATIENCE,
    "decode_responses": True,
    "protocol": 2,
    "retry": Retry(NoBackoff(), 0),
}


def by_requests(proxy: FakeProxy) -> str:
    return requests.get(f"{proxy.url}/greeting", timeout=_PATIENCE).text


def by_httpx(proxy: FakeProxy) -> str:
    async def ask() -> str:
        async with httpx.AsyncClient(timeout=_PATIENCE, trust_env=False) as client:
            return (await client.get(f"{proxy.url}/greeting")).text

    return asyncio.run(ask())


def by_redis(proxy: FakeProxy) -> str:
    with redis.Redis.from_url(proxy.url, **_REDIS) as client:
        return str(client.get("greeting"))


def by_redis_asyncio(proxy: FakeProxy) -> str:
    async def ask() -> str:
        from redis.asyncio.retry import Retry as AsyncRetry

        settings = {**_REDIS, "retry": AsyncRetry(NoBackoff(), 0)}
        async with redis.asyncio.Redis.from_url(proxy.url, **settings) as client:
            return str(await client.get("greeting"))

    return asyncio.run(ask())


def by_pika(proxy: FakeProxy) -> str:
    parameters = pika.URLParameters(proxy.url)
    parameters.socket_timeout = parameters.stack_timeout = parameters.blocked_connection_timeout = _PATIENCE
    connection = pika.BlockingConnection(parameters)
    try:
        _method, _properties, body = connection.channel().basic_get("greetings", auto_ack=True)
        return str(body.decode())
    finally:
        with contextlib.suppress(pika.exceptions.AMQPError):
            connection.close()


def outcome(attempt: Callable[[FakeProxy], str], proxy: FakeProxy) -> str:
    """Return what *attempt* returns, or the name of what it raises."""
    try:
        return attempt(proxy)
    except Exception as error:  # noqa: BLE001 -- which it is, is the result
        return type(error).__name__


ATTEMPTS: dict[str, Callable[[FakeProxy], str]] = {
    "requests": by_requests,
    "httpx": by_httpx,
    "redis": by_redis,
    "redis.asyncio": by_redis_asyncio,
    "pika": by_pika,
}
