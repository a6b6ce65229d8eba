"""A wrong setting is an error at the scripting line that names the value and the valid ones."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from pytest_integrations import faults
from pytest_integrations.core.errors import ScriptingError

if TYPE_CHECKING:
    from collections.abc import Callable

_WRONG: list[tuple[str, Callable[[], Any], str]] = [
    ("hang", partial(faults.hang, -1), r"for_=-1 .*valid are seconds from 0 on"),
    ("dribble", partial(faults.dribble, chunks=0, duration=1), r"chunks=0 .*whole numbers from 1 on"),
    ("dribble", partial(faults.dribble, chunks=2.5, duration=1), r"chunks=2.5 .*whole numbers from 1 on"),
    ("dribble", partial(faults.dribble, chunks=2, duration="1"), r"duration='1' is not a number"),
    ("bandwidth", partial(faults.bandwidth, 0), r"rate_kbps=0 .*greater than 0"),
    ("slicer", partial(faults.slicer, average_size=0), r"average_size=0 .*from 1 on"),
    ("slicer", partial(faults.slicer, average_size=4, size_variation=4), r"size_variation=4 .*below average_size=4"),
    ("slicer", partial(faults.slicer, delay=0), r"delay=0 .*greater than 0"),
    ("slow_accept", partial(faults.slow_accept, -0.1), r"delay=-0.1 .*seconds from 0 on"),
    ("slow_headers", partial(faults.slow_headers, True), r"rate=True is not a number.*greater than 0"),
    ("latency", faults.latency, r"latency\(\) takes exactly one of fixed=, uniform=.*given none"),
    ("latency", partial(faults.latency, 1, uniform=(1, 2)), r"exactly one of .*given fixed= and uniform="),
    ("latency", partial(faults.latency, -1), r"fixed=-1 .*seconds from 0 on"),
    ("latency", partial(faults.latency, uniform=(2, 1)), r"uniform=\(2, 1\) runs backwards.*\(lower, upper\)"),
    ("latency", partial(faults.latency, uniform=3), r"uniform=3 does not fit: valid is \(lower, upper\)"),
    ("latency", partial(faults.latency, uniform=(1,)), r"uniform=\(1,\) does not fit: valid is \(lower, upper\)"),
    ("latency", partial(faults.latency, lognormal="12"), r"lognormal='12' does not fit: .*\(median, sigma, max\)"),
    ("latency", partial(faults.latency, lognormal=(0, 1)), r"lognormal\[0\]=0 .*greater than 0"),
    ("latency", partial(faults.latency, lognormal_p99=(2, 1)), r"lognormal_p99=\(2, 1\) runs backwards"),
    ("latency", partial(faults.latency, normal=(1, -1)), r"normal=-1 .*from 0"),
    ("latency", partial(faults.latency, normal=(1, 1), jitter=1), r"jitter=1 goes with a fixed time.*not with normal="),
    (
        "connection_reset",
        partial(faults.connection_reset, at="end"),
        r"at='end' is unknown: valid are 'before_headers'",
    ),
    ("connection_reset", partial(faults.connection_reset, bytes=3), r"bytes=3 do not fit: .*only with it"),
    ("connection_reset", partial(faults.connection_reset, at="after_bytes"), r"bytes=None do not fit"),
    ("connection_reset", partial(faults.connection_reset, at="after_bytes", bytes=0), r"bytes=0 .*from 1 on"),
    ("random_data_then_close", partial(faults.random_data_then_close, 0), r"size=0 .*from 1 on"),
    ("stale_keepalive", partial(faults.stale_keepalive, "soon"), r"kind='soon' is unknown: valid are 'fin_idle'"),
    (
        "lost_response",
        partial(faults.lost_response, then="rain"),
        r"then='rain' is unknown: valid are 'connection_reset'",
    ),
    ("lost_request", partial(faults.lost_request, then=""), r"then='' is unknown: valid are 'connection_reset'"),
    ("bad_status_line", partial(faults.bad_status_line, "HTTP/1.1 200 OK"), r"is a good status line"),
    ("bad_status_line", partial(faults.bad_status_line, "a\r\nb"), r"line='a\\r\\nb' is no line"),
    ("illegal_header", partial(faults.illegal_header, "☃"), r"line='☃' is no line .*Latin-1"),
    ("huge_header", partial(faults.huge_header, 0), r"size=0 .*from 1 on"),
    ("many_headers", partial(faults.many_headers, -5), r"n=-5 .*from 1 on"),
    ("early_hints", partial(faults.early_hints, ""), r"link='' is no line"),
    ("http_version", partial(faults.http_version, "1.1"), r"version='1.1' is not another version"),
    ("http_version", partial(faults.http_version, 2), r"version=2 is not another version"),
    ("bad_chunk_size", partial(faults.bad_chunk_size, "ff"), r"size='ff' is a good chunk size"),
    ("short_chunk", partial(faults.short_chunk, missing=0), r"missing=0 .*from 1 on"),
    ("content_length", partial(faults.content_length, 0), r"lie=0 is the truth"),
    ("content_length", partial(faults.content_length, "short"), r"lie='short' is unknown: .*'conflicting'.*a number"),
    ("truncate_body", partial(faults.truncate_body, fraction=2), r"fraction=2 .*from 0 to 1"),
    ("truncate_body", partial(faults.truncate_body, bytes=-1), r"bytes=-1 .*from 0 on"),
    ("truncate_body", partial(faults.truncate_body, fraction=0.5, bytes=1), r"both say where: give one"),
    (
        "truncate_body",
        partial(faults.truncate_body, end="stall"),
        r"end='stall' is unknown: valid are 'close', 'reset'",
    ),
    ("truncate_headers", partial(faults.truncate_headers, 1.5), r"after=1.5 .*from 0 to 1"),
    ("truncate_headers", partial(faults.truncate_headers, 0), r"after=0 .*from 1 on"),
    ("corrupt_body", partial(faults.corrupt_body, "xml_cut"), r"mode='xml_cut' is unknown: valid are 'json_cut'"),
    ("status", partial(faults.status, 99), r"status=99 is not a status code"),
    ("status", partial(faults.status, 500, json=1, text="a"), r"one body: .*not json and text"),
    ("unavailable", partial(faults.unavailable, True), r"retry_after=True is not a number"),
    ("rate_limited", partial(faults.rate_limited, datetime(2026, 1, 1)), r"has no time zone"),  # noqa: DTZ001 -- that is it
    ("rate_limited", partial(faults.rate_limited, "a\nb"), r"retry_after='a\\nb' is no line"),
    ("rate_limited", partial(faults.rate_limited, timedelta(seconds=-1)), r"retry_after=.* is not a duration"),
    ("slow_read", partial(faults.slow_read, -1), r"rate=-1 .*greater than 0"),
    ("early_response", partial(faults.early_response, 1000), r"status=1000 is not a status code"),
    ("early_response", partial(faults.early_response, after_bytes=-1), r"after_bytes=-1 .*from 0 on"),
    ("reset_mid_upload", partial(faults.reset_mid_upload, 0.5), r"after_bytes=0.5 .*whole numbers"),
    ("redirect", partial(faults.redirect, "elsewhere"), r"to='elsewhere' is unknown: .*'other_host', .*'a URL'"),
    ("redirect", partial(faults.redirect, "/a", code=200), r"code=200 is unknown: valid are 301, 302"),
    ("redirect_loop", partial(faults.redirect_loop, 0), r"length=0 .*from 1 on"),
    ("pagination_loop", partial(faults.pagination_loop, ""), r"field='' is no line"),
    ("auth_expires", partial(faults.auth_expires, after=-1), r"after=-1 .*from 0 on"),
    ("queue_full", partial(faults.queue_full, 5), r"mode=5 is not a text"),
    ("duplicate", partial(faults.duplicate, 0), r"copies=0 .*from 1 on"),
    ("redeliver", partial(faults.redeliver, -1), r"after=-1 .*seconds from 0 on"),
    ("reorder", partial(faults.reorder, 1), r"window=1 .*from 2 on"),
    ("poison", partial(faults.poison, "text"), r"body='text' is not bytes"),
    ("garbage", partial(faults.garbage, b""), r"data=b'' is nothing to send"),
]


_ELSEWHERE = {
    "amqp",
    "redis",
    "sqs",
    "kafka",
    "graphql",
    "graphql_fields",
    "graphql_results",
    "subscription",
    "subscription_events",
    "grpc",
    "grpc_frames",
    "grpc_messages",
    "http2",
}
"""Families with tests of their own: test_amqp.py, test_graphql.py and so on."""


@pytest.mark.parametrize(("name", "script", "message"), _WRONG, ids=[f"{row[0]}-{row[2][:20]}" for row in _WRONG])
def test_a_wrong_setting_is_named_with_the_valid_ones(name: str, script: Callable[[], Any], message: str) -> None:
    with pytest.raises(ScriptingError, match=message):
        script()


def test_every_fault_with_settings_that_can_be_wrong_is_among_them() -> None:
    unable = {"close_on_accept", "connect_timeout", "connection_refused", "reset_on_accept", "empty_response"}
    unable |= {"duplicate_reply", "malformed_response_chunk", "missing_last_chunk", "no_continue"}
    unable |= {"refused_publish", "lost_confirm", "lost_message", "lost_ack", "empty_receive"}
    elsewhere = {"max_concurrency", "rate_limit", "tls"}
    of_one_protocol = {
        name for name in faults.registry if faults.registry.get(name).__module__.rpartition(".")[2] in _ELSEWHERE
    }

    assert {row[0] for row in _WRONG} == set(faults.registry) - unable - elsewhere - of_one_protocol
