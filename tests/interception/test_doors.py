"""Ports that an interception has opened at a fake, which may be there for many tests."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import httpx
import pytest

from pytest_integrations import FakeRest, Interception

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.usefixtures("no_leaks")


@pytest.fixture
def doors(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """Where connections went."""
    seen: list[tuple[str, int]] = []
    lead: Callable[..., tuple[str, int] | None] = Interception.lead

    def spy(self: Interception, *where: object) -> tuple[str, int] | None:
        way = lead(self, *where)
        seen.extend([way] if way is not None else [])
        return way

    monkeypatch.setattr(Interception, "lead", spy)
    return seen


def test_they_close_with_it(fake: FakeRest, doors: list[tuple[str, int]]) -> None:
    for url in ("http://api.example.com", "https://api.example.com", "https://api.example.com"):
        with Interception() as intercept:
            intercept(url, fake)
            assert httpx.get(f"{url}/users", timeout=5).text == "all"

    assert len(doors) == 3
    for door in doors:
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(door, timeout=5)
    assert httpx.get(f"{fake.url}/users", timeout=5).text == "all"


def test_who_is_connected_stays_until_the_fake_stops() -> None:
    with httpx.Client() as client:
        with FakeRest() as fake:
            fake.get("/users").reply(text="all")
            with Interception() as intercept:
                intercept("http://api.example.com", fake)
                assert client.get("http://api.example.com/users").text == "all"
            assert client.get("http://api.example.com/users").text == "all"
            with Interception() as intercept:
                intercept("http://other.example.com", fake)
            assert client.get("http://api.example.com/users").text == "all"
            (connection,) = fake.connections
        assert connection.closed_by == "fake"


def test_they_close_after_a_fake_that_has_stopped() -> None:
    with Interception() as intercept, FakeRest() as fake:
        intercept("http://api.example.com", fake)
