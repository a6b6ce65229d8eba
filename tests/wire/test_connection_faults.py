"""Connections that are late, and faults that go wrong themselves."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from pytest_integrations import FakeRest
from pytest_integrations.core.effect import Answer, Tamper
from pytest_integrations.core.fault import Fault
from pytest_integrations.faults import hang, slow_accept, stale_keepalive
from tests.contract.raw_socket import RawSocket, request

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pytest_integrations.core.effect import Effect
    from pytest_integrations.core.fault import Occasion


@pytest.fixture
def fake() -> Iterator[FakeRest]:
    with FakeRest() as fake:
        fake.get("/users").reply(text="ok")
        yield fake


def test_a_late_connection_is_served_as_any_other(fake: FakeRest) -> None:
    fake.inject(fault := slow_accept(0.05))
    began = time.monotonic()
    with RawSocket(fake) as client:
        client.send(request())
        assert client.exactly(12) == b"HTTP/1.1 200"
        assert time.monotonic() - began >= 0.05
        client.at_once()
        client.send(request())
        assert client.at_once().startswith(b"HTTP/1.1 200")

    assert [call.outcome for call in fake.calls] == ["answered", "answered"]
    assert fake.connections[0].fault == fault


def test_a_client_that_does_not_wait_for_a_late_connection_is_an_attempt(fake: FakeRest) -> None:
    fake.inject(fault := slow_accept(30))
    with RawSocket(fake) as client:
        client.send(request())

    (call,) = fake.calls
    assert (call.operation, call.outcome, call.fault) == ("connect", "abandoned", fault)
    assert call.gone is not None
    assert call.connection.closed_by == "client"


def test_a_late_connection_ends_with_its_fake(no_leaks: None) -> None:
    with FakeRest() as fake:
        fake.inject(slow_accept(30))
        client = RawSocket(fake)
        client.at_once()
    with client:
        assert client.to_the_end()[1] != "open"

    (call,) = fake.calls
    assert (call.outcome, call.gone, call.connection.closed_by) == ("abandoned", None, "fake")


def test_what_a_stale_connection_refused_is_named_as_what_it_was(fake: FakeRest) -> None:
    fake.inject(stale_keepalive("fin_on_next"))
    with RawSocket(fake) as client:
        for _ in range(2):
            client.send(request())
            client.at_once()

    assert [call.operation for call in fake.calls] == ["GET /users", "GET /users"]


@dataclass(frozen=True, slots=True, repr=False)
class broken(Fault):  # noqa: N801 -- faults are called by a word
    """A fault that raises: a third party's mistake."""

    kind: str

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        yield Tamper(self._raise) if self.kind == "tamper" else Answer(self._raise)

    def _raise(self, _given: object) -> None:
        raise LookupError(self.kind)


@pytest.mark.parametrize("kind", ["tamper", "answer"])
@pytest.mark.parametrize("handler", [None, lambda: "ok"], ids=["prepared", "in a thread"])
def test_a_fault_that_raises_is_told_and_leaves_nobody_waiting(kind: str, handler: object) -> None:
    fake = FakeRest().start()
    route = fake.get("/users")
    if handler is not None:
        route.calls(handler)
    fake.inject(broken(kind))
    with RawSocket(fake) as client:
        client.send(request())
        assert client.exactly(12) == b"HTTP/1.1 500"
    fake.stop()

    with pytest.raises(AssertionError, match=f"LookupError: '?{kind}"):
        fake.verify()


def test_a_hang_with_an_end_ends_in_a_fin(fake: FakeRest) -> None:
    fake.inject(hang(for_=0.05))
    began = time.monotonic()
    with RawSocket(fake) as client:
        client.send(request())
        assert client.to_the_end() == (b"", "fin")
    assert time.monotonic() - began >= 0.05

    (call,) = fake.calls
    assert (call.outcome, call.handled, call.gone, call.connection.closed_by) == ("hung", False, None, "fake")
    assert call.ended is not None
