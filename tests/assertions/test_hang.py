from __future__ import annotations

import asyncio
import signal
import threading
from typing import TYPE_CHECKING, Any

import pytest

from pytest_integrations.assertions.hang import assert_no_hang, no_hang
from pytest_integrations.core.errors import NothingToCheck, ResilienceError
from pytest_integrations.core.ledger import Ledger
from tests.assertions.ledgers import scripted

if TYPE_CHECKING:
    from tests.assertions.ledgers import HandLedger


def test_a_call_that_took_too_long_is_caught(ledger: HandLedger) -> None:
    """The limit is for all attempts and the waits between."""
    ledger.attempts(0, 4, 9, last=503)

    with pytest.raises(ResilienceError) as caught:
        assert_no_hang(ledger.calls, limit=5)

    text = str(caught.value)
    assert text.startswith("GET /users took 9.000 s, 5 s is the limit\n")
    assert "^ over at 9.000 s" in text
    assert "Give every wait a timeout" in text


def test_a_call_that_goes_on_is_caught(ledger: HandLedger) -> None:
    """An attempt that is open still counts up to now."""
    ledger.call(0, outcome="open", fault=scripted("hang"))
    ledger.at(60)

    with pytest.raises(ResilienceError, match=r"GET /users has gone on for 60.000 s, 5 s is the limit"):
        assert_no_hang(ledger.calls, limit=5)


def test_a_client_that_leaves_in_time_passes(ledger: HandLedger) -> None:
    """The client's FIN is the end."""
    ledger.call(0, outcome="abandoned", took=5, fault=scripted("hang"))
    ledger.at(60)

    assert_no_hang(ledger.calls, limit=5)


def test_nothing_to_hang_on_proves_nothing(ledger: HandLedger) -> None:
    """A healthy backend lets every client come back."""
    with pytest.raises(NothingToCheck, match="no call was made"):
        assert_no_hang(ledger.calls, limit=5)

    ledger.call(0)
    with pytest.raises(NothingToCheck, match="all calls were healthy"):
        assert_no_hang(ledger.calls, limit=5)


def _held(ledger: HandLedger) -> None:
    ledger.call(0, outcome="open", fault=scripted("hang"))


def test_a_block_that_waits_for_ever_is_interrupted(real: HandLedger) -> None:
    """The test gets control back, and learns where it waited."""
    with pytest.raises(ResilienceError) as caught, no_hang(real.calls, limit=0.05):  # noqa: PT012 -- the block is the subject
        _held(real)
        threading.Event().wait()

    text = " ".join(str(caught.value).split())
    assert "0.05 s is the limit" in text
    assert "MainThread waited in threading.py" in text
    assert "test_a_block_that_waits_for_ever_is_interrupted" in text
    assert isinstance(caught.value.__cause__, KeyboardInterrupt)


def test_a_block_is_interrupted_though_somebody_has_taken_ctrl_c(real: HandLedger) -> None:
    """As rq's worker does, to end gracefully: its handler is there again afterwards, and has not been called."""
    asked: list[int] = []

    def end_gracefully(number: int, _frame: object) -> None:
        asked.append(number)

    before = signal.signal(signal.SIGINT, end_gracefully)
    try:
        with pytest.raises(ResilienceError, match="the block was not done"), no_hang(real.calls, limit=0.05):
            threading.Event().wait(30)
        assert signal.getsignal(signal.SIGINT) is end_gracefully
    finally:
        signal.signal(signal.SIGINT, before)
    assert not asked


@pytest.mark.parametrize(
    "handler", [signal.default_int_handler, signal.SIG_IGN, lambda *_: None], ids=["default", "ignored", "taken"]
)
def test_a_task_that_waits_for_ever_is_interrupted(real: HandLedger, handler: Any) -> None:
    """In asyncio it is cancelled, whatever is done at Ctrl-C, and can go on afterwards."""

    async def main() -> None:
        with pytest.raises(ResilienceError, match=r"0.05 s is the limit"), no_hang(real.calls, limit=0.05):  # noqa: PT012
            _held(real)
            await asyncio.Event().wait()
        await asyncio.sleep(0)

    before = signal.signal(signal.SIGINT, handler)
    try:
        asyncio.run(main())
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_task_in_another_thread_is_interrupted(real: HandLedger) -> None:
    async def main() -> None:
        with pytest.raises(ResilienceError, match=r"0.05 s is the limit"), no_hang(real.calls, limit=0.05):  # noqa: PT012
            _held(real)
            await asyncio.Event().wait()

    thread = threading.Thread(target=asyncio.run, args=(main(),))
    thread.start()
    thread.join(10)
    assert not thread.is_alive()


def test_a_block_in_another_thread_is_judged_when_it_ends(real: HandLedger) -> None:
    """Only the main thread can be interrupted."""
    errors: list[BaseException] = []

    def block() -> None:
        try:
            with no_hang(real.calls, limit=0.02):
                _held(real)
                threading.Event().wait(0.06)
        except ResilienceError as error:
            errors.append(error)

    thread = threading.Thread(target=block)
    thread.start()
    thread.join()

    assert "0.02 s is the limit" in str(errors[0])


def test_a_block_that_took_too_long_on_a_virtual_clock_is_caught(ledger: HandLedger) -> None:
    """The limit is on the clock in force."""
    with pytest.raises(ResilienceError, match=r"the block was not done after 60.000 s, 5 s is the limit"):  # noqa: SIM117
        with no_hang(ledger.calls, limit=5):
            ledger.call(0, outcome="abandoned", took=60, fault=scripted("hang"))


def test_a_block_that_comes_back_passes(ledger: HandLedger) -> None:
    """No thread is left behind, and calls from before the block are not its own."""
    ledger.call(0)
    before = threading.active_count()

    with no_hang(ledger.calls, limit=5):
        ledger.call(1, outcome="abandoned", took=2, fault=scripted("hang"))

    assert threading.active_count() == before


def test_a_block_without_anything_to_hang_on_proves_nothing(ledger: HandLedger) -> None:
    """Calls from before the block do not count."""
    ledger.call(0, outcome="abandoned", took=2, fault=scripted("hang"))

    with pytest.raises(NothingToCheck, match="no call was made"), no_hang(ledger.calls, limit=5):
        pass


def test_the_blocks_own_error_goes_through() -> None:
    """An error within the limit is the test's, not ours."""
    with pytest.raises(KeyError), no_hang(Ledger().calls, limit=5):
        raise KeyError
