"""The figures of an integration point: what was injected and what is news apart, retries judged by logical calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_integrations.assertions.grouping import logical_calls
from pytest_integrations.core.client_call import ClientCall
from pytest_integrations.core.ledger import Problem
from pytest_integrations.core.queue_call import QueueCall
from pytest_integrations.views.points import merged, points
from tests.assertions.ledgers import HandLedger, scripted

if TYPE_CHECKING:
    from pytest_integrations.views.facts import PointFacts


@pytest.fixture
def ledger() -> HandLedger:
    return HandLedger()


def found(ledger: HandLedger, **more: Any) -> list[PointFacts]:
    calls = ledger.calls
    return points(calls, groups=logical_calls(calls), messages=ledger.ledger.messages, **more)


def test_injected_faults_and_unexpected_errors_are_kept_apart(ledger: HandLedger) -> None:
    """A scripted 503 is the test's doing, an unknown route and a 500 without a fault are news."""
    ledger.call(0, 503, fault=scripted("status"))
    ledger.call(1, 200, fault=scripted("latency"))
    ledger.call(2, 500)
    unknown = ledger.call(3, 404)
    problems = [Problem("unexpected", "fake_rest", "GET /users", unknown)]

    (point,) = found(ledger, problems=problems)

    assert (point["fake"], point["operation"], point["protocol"], point["calls"]) == (
        "fake_rest",
        "GET /users",
        "http",
        4,
    )
    assert (point["faulted"], point["failed_faulted"], point["failed_other"], point["unexpected"]) == (2, 1, 1, 1)
    assert point["tried"] == {"status": ["status()"], "latency": ["latency()"]}


def test_each_operation_of_each_fake_is_a_point(ledger: HandLedger) -> None:
    """In order of the first calls."""
    ledger.call(0, fake="stock")
    ledger.call(1, fake="payments")
    ledger.call(2, operation="GET /left", fake="stock")

    places = [(point["fake"], point["operation"]) for point in found(ledger)]

    assert places == [("stock", "GET /users"), ("payments", "GET /users"), ("stock", "GET /left")]


def test_a_problem_without_a_call_belongs_to_the_connections_of_its_fake(ledger: HandLedger) -> None:
    """It still is to be seen."""
    (point,) = found(ledger, problems=[Problem("handler", "fake_rest", "it broke")])

    assert (point["operation"], point["calls"], point["unexpected"]) == ("connect", 0, 1)


def test_logical_calls_are_judged_by_their_last_attempts(ledger: HandLedger) -> None:
    """At once, by a retry, never; what is still open is not judged."""
    ledger.call(0, body=b"at once")
    ledger.attempts(1, 2, 3, body=b"recovered")
    ledger.attempts(4, 5, last=503, body=b"given up")
    ledger.call(6, 404, body=b"told no")
    ledger.call(7, outcome="open", body=b"open")

    (point,) = found(ledger)

    assert (point["at_once"], point["recovered"], point["given_up"]) == (1, 1, 2)


def test_a_spoilt_connection_is_an_attempt_of_the_call_after_it(ledger: HandLedger) -> None:
    """It is counted where it happened, and judged where the call wanted to go."""
    ledger.spoilt_connection(0)
    ledger.call(1)

    connect, users = found(ledger)

    assert (connect["operation"], connect["failed_faulted"], connect["recovered"]) == ("connect", 1, 0)
    assert (users["operation"], users["calls"], users["recovered"]) == ("GET /users", 1, 1)


def test_times_are_those_of_calls_that_ended(ledger: HandLedger) -> None:
    """Attempts that the client left count, open ones do not."""
    ledger.call(0, took=0.25)
    ledger.call(1, took=1, outcome="abandoned")
    ledger.call(2, outcome="open")

    (point,) = found(ledger)

    assert point["seconds"] == [0.25, 1.0]


def queue_call(ledger: HandLedger, name: str, kind: Any, *, failed: bool = False) -> None:
    call = QueueCall("orders", ledger.connect("orders"), name, kind=kind, queue="q")
    ledger.ledger.add(call)
    call.outcome, call.ended = ("reset" if failed else "answered"), call.started


def test_what_a_library_greets_with_is_no_point_unless_it_failed(ledger: HandLedger) -> None:
    """A login is not what the test asked for."""
    queue_call(ledger, "HELLO", "connect")
    queue_call(ledger, "RPUSH", "publish")
    queue_call(ledger, "AUTH", "connect", failed=True)

    assert [point["operation"] for point in found(ledger)] == ["RPUSH q", "AUTH q"]


def test_dead_letters_are_counted_where_they_were_published(ledger: HandLedger) -> None:
    """A message that was dead-lettered twice is one; where nothing is published, there is no number."""
    queue_call(ledger, "RPUSH", "publish")
    queue_call(ledger, "RPUSH", "publish")
    queue_call(ledger, "BLPOP", "receive")
    for dead in (2, 0):
        message = ledger.ledger.publish("orders", b"", {}, to="q")
        for _ in range(dead):
            ledger.ledger.tell(message, "dead_lettered", "q", to=("dead",))

    push, pop = found(ledger)

    assert (push["calls"], push["dead_lettered"], pop["dead_lettered"]) == (2, 1, None)


def test_a_fault_of_a_delivery_is_one_of_a_place_of_its_own(ledger: HandLedger) -> None:
    """Unless a call has brought it about, and counts already."""
    queue_call(ledger, "RPUSH", "publish")
    told, counted = scripted("poison"), scripted("duplicate")
    ledger.calls[0].fault = counted
    message = ledger.ledger.publish("orders", b"", {}, to="q", fault=counted)
    ledger.ledger.tell(message, "delivered", "q", fault=told)

    push, deliver = found(ledger)

    assert (push["faulted"], push["tried"]) == (1, {"duplicate": ["duplicate()"]})
    assert (deliver["operation"], deliver["faulted"], deliver["tried"]) == ("deliver q", 1, {"poison": ["poison()"]})


# -- the client's side


def client_call(
    began: int, first: int, last: int, error: BaseException | None = None, name: str = "fetch"
) -> ClientCall:
    return ClientCall(
        name=name, started=0, ended=0, began=began, finished=began + 1, first=first, last=last, error=error
    )


class CircuitOpenError(Exception):
    pass


def test_calls_that_never_arrived_are_shed(ledger: HandLedger) -> None:
    """They count where the same function arrived before."""
    ledger.call(0, 503)
    ledger.call(1, 503, "GET /other")
    shed = client_call(5, 3, 2, CircuitOpenError())
    client = [client_call(1, 1, 1, OSError()), client_call(3, 2, 2, OSError(), "other"), shed, shed]

    users, other = found(ledger, clients=[client])

    assert (users["shed"], other["shed"]) == (2, 0)


def test_without_a_recorder_nobody_knows_what_was_shed(ledger: HandLedger) -> None:
    """No number is not zero."""
    ledger.call(0, 503)

    assert [point["shed"] for point in found(ledger)] == [None]


def test_a_refused_connection_was_not_shed(ledger: HandLedger) -> None:
    """The network kept it back, not the client; libraries wrap the system's error in their own."""
    ledger.call(0)
    wrapped = CircuitOpenError()
    wrapped.__context__ = ConnectionRefusedError()

    (point,) = found(ledger, clients=[[client_call(1, 1, 1), client_call(3, 2, 1, wrapped), client_call(5, 2, 1)]])

    assert point["shed"] == 0


# -- several tests


def test_figures_of_several_tests_add_up(ledger: HandLedger) -> None:
    """What one does not know, the other may."""
    ledger.attempts(0, 1)
    one = found(ledger)
    other = found(ledger, clients=[[client_call(1, 1, 1)]])

    (whole,) = merged([*one, *other]).values()

    assert (whole["calls"], whole["recovered"], whole["faulted"], whole["shed"]) == (4, 2, 2, 0)
    assert whole["seconds"] == [0.0] * 4
    assert whole["tried"] == {"status": ["status()"]}
    assert one[0]["calls"] == 2, "the parts are left alone"
    assert one[0]["tried"] == {"status": ["status()"]}
