"""What happens to a request while it is sent, and when it is recorded."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import pytest

from pytest_integrations.core.effect import Cut
from pytest_integrations.core.fault import Fault
from pytest_integrations.faults import early_response, reset_mid_upload, slow_read
from tests.contract.raw_socket import RawSocket, request

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pytest_integrations.core.effect import Effect
    from pytest_integrations.core.fault import Occasion, Scope

from pytest_integrations import FakeRest


@pytest.fixture
def fake() -> Iterator[FakeRest]:
    with FakeRest() as fake:
        fake.any("/users").reply(204)
        yield fake


@dataclass(frozen=True, slots=True, repr=False)
class cut_upload(Fault):  # noqa: N801 -- faults are called by a word
    """Ends the upload at a fraction of it, as a fault of a third party might."""

    scope: ClassVar[Scope] = "upload"
    fraction: float

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        yield Cut("close", "upload", self.fraction)


def test_a_slow_read_takes_as_long_as_its_rate_says(fake: FakeRest) -> None:
    fake.inject(slow_read(10_000))
    with RawSocket(fake) as client:
        began = time.monotonic()
        client.send(request("PUT", bytes(1000)))
        answer = client.exactly(12)
        took = time.monotonic() - began

    assert answer == b"HTTP/1.1 204"
    assert took >= 0.1
    (call,) = fake.calls
    assert call.started >= 0.1
    assert (call.body, call.handled) == (bytes(1000), True)


def test_a_slow_read_of_more_than_the_first_buffer_is_as_exact(fake: FakeRest) -> None:
    fake.inject(slow_read(1_000_000))
    with RawSocket(fake) as client:
        began = time.monotonic()
        client.send(request("PUT", bytes(200_000)))
        client.exactly(12)

    assert time.monotonic() - began >= 0.2
    assert len(fake.calls[0].body) == 200_000


def test_a_request_without_a_body_is_not_slowed(fake: FakeRest) -> None:
    fake.inject(slow_read(0.001))
    with RawSocket(fake) as client:
        client.send(request())
        assert client.at_once().startswith(b"HTTP/1.1 204")


def test_a_client_that_leaves_a_slow_read_is_an_attempt_whose_handler_did_not_run(fake: FakeRest) -> None:
    fake.inject(fault := slow_read(1))
    with RawSocket(fake) as client:
        client.send(request("PUT", bytes(100)))
        client.at_once()

    (call,) = fake.calls
    assert (call.outcome, call.handled, call.fault) == ("abandoned", False, fault)
    assert call.gone is not None
    assert call.operation == "ANY /users"


def test_a_client_that_leaves_in_the_middle_is_an_attempt_with_what_it_sent(fake: FakeRest) -> None:
    fake.inject(fault := slow_read(1))
    with RawSocket(fake) as client:
        client.send(request("PUT", bytes(100))[:-60])
        client.at_once()

    (call,) = fake.calls
    assert (call.outcome, call.handled, call.fault, len(call.body)) == ("abandoned", False, fault, 40)


@pytest.mark.parametrize("fault", [early_response(413, after_bytes=1000), reset_mid_upload(1000)], ids=repr)
def test_a_body_that_is_shorter_meets_the_fault_at_its_end(fake: FakeRest, fault: Fault) -> None:
    fake.inject(fault)
    with RawSocket(fake) as client:
        client.send(request("PUT", bytes(10)))
        _, end = client.to_the_end()

    assert end == ("fin" if isinstance(fault, early_response) else "rst")
    (call,) = fake.calls
    assert (call.fault, call.handled, len(call.body)) == (fault, False, 10)


def test_an_early_answer_is_not_overtaken_by_a_reset(fake: FakeRest) -> None:
    fake.inject(early_response(413))
    with RawSocket(fake) as client:
        client.send(request("PUT", bytes(1000))[:-1000])
        client.at_once()
        for _ in range(20):
            client.send(bytes(50_000))  # all of it after the answer
        data, end = client.to_the_end()

    assert (data, end) == (b"", "fin")
    assert fake.calls[0].status == 413


@pytest.mark.parametrize(("fraction", "kept"), [(0.0, 0), (0.5, 500), (1.0, 1000)])
def test_an_upload_can_be_cut_at_a_fraction(fake: FakeRest, fraction: float, kept: int) -> None:
    fake.inject(cut_upload(fraction))
    data = request("PUT", bytes(1000))
    with RawSocket(fake) as client:
        for piece in (data[:-1000], data[-1000:-500], data[-500:]):
            client.send(piece)
            client.at_once()
        assert client.to_the_end()[1] == "fin"

    assert len(fake.calls[0].body) == kept
