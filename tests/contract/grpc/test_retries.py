"""grpcio's own retries, as the ledger sees them: policy, pushback, throttling, transparent ones, deadlines."""

from __future__ import annotations

import json
import time
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import grpc
import pytest

from pytest_integrations.assertions.attempts import assert_attempts
from pytest_integrations.assertions.backoff import assert_backoff
from pytest_integrations.assertions.grouping import logical_calls
from pytest_integrations.assertions.schedules import exponential, multiplicative
from pytest_integrations.faults import connection_reset, hang
from pytest_integrations.faults.grpc import (
    empty_ok,
    fail_after_headers,
    goaway,
    grpc_status,
    reset_stream,
)
from tests.backends.grpc.orders import stub
from tests.contract.grpc.clients import CLIENTS, Client

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_integrations.backends.grpc.fake import FakeGrpc
    from pytest_integrations.backends.grpc.services import Service
    from pytest_integrations.core.fault import Fault

POLICY = {
    "maxAttempts": 4,
    "initialBackoff": "0.1s",
    "maxBackoff": "1s",
    "backoffMultiplier": 2,
    "retryableStatusCodes": ["UNAVAILABLE"],
}
LATE = 1.0
"""Seconds that a busy machine may add to a pause."""


def retrying(**more: Any) -> list[tuple[str, Any]]:
    """Return the options of a channel that retries by the policy."""
    config = {"methodConfig": [{"name": [{}], "retryPolicy": POLICY}], **more}
    return [("grpc.enable_retries", 1), ("grpc.service_config", json.dumps(config))]


def gaps(fake: FakeGrpc) -> list[float]:
    """Return the seconds between the beginnings of attempts."""
    starts = [call.started for call in fake.calls]
    return [later - earlier for earlier, later in pairwise(starts)]


@pytest.mark.parametrize("client", CLIENTS.values(), ids=CLIENTS)
def test_a_policy_of_four_attempts(shop: FakeGrpc, orders: Service, client: Client) -> None:
    shop.inject(grpc_status("UNAVAILABLE"), times=3)
    assert client(shop.target, orders.Get, [{"id": "o1"}], options=retrying()).code == "OK"
    calls: Any = shop.calls
    assert [call.previous_attempts for call in calls] == [0, 1, 2, 3]
    assert [call.verdict for call in calls] == ["UNAVAILABLE"] * 3 + ["OK"]
    assert_backoff(shop.calls, exponential(base=0.1, factor=2, jitter=multiplicative(0.2)), tolerance=LATE)
    timeouts = [call.timeout for call in calls]
    assert timeouts == sorted(timeouts, reverse=True)
    assert timeouts[0] - timeouts[3] >= 0.4
    assert max(call.deadline for call in calls) - min(call.deadline for call in calls) < LATE


@pytest.mark.parametrize("client", CLIENTS.values(), ids=CLIENTS)
def test_attempts_come_to_an_end(shop: FakeGrpc, orders: Service, client: Client) -> None:
    shop.inject(grpc_status("UNAVAILABLE", "still down"), every=1)
    seen = client(shop.target, orders.Get, options=retrying())
    assert (seen.code, seen.text) == ("UNAVAILABLE", "still down")
    assert len(shop.calls) == 4


@pytest.mark.parametrize(
    ("fault", "calls"),
    [
        (reset_stream("REFUSED_STREAM"), 2),
        (connection_reset(), 2),
        (fail_after_headers("UNAVAILABLE"), 1),
        (connection_reset(at="after_headers"), 1),
        (grpc_status("INTERNAL"), 1),
        (empty_ok(), 1),
    ],
    ids=repr,
)
def test_what_is_retried(shop: FakeGrpc, orders: Service, fault: Fault, calls: int) -> None:
    shop.inject(fault)
    CLIENTS["grpcio"](shop.target, orders.Get, options=retrying())
    assert len(shop.calls) == calls


def test_what_was_not_processed_is_retried_without_a_policy(shop: FakeGrpc, orders: Service) -> None:
    shop.inject(goaway(processed=False))
    seen = CLIENTS["grpcio"](shop.target, orders.Get, [{"id": "o1"}], options=[("grpc.enable_retries", 1)])
    assert seen.code == "OK"
    calls: Any = shop.calls
    assert [(call.verdict, call.previous_attempts, call.unprocessed) for call in calls] == [
        ("goaway", 0, True),
        ("OK", 0, False),
    ]
    assert len(shop.connections) == 2


def test_goaway_moves_the_next_call_to_a_new_connection(shop: FakeGrpc, orders: Service) -> None:
    shop.inject(goaway())
    with grpc.insecure_channel(shop.target, options=[("grpc.use_local_subchannel_pool", 1)]) as channel:
        get = stub(channel, orders.Get)
        assert [get({"id": each}, timeout=5).id for each in "abc"] == ["a", "b", "c"]
    assert [call.connection.id for call in shop.calls] == [1, 2, 2]


@pytest.mark.parametrize(("pushback", "calls"), [(200, 2), (-1, 1), ("abc", 1)])
def test_pushback(shop: FakeGrpc, orders: Service, pushback: int | str, calls: int) -> None:
    shop.inject(grpc_status("UNAVAILABLE", pushback_ms=pushback))
    seen = CLIENTS["grpcio"](shop.target, orders.Get, options=retrying())
    assert (seen.code == "OK", len(shop.calls)) == (calls == 2, calls)
    for gap in gaps(shop):
        assert 0.195 <= gap <= 0.2 + LATE


def test_pushback_of_0_is_sent_as_1_since_grpcio_would_hang(shop: FakeGrpc, orders: Service) -> None:
    shop.inject(grpc_status("UNAVAILABLE", pushback_ms=0))
    assert CLIENTS["grpcio"](shop.target, orders.Get, options=retrying()).code == "OK"
    assert gaps(shop)[0] < LATE


def test_throttling(shop: FakeGrpc, orders: Service) -> None:
    shop.inject(grpc_status("UNAVAILABLE"), every=1)
    throttled = retrying(retryThrottling={"maxTokens": 4, "tokenRatio": 0.1})
    with grpc.insecure_channel(shop.target, options=[("grpc.use_local_subchannel_pool", 1), *throttled]) as channel:
        get = stub(channel, orders.Get)
        for _ in range(3):
            with pytest.raises(grpc.RpcError):
                get({}, timeout=5)
    calls: Any = shop.calls
    assert [call.previous_attempts for call in calls] == [0, 1, 0, 0]


def test_two_calls_at_a_time_each_have_their_attempts(shop: FakeGrpc, orders: Service) -> None:
    """Of the same method and with the same body, so that nothing but the counter tells whose attempt one is."""
    shop.inject(grpc_status("UNAVAILABLE"), times=4)
    with grpc.insecure_channel(shop.target, options=[("grpc.use_local_subchannel_pool", 1), *retrying()]) as channel:
        get = stub(channel, orders.Get)
        waiting = [get.future({"id": "o1"}, timeout=5) for _ in range(2)]
        assert [each.result().id for each in waiting] == ["o1", "o1"]
    groups = logical_calls(shop.calls)
    assert sorted(call.seq for group in groups for call in group) == [1, 2, 3, 4, 5, 6]
    for group in groups:
        attempts: Any = tuple(group)
        assert [call.previous_attempts for call in attempts] == list(range(len(group)))
        assert group.succeeded
    assert_attempts(shop.calls, at_most=4)


def test_a_hang_eats_the_deadline_of_all_attempts(shop: FakeGrpc, orders: Service) -> None:
    shop.inject(hang())
    began = time.monotonic()
    assert CLIENTS["grpcio"](shop.target, orders.Get, timeout=0.3, options=retrying()).code == "DEADLINE_EXCEEDED"
    assert time.monotonic() - began < 4
    assert len(shop.calls) == 1


def test_retries_of_the_application_are_attempts_too(shop: FakeGrpc, orders: Service) -> None:
    def attempts() -> Iterator[str]:
        for _ in range(3):
            yield CLIENTS["grpcio"](shop.target, orders.Get).code

    shop.inject(grpc_status("UNAVAILABLE"), grpc_status("RESOURCE_EXHAUSTED"))
    with shop.logical_call():
        assert list(attempts()) == ["UNAVAILABLE", "RESOURCE_EXHAUSTED", "OK"]
    assert {call.block for call in shop.calls} == {1}
