"""Which version is spoken: by the first bytes of a connection, and by ALPN inside TLS."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from pytest_integrations import FakeRest
from pytest_integrations.faults import slow_accept
from tests.wire.raw import Raw

from .client import PREFACE_AND_SETTINGS, Http2Client

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = [pytest.mark.timeout(30)]


@pytest.mark.parametrize("split", [1, 3, 14, 23, 24, 30])
def test_the_preface_may_come_in_pieces(fake: FakeRest, split: int) -> None:
    """And is told from a request that begins with the same letters."""
    with Http2Client(fake.port, polite=False) as client:
        client.send_raw(PREFACE_AND_SETTINGS[:split])
        fake.ledger.settle()
        client.send_raw(PREFACE_AND_SETTINGS[split:])
        client.until(lambda: any(frame.type == 4 and "ACK" in frame.flags for frame in client.frames))
    with Raw(fake) as raw:
        raw.send_in([b"P", b"UT /users HTTP/1.1\r\nHost: x\r\n\r\n"])
        assert raw.answer().status == 200
    assert [call.version for call in fake.calls] == ["HTTP/1.1"]  # type: ignore[attr-defined]


def test_what_only_begins_as_a_preface_is_a_bad_request(fake: FakeRest) -> None:
    """Told off in the language that everybody understands."""
    with Raw(fake) as raw:
        assert raw.send(b"PRI * HTTP/2.0\r\n\r\nNO\r\n\r\n").answer().status == 400
    with Raw(fake) as raw:
        raw.send(b"PRI * HT")
        raw.close()
    assert [call.outcome for call in fake.calls] == ["answered"]
    assert fake.connections[1].closed_by == "client"


def test_versions_live_side_by_side(fake: FakeRest, connect: Callable[[], Http2Client]) -> None:
    """Connections of both, at the same time, on one port."""
    client = connect()
    with Raw(fake) as raw:
        stream = client.ask("/echo", "POST", b"two", end=False)
        assert raw.ask("/echo", "POST", b"one").answer().body == b"one"
        client.send_body(stream, b"!")
        assert bytes(client.answer(stream).body) == b"two!"
    assert [call.version for call in fake.calls] == ["HTTP/1.1", "HTTP/2"]  # type: ignore[attr-defined]


def test_a_connection_that_is_picked_up_late(fake: FakeRest, connect: Callable[[], Http2Client]) -> None:
    """What came in meanwhile is not lost on the way to the right protocol."""
    fake.inject(slow_accept(0.05))
    client = connect()
    first = client.ask("/users")
    assert client.answer(first).status == 200
    assert client.answer(client.ask("/users")).status == 200


@pytest.mark.parametrize(
    ("offered", "chosen"), [(["h2"], "h2"), (["http/1.1", "h2"], "h2"), (["http/1.1"], "http/1.1"), ([], None)]
)
def test_alpn(no_leaks: None, offered: list[str], chosen: str | None) -> None:
    """The server prefers HTTP/2, and takes what the client has."""
    with FakeRest(tls=True) as fake:
        fake.get("/users").reply(json=["ada"])
        context = fake.client_context()
        if offered:
            context.set_alpn_protocols(offered)
        if chosen == "h2":
            with Http2Client(fake.port, tls=context) as client:
                assert client.sock.selected_alpn_protocol() == chosen  # type: ignore[attr-defined]
                assert bytes(client.answer(client.ask("/users")).body) == b'["ada"]'
        else:
            with Raw(fake, tls=context) as raw:
                assert raw.sock.selected_alpn_protocol() == chosen  # type: ignore[attr-defined]
                assert raw.ask("/users").answer().body == b'["ada"]'
        (call,) = fake.calls
        assert call.version == ("HTTP/2" if chosen == "h2" else "HTTP/1.1")  # type: ignore[attr-defined]
        assert call.connection.tls == "TLSv1.3"


def test_who_speaks_http_1_pays_nothing_for_http_2() -> None:
    """h2 is imported when a client shows that it speaks it, and not before."""
    script = """
import sys, urllib.request
from pytest_integrations import FakeRest
with FakeRest() as fake:
    fake.get("/").reply()
    urllib.request.urlopen(fake.url).read()
print([name for name in ("h2", "hpack", "hyperframe") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
