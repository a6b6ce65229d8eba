"""Clients that are broken in ways that nobody has thought of: nothing of ours breaks, and others are served."""

from __future__ import annotations

import random
import socket
from typing import TYPE_CHECKING

import pytest
from hpack import Encoder

from pytest_integrations.wire.http2 import frames

from .client import PREFACE_AND_SETTINGS, Http2Client

if TYPE_CHECKING:
    from pytest_integrations import FakeRest

pytestmark = [pytest.mark.timeout(60)]

ROUNDS = 40


def _session(draw: random.Random) -> bytes:
    """Return what a client might send: a few requests in good frames, in some order."""
    encoder = Encoder()
    pieces = []
    for number in range(1, 2 * draw.randint(1, 6), 2):
        method = draw.choice(("GET", "POST", "HEAD"))
        path = draw.choice(("/users", "/echo"))
        head = [(":method", method), (":scheme", "http"), (":path", path), (":authority", "x"), ("a", "b" * 50)]
        has_body = draw.random() < 0.5
        pieces.append(frames.frame(frames.HEADERS, 4 if has_body else 5, number, encoder.encode(head)))
        if has_body:
            pieces.append(frames.frame(frames.DATA, 0, number, bytes(draw.randint(0, 5000))))
            pieces.append(frames.frame(frames.DATA, 1, number, b"end"))
        pieces.extend(
            draw.sample(
                (
                    frames.frame(frames.PING, 0, 0, bytes(8)),
                    frames.settings({frames.INITIAL_WINDOW_SIZE: draw.choice((0, 1, 65535, 2**31 - 1))}),
                    frames.frame(frames.WINDOW_UPDATE, 0, number, (1000).to_bytes(4, "big")),
                    frames.rst_stream(number, 8),
                    frames.goaway(0, 0),
                ),
                draw.randint(0, 2),
            )
        )
    return b"".join(pieces)


def _spoilt(data: bytes, draw: random.Random) -> bytes:
    """Return *data* with some bytes changed, left out, or put twice."""
    spoilt = bytearray(data)
    for _ in range(draw.randint(1, 5)):
        place = draw.randrange(len(spoilt))
        match draw.randrange(3):
            case 0:
                spoilt[place] = draw.randrange(256)
            case 1:
                del spoilt[place : place + draw.randint(1, 20)]
            case _:
                spoilt[place:place] = spoilt[place : place + draw.randint(1, 20)]
        spoilt = spoilt or bytearray(b"\0")
    return bytes(spoilt)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("spoils", [False, True])
def test_whatever_a_client_sends(fake: FakeRest, seed: int, spoils: bool) -> None:  # noqa: FBT001
    """In any pieces, and whenever it leaves; an exception on the I/O thread would fail this test."""
    draw = random.Random(seed)
    for _ in range(ROUNDS):
        data = _session(draw)
        data = PREFACE_AND_SETTINGS + (_spoilt(data, draw) if spoils else data)
        with socket.create_connection(("127.0.0.1", fake.port), 5) as sock:
            while data:
                size = draw.choice((1, 9, 50, 1000, 100_000))
                sock.sendall(data[:size])
                data = data[size:]
            if draw.random() < 0.5:
                sock.shutdown(socket.SHUT_WR)
                while sock.recv(65536):
                    pass
    with Http2Client(fake.port) as client:
        assert client.answer(client.ask("/users")).status == 200
    assert {call.outcome for call in fake.calls} <= {"answered", "abandoned", "closed", "reset"}
    fake.ledger.problems.clear()  # of paths that were spoilt
    assert all(connection.closed is not None for connection in fake.connections)
