"""The ledger: what is written, how it is read, and what fails a test by itself."""

from __future__ import annotations

import pytest

from pytest_integrations.core.call import HttpCall
from pytest_integrations.core.errors import HandlerFailed, ScriptingError, UnexpectedCall
from pytest_integrations.core.ledger import Calls, Ledger, Problem
from tests.assertions.ledgers import BEGIN, HandClock


def _filled(*operations: str, clock: HandClock | None = None) -> Ledger:
    """Return a ledger with one call a second, each on a connection of its own, to two fakes in turn."""
    clock = clock or HandClock()
    ledger = Ledger(clock)
    for number, operation in enumerate(operations):
        fake = ("one", "two")[number % 2]
        ledger.add(HttpCall(fake, ledger.connect(fake), b"", operation))
        clock.now += 1
    return ledger


def test_calls_are_numbered_and_timed_from_the_opening() -> None:
    """Numbers from 1, times in seconds since the ledger was opened."""
    ledger = _filled("GET /a", "GET /b")

    assert [(call.seq, call.started) for call in ledger.calls] == [(1, 0.0), (2, 1.0)]
    assert [(c.id, c.opened, c.fake) for c in ledger.connections] == [(1, 0.0, "one"), (2, 1.0, "two")]
    assert (ledger.now(), ledger.opened_at, ledger.latest, len(ledger)) == (2.0, BEGIN, 2, 2)


def test_what_was_read_does_not_change() -> None:
    """Calls are a snapshot."""
    ledger = _filled("GET /a")
    before = ledger.calls
    ledger.add(HttpCall("one", ledger.connect("one"), b"", "GET /b"))

    assert (len(before), len(ledger.calls)) == (1, 2)


def test_calls_can_be_sliced_and_selected() -> None:
    """Slices, of() and where() give Calls again; an index gives a call; the connections follow."""
    calls = _filled("GET /a", "GET /b", "GET /a").calls

    assert isinstance(calls[1:], Calls)
    assert [call.seq for call in calls[::-1]] == [3, 2, 1]
    assert (calls[-1].seq, calls[0].seq) == (3, 1)
    assert [call.seq for call in calls.of("GET /a")[1:]] == [3]
    assert [call.seq for call in calls.where(lambda call: call.fake == "two")] == [2]
    assert [connection.id for connection in calls[1:].connections] == [2, 3]
    assert calls.of("GET /a").ledger is calls.ledger
    with pytest.raises(IndexError):
        calls[3]


def test_calls_show_one_a_line() -> None:
    """The repr is readable under a failed assertion."""
    assert repr(_filled().calls) == "Calls([])"
    assert repr(_filled("GET /a").calls) == "Calls([\n  <Call #1 0.000 one GET /a: open>,\n])"


def test_calls_of_one_fake() -> None:
    """Each fake sees its own, in the order of all."""
    ledger = _filled("GET /a", "GET /b", "GET /c")
    assert [call.seq for call in ledger.calls_to("one")] == [1, 3]


def test_reading_settles_first_and_length_does_not() -> None:
    """Whoever reads sees what the kernel has delivered."""
    settled: list[str] = []
    ledger = Ledger(HandClock(), lambda: settled.append("x"))
    readings = [lambda: ledger.calls, lambda: ledger.calls_to("a"), lambda: ledger.connections, ledger.untold]
    for number, read in enumerate(readings, 1):
        read()
        assert len(settled) == number
    len(ledger)
    assert len(settled) == 4


def test_calls_in_a_block_are_one_logical_call() -> None:
    """The block numbers the calls that come in meanwhile; what the kernel had before is not among them."""
    ledger = Ledger(HandClock(), lambda: late and ledger.add(late.pop()))
    late = [HttpCall("one", ledger.connect("one"))]
    with ledger.logical_call():
        ledger.add(HttpCall("one", ledger.connect("one")))
        late.append(HttpCall("one", ledger.connect("one")))
    ledger.add(HttpCall("one", ledger.connect("one")))
    with ledger.logical_call():
        ledger.add(HttpCall("one", ledger.connect("one")))

    assert [call.block for call in ledger.calls] == [None, 1, 1, None, 2]


def test_blocks_do_not_nest() -> None:
    """An attempt belongs to one logical call; after the complaint, and after an error, all is as before."""
    ledger = Ledger(HandClock())
    with (
        pytest.raises(ScriptingError, match=r"logical_call\(\) inside logical_call\(\).*end the outer .*per='header:"),
        ledger.logical_call(),
        ledger.logical_call(),
    ):
        pass
    with ledger.logical_call():
        pass


def _problem(kind: str, fake: str, text: str, cause: BaseException | None = None) -> Problem:
    return Problem(kind, fake, text, cause=cause)  # type: ignore[arg-type]


def test_one_problem_is_raised_as_itself_and_once() -> None:
    """An unexpected call, or a handler's failure with its cause."""
    ledger, cause = Ledger(HandClock()), ValueError("why")
    ledger.verify()
    ledger.problems.append(_problem("unexpected", "one", "nothing answers"))
    with pytest.raises(UnexpectedCall, match="nothing answers"):
        ledger.verify()
    ledger.problems.append(_problem("handler", "one", "it raised", cause))
    with pytest.raises(HandlerFailed, match="it raised") as caught:
        ledger.verify()
    assert caught.value.__cause__ is cause
    ledger.verify()


def test_several_problems_are_raised_together() -> None:
    """As a group that says how many, with each of them in it."""
    ledger = Ledger(HandClock())
    ledger.problems += [_problem("unexpected", "one", "a"), _problem("handler", "two", "b")]

    with pytest.raises(ExceptionGroup, match="2 calls that the fakes could not answer") as caught:
        ledger.verify()
    assert [type(error) for error in caught.value.exceptions] == [UnexpectedCall, HandlerFailed]


def test_the_problems_of_one_fake_are_raised_for_it_alone() -> None:
    """Those of the other wait for their turn."""
    ledger = Ledger(HandClock())
    ledger.problems += [_problem("unexpected", name, text) for name, text in (("one", "a"), ("two", "b"), ("one", "c"))]

    with pytest.raises(ExceptionGroup, match="2 calls that one could not answer"):
        ledger.verify("one")
    assert [problem.text for problem in ledger.untold()] == ["b"]
    ledger.verify("two")


def test_clearing_forgets_calls_and_closed_connections() -> None:
    """Numbers and time go on; connections that are open are still known."""
    ledger = _filled("GET /a", "GET /b")
    ledger.connections[0].closed = 1.0
    ledger.clear()

    assert (len(ledger.calls), [connection.id for connection in ledger.connections]) == (0, [2])
    ledger.add(HttpCall("one", ledger.connect("one")))
    assert [(call.seq, call.connection.id, call.started) for call in ledger.calls] == [(3, 3, 2.0)]


def test_calls_compare_with_lists() -> None:
    """`fake.calls == []` is what one writes, and must not be false in silence."""
    ledger = Ledger()
    call = HttpCall("fake", ledger.connect("fake"), b"GET / HTTP/1.1", "GET /")

    assert ledger.calls == []
    ledger.add(call)
    assert ledger.calls == [call]
    assert ledger.calls != []
    assert ledger.calls != "calls"
