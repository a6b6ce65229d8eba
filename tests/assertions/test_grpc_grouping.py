"""Attempts of calls of gRPC: put together by the client's own counter, its deadlines, and what runs beside what."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_integrations.assertions.attempts import assert_attempts
from pytest_integrations.assertions.grouping import logical_calls
from pytest_integrations.core.errors import ResilienceError
from pytest_integrations.core.grpc_call import GrpcCall, GrpcMethod

if TYPE_CHECKING:
    from pytest_integrations.core.grpc_call import GrpcKind
    from tests.assertions.ledgers import HandLedger

GET = "/shop.Orders/Get"


def attempt(
    ledger: HandLedger,
    at: float,
    ended: float,
    code: str = "UNAVAILABLE",
    *,
    previous: int = 0,
    timeout: float | None = None,
    body: bytes = b"",
) -> GrpcCall:
    """Write an attempt; `code` may be `"cancelled"`, `"REFUSED_STREAM"` or `"goaway"` as well."""
    ledger.at(at)
    call = GrpcCall("fake_grpc", ledger.ledger.connect("fake_grpc"), b"", GET)
    call.body, call.timeout = body, timeout
    call.metadata = (("grpc-previous-rpc-attempts", str(previous)),) if previous else ()
    ledger.ledger.add(call)
    if code == "cancelled":
        call.cancelled, call.outcome, call.gone = True, "abandoned", ended
    elif code in {"REFUSED_STREAM", "goaway"}:
        call.untouched, call.outcome, call.ended = True, "reset" if code == "REFUSED_STREAM" else "closed", ended
    else:
        call.code, call.outcome, call.ended = code, "answered", ended
    return call


def groups(ledger: HandLedger) -> list[list[int]]:
    """Return the numbers of the calls, as they are put together."""
    return [[call.seq for call in group] for group in logical_calls(ledger.calls)]


def test_the_counter_tells_calls_apart_and_attempts_together(ledger: HandLedger) -> None:
    for start, previous in enumerate((0, 1, 2, 0, 1, 0)):
        attempt(ledger, start, start + 0.1, previous=previous)
    assert groups(ledger) == [[1, 2, 3], [4, 5], [6]]


def test_two_concurrent_calls_of_the_same_method_and_body(ledger: HandLedger) -> None:
    """Their attempts are interleaved, and each has its own chain: none is lost, none is taken for the other's."""
    for start, previous in ((0, 0), (0.01, 0), (0.5, 1), (0.51, 1), (1.5, 2), (1.51, 2)):
        attempt(ledger, start, start + 0.005, previous=previous)
    assert groups(ledger) == [[1, 3, 5], [2, 4, 6]]
    assert_attempts(ledger.calls, exactly=3)


def test_each_of_them_has_a_deadline(ledger: HandLedger) -> None:
    """By waiting alone the second call would get the retry of the first, which failed later."""
    attempt(ledger, 0, 1.10, timeout=5)
    attempt(ledger, 1, 1.05, timeout=5)
    attempt(ledger, 1.2, 1.25, "OK", previous=1, timeout=3.8)
    attempt(ledger, 1.3, 1.35, "OK", previous=1, timeout=4.71)
    assert groups(ledger) == [[1, 3], [2, 4]]


def test_bodies_tell_them_apart_as_well(ledger: HandLedger) -> None:
    attempt(ledger, 0, 0.1, body=b"a")
    attempt(ledger, 0.05, 0.1, body=b"b")
    attempt(ledger, 1, 1.1, previous=1, body=b"b")
    attempt(ledger, 1.2, 1.3, previous=1, body=b"a")
    assert groups(ledger) == [[1, 4], [2, 3]]


@pytest.mark.parametrize("how", ["REFUSED_STREAM", "goaway"])
def test_what_was_not_processed_is_not_counted(ledger: HandLedger, how: str) -> None:
    """The client sends it again by itself, with the same number, at the beginning or between two retries."""
    attempt(ledger, 0, 0.1, how)
    attempt(ledger, 0.11, 0.2)
    attempt(ledger, 1, 1.1, how, previous=1)
    attempt(ledger, 1.11, 1.2, "OK", previous=1)
    attempt(ledger, 2, 2.1, how)
    attempt(ledger, 2.11, 2.2, "OK")
    assert groups(ledger) == [[1, 2, 3, 4], [5, 6]]


def test_hedges_are_of_one_call(ledger: HandLedger) -> None:
    """They are sent beside what still runs, and the losers are cancelled."""
    attempt(ledger, 0, 0.25, "cancelled")
    attempt(ledger, 0.1, 0.25, "cancelled", previous=1)
    attempt(ledger, 0.2, 0.24, "OK", previous=2)
    (group,) = logical_calls(ledger.calls)
    assert (len(group), group.succeeded, group.gaps) == (3, True, (None, None))


def test_the_first_of_them_may_win(ledger: HandLedger) -> None:
    attempt(ledger, 0, 0.15, "OK")
    attempt(ledger, 0.1, 0.16, "cancelled", previous=1)
    attempt(ledger, 1, 1.1, "OK")
    first, second = logical_calls(ledger.calls)
    assert ([len(first), len(second)], first.succeeded) == ([2, 1], True)


def test_a_hedge_is_not_that_of_a_call_that_is_over(ledger: HandLedger) -> None:
    """A call of before, which succeeded, gets no more attempts, however they count."""
    attempt(ledger, 0, 0.1, "OK")
    attempt(ledger, 1, 1.1, "OK", previous=1)
    assert groups(ledger) == [[1], [2]]


def test_a_retry_goes_before_a_hedge(ledger: HandLedger) -> None:
    """Of two calls, of which one failed and the other hangs, it is the one that failed that is tried again."""
    attempt(ledger, 0, 9, "cancelled")
    attempt(ledger, 0.1, 0.2)
    attempt(ledger, 0.5, 0.6, "OK", previous=1)
    assert groups(ledger) == [[1], [2, 3]]


def test_a_call_that_succeeded_and_was_made_again_did_not_end_well(ledger: HandLedger) -> None:
    """Beside it means beside it: what comes after a success is judged by what it came to."""
    attempt(ledger, 0, 0.1, "OK")
    attempt(ledger, 1, 1.1)
    with ledger.ledger.logical_call():
        attempt(ledger, 2, 2.1, "OK")
        attempt(ledger, 3, 3.1)
    assert [group.succeeded for group in logical_calls(ledger.calls)] == [True, False, False]


def test_attempts_beyond_the_limit_are_found_in_a_crowd(ledger: HandLedger) -> None:
    """Each call is counted by itself, so that one that is tried too often does not hide behind the others."""
    for start, previous in ((0, 0), (0.01, 0), (0.5, 1), (0.6, 1), (1, 2)):
        attempt(ledger, start, start + 0.005, previous=previous)
    with pytest.raises(ResilienceError, match=r"saw 3 \(1 of 2 logical calls is wrong\)"):
        assert_attempts(ledger.calls, at_most=2)


@pytest.mark.parametrize(("kind", "expected"), [("client-stream", [[1, 2]]), ("unary", [[1], [2]])])
def test_a_stream_of_requests_that_was_broken_is_repeated_by_the_whole(
    ledger: HandLedger, kind: GrpcKind, expected: list[list[int]]
) -> None:
    """Its body is known when it is at its end; that of one message is known at once."""
    broken = attempt(ledger, 0, 0, "INTERNAL")
    broken.method = GrpcMethod(GET, kind, bytes, bytes)
    attempt(ledger, 1, 1, "OK", body=b"all").method = broken.method

    assert groups(ledger) == expected
