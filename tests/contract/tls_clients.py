"""The clients under contract, over TLS: they verify, as clients do, and each meets every way to spoil a handshake.

`python -m tests.contract.tls_clients` renews the table of docs/reference/what-clients-raise.md.
"""

from __future__ import annotations

import asyncio
import http.client
import re
import sys
from contextlib import closing
from typing import TYPE_CHECKING

from pytest_integrations import FakeRest
from pytest_integrations.faults import tls
from pytest_integrations.faults.handshake import ALERTS, KINDS
from pytest_integrations.timekeeping import VirtualClock
from tests.contract.client_table import PAGE
from tests.contract.clients import Hangs
from tests.contract.expectations import Row

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["EXPECTED", "GENERATED", "meet", "rendered"]

GENERATED = re.compile(r"(<!-- generated: tls -->\n)(.*?)(<!-- /generated: tls -->)", re.DOTALL)
_TIMEOUT = 2.0
_FAULTS = (*map(tls, KINDS), tls(version="1.1"), *(tls(alert=alert) for alert in ALERTS))


def meet(client: str, fault: tls) -> str:
    """Let *client* make a request of a fake whose handshakes *fault* spoils, and return what its caller gets."""
    with VirtualClock(), FakeRest(tls=True) as fake:  # no stall of the machine may use a client's patience up
        fake.get("/users").reply(text="all")
        fake.inject(fault, every=1)
        try:
            return str(_CLIENTS[client](fake))
        except Hangs:
            return "hangs"
        except Exception as error:  # noqa: BLE001 -- which one, is the question
            return type(error).__name__


def _http_client(fake: FakeRest) -> int:
    context = fake.client_context()
    with closing(http.client.HTTPSConnection("127.0.0.1", fake.port, timeout=_TIMEOUT, context=context)) as connection:
        connection.request("GET", "/users")
        return connection.getresponse().status


def _urllib3(fake: FakeRest) -> int:
    import urllib3

    with urllib3.PoolManager(timeout=_TIMEOUT, retries=False, ca_certs=fake.ca_file) as pool:
        return pool.request("GET", f"{fake.url}/users").status


def _requests(fake: FakeRest) -> int:
    import requests

    with requests.Session() as session:
        session.trust_env = False
        return session.get(f"{fake.url}/users", timeout=_TIMEOUT, verify=fake.ca_file).status_code


def _httpx(fake: FakeRest) -> int:
    import httpx

    with httpx.Client(timeout=_TIMEOUT, trust_env=False, verify=fake.client_context()) as client:
        return client.get(f"{fake.url}/users").status_code


def _aiohttp(fake: FakeRest) -> int:
    import aiohttp

    async def talk() -> int:
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=_TIMEOUT, sock_read=_TIMEOUT)
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.get(f"{fake.url}/users", ssl=fake.client_context()) as answer,
        ):
            status = answer.status
        await asyncio.sleep(1)  # its transports close when both sides have said so
        return status

    async def patiently() -> int:
        talking = asyncio.ensure_future(talk())
        done, _ = await asyncio.wait({talking}, timeout=4 * _TIMEOUT)
        if not done:
            talking.cancel()
            raise Hangs
        return talking.result()

    return asyncio.run(patiently())


_CLIENTS: dict[str, Callable[[FakeRest], int]] = {
    "http.client": _http_client,
    "urllib3": _urllib3,
    "requests": _requests,
    "httpx": _httpx,
    "aiohttp": _aiohttp,
}

_UNTRUSTED = Row("SSLCertVerificationError", "SSLError", "SSLError", "ConnectError", "ClientConnectorCertificateError")
_NO_HANDSHAKE = Row("SSLError", "SSLError", "SSLError", "ConnectError", "ClientConnectorSSLError")

EXPECTED: dict[tls, Row] = dict.fromkeys(_FAULTS, _NO_HANDSHAKE)
EXPECTED |= dict.fromkeys(
    map(tls, ("expired", "not_yet_valid", "wrong_host", "untrusted_ca", "self_signed")), _UNTRUSTED
)
EXPECTED |= {
    tls("client_cert_required"): _NO_HANDSHAKE._replace(httpx="ReadError", aiohttp="ClientOSError"),
    tls("reset_in_handshake"): Row(
        "ConnectionResetError", "ProtocolError", "ConnectionError", "ConnectError", "ClientConnectorError"
    ),
    tls("close_in_handshake"): _NO_HANDSHAKE._replace(http_client="SSLEOFError", aiohttp="ClientConnectorError"),
    tls("hang_in_handshake"): Row(
        "TimeoutError", "ReadTimeoutError", "ReadTimeout", "ConnectTimeout", "ConnectionTimeoutError"
    ),
    tls("no_close_notify"): Row("200", "200", "200", "200", "200"),
}


def rendered() -> str:
    """Return the table in Markdown."""
    names = [name.replace("_", ".") for name in Row._fields]
    lines = [f"| fault | {' | '.join(names)} |", f"|---|{'---|' * len(names)}"]
    lines += [f"| `{fault!r}` | {' | '.join(row)} |" for fault, row in EXPECTED.items()]
    return "\n".join((*lines, ""))


def main() -> int:
    """Renew the page, and tell where the clients have changed."""
    for fault, row in EXPECTED.items():
        for client in _CLIENTS:
            outcome = meet(client, fault)
            if outcome not in row.of(client).split(" or "):
                print(f"{client}, {fault!r}: {outcome}, where tls_clients.py says {row.of(client)}")
    page = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(GENERATED.sub(lambda old: old[1] + rendered() + old[3], page), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
