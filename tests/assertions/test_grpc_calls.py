"""Deadlines that are passed on, kept and acted on; waits that gRPC backends ask for; retries of gRPC calls."""

from __future__ import annotations

import socket
import threading
from typing import TYPE_CHECKING, Any

import pytest

from pytest_integrations.assertions.attempts import assert_attempts
from pytest_integrations.assertions.deadline import assert_deadline_shrinks
from pytest_integrations.assertions.deadline_calls import (
    assert_cancels,
    assert_deadline_propagated,
    assert_no_attempt_after_deadline,
)
from pytest_integrations.assertions.retry_after import assert_respects_retry_after
from pytest_integrations.assertions.unsafe_retry import assert_no_unsafe_retry
from pytest_integrations.core.errors import NothingToCheck, ResilienceError
from pytest_integrations.core.grpc_call import GrpcCall
from pytest_integrations.core.grpc_details import retry_info, rich_status
from pytest_integrations.faults import hang

if TYPE_CHECKING:
    from pytest_integrations import FakeRest
    from tests.assertions.ledgers import HandLedger

GET = "/shop.Orders/Get"


def grpc(
    ledger: HandLedger,
    at: float,
    code: str = "OK",
    *,
    timeout: float | None = None,
    ended: float | None = None,
    gone: float | None = None,
    **trailers: Any,
) -> GrpcCall:
    """Write a call of gRPC that came *at* some second and ended then, unless it is said when."""
    ledger.at(at)
    call = GrpcCall("fake_grpc", ledger.ledger.connect("fake_grpc"), b"", GET)
    call.timeout = timeout
    call.metadata = (("grpc-timeout", f"{round(timeout * 1000)}m"),) if timeout is not None else ()
    ledger.ledger.add(call)
    call.trailers = tuple((name.replace("_", "-"), value) for name, value in trailers.items())
    if gone is not None:
        call.cancelled, call.gone, call.outcome = True, gone, "abandoned"
    else:
        call.code, call.outcome, call.ended = code, "answered", at if ended is None else ended
    return call


# -- told to the backend


def test_a_deadline_that_is_passed_on_passes(ledger: HandLedger) -> None:
    grpc(ledger, 0, timeout=2)
    grpc(ledger, 0.5, timeout=1.5)
    assert_deadline_propagated(ledger.calls, within=2)


def test_a_call_without_one_is_caught(ledger: HandLedger) -> None:
    grpc(ledger, 0.5)
    with pytest.raises(ResilienceError, match=r"#1 has no grpc-timeout, and 1.500 s were left of 2 s"):
        assert_deadline_propagated(ledger.calls, within=2)


def test_one_that_gives_more_than_is_left_is_caught(ledger: HandLedger) -> None:
    grpc(ledger, 0.5, timeout=2)
    with pytest.raises(ResilienceError, match=r"#1 is given 2 s, and 1.500 s were left of 2 s"):
        assert_deadline_propagated(ledger.calls, within=2)


def test_a_callers_time_may_begin_later(ledger: HandLedger) -> None:
    grpc(ledger, 10.5, timeout=1.5)
    assert_deadline_propagated(ledger.calls, within=2, since=10)


def test_without_a_call_nothing_was_told(ledger: HandLedger) -> None:
    with pytest.raises(NothingToCheck, match="no call was made"):
        assert_deadline_propagated(ledger.calls, within=2)


# -- kept


def test_attempts_before_the_deadline_pass(ledger: HandLedger) -> None:
    grpc(ledger, 0, "UNAVAILABLE", timeout=2)
    grpc(ledger, 1.9, timeout=0.1)
    assert_no_attempt_after_deadline(ledger.calls)
    assert_attempts(ledger.calls, exactly=2)


def test_one_after_it_is_caught(ledger: HandLedger) -> None:
    grpc(ledger, 0, "UNAVAILABLE", timeout=2)
    grpc(ledger, 2.5, timeout=2)
    with pytest.raises(ResilienceError, match=r"/shop.Orders/Get was tried again 0.500 s after its deadline \(#2\)"):
        assert_no_attempt_after_deadline(ledger.calls)


@pytest.mark.parametrize(("code", "timeout"), [("OK", 2), ("UNAVAILABLE", None)], ids=["success", "no deadline"])
def test_what_need_not_be_tried_again_proves_nothing(ledger: HandLedger, code: str, timeout: float | None) -> None:
    grpc(ledger, 0, code, timeout=timeout)
    with pytest.raises(NothingToCheck, match="no call with a deadline failed"):
        assert_no_attempt_after_deadline(ledger.calls)


@pytest.mark.parametrize("header", [None, "grpc-timeout"])
def test_what_is_left_is_told_of_grpc_as_of_others(ledger: HandLedger, header: str | None) -> None:
    grpc(ledger, 0, "UNAVAILABLE", timeout=2)
    grpc(ledger, 1, timeout=2)
    with pytest.raises(ResilienceError, match=r"attempt 2 of /shop.Orders/Get"):
        assert_deadline_shrinks(ledger.calls, header=header)


# -- acted on


def test_a_call_that_is_cancelled_at_its_deadline_passes(ledger: HandLedger) -> None:
    grpc(ledger, 0, timeout=2, gone=2)
    ledger.at(3)
    assert_cancels(ledger.calls)


@pytest.mark.parametrize(("gone", "how"), [(4, "was ended 2.000 s later"), (None, "was not ended by its client")])
def test_one_that_is_left_alone_is_caught(ledger: HandLedger, gone: float | None, how: str) -> None:
    call = grpc(ledger, 0, timeout=2, gone=gone or 2)
    if gone is None:
        call.cancelled, call.gone, call.outcome = False, None, "hung"
    ledger.at(5)
    with pytest.raises(ResilienceError, match=how):
        assert_cancels(ledger.calls)


@pytest.mark.parametrize(
    "how", [{"ended": 1}, {"gone": 1}, {"timeout": None}, {"timeout": 9}], ids=["answered", "left", "none", "later"]
)
def test_what_was_over_by_then_proves_nothing(ledger: HandLedger, how: dict[str, Any]) -> None:
    grpc(ledger, 0, **{"timeout": 2, **how})
    ledger.at(5)
    with pytest.raises(NothingToCheck, match="every call was over before its deadline"):
        assert_cancels(ledger.calls)


def test_one_whose_request_was_read_late_has_left_in_time(real: HandLedger) -> None:
    """By the fake's clock its deadline is still to come when it has left, and when it is asked about."""
    grpc(real, 0.035, timeout=0.1, gone=0.1)
    real.at(0.101)
    assert_cancels(real.calls)


def test_one_that_leaves_a_moment_later_is_waited_for(fake_rest: FakeRest) -> None:
    """Its caller may learn of the deadline before its server does."""
    fake_rest.get("/stock").reply()
    fake_rest.inject(hang())
    client = socket.create_connection((fake_rest.host, fake_rest.port))
    client.sendall(b"GET /stock HTTP/1.1\r\nHost: x\r\nX-Timeout: 0.01\r\n\r\n")
    while not fake_rest.calls or fake_rest.ledger.now() < fake_rest.calls[0].started + 0.01:
        fake_rest.ledger.settle()
    threading.Timer(0.05, client.close).start()

    assert_cancels(fake_rest.calls, header="X-Timeout", tolerance=5)


# -- waits that are asked for

LATER = {"grpc_status_details_bin": rich_status(14, "later", (retry_info(2),))}


@pytest.mark.parametrize("asked", [LATER, {"grpc_retry_pushback_ms": "2000"}], ids=["RetryInfo", "pushback"])
def test_a_client_that_waits_as_asked_passes(ledger: HandLedger, asked: dict[str, Any]) -> None:
    grpc(ledger, 0, "UNAVAILABLE", **asked)
    grpc(ledger, 2)
    assert_respects_retry_after(ledger.calls)


@pytest.mark.parametrize(
    ("asked", "said"),
    [(LATER, "RetryInfo: 2 s"), ({"grpc_retry_pushback_ms": "2000"}, "grpc-retry-pushback-ms: 2000")],
    ids=["RetryInfo", "pushback"],
)
def test_one_that_comes_too_early_is_caught(ledger: HandLedger, asked: dict[str, Any], said: str) -> None:
    grpc(ledger, 0, "UNAVAILABLE", **asked)
    grpc(ledger, 0.5)
    with pytest.raises(ResilienceError, match=f"#1 said '{said}'.* but #2 came after 0.500 s"):
        assert_respects_retry_after(ledger.calls)


def test_a_pushback_goes_before_the_details(ledger: HandLedger) -> None:
    grpc(ledger, 0, "UNAVAILABLE", grpc_retry_pushback_ms="500", **LATER)
    grpc(ledger, 0.5)
    assert_respects_retry_after(ledger.calls)


@pytest.mark.parametrize("pushback", ["-1", "abc"])
def test_a_pushback_may_forbid_a_retry(ledger: HandLedger, pushback: str) -> None:
    grpc(ledger, 0, "UNAVAILABLE", grpc_retry_pushback_ms=pushback)
    assert_respects_retry_after(ledger.calls)
    grpc(ledger, 1)
    with pytest.raises(
        ResilienceError,
        match=rf"'grpc-retry-pushback-ms: {pushback}' but #2 came(.|\n)*\^ NOT as asked: no retry(.|\n)*do no good",
    ):
        assert_respects_retry_after(ledger.calls, cap=5)


@pytest.mark.parametrize("details", [b"", b"\xff\xff", rich_status(14, "", ())], ids=["none", "garbage", "others"])
def test_where_nothing_is_asked_there_is_nothing_to_check(ledger: HandLedger, details: bytes) -> None:
    grpc(ledger, 0, "UNAVAILABLE", grpc_status_details_bin=details)
    grpc(ledger, 1)
    with pytest.raises(NothingToCheck):
        assert_respects_retry_after(ledger.calls)


# -- what may be tried again


def test_what_may_have_been_done_must_not_be_repeated(ledger: HandLedger) -> None:
    grpc(ledger, 0, "UNAVAILABLE").handled = True
    grpc(ledger, 1)
    with pytest.raises(ResilienceError, match=r"/shop.Orders/Get was sent again"):
        assert_no_unsafe_retry(ledger.calls)


def test_what_was_not_processed_may_be(ledger: HandLedger) -> None:
    grpc(ledger, 0, "UNAVAILABLE").untouched = True
    grpc(ledger, 1)
    with pytest.raises(NothingToCheck):
        assert_no_unsafe_retry(ledger.calls)


def test_a_refusal_of_the_request_itself_is_no_failure_of_the_backend(ledger: HandLedger) -> None:
    call = grpc(ledger, 0, "NOT_FOUND")
    assert (call.failed, call.denied) == (False, True)
