"""The recorder of the client's side: what it keeps, what it raises, and how it orders."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

import pytest

from pytest_integrations.assertions.client_calls import ClientCalls
from pytest_integrations.core.errors import ScriptingError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.assertions.ledgers import HandLedger


def refuse() -> None:
    raise ConnectionError


async def answer(value: int) -> int:
    return value


async def refuse_later() -> None:
    raise ConnectionError


def test_a_value_and_an_error_are_both_results(ledger: HandLedger) -> None:
    """What the client raises does not stop the test; what it returns is kept."""
    client = ClientCalls(ledger.ledger)

    assert client(int, "7").value == 7
    assert isinstance(client(refuse).error, ConnectionError)
    assert [type(error) for error in client.errors] == [ConnectionError]


def test_latency_is_told_on_the_clock_of_the_ledger(ledger: HandLedger) -> None:
    """Virtual seconds, if the clock is virtual."""
    call = ClientCalls(ledger.ledger)(ledger.clock.sleep, 30)

    assert (call.started, call.ended, call.latency) == (0, 30, 30)
    assert str(call) == "sleep returned after 30.000 s"


def test_it_knows_which_calls_of_the_ledger_can_be_its_doing(ledger: HandLedger) -> None:
    """By number, since times can be equal where the clock stands still."""
    client = ClientCalls(ledger.ledger)
    ledger.call(0)

    arrived = client(ledger.call, 0)
    shed = client(refuse)

    assert (arrived.first, arrived.last) == (2, 2)
    assert (shed.first, shed.last) == (3, 2)
    assert arrived.began < arrived.finished < shed.began


def test_pauses_are_taken_on_the_clock_of_the_ledger(ledger: HandLedger) -> None:
    """Three calls, two pauses."""
    done = ClientCalls(ledger.ledger).repeat(3, refuse, every=10)

    assert [call.started for call in done] == [0, 10, 20]


def test_calls_made_together_are_under_way_together(ledger: HandLedger) -> None:
    """Each waits for the others, which none could if they came one by one."""
    gate = threading.Barrier(4)
    client = ClientCalls(ledger.ledger)

    done = client.together(4, gate.wait, 5)

    assert len(done) == len(client) == 4
    assert max(call.began for call in done) < min(call.finished for call in done)


def test_an_assertion_error_gets_through(ledger: HandLedger) -> None:
    """A test's own assertion inside the function must not be recorded away, in a thread neither."""

    def check() -> None:
        raise AssertionError("a check of the test")  # noqa: EM101, TRY003

    client = ClientCalls(ledger.ledger)

    with pytest.raises(AssertionError, match="a check of the test"):
        client(check)
    with pytest.raises(AssertionError, match="a check of the test"):
        client.together(2, check)


def test_coroutines_are_awaited(ledger: HandLedger) -> None:
    """Values, errors and cancellation."""
    client = ClientCalls(ledger.ledger)

    async def test() -> None:
        assert (await client.awaited(answer, 7)).value == 7
        assert isinstance((await client.awaited(refuse_later)).error, ConnectionError)
        task = asyncio.create_task(client.awaited(asyncio.sleep, 60))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(test())
    assert [str(call).split(" after")[0] for call in client] == [
        "answer returned",
        "refuse_later raised ConnectionError",
        "sleep raised CancelledError",
    ]


def test_a_coroutine_that_is_not_awaited_is_refused(ledger: HandLedger) -> None:
    """It would never have run."""
    with pytest.raises(ScriptingError, match=r"await client.awaited\(refuse_later"):
        ClientCalls(ledger.ledger)(refuse_later)


def test_what_cannot_be_awaited_is_no_failure_of_the_client(ledger: HandLedger) -> None:
    client = ClientCalls(ledger.ledger)

    with pytest.raises(ScriptingError, match=r"write `client\(dict, ...\)`"):
        asyncio.run(client.awaited(dict))  # type: ignore[arg-type]  # that is the fault
    assert not client


def test_whatever_can_be_awaited_is_no_answer(ledger: HandLedger) -> None:
    """aiohttp's requests and calls of grpc.aio are not coroutines of Python's own."""

    class Request:
        is_over = False

        def __await__(self) -> Iterator[None]:
            yield

        def cancel(self) -> None:
            self.is_over = True

    client, request = ClientCalls(ledger.ledger), Request()

    def fetch() -> Request:
        return request

    with pytest.raises(ScriptingError, match=r"await client.awaited\(fetch"):
        client(fetch)
    assert request.is_over
    assert not client


def test_it_is_a_sequence_of_its_calls(ledger: HandLedger) -> None:
    """Indexed, sliced and shown."""
    client = ClientCalls(ledger.ledger)

    assert repr(client) == "ClientCalls([])"
    client.repeat(2, refuse)

    assert client[0].error is not None
    assert len(client[1:]) == 1
    assert repr(client).count("refuse raised ConnectionError") == 2
