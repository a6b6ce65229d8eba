"""Channels of grpcio, which connects by itself: they are led where they are made."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import grpc
import grpc.aio
import pytest

from pytest_integrations import FakeGrpc, Interception
from pytest_integrations.faults import tls

if TYPE_CHECKING:
    from collections.abc import Iterator

_CHECK = "/grpc.health.v1.Health/Check"
_SERVING = b"\x08\x01"


@pytest.fixture
def fake() -> Iterator[FakeGrpc]:
    with FakeGrpc("orders") as fake:
        yield fake


@pytest.fixture
def intercept() -> Iterator[Interception]:
    with Interception() as interception:
        yield interception


def _asked(channel: grpc.Channel) -> bytes:
    with channel:
        return bytes(channel.unary_unary(_CHECK)(b"", timeout=5))


@pytest.mark.parametrize("target", ["orders.internal:50051", "dns:///orders.internal:50051"])
def test_a_channel_without_tls(fake: FakeGrpc, intercept: Interception, target: str) -> None:
    intercept("http://orders.internal:50051", fake)

    assert _asked(grpc.insecure_channel(target, options=[("grpc.max_receive_message_length", 99)])) == _SERVING
    assert len(fake.calls) == 1


@pytest.mark.parametrize("target", ["orders.internal", "orders.internal:443"])
def test_a_channel_with_tls_verifies(fake: FakeGrpc, intercept: Interception, target: str) -> None:
    intercept("https://orders.internal", fake)

    assert _asked(grpc.secure_channel(target, grpc.ssl_channel_credentials())) == _SERVING
    assert fake.connections[0].tls
    fake.inject(tls("wrong_host"), every=1)
    with pytest.raises(grpc.RpcError) as caught:
        _asked(grpc.secure_channel(target, grpc.ssl_channel_credentials()))
    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE


def test_credentials_of_calls_are_kept(fake: FakeGrpc, intercept: Interception) -> None:
    intercept("https://orders.internal", fake)
    both = grpc.composite_channel_credentials(
        grpc.ssl_channel_credentials(), grpc.access_token_call_credentials("t0ken")
    )

    assert _asked(grpc.secure_channel("orders.internal", both)) == _SERVING
    assert fake.calls[0].headers["authorization"] == "Bearer t0ken"


@pytest.mark.parametrize("is_secure", [False, True])
def test_channels_of_asyncio(fake: FakeGrpc, intercept: Interception, is_secure: bool) -> None:  # noqa: FBT001
    intercept("https://orders.internal" if is_secure else "http://orders.internal:443", fake)

    async def ask() -> bytes:
        make = grpc.aio.secure_channel if is_secure else grpc.aio.insecure_channel
        credentials = (grpc.ssl_channel_credentials(),) if is_secure else ()
        async with make("orders.internal:443", *credentials) as channel:
            return bytes(await channel.unary_unary(_CHECK)(b"", timeout=5))

    assert asyncio.run(ask()) == _SERVING


def test_other_targets_are_let_be_and_all_is_as_it_was(fake: FakeGrpc) -> None:
    before = grpc.insecure_channel, grpc.secure_channel, grpc.ssl_channel_credentials, grpc.aio.insecure_channel
    with Interception() as intercept:
        intercept("http://orders.internal:1", fake)
        assert _asked(grpc.insecure_channel(fake.target)) == _SERVING
    assert before == (
        grpc.insecure_channel,
        grpc.secure_channel,
        grpc.ssl_channel_credentials,
        grpc.aio.insecure_channel,
    )
