"""Clients that know a URL by heart, as people use them, with verification on; each returns the body of the answer."""

from __future__ import annotations

import asyncio
import socket
import ssl
import urllib.request
from contextlib import closing
from http.client import HTTPConnection, HTTPSConnection
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["CLIENTS"]


def _http_client(url: str) -> bytes:
    parts = urlsplit(url)
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    with closing(kind(parts.hostname or "", parts.port, timeout=5)) as connection:
        connection.request("GET", parts.path)
        return connection.getresponse().read()


def _urllib(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=5) as answer:
        return bytes(answer.read())


def _urllib3(url: str) -> bytes:
    import urllib3

    with urllib3.PoolManager(timeout=5, retries=False) as pool:
        return pool.request("GET", url).data


def _requests(url: str) -> bytes:
    import requests

    return requests.get(url, timeout=5).content


def _httpx(url: str) -> bytes:
    import httpx

    return httpx.get(url, timeout=5).content


def _httpx_on_asyncio(url: str) -> bytes:
    return asyncio.run(_httpx_async(url))


def _httpx_on_trio(url: str) -> bytes:
    import trio

    return trio.run(_httpx_async, url)


async def _httpx_async(url: str) -> bytes:
    import httpx

    async with httpx.AsyncClient(timeout=5) as client:
        return (await client.get(url)).content


def _httpx_by_http2(url: str) -> bytes:
    import httpx

    with httpx.Client(timeout=5, http2=True) as client:
        return client.get(url).content


def _aiohttp(url: str) -> bytes:
    import aiohttp

    async def fetch() -> bytes:
        async with aiohttp.ClientSession() as session, session.get(url) as answer:
            return await answer.read()

    return asyncio.run(fetch())


def _asyncio_streams(url: str) -> bytes:
    parts = urlsplit(url)
    tls = ssl.create_default_context() if parts.scheme == "https" else None

    async def fetch() -> bytes:
        port = parts.port or (443 if tls else 80)
        reader, writer = await asyncio.open_connection(parts.hostname, port, ssl=tls)
        writer.write(f"GET {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nConnection: close\r\n\r\n".encode())
        answer = await reader.read()
        writer.close()
        await writer.wait_closed()
        return answer.partition(b"\r\n\r\n")[2]

    return asyncio.run(fetch())


def _socket(url: str) -> bytes:
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    answer = b""
    with socket.socket() as plain:
        plain.settimeout(5)
        plain.connect((parts.hostname, port))  # a name, not an address
        context = ssl.create_default_context()
        sock = context.wrap_socket(plain, server_hostname=parts.hostname) if parts.scheme == "https" else plain
        with sock:
            sock.sendall(f"GET {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nConnection: close\r\n\r\n".encode())
            while data := sock.recv(4096):
                answer += data
    return answer.partition(b"\r\n\r\n")[2]


CLIENTS: dict[str, Callable[[str], bytes]] = {
    "http.client": _http_client,
    "urllib": _urllib,
    "urllib3": _urllib3,
    "requests": _requests,
    "httpx": _httpx,
    "httpx on asyncio": _httpx_on_asyncio,
    "httpx on trio": _httpx_on_trio,
    "httpx by HTTP/2": _httpx_by_http2,
    "aiohttp": _aiohttp,
    "asyncio streams": _asyncio_streams,
    "socket": _socket,
}
