"""TLS: good connections of every kind, handshakes that fail, and what the ledger says of them."""

from __future__ import annotations

import asyncio
import gc
import os
import socket
import ssl
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
import httpx
import pytest
import requests

from pytest_integrations import FakeRest
from pytest_integrations.core.errors import CannotPerform, ScriptingError
from pytest_integrations.faults import latency, tls
from pytest_integrations.wire.certificates import Authority

from .raw import Raw

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def secure() -> Iterator[FakeRest]:
    """A running fake that speaks TLS."""
    with FakeRest("secure", tls=True) as fake:
        fake.get("/").reply(text="ok")
        fake.post("/echo").calls(lambda request: request.get_data(), inline=True)
        yield fake


def _connect(fake: FakeRest, **settings: Any) -> Raw:
    return Raw(fake, tls=fake.client_context(), **settings)


async def _by_aiohttp(url: str, context: ssl.SSLContext) -> str:
    async with aiohttp.ClientSession() as session, session.get(url, ssl=context) as answer:
        text: str = await answer.text()
    await asyncio.sleep(1)  # its transports close when both sides have said so
    return text


@pytest.mark.parametrize("client", ["requests", "httpx", "urllib", "aiohttp"])
@pytest.mark.virtual_time
def test_every_client_is_content_with_the_certificate(secure: FakeRest, client: str) -> None:
    """By the authority's file, or by a context made for it."""
    if client == "requests":
        text = requests.get(secure.url, verify=secure.ca_file, timeout=5).text
    elif client == "httpx":
        text = httpx.get(secure.url, verify=secure.client_context(), timeout=5).text
    elif client == "urllib":
        with urllib.request.urlopen(secure.url, context=secure.client_context(), timeout=5) as answer:
            text = answer.read().decode()
    else:
        text = asyncio.run(_by_aiohttp(secure.url, secure.client_context()))
        gc.collect()  # aiohttp leaves its transport to the collector

    assert text == "ok"
    assert secure.connections[0].tls == "TLSv1.3"


def test_a_client_that_does_not_know_the_authority_is_content_with_nothing(secure: FakeRest) -> None:
    """The certificate is good for those only who trust the fake's authority; the attempt is in the ledger."""
    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        httpx.get(secure.url, timeout=5)
    (call,) = secure.calls
    assert (call.operation, call.outcome, call.gone is not None) == ("connect", "abandoned", True)


def test_big_bodies_keep_alive_and_pipelining(secure: FakeRest) -> None:
    """5 MB up and down in many records, requests one after the other and at once, on one connection."""
    body = os.urandom(5_000_000)
    secure.get("/big").reply(body=body)
    with _connect(secure) as raw:
        assert raw.ask("/big").answer().body == body
        assert raw.ask("/echo", "POST", body).answer().body == body
        raw.send(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n" * 100)
        assert [raw.answer().body for _ in range(100)] == [b"ok"] * 100
    (connection,) = secure.connections
    assert (connection.calls, connection.closed_by) == (102, "client")


def test_a_request_in_single_records_and_single_bytes(secure: FakeRest) -> None:
    """However the records come, and however the records are cut into segments."""
    with _connect(secure) as raw:
        for byte in b"GET / HTTP/1.1\r\nHost: h\r\n\r\n":
            raw.send(bytes([byte]))
        assert raw.answer().body == b"ok"

    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = secure.client_context().wrap_bio(incoming, outgoing, server_hostname="localhost")
    with socket.create_connection(("127.0.0.1", secure.port), 5) as tcp:
        tcp.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while True:
            try:
                client.do_handshake()
                break
            except ssl.SSLWantReadError:
                for byte in outgoing.read():
                    tcp.send(bytes([byte]))
                incoming.write(tcp.recv(65536))
        client.write(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
        for byte in outgoing.read():
            tcp.send(bytes([byte]))
        answer = b""
        while not answer.endswith(b"ok"):
            incoming.write(tcp.recv(65536))
            try:
                answer += client.read(65536)
            except ssl.SSLWantReadError:
                continue


@pytest.mark.parametrize("how", ["close_notify", "fin", "rst"])
def test_a_client_that_leaves_is_seen_leaving(secure: FakeRest, how: str) -> None:
    """With a goodbye, without one, and by a reset: abandoned, gone, and closed by the client."""
    secure.inject(latency(60))
    raw = _connect(secure).ask()
    while not secure.calls:
        pass
    if how == "close_notify":
        raw.sock.settimeout(1)
        raw.sock.unwrap().close()  # type: ignore[attr-defined]
    elif how == "fin":
        raw.close()
    else:
        raw.reset()

    (call,) = secure.calls
    assert (call.outcome, call.gone is not None) == ("abandoned", True)
    assert secure.connections[0].closed_by == "client"


def test_the_fake_says_goodbye(secure: FakeRest) -> None:
    """After `Connection: close` a close_notify comes, so that a careful client sees no truncation."""
    context = secure.client_context()
    tcp = socket.create_connection(("127.0.0.1", secure.port), 5)
    with context.wrap_socket(tcp, server_hostname="localhost", suppress_ragged_eofs=False) as sock:
        sock.sendall(b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n")
        data = b""
        while piece := sock.recv(1000):
            data += piece
    assert data.endswith(b"ok")


def test_plain_http_to_a_tls_port(secure: FakeRest) -> None:
    """The connection ends, the attempt is in the ledger, and the next client is served."""
    with Raw(secure) as raw:
        raw.ask()
        raw.rest()
    (call,) = secure.calls
    assert (call.operation, call.outcome) == ("connect", "abandoned")
    with _connect(secure) as raw:
        assert raw.ask().answer().body == b"ok"


def test_tls_to_a_plain_port(fake: FakeRest) -> None:
    """A client that expects TLS is refused, as garbage is."""
    with pytest.raises(httpx.ConnectError, match=r"(?i)wrong.version.number|record.layer"):
        httpx.get(fake.url.replace("http:", "https:"), timeout=5)
    (call,) = fake.calls
    assert (call.operation, call.status) == ("bad request", 400)


REFUSED = {
    "expired": "certificate has expired",
    "not_yet_valid": "certificate is not yet valid",
    "wrong_host": "IP address mismatch|Hostname mismatch",
    "untrusted_ca": "unable to get local issuer certificate|self.signed certificate in certificate chain",
    "self_signed": "self.signed certificate",
    "plaintext": "(?i)wrong.version.number|record.layer",
    "reset_in_handshake": "(?i)reset",
    "close_in_handshake": "(?i)EOF",
}


@pytest.mark.parametrize("kind", REFUSED)
def test_a_spoilt_handshake_fails_as_it_says_and_once(secure: FakeRest, kind: str) -> None:
    """The client is told that and nothing else; the attempt has the fault; the next connection is good."""
    secure.inject(tls(kind))
    with pytest.raises((ssl.SSLError, ConnectionResetError, EOFError), match=REFUSED[kind]):
        _connect(secure)
    with _connect(secure) as raw:
        assert raw.ask().answer().body == b"ok"

    first, second = secure.calls
    assert (first.operation, first.fault, first.failed) == ("connect", tls(kind), True)
    assert (second.fault, secure.connections[1].fault) == (None, None)


@pytest.mark.parametrize("kind", ["expired", "not_yet_valid", "wrong_host", "untrusted_ca", "self_signed"])
def test_a_client_that_does_not_verify_gets_through(secure: FakeRest, kind: str) -> None:
    """The handshake is otherwise sound, which is how a careless client is found out."""
    secure.inject(tls(kind))
    assert httpx.get(secure.url, verify=False, timeout=5).text == "ok"
    assert secure.connections[0].fault == tls(kind)


def test_a_hanging_handshake(secure: FakeRest) -> None:
    """Nothing comes until the client gives up; that it did is in the ledger."""
    secure.inject(tls("hang_in_handshake"))
    with pytest.raises(TimeoutError):
        _connect(secure, timeout=0.05)
    gc.collect()
    (call,) = secure.calls
    assert (call.outcome, call.fault) == ("hung", tls("hang_in_handshake"))


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (tls(alert="handshake_failure"), "(?i)handshake.failure"),
        (tls(alert="internal_error"), "(?i)internal.error"),
        (tls(alert="unrecognized_name"), "(?i)unrecognized.name"),
        (tls(alert="protocol_version"), "(?i)protocol.version"),
        (tls(alert="access_denied"), "(?i)access.denied"),
        (tls(version="1.1"), "(?i)unsupported.protocol|protocol.version|alert"),
    ],
    ids=repr,
)
def test_alerts_and_old_versions(secure: FakeRest, fault: Any, error: str) -> None:
    """The client is told by the alert that was named, or finds no version that both speak."""
    secure.inject(fault)
    with pytest.raises(ssl.SSLError, match=error):
        _connect(secure)


def test_a_version_that_is_good_enough(secure: FakeRest) -> None:
    """A client that takes TLS 1.2 gets it, and the ledger says so."""
    secure.inject(tls(version="1.2"))
    with _connect(secure) as raw:
        assert raw.ask().answer().body == b"ok"
    assert secure.connections[0].tls == "TLSv1.2"


def test_a_client_certificate_is_demanded(secure: FakeRest) -> None:
    """Without one the connection fails, at the latest when the client reads."""
    secure.inject(tls("client_cert_required"))
    with pytest.raises((ssl.SSLError, ConnectionError, EOFError)), _connect(secure) as raw:
        raw.ask().answer()
    assert [call.operation for call in secure.calls] == ["connect"]


def test_an_end_without_goodbye(secure: FakeRest) -> None:
    """All is well until the end, which a careful client must take for a truncation."""
    secure.inject(tls("no_close_notify"))
    tcp = socket.create_connection(("127.0.0.1", secure.port), 5)
    with secure.client_context().wrap_socket(tcp, server_hostname="localhost", suppress_ragged_eofs=False) as sock:
        sock.sendall(b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n")
        with pytest.raises(ssl.SSLEOFError):
            b"".join(iter(lambda: sock.recv(1000), b""))


def test_only_a_fake_that_speaks_tls_can_spoil_it(fake: FakeRest) -> None:
    """Elsewhere it is refused at the scripting line; so is asking for a certificate."""
    with pytest.raises(CannotPerform, match=r"fake \(http/1\.1\) cannot perform tls\('expired'\): it needs Handshake"):
        fake.inject(tls("expired"))
    for ask in (lambda: fake.ca_file, fake.client_context):
        with pytest.raises(ScriptingError, match="fake does not speak TLS: make it with tls=True"):
            ask()


# -- certificates


def test_the_file_of_the_authority_is_removed_at_exit() -> None:
    """It is one file a process, made when asked for, and gone afterwards."""
    code = (
        "from pytest_integrations import FakeRest\n"
        "with FakeRest(tls=True) as a, FakeRest(tls=True) as b:\n"
        "    assert a.ca_file == b.ca_file\n"
        "    assert 'BEGIN CERTIFICATE' in open(a.ca_file).read()\n"
        "    print(a.ca_file)\n"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not Path(result.stdout.strip()).exists()


def test_certificates_do_not_depend_on_the_time_that_a_test_made_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Made while time is frozen in 1980, they are good today; contexts are made once for each kind."""
    monkeypatch.setattr(time, "time", lambda: 315_532_800.0)
    authority = Authority()
    server = authority.server_context()
    authority.server_context("self_signed")
    monkeypatch.undo()
    assert authority.server_context() is server

    ours, theirs = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = authority.client_context().wrap_bio(ours, theirs, server_hostname="localhost")
    answering = server.wrap_bio(theirs, ours, server_side=True)
    for _ in range(4):
        for side in (client, answering):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
    assert client.version() == "TLSv1.3"
