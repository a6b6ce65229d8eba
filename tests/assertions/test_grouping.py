from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_integrations import FakeAmqp, ScriptingError, assert_attempts, assert_no_unsafe_retry, assert_nothing_lost
from pytest_integrations.assertions.grouping import logical_calls, told_apart
from pytest_integrations.faults import reset_mid_upload

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_integrations.core.ledger import Calls
    from tests.assertions.ledgers import HandLedger


def numbers(calls: Calls, **how: object) -> list[list[int]]:
    return [[call.seq for call in group] for group in logical_calls(calls, **how)]


def test_a_like_call_after_a_failure_is_its_retry(ledger: HandLedger) -> None:
    """Same operation and body after a failure: one logical call, and a success ends it."""
    ledger.attempts(0, 1, 3)
    ledger.attempts(4, 5)

    assert numbers(ledger.calls) == [[1, 2, 3], [4, 5]]


@pytest.mark.parametrize(
    "other", [{"operation": "GET /orders"}, {"body": b"other"}, {"target": "/users?page=2"}, {"fake": "other"}]
)
def test_a_call_that_is_not_alike_is_another(ledger: HandLedger, other: dict) -> None:
    """Another operation, target, body or fake is another logical call, even after a failure."""
    ledger.call(0, 503)
    ledger.call(1, 200, **other)

    assert numbers(ledger.calls) == [[1], [2]]


def test_a_retried_upload_has_another_boundary(ledger: HandLedger) -> None:
    """A client that encodes its form anew draws one for each attempt; what is between is what it sends."""
    for at, status, mark, sent in [(0, 503, "a1b2", "x"), (1, 503, "c3d4", "x"), (2, 200, "e5f6", "y")]:
        kind = {"Content-Type": f"multipart/form-data; boundary={mark}"}
        ledger.call(at, status, "POST /covers", headers=kind, body=f"--{mark}\r\n\r\n{sent}\r\n--{mark}--".encode())

    assert numbers(ledger.calls) == [[1, 2], [3]]


HALF = {"fault": reset_mid_upload(), "outcome": "reset"}


@pytest.mark.parametrize("read", [b"", b"ab"])
def test_an_upload_of_which_half_was_read_is_retried_by_the_whole(ledger: HandLedger, read: bytes) -> None:
    """`reset_mid_upload` and `early_response` keep the rest from being read, not from being sent again."""
    length = {"Content-Length": "4"}
    ledger.call(0, None, "POST /covers", body=read, headers=length, **HALF)
    ledger.call(1, 503, "POST /covers", body=b"abcd", headers=length)
    ledger.call(2, None, "POST /covers", body=read, headers=length, **HALF)
    ledger.call(3, 200, "POST /covers", body=b"abcd", headers=length)
    ledger.call(4, 200, "POST /covers", body=b"abcd", headers=length)

    assert numbers(ledger.calls) == [[1, 2, 3, 4], [5]]


@pytest.mark.parametrize(
    "other",
    [
        {"body": b"xbcd"},
        {"body": b"abcde", "headers": {"Content-Length": "5"}},
        {"body": b"abcd", "target": "/covers?page=2"},
    ],
)
def test_after_half_an_upload_another_one_is_another_call(ledger: HandLedger, other: dict) -> None:
    """What was read of it, its length and its place tell them apart."""
    ledger.call(0, None, "POST /covers", body=b"ab", headers={"Content-Length": "4"}, **HALF)
    ledger.call(1, 200, "POST /covers", **{"headers": {"Content-Length": "4"}} | other)

    assert numbers(ledger.calls) == [[1], [2]]


def test_any_error_is_a_failure_that_can_be_retried(ledger: HandLedger) -> None:
    """A 404 asked for again is a retry too: that it should not be is for an assertion to say."""
    ledger.call(0, 404)
    ledger.call(1, 404)

    assert numbers(ledger.calls) == [[1, 2]]


@pytest.mark.parametrize("outcome", ["reset", "closed", "truncated", "hung", "abandoned"])
def test_every_broken_exchange_can_be_retried(ledger: HandLedger, outcome: str) -> None:
    """All ways to break an exchange make the next like call its retry."""
    ledger.call(0, 200, outcome=outcome, took=0.5)
    ledger.call(1)

    assert numbers(ledger.calls) == [[1, 2]]


def test_a_spoiled_answer_can_be_retried(ledger: HandLedger) -> None:
    """A 200 with a spoiled body is a failure."""
    ledger.call(0, 200, spoiled=True)
    ledger.call(1)

    assert numbers(ledger.calls) == [[1, 2]]


def test_callers_that_overlap_are_told_apart(ledger: HandLedger) -> None:
    """A call that begins before the like one is over is no retry of it, and each retry goes to one caller."""
    for start in (0, 0.1, 0.2):
        ledger.call(start, 503, took=0.5)
    for start in (1, 1.1, 1.2):
        ledger.call(start, 200, took=0.5)

    assert numbers(ledger.calls) == [[1, 4], [2, 5], [3, 6]]


def test_a_login_after_401_is_not_a_retry(ledger: HandLedger) -> None:
    """The same request with new credentials is another request; with the old ones it is a retry."""
    ledger.call(0, 401, headers={"Authorization": "Bearer old"})
    ledger.call(1, 401, headers={"Authorization": "Bearer new"})
    ledger.call(2, 200, headers={"Authorization": "Bearer new"})

    assert numbers(ledger.calls) == [[1], [2, 3]]


def test_a_block_holds_whatever_came_in_it(ledger: HandLedger) -> None:
    """Calls in one logical_call() block are one logical call, whatever they look like."""
    ledger.call(0, 200, block=1)
    ledger.call(1, 200, "POST /charges", block=1)
    ledger.call(2, 200, "POST /charges", block=2)

    assert numbers(ledger.calls) == [[1, 2], [3]]


def test_an_idempotency_key_tells_calls_apart(ledger: HandLedger) -> None:
    """Two like calls with keys of their own are two, however they ended."""
    for start, key in ((0, "a"), (1, "a"), (2, "b"), (3, "b")):
        ledger.call(start, 503, "POST /charges", headers={"idempotency-key": key})

    assert numbers(ledger.calls) == [[1, 2], [3, 4]]


def test_an_invocation_id_holds_a_call_together(ledger: HandLedger) -> None:
    """The id that AWS clients send is believed, even after a 200 (S3 hides errors in those)."""
    for start, identity in ((0, "x"), (1, "x"), (2, "y")):
        ledger.call(start, 200, headers={"amz-sdk-invocation-id": identity})

    assert numbers(ledger.calls) == [[1, 2], [3]]


def test_a_counter_that_begins_at_0_tells_calls_apart(ledger: HandLedger) -> None:
    """Stainless clients (OpenAI, Anthropic) count from 0: each 0 begins a logical call."""
    for start, count in ((0, "0"), (1, "1"), (2, "2"), (3, "0"), (4, "1")):
        ledger.call(start, 503, headers={"x-stainless-retry-count": count})

    assert numbers(ledger.calls) == [[1, 2, 3], [4, 5]]


def test_a_counter_that_begins_at_1_finds_its_first_attempt(ledger: HandLedger) -> None:
    """Kiota sends nothing with the first attempt: it is found by likeness."""
    for start, headers in ((0, {}), (1, {"Retry-Attempt": "1"}), (2, {"Retry-Attempt": "2"}), (3, {})):
        ledger.call(start, 503, headers=headers)

    assert numbers(ledger.calls) == [[1, 2, 3], [4]]


def test_a_spoilt_connection_belongs_to_the_next_request(ledger: HandLedger) -> None:
    """Attempts that did not come as far as a request are counted with the request that did."""
    ledger.spoilt_connection(0)
    ledger.spoilt_connection(1)
    ledger.attempts(3, 7)

    assert numbers(ledger.calls) == [[1, 2, 3, 4]]


def test_a_spoilt_connection_at_the_end_belongs_to_the_call_before(ledger: HandLedger) -> None:
    """A client that gave up on a connection gave up the call that had failed; without one it is a call of its own."""
    ledger.call(0, 503)
    ledger.spoilt_connection(1)
    ledger.spoilt_connection(2, fake="other")

    assert numbers(ledger.calls) == [[1, 2], [3]]


@pytest.mark.parametrize(
    ("per", "expected"),
    [
        ("fake", [[1, 2, 3]]),
        ("operation", [[1, 3], [2]]),
        ("header:X-Request-Id", [[1, 2], [3]]),
        (lambda call: call.status, [[1], [2, 3]]),
    ],
)
def test_per_replaces_the_rules(ledger: HandLedger, per: object, expected: list) -> None:
    """`per=` groups by a key of the calls' own, in the words of inject()."""
    ledger.call(0, 503, headers={"X-Request-Id": "a"})
    ledger.call(1, 200, "GET /orders", headers={"X-Request-Id": "a"})
    ledger.call(2, 200, headers={"X-Request-Id": "b"})

    assert numbers(ledger.calls, per=per) == expected


def test_a_gap_runs_from_the_end_to_the_next_start(ledger: HandLedger) -> None:
    """The time that the failed attempt took is not part of the wait."""
    ledger.call(0, 503, took=0.5)
    ledger.call(1.5)

    assert logical_calls(ledger.calls)[0].gaps == (1.0,)


def test_a_gap_after_a_timeout_runs_from_the_clients_leaving(ledger: HandLedger) -> None:
    """The client's own timeout does not count as backoff, whenever the fake noticed."""
    call = ledger.call(0, outcome="abandoned", took=2.0)
    call.ended = 3.5
    ledger.call(3)

    assert logical_calls(ledger.calls)[0].gaps == (1.0,)


def test_an_attempt_that_never_ended_has_no_gap_after_it(ledger: HandLedger) -> None:
    """A retry that did not wait for the end of the attempt before has no wait to measure."""
    ledger.call(0, outcome="open", block=1)
    ledger.call(1, block=1)

    assert logical_calls(ledger.calls)[0].gaps == (None,)


def test_the_rule_is_told(ledger: HandLedger) -> None:
    """Failures say by which rule calls were put together, and how to do it otherwise."""
    ledger.attempts(0, 1)

    note = told_apart(logical_calls(ledger.calls))

    assert note.startswith("Calls with the same operation and body after a failure were taken for one logical call.")
    assert "with fake_rest.logical_call():" in note


def test_a_logical_call_knows_what_was_called(ledger: HandLedger) -> None:
    """The operation is that of the first request, not of a spoilt connection."""
    ledger.spoilt_connection(0)
    ledger.attempts(1, 2)
    (group,) = logical_calls(ledger.calls)

    assert (group.operation, group.succeeded, len(group)) == ("GET /users", True, 3)


@pytest.mark.parametrize("judge", [lambda calls: assert_attempts(calls, exactly=1), assert_no_unsafe_retry])
def test_messages_and_queues_are_no_calls(judge: Callable[[object], object]) -> None:
    with FakeAmqp("broker") as broker:
        orders = broker.queue("orders")
        orders.publish("17")
        with pytest.raises(ScriptingError, match=r"calls=1 messages is not what a ledger has of calls: valid are fake"):
            judge(orders.messages)
        with pytest.raises(ScriptingError, match=r"calls=<Queue orders of broker: 1 ready, 0 in flight> is not"):
            judge(orders)


def test_calls_are_no_messages(ledger: HandLedger) -> None:
    ledger.attempts(0, 1)
    with pytest.raises(ScriptingError, match=r"messages=2 calls is not what a ledger has of messages"):
        assert_nothing_lost(ledger.calls)
