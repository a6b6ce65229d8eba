"""grpc-js, the client that most of the JavaScript world uses: retries, hedges, and what it does by itself.

It is the one that does hedging (gRFC A6), which grpcio leaves out.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_integrations import assert_attempts, assert_backoff, exponential
from pytest_integrations.assertions.deadline import assert_deadline_shrinks
from pytest_integrations.assertions.grouping import logical_calls
from pytest_integrations.assertions.retry_after import assert_respects_retry_after
from pytest_integrations.assertions.retry_throttling import assert_retry_throttling
from pytest_integrations.assertions.schedules import multiplicative
from pytest_integrations.backends.grpc.fake import FakeGrpc
from pytest_integrations.core.errors import ResilienceError
from pytest_integrations.faults import connection_reset, hang, latency
from pytest_integrations.faults.grpc import empty_ok, goaway, grpc_status, no_trailers, reset_stream
from pytest_integrations.faults.grpc_messages import truncated_message, two_messages
from tests.backends.grpc.orders import PROTO
from tests.npm.packages import install

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_integrations.core.fault import Fault

pytestmark = [pytest.mark.interop, pytest.mark.usefixtures("no_leaks"), pytest.mark.timeout(60)]

GET = "/shop.v1.Orders/Get"
RETRYING = {
    "maxAttempts": 4,
    "initialBackoff": "0.1s",
    "maxBackoff": "1s",
    "backoffMultiplier": 2,
    "retryableStatusCodes": ["UNAVAILABLE"],
}
LATE = 0.25
"""Seconds that a busy machine may add to a pause."""
HEDGING = {"maxAttempts": 3, "hedgingDelay": "0.1s", "nonFatalStatusCodes": ["UNAVAILABLE"]}


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the client once."""
    directory = install(tmp_path_factory.mktemp("npm"), grpc__grpc_js="^1.14.0")
    shutil.copy(Path(__file__).with_name("call.mjs"), directory)
    return directory


@pytest.fixture
def shop(no_leaks: None) -> Iterator[FakeGrpc]:
    with FakeGrpc("shop") as fake:
        fake.load(PROTO)
        fake.service("shop.v1.Orders").Get.reply(id="o1")
        yield fake


@pytest.fixture
def call(shop: FakeGrpc, directory: Path) -> Callable[..., list[str]]:
    """Make calls, and return the names of the codes that they came to."""

    def run(timeout: float = 5.0, *, calls: int = 1, how: str = "apart", **config: Any) -> list[str]:
        told = json.dumps({"methodConfig": [{"name": [{}], **config}], **config.pop("service", {})}) if config else ""
        arguments = [shop.target, GET, str(round(timeout * 1000)), str(calls), how, told or "none"]
        command = ["node", "call.mjs", *arguments]
        done = subprocess.run(command, cwd=directory, capture_output=True, text=True, timeout=40, check=False)
        assert not done.returncode, done.stderr
        shop.ledger.settle()
        return [each["code"] for each in json.loads(done.stdout)]

    return run


def attempts(shop: FakeGrpc) -> list[tuple[str, int]]:
    """Return how each attempt ended, and how many the client says came before."""
    return [(call.verdict, call.previous_attempts) for call in shop.calls]  # type: ignore[attr-defined]


# -- retries


def test_a_policy_of_four_attempts(shop: FakeGrpc, call: Callable[..., list[str]]) -> None:
    shop.inject(grpc_status("UNAVAILABLE"), times=3)
    assert call(retryPolicy=RETRYING) == ["OK"]
    assert attempts(shop) == [("UNAVAILABLE", 0), ("UNAVAILABLE", 1), ("UNAVAILABLE", 2), ("OK", 3)]
    assert_attempts(shop.calls, exactly=4)
    assert_backoff(shop.calls, exponential(base=0.1, factor=2, jitter=multiplicative(0.2)))
    assert_deadline_shrinks(shop.calls)


def test_attempts_come_to_an_end(shop: FakeGrpc, call: Callable[..., list[str]]) -> None:
    shop.inject(grpc_status("UNAVAILABLE"), every=1)
    assert call(retryPolicy=RETRYING) == ["UNAVAILABLE"]
    assert_attempts(shop.calls, exactly=4)


def test_two_calls_at_a_time_each_have_their_attempts(shop: FakeGrpc, call: Callable[..., list[str]]) -> None:
    shop.inject(grpc_status("UNAVAILABLE"), times=4)
    assert call(calls=2, how="together", retryPolicy=RETRYING) == ["OK", "OK"]
    groups: list[Any] = list(logical_calls(shop.calls))
    assert [[each.previous_attempts for each in group] for group in groups] == [
        list(range(len(group))) for group in groups
    ]
    assert sum(map(len, groups)) == 6
    assert all(group.succeeded for group in groups)


@pytest.mark.parametrize("pushback", [200, "0"])
def test_pushback(shop: FakeGrpc, call: Callable[..., list[str]], pushback: int | str) -> None:
    """0, which grpcio hangs at, is a retry at once."""
    shop.inject(grpc_status("UNAVAILABLE", pushback_ms=pushback))
    assert call(retryPolicy=RETRYING) == ["OK"]
    first, second = shop.calls
    wait = int(pushback) / 1000
    assert wait <= second.started - (first.ended or 0.0) < wait + 0.09
    if wait:
        assert_respects_retry_after(shop.calls)


def test_a_pushback_below_0_ends_it(shop: FakeGrpc, call: Callable[..., list[str]]) -> None:
    shop.inject(grpc_status("UNAVAILABLE", pushback_ms=-1))
    assert call(retryPolicy=RETRYING) == ["UNAVAILABLE"]
    assert_respects_retry_after(shop.calls)
    assert attempts(shop) == [("UNAVAILABLE", 0)]


def test_a_pushback_that_is_no_number_is_misread(shop: FakeGrpc, call: Callable[..., list[str]]) -> None:
    """gRFC A6 has it as a "no"; grpc-js 1.14.7 tries again at once, and our assertion tells so."""
    shop.inject(grpc_status("UNAVAILABLE", pushback_ms="abc"))
    if call(retryPolicy=RETRYING) == ["UNAVAILABLE"]:
        pytest.skip("this version of grpc-js does as A6 has it")
    with pytest.raises(ResilienceError, match=r"'grpc-retry-pushback-ms: abc' but #2 came"):
        assert_respects_retry_after(shop.calls)


def test_throttling(shop: FakeGrpc, call: Callable[..., list[str]]) -> None:
    shop.inject(grpc_status("UNAVAILABLE"), every=1)
    throttling = {"maxTokens": 4, "tokenRatio": 0.1}
    assert call(calls=3, retryPolicy=RETRYING, service={"retryThrottling": throttling}) == ["UNAVAILABLE"] * 3
    assert [previous for _, previous in attempts(shop)] == [0, 1, 0, 0]
    assert_retry_throttling(shop.calls, max_tokens=4, token_ratio=0.1)


@pytest.mark.parametrize(
    ("fault", "ends", "connections"),
    [
        (reset_stream("REFUSED_STREAM"), ["reset REFUSED_STREAM", "OK"], 1),
        (goaway(processed=False), ["goaway", "OK"], 2),
    ],
    ids=repr,
)
def test_what_was_not_processed_is_retried_without_a_policy(
    shop: FakeGrpc, call: Callable[..., list[str]], fault: Fault, ends: list[str], connections: int
) -> None:
    """And not counted; one call, all the same."""
    shop.inject(fault)
    assert call() == ["OK"]
    assert attempts(shop) == [(end, 0) for end in ends]
    assert len(shop.connections) == connections
    assert [len(group) for group in logical_calls(shop.calls)] == [2]


def test_a_reset_connection_is_retried_on_another(shop: FakeGrpc, call: Callable[..., list[str]]) -> None:
    shop.inject(connection_reset())
    assert call(retryPolicy=RETRYING) == ["OK"]
    assert attempts(shop) == [("reset", 0), ("OK", 1)]
    assert [each.connection.id for each in shop.calls] == [1, 2]


# -- hedges


def test_hedges_are_sent_beside_what_hangs(shop: FakeGrpc, call: Callable[..., list[str]]) -> None:
    """At 0, 0.1 and 0.2 s; the third is answered, and the fake sees RST_STREAM (CANCEL) of the other two."""
    shop.inject(hang(), times=2)
    assert call(hedgingPolicy=HEDGING) == ["OK"]
    assert attempts(shop) == [("cancelled", 0), ("cancelled", 1), ("OK", 2)]
    calls: Any = shop.calls
    assert [each.reset for each in calls] == ["CANCEL", "CANCEL", ""]
    first, second, third = (each.started for each in calls)  # a hedge waits since the one before it began, not came
    assert 0.05 <= second - first <= 0.1 + LATE
    assert 0.05 <= third - second <= 0.1 + LATE
    assert all(each.gone >= calls[2].started for each in calls[:2])
    (group,) = logical_calls(shop.calls)
    assert (len(group), group.succeeded, group.gaps[0]) == (3, True, None)
    assert group.gaps[1] in {None, 0.0}  # the third is answered at once, and the second cancelled with that
    assert_attempts(shop.calls, exactly=3)


def test_a_status_that_is_not_fatal_sends_the_next_hedge_at_once(
    shop: FakeGrpc, call: Callable[..., list[str]]
) -> None:
    shop.inject(grpc_status("UNAVAILABLE"), every=1)
    assert call(hedgingPolicy=HEDGING) == ["UNAVAILABLE"]
    assert attempts(shop) == [("UNAVAILABLE", 0), ("UNAVAILABLE", 1), ("UNAVAILABLE", 2)]
    assert shop.calls[2].started - shop.calls[0].started < 0.1
    assert_attempts(shop.calls, exactly=3)


def test_a_fatal_status_cancels_the_others(shop: FakeGrpc, call: Callable[..., list[str]]) -> None:
    shop.inject(hang(), grpc_status("NOT_FOUND"))
    assert call(hedgingPolicy=HEDGING) == ["NOT_FOUND"]
    assert attempts(shop) == [("cancelled", 0), ("NOT_FOUND", 1)]


def test_the_first_may_win(shop: FakeGrpc, call: Callable[..., list[str]]) -> None:
    shop.inject(latency(0.15), hang())
    assert call(hedgingPolicy=HEDGING) == ["OK"]
    assert attempts(shop) == [("OK", 0), ("cancelled", 1)]
    (group,) = logical_calls(shop.calls)
    assert (len(group), group.succeeded) == (2, True)


# -- what else it makes of what comes


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (empty_ok(), "UNIMPLEMENTED"),
        (truncated_message(), "UNIMPLEMENTED"),  # as if none had come
        (no_trailers(), "INTERNAL"),
        (two_messages(), "DEADLINE_EXCEEDED"),  # it waits, for ever without a deadline
        (hang(), "DEADLINE_EXCEEDED"),
    ],
    ids=repr,
)
def test_what_it_makes_of_it(shop: FakeGrpc, call: Callable[..., list[str]], fault: Fault, code: str) -> None:
    shop.inject(fault)
    assert call(0.5, calls=2) == [code, "OK"]
