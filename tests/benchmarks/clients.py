"""Who asks: one function a client, which makes *count* requests and returns the seconds that each took."""

from __future__ import annotations

import asyncio
import http.client
import socket
import time
from typing import TYPE_CHECKING

import aiohttp
import requests

from .servers import BODY, PATH

if TYPE_CHECKING:
    from collections.abc import Callable

    from .servers import Server

__all__ = ["aiohttp_session", "http_client", "raw_fresh", "raw_kept", "requests_session"]

REQUEST = b"GET %b HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: */*\r\n\r\n" % PATH.encode()


def _timed(action: Callable[[], object], count: int) -> list[float]:
    times = []
    for _ in range(count):
        start = time.perf_counter()
        action()
        times.append(time.perf_counter() - start)
    return times


def _connected(server: Server) -> socket.socket:
    sock = socket.create_connection(("127.0.0.1", server.port))
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


def _receive(sock: socket.socket) -> bytes:
    data = b""
    while BODY not in data:
        more = sock.recv(65536)
        if not more:
            raise ConnectionError(data)
        data += more
    return data


def raw_kept(server: Server, count: int) -> list[float]:
    """Ask on one raw connection; a server that closes it is asked on a new one each time, as its clients have to."""
    sock: socket.socket | None = None

    def ask() -> None:
        nonlocal sock
        sock = sock or _connected(server)
        sock.send(REQUEST)
        if b"\r\nConnection: close" in _receive(sock):
            sock.close()
            sock = None

    try:
        return _timed(ask, count)
    finally:
        if sock is not None:
            sock.close()


def raw_fresh(server: Server, count: int) -> list[float]:
    """Ask on a new raw connection each time."""

    def ask() -> None:
        with _connected(server) as sock:
            sock.send(REQUEST)
            _receive(sock)

    return _timed(ask, count)


def http_client(server: Server, count: int) -> list[float]:
    """Ask by http.client on one connection, which reconnects by itself."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port)

    def ask() -> None:
        connection.request("GET", PATH)
        connection.getresponse().read()

    try:
        return _timed(ask, count)
    finally:
        connection.close()


def requests_session(server: Server, count: int) -> list[float]:
    """Ask by a requests.Session."""
    with requests.Session() as session:
        return _timed(lambda: session.get(server.url).content, count)


def aiohttp_session(server: Server, count: int) -> list[float]:
    """Ask by an aiohttp.ClientSession."""

    async def ask_all() -> list[float]:
        times = []
        async with aiohttp.ClientSession() as session:
            for _ in range(count):
                start = time.perf_counter()
                async with session.get(server.url) as answer:
                    await answer.read()
                times.append(time.perf_counter() - start)
        return times

    return asyncio.run(ask_all())
