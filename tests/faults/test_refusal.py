"""Retry-After in every form, by the clock in force."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from pytest_integrations.faults import rate_limited, status, unavailable
from tests.faults.occasions import StoppedClock, answered


@pytest.mark.parametrize(
    ("retry_after", "told"),
    [
        (1, "1"),
        (0.5, "0.5"),
        (-3, "-3"),
        ("garbage", "garbage"),
        (None, None),
        (datetime(2026, 11, 25, 13, 0, 0, 999_999, tzinfo=UTC), "Wed, 25 Nov 2026 13:00:00 GMT"),
        (datetime(2026, 11, 25, 13, tzinfo=timezone(timedelta(hours=1))), "Wed, 25 Nov 2026 12:00:00 GMT"),
        ("http-date", "Wed, 25 Nov 2026 12:00:02 GMT"),
        (timedelta(minutes=1), "Wed, 25 Nov 2026 12:01:01 GMT"),
    ],
    ids=str,
)
def test_retry_after_is_written_as_asked(retry_after: Any, told: str | None) -> None:
    for fault, code in ((rate_limited(retry_after), 429), (unavailable(retry_after), 503)):
        reply = answered(fault)
        assert (reply.status, reply.header("Retry-After"), reply.body) == (code, told, b"")


def test_a_date_that_needs_no_rounding_is_not_rounded() -> None:
    clock = StoppedClock(datetime(2026, 11, 25, 12, tzinfo=UTC))

    reply = answered(rate_limited("http-date"), clock=clock)

    assert reply.header("Retry-After") == "Wed, 25 Nov 2026 12:00:01 GMT"


def test_429_says_one_second_and_503_says_nothing_by_default() -> None:
    assert answered(rate_limited()).header("Retry-After") == "1"
    assert answered(unavailable()).header("Retry-After") is None


def test_status_takes_every_form_of_body() -> None:
    assert answered(status(500, json={"a": 1})).body == b'{"a": 1}'
    assert answered(status(500, text="down")).body == b"down"
    assert answered(status(500, {"X-A": "1"}, body=b"raw")).header("x-a") == "1"
    assert answered(status(500, [("X-A", "1"), ("X-A", "2")])).headers == (("X-A", "1"), ("X-A", "2"))
