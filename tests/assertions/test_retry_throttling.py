"""Retries that stop when most calls fail: gRPC's tokens, counted anew from what crossed the wire."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import grpc
import pytest

from pytest_integrations.assertions.retry_throttling import assert_retry_throttling
from pytest_integrations.backends.grpc.fake import FakeGrpc
from pytest_integrations.core.errors import NothingToCheck, ResilienceError, ScriptingError
from pytest_integrations.faults import connection_reset
from pytest_integrations.faults.grpc import grpc_status, reset_stream
from tests.assertions.test_grpc_grouping import attempt
from tests.backends.grpc.orders import OPTIONS, PROTO, stub

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.assertions.ledgers import HandLedger

POLICY = {
    "maxAttempts": 4,
    "initialBackoff": "0.01s",
    "maxBackoff": "0.05s",
    "backoffMultiplier": 2,
    "retryableStatusCodes": ["UNAVAILABLE"],
}


# -- counted by hand


def test_tokens_are_taken_and_retries_end(ledger: HandLedger) -> None:
    """4, 3 (retry), 2: not above the half, and so no retry; nor after 1."""
    attempt(ledger, 0, 0.1)
    attempt(ledger, 1, 1.1, previous=1)
    attempt(ledger, 2, 2.1)
    assert_retry_throttling(ledger.calls, max_tokens=4, token_ratio=0.1)


def test_a_retry_that_no_token_allows_is_caught(ledger: HandLedger) -> None:
    for start, previous in enumerate((0, 1, 2)):
        attempt(ledger, start, start + 0.1, previous=previous)
    with pytest.raises(ResilienceError, match=r"#3 is a retry, and after #2 2 of 4 tokens were left: more than 2"):
        assert_retry_throttling(ledger.calls, max_tokens=4, token_ratio=0.1)


def test_successes_bring_tokens_back(ledger: HandLedger) -> None:
    """At the half of 4 two successes of 0.5 are one more failure that may be retried."""
    attempt(ledger, 0, 0.1)
    attempt(ledger, 1, 1.1, previous=1)  # 2 left
    for start in (2, 3, 4):
        attempt(ledger, start, start + 0.1, "OK")  # 3.5
    attempt(ledger, 5, 5.1)  # 2.5
    attempt(ledger, 6, 6.1, "OK", previous=1)
    assert_retry_throttling(ledger.calls, max_tokens=4, token_ratio=0.5)
    with pytest.raises(ResilienceError, match=r"#7 is a retry, and after #6 1\.6 of 4 tokens"):
        assert_retry_throttling(ledger.calls, max_tokens=4, token_ratio=0.2)


def test_there_are_never_more_than_at_first(ledger: HandLedger) -> None:
    for start in range(10):
        attempt(ledger, start, start + 0.1, "OK")
    for number, previous in enumerate((0, 1, 2)):
        attempt(ledger, 20 + number, 20.1 + number, previous=previous)
    with pytest.raises(ResilienceError, match="2 of 4 tokens"):
        assert_retry_throttling(ledger.calls, max_tokens=4, token_ratio=1)


def test_further_decimals_do_not_count(ledger: HandLedger) -> None:
    """0.0019 is 0.001: as clients have it, that count in thousandths."""
    attempt(ledger, 0, 0.1)
    attempt(ledger, 1, 1.1, previous=1)
    for start in range(2, 1002):
        attempt(ledger, start, start + 0.1, "OK")
    attempt(ledger, 2000, 2000.1)  # 2 + 1.000 - 1
    attempt(ledger, 2001, 2001.1, previous=1)
    with pytest.raises(ResilienceError, match="2 of 4 tokens"):
        assert_retry_throttling(ledger.calls, max_tokens=4, token_ratio=0.0019)


def test_other_codes_take_nothing(ledger: HandLedger) -> None:
    """Unless they are said to be retryable."""
    attempt(ledger, 0, 0.1, body=b"another")
    for start in range(1, 6):
        attempt(ledger, start, start + 0.1, "NOT_FOUND", body=b"another")
    attempt(ledger, 6, 6.1)
    attempt(ledger, 7, 7.1, previous=1)
    with pytest.raises(ResilienceError, match="#8 is a retry, and after #7 2 of 4"):
        assert_retry_throttling(ledger.calls, max_tokens=4, token_ratio=0.1)
    with pytest.raises(ResilienceError, match="#8 is a retry, and after #7 0 of 4"):
        assert_retry_throttling(ledger.calls, max_tokens=4, token_ratio=0.1, retryable=["UNAVAILABLE", "NOT_FOUND"])


def test_a_pushback_that_says_no_takes_one(ledger: HandLedger) -> None:
    """Whatever the code that it comes with."""
    refused = attempt(ledger, 0, 0.1, "NOT_FOUND", body=b"another")
    attempt(ledger, 1, 1.1)
    attempt(ledger, 2, 2.1, "OK", previous=1)
    with pytest.raises(NothingToCheck, match="fell to 3 of 4"):
        assert_retry_throttling(ledger.calls, max_tokens=4, token_ratio=0.1)
    refused.trailers = (("grpc-retry-pushback-ms", "-1"),)
    with pytest.raises(ResilienceError, match="#3 is a retry, and after #2 2 of 4"):
        assert_retry_throttling(ledger.calls, max_tokens=4, token_ratio=0.1)


def test_what_was_not_processed_takes_none(ledger: HandLedger) -> None:
    for start in range(5):
        attempt(ledger, start, start + 0.1, "REFUSED_STREAM")
    with pytest.raises(NothingToCheck, match="none of 5 calls failed with UNAVAILABLE"):
        assert_retry_throttling(ledger.calls, max_tokens=4, token_ratio=0.1)


def test_calls_that_are_alike_are_put_together_in_its_favour(ledger: HandLedger) -> None:
    """#5 may retry #3, which nobody processed, if #4 retries #1 or #2; after #4 nothing may be retried."""
    attempt(ledger, 0, 0.1)
    attempt(ledger, 1, 1.1, "REFUSED_STREAM")
    attempt(ledger, 2, 2.1, "REFUSED_STREAM", previous=1)
    attempt(ledger, 3, 3.1, previous=1)
    attempt(ledger, 4, 4.1, "OK", previous=2)
    assert_retry_throttling(ledger.calls, max_tokens=4, token_ratio=0.1)
    attempt(ledger, 5, 5.1, "OK", previous=2)
    with pytest.raises(ResilienceError, match=r"#6 is a retry, and after #4 2 of 4 tokens were left"):
        assert_retry_throttling(ledger.calls, max_tokens=4, token_ratio=0.1)


def test_ends_at_the_same_time_are_taken_in_its_favour(ledger: HandLedger) -> None:
    """In real time: which of the two the client heard of first is not to be known."""
    ledger.clock.exact = False
    for start, ended in ((0, 0.5), (0.001, 0.501), (0.002, 0.502)):
        attempt(ledger, start, ended)
    attempt(ledger, 1, 1.1, previous=1)
    attempt(ledger, 2, 2.1)
    assert_retry_throttling(ledger.calls, max_tokens=4, token_ratio=0.1)
    attempt(ledger, 3, 3.1, previous=2)
    with pytest.raises(ResilienceError, match="#6 is a retry, and after #4 0 of 4"):
        assert_retry_throttling(ledger.calls, max_tokens=4, token_ratio=0.1)


# -- nothing to check, nothing that makes sense


def test_tokens_that_last_prove_nothing(ledger: HandLedger) -> None:
    attempt(ledger, 0, 0.1)
    attempt(ledger, 1, 1.1, "OK", previous=1)
    with pytest.raises(NothingToCheck, match="the tokens fell to 9 of 10, and never to 5"):
        assert_retry_throttling(ledger.calls, max_tokens=10, token_ratio=0.1)


def test_a_client_without_retries_proves_nothing(ledger: HandLedger) -> None:
    for start in range(5):
        attempt(ledger, start, start + 0.1, body=bytes([start]))
    with pytest.raises(NothingToCheck, match="no call was retried"):
        assert_retry_throttling(ledger.calls, max_tokens=4, token_ratio=0.1)


@pytest.mark.parametrize(
    ("settings", "error"),
    [
        ({"max_tokens": 0, "token_ratio": 0.1}, r"max_tokens=0 is out of range: valid are numbers from 0\.001 to 1000"),
        ({"max_tokens": 1001, "token_ratio": 0.1}, "max_tokens=1001 is out of range"),
        (
            {"max_tokens": 4, "token_ratio": 0.0001},
            r"token_ratio=0\.0001 is out of range: valid are numbers from 0\.001",
        ),
        ({"max_tokens": 4, "token_ratio": 0.1, "retryable": ["UNAVAILABEL"]}, "UNAVAILABEL"),
    ],
)
def test_settings_that_are_none(ledger: HandLedger, settings: dict[str, Any], error: str) -> None:
    with pytest.raises(ScriptingError, match=error):
        assert_retry_throttling(ledger.calls, **settings)


# -- real clients


@pytest.fixture
def shop(no_leaks: None) -> Iterator[FakeGrpc]:
    with FakeGrpc("shop") as fake:
        fake.load(PROTO)
        fake.service("shop.v1.Orders").Get.reply(id="o1")
        yield fake


def channel(shop: FakeGrpc, **service: Any) -> grpc.Channel:
    config = json.dumps({"methodConfig": [{"name": [{}], "retryPolicy": POLICY}], **service})
    options = {**dict(OPTIONS), "grpc.enable_retries": 1, "grpc.service_config": config}
    return grpc.insecure_channel(shop.target, options=list(options.items()))


def ask(made: grpc.Channel, shop: FakeGrpc, times: int) -> None:
    for _ in range(times):
        with suppress(grpc.RpcError):
            stub(made, shop.service("shop.v1.Orders").Get)({"id": "o1"}, timeout=5)


@pytest.mark.parametrize("fault", [grpc_status("UNAVAILABLE"), connection_reset()], ids=repr)
def test_grpcio_throttles_itself(shop: FakeGrpc, fault: Any) -> None:
    """Through an outage and out of it again."""
    shop.inject(fault, times=7)
    with channel(shop, retryThrottling={"maxTokens": 6, "tokenRatio": 0.5}) as made:
        ask(made, shop, 12)
    assert [call.previous_attempts for call in shop.calls][:5] == [0, 1, 2, 0, 0]  # type: ignore[attr-defined]
    assert_retry_throttling(shop.calls, max_tokens=6, token_ratio=0.5)


def test_grpcio_without_throttling_is_caught(shop: FakeGrpc) -> None:
    shop.inject(grpc_status("UNAVAILABLE"), every=1)
    with channel(shop) as made:
        ask(made, shop, 2)
    with pytest.raises(ResilienceError, match="retryThrottling"):
        assert_retry_throttling(shop.calls, max_tokens=6, token_ratio=0.5)


def test_a_loop_of_the_application_is_caught(shop: FakeGrpc) -> None:
    """It goes on, whatever else its channel has seen."""
    shop.inject(grpc_status("UNAVAILABLE"), every=1)
    with grpc.insecure_channel(shop.target, options=OPTIONS) as made:
        for _ in range(3):
            with shop.logical_call():
                ask(made, shop, 3)
    with pytest.raises(ResilienceError, match=r"#4|#5|#6"):
        assert_retry_throttling(shop.calls, max_tokens=6, token_ratio=0.5)


def test_a_channel_each_has_tokens_of_its_own(shop: FakeGrpc) -> None:
    """A client that makes a channel for each call throttles nothing."""
    shop.inject(grpc_status("UNAVAILABLE"), every=1)
    for _ in range(3):
        with channel(shop, retryThrottling={"maxTokens": 6, "tokenRatio": 0.5}) as made:
            ask(made, shop, 1)
    with pytest.raises(ResilienceError, match="all calls on one channel"):
        assert_retry_throttling(shop.calls, max_tokens=6, token_ratio=0.5)


def test_many_calls_at_a_time(shop: FakeGrpc) -> None:
    """Their failures interleave, and the client is not blamed for the order in which it heard of them."""
    shop.inject(grpc_status("UNAVAILABLE"), reset_stream("REFUSED_STREAM"), every=1)
    with channel(shop, retryThrottling={"maxTokens": 20, "tokenRatio": 0.5}) as made, ThreadPoolExecutor(8) as callers:
        list(callers.map(lambda _: ask(made, shop, 5), range(8)))
    assert len(shop.calls) > 40
    assert_retry_throttling(shop.calls, max_tokens=20, token_ratio=0.5)
