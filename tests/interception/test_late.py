"""A library that is first imported while an interception is in force, as by the test that imports its client."""

from __future__ import annotations

import subprocess
import sys

import pytest

from pytest_integrations import FakeRest, Interception

_HEAD = """
import sys
from pytest_integrations import FakeGrpc, FakeRest, Interception

with FakeRest("fake") as fake, FakeGrpc("orders") as orders, Interception() as intercept:
    fake.get("/users").reply(text="all")
    intercept("http://api.example.com", fake)
    intercept("http://orders.example.com:50051", orders)
"""
_UVLOOP = """
    import asyncio, uvloop
    from uvloop import Loop

    async def get():
        reader, writer = await asyncio.open_connection("api.example.com", 80)
        writer.close()
        await writer.wait_closed()

    uvloop.run(get())
    within = Loop.getaddrinfo
assert Loop.getaddrinfo is not within
"""
_GRPC = """
    import grpc
    with grpc.insecure_channel("orders.example.com:50051") as channel:
        channel.unary_unary("/grpc.health.v1.Health/Check")(b"", timeout=10)
    within = grpc.insecure_channel
assert grpc.insecure_channel is not within
"""


@pytest.mark.parametrize(("library", "code"), [("uvloop", _UVLOOP), ("grpc", _GRPC)])
def test_it_is_led_as_if_it_had_been_there(library: str, code: str) -> None:
    pytest.importorskip(library)
    program = f"{_HEAD}    assert {library!r} not in sys.modules\n{code}\nprint('done')"

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)

    assert (done.stdout, done.stderr) == ("done\n", "")


def test_finders_are_as_they_were(fake: FakeRest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "uvloop", raising=False)
    before = list(sys.meta_path)

    with Interception() as intercept:
        intercept("https://api.example.com", fake)
        assert len(sys.meta_path) > len(before)

    assert sys.meta_path == before


def test_finders_that_somebody_else_has_put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "uvloop", raising=False)
    before = list(sys.meta_path)

    with Interception():
        sys.meta_path[:] = before

    assert sys.meta_path == before
