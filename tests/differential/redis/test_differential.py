"""The same random commands to a real redis-server and to the fake: every reply is compared, byte for byte."""

from __future__ import annotations

import random
import re
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from pytest_integrations.backends.redis import FakeRedis

from .commands import Commands, normal
from .real import RawClient, is_installed, real_redis
from .words import REFUSED, SAID, TYPES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = [
    pytest.mark.differential,
    pytest.mark.skipif(not is_installed(), reason="needs redis-server on the path"),
]

COUNT = 10_000


@dataclass(frozen=True)
class Allowed:
    """A difference that is known, and why it stays."""

    reason: str
    applies: Callable[[tuple[str, ...], bytes, bytes], bool]


ALLOWED = (
    Allowed(
        "the fake plays 7.4, and since 7.2 a consumer comes to be by asking, also when it gets nothing",
        lambda fields, _real, _ours: (
            fields[:2] in {("XINFO", "GROUPS"), ("XINFO", "CONSUMERS"), ("XGROUP", "CREATECONSUMER")}
        ),
    ),
    Allowed(
        "an entry that was deleted and is read again by its consumer counts as delivered again; not so in Redis",
        lambda fields, real, ours: (
            fields[0] == "XPENDING" and len(fields) > 3 and _but_counts(real) == _but_counts(ours)
        ),
    ),
    Allowed(
        "a blocking move with nothing to move and the wrong kind of key to move it to: Redis waits, the fake refuses",
        lambda fields, _real, ours: fields[0] in {"BLMOVE", "BRPOPLPUSH"} and ours.startswith(b"-WRONGTYPE"),
    ),
)


def _but_counts(reply: bytes) -> bytes:
    return re.sub(rb":idle\r\n:\d+", b":idle", reply)


@pytest.fixture(scope="module")
def real_port() -> Iterator[int]:
    with real_redis() as port:
        yield port


@pytest.mark.parametrize("protocol", [2, 3])
@pytest.mark.parametrize("seed", range(5))
def test_lists_streams_and_groups(real_port: int, seed: int, protocol: int) -> None:
    commands = Commands(random.Random(seed))
    count = COUNT if protocol == 2 else COUNT // 5
    differences: list[tuple[int, tuple[str, ...], bytes, bytes]] = []
    with FakeRedis(version="7.0.15") as fake, RawClient(real_port) as real, RawClient(fake.port) as ours:
        for client in (real, ours):
            client.ask("FLUSHALL")
            client.ask("HELLO", protocol)
        for number in range(count):
            fields = commands.next()
            expected, got = normal(real.ask(*fields), fields), normal(ours.ask(*fields), fields)
            if expected == got:
                continue
            if not any(each.applies(fields, expected, got) for each in ALLOWED):
                differences.append((number, fields, expected, got))
            real.ask("FLUSHALL")  # what differs once would differ ever after
            ours.ask("FLUSHALL")
        fake.ledger.clear()
    assert not differences, "\n".join(f"#{n} {' '.join(f)}\n  real: {e!r}\n  ours: {g!r}" for n, f, e, g in differences)


def exchange(port: int, sent: bytes, *, ends: bool) -> bytes:
    """Return all that comes back, up to the server's FIN or to the answer of a last ECHO."""
    with RawClient(port) as client:
        client.sock.sendall(sent if ends else sent + b"*2\r\n$4\r\nECHO\r\n$8\r\nthis end\r\n")
        came = b""
        while not came.endswith(b"$8\r\nthis end\r\n"):
            data = client.sock.recv(65536)
            if not data:
                break
            came += data
        return came


@pytest.mark.parametrize("sent", REFUSED, ids=lambda sent: repr(sent[:20]))
def test_what_is_no_command(real_port: int, sent: bytes) -> None:
    with FakeRedis() as fake:
        assert exchange(fake.port, sent, ends=True) == exchange(real_port, sent, ends=True)


@pytest.mark.parametrize("sent", SAID, ids=lambda sent: repr(sent)[:60])
def test_words(real_port: int, sent: bytes) -> None:
    with FakeRedis() as fake:
        assert exchange(fake.port, sent, ends=False) == exchange(real_port, sent, ends=False)


@pytest.mark.parametrize("protocol", [2, 3])
def test_types_of_replies(real_port: int, protocol: int) -> None:
    with FakeRedis(version="7.0.15") as fake, RawClient(real_port) as real, RawClient(fake.port) as ours:
        for client in (real, ours):
            client.ask("FLUSHALL")
            client.ask("HELLO", protocol)
        for line in TYPES:
            words = shlex.split(line)
            expected, got = real.ask(*words), ours.ask(*words)
            assert (line, got) == (line, expected)
