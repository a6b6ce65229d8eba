"""The clients under contract: each meets a case, and it is told in a word or two what its caller gets.

"200" (with the body as it should be), "200 empty", "200 short" (a beginning of the body), "200 of before" (the body of
the call before), "200 other", another status, or the name of the exception; "hangs" if nothing came of it. "(2 seen)"
goes behind it where the fake saw more requests than were made, because the client tried again by itself or followed a
redirect, or fewer.
"""

from __future__ import annotations

import asyncio
import http.client
from contextlib import closing, nullcontext
from typing import TYPE_CHECKING, Any

from pytest_integrations.timekeeping import VirtualClock
from tests.contract.cases import BODY, ENOUGH, SECOND, Case, faulty

if TYPE_CHECKING:
    from pytest_integrations import FakeRest

__all__ = ["CLIENTS", "meet", "version"]


def meet(client: str, case: Case) -> str:
    """Let *client* make the requests of *case* and return what its caller gets of the last one.

    A fault that one request meets is met by each further one, so that trying again does not help.
    """
    when = {"every": 1} if case.calls == 1 and case.fault.scope != "listener" and not case.fault.standing else {}
    # Where the client's patience matters, no stall of the machine may use it up.
    clock: Any = VirtualClock() if case.timeout < ENOUGH else nullcontext()
    with clock, faulty(case, **when) as fake:
        told = _outcome(client, case, fake)
        seen = len(fake.calls)
    return told if seen in {0, case.calls} else f"{told} ({seen} seen)"


def _outcome(client: str, case: Case, fake: FakeRest) -> str:
    try:
        status, body = CLIENTS[client](case, fake)
    except Hangs:
        return "hangs"
    except Exception as error:  # noqa: BLE001 -- which one, is the question
        return type(error).__name__
    return f"{status}{_of_body(body, case) if status == 200 else ''}"


class Hangs(BaseException):
    """A client has waited three times as long as it was told to."""


def _of_body(body: bytes, case: Case) -> str:
    if body == (BODY if case.calls == 1 else SECOND):
        return ""
    if not body:
        return " empty"
    if body == BODY:
        return " of before"
    return " short" if BODY.startswith(body) else " other"


def version(client: str) -> str:
    """Return the version of *client*."""
    import importlib
    import platform

    if client == "http.client":
        return platform.python_version()
    return str(importlib.import_module(client).__version__)


def _between(case: Case, call: int, fake: FakeRest) -> None:
    """Let what the fake does after an answer be done before the next request."""
    if call:
        fake.ledger.settle()


def _http_client(case: Case, fake: FakeRest) -> tuple[int, bytes]:
    with closing(http.client.HTTPConnection("127.0.0.1", fake.port, timeout=case.timeout)) as connection:
        for call in range(case.calls):
            _between(case, call, fake)
            connection.request(case.method, "/users", case.body or None, case.headers)
            answer = connection.getresponse()
            body = answer.read()
    return answer.status, body


def _urllib3(case: Case, fake: FakeRest) -> tuple[int, bytes]:
    import urllib3

    with urllib3.PoolManager(timeout=case.timeout, retries=False) as pool:
        for call in range(case.calls):
            _between(case, call, fake)
            answer = pool.request(case.method, f"{fake.url}/users", body=case.body or None, headers=case.headers)
    return answer.status, answer.data


def _requests(case: Case, fake: FakeRest) -> tuple[int, bytes]:
    import requests

    with requests.Session() as session:
        session.trust_env = False
        for call in range(case.calls):
            _between(case, call, fake)
            answer = session.request(
                case.method, f"{fake.url}/users", data=case.body, headers=case.headers, timeout=case.timeout
            )
    return answer.status_code, answer.content


def _niquests(case: Case, fake: FakeRest) -> tuple[int, bytes]:
    import niquests

    with niquests.Session() as session:
        session.trust_env = False
        for call in range(case.calls):
            _between(case, call, fake)
            answer = session.request(
                case.method, f"{fake.url}/users", data=case.body, headers=case.headers, timeout=case.timeout
            )
    return answer.status_code, answer.content


def _httpx(case: Case, fake: FakeRest) -> tuple[int, bytes]:
    import httpx

    # Without TLS nothing is verified; loading the certificates would take longer than the test.
    with httpx.Client(timeout=case.timeout, follow_redirects=True, trust_env=False, verify=False) as client:
        for call in range(case.calls):
            _between(case, call, fake)
            answer = client.request(case.method, f"{fake.url}/users", content=case.body, headers=case.headers)
    return answer.status_code, answer.content


def _aiohttp(case: Case, fake: FakeRest) -> tuple[int, bytes]:
    import aiohttp

    async def talk() -> tuple[int, bytes]:
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=case.timeout, sock_read=case.timeout)
        async with aiohttp.ClientSession(timeout=timeout) as session:
            for call in range(case.calls):
                _between(case, call, fake)
                await asyncio.sleep(0.01 if call else 0)  # its loop has to hear of a FIN
                url = f"{fake.url}/users"
                async with session.request(case.method, url, data=case.body or None, headers=case.headers) as answer:
                    body = await answer.read()
            return answer.status, body

    async def patiently() -> tuple[int, bytes]:
        talking = asyncio.ensure_future(talk())
        done, _ = await asyncio.wait({talking}, timeout=3 * case.timeout)
        if not done:
            talking.cancel()
            raise Hangs
        return talking.result()

    return asyncio.run(patiently())


CLIENTS = {
    "http.client": _http_client,
    "urllib3": _urllib3,
    "requests": _requests,
    "httpx": _httpx,
    "aiohttp": _aiohttp,
    "niquests": _niquests,
}
