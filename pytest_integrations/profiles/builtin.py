"""The profiles that come with the package.

The numbers are meant to be met by a test suite of ordinary size: often enough that a client without retries fails some
tests, seldom enough that one with three attempts passes nearly all. Of the rules of a profile the first that acts takes
the call, so that the order below is that of precedence.
"""

from __future__ import annotations

from pytest_integrations.faults import (
    bad_chunk_size,
    bad_status_line,
    connection_refused,
    connection_reset,
    content_length,
    corrupt_body,
    duplicate,
    hang,
    huge_header,
    illegal_header,
    latency,
    lost_ack,
    lost_confirm,
    lost_response,
    poison,
    queue_full,
    random_data_then_close,
    rate_limit,
    redeliver,
    refused_publish,
    reorder,
    stale_keepalive,
    status,
    truncate_body,
    truncate_headers,
    unavailable,
)

from .profile import Profile, rule

__all__ = [
    "BROWNOUT",
    "CALM",
    "FLAKY",
    "HOSTILE",
    "LOSSY",
    "LOSSY_QUEUE",
    "OUTAGE",
    "POISON",
    "QUEUE_FULL",
    "RATE_LIMITED",
    "REDELIVERY",
    "SLOW",
]

CALM = Profile("calm", "Nothing goes wrong. For the command line, to switch off a profile of the configuration.")
"""What a test has without a profile."""

SLOW = Profile(
    "slow",
    "Every answer is late: 0.3 s as a rule, 1.2 s for one in a hundred, never more than 3 s.",
    (rule(latency(lognormal=(0.3, 0.6, 3.0)), every=1),),
)
"""Finds what waits in a row where it could wait once, and timeouts that were set to the speed of the office network."""

FLAKY = Profile(
    "flaky",
    "A neighbour on an ordinary bad day: one call in twenty gets 503, one in fifty a reset, the others wait 0.05 s.",
    (
        rule(status(503), probability=0.05),
        rule(connection_reset(), probability=0.02),
        rule(latency(lognormal=(0.05, 0.5, 1.0)), every=1),
    ),
)
"""Finds clients without retries, and retries that catch one kind of failure only."""

LOSSY = Profile(
    "lossy",
    "A bad network: connections are reset before the answer, in the middle of it, and after the work was done.",
    (
        rule(connection_reset(), probability=0.04),
        rule(truncate_body(fraction=0.5), probability=0.03),
        rule(lost_response(), probability=0.03),
        rule(stale_keepalive("reset_on_next"), probability=0.05),
    ),
)
"""Finds half answers taken for whole ones, and retries of what was already done."""

RATE_LIMITED = Profile(
    "rate-limited",
    "Each fake allows three calls a second and answers 429 with Retry-After beyond.",
    (rule(rate_limit(3, per=1.0), every=1),),
)
"""Finds clients that ask faster than they may, and those that do not read Retry-After."""

OUTAGE = Profile(
    "outage",
    "Each fake is down when the test begins, connections are refused, and up again after 30 s of the clock in force.",
    (rule(connection_refused(), during=30.0),),
)
"""Finds clients that give up within half a minute, or that never do."""

BROWNOUT = Profile(
    "brownout",
    "Overload: one call in three gets 503 with Retry-After, one in thirty hangs for 10 s, the others take 0.8 s.",
    (
        rule(unavailable(retry_after=1), probability=0.33),
        rule(hang(for_=10.0), probability=0.05),
        rule(latency(lognormal=(0.8, 0.5, 5.0)), every=1),
    ),
)
"""Finds clients without a deadline, and those that make an overload worse."""

HOSTILE = Profile(
    "hostile",
    "Nearly half of the answers are not what they say: broken heads, false lengths, bodies that are something else.",
    (
        rule(random_data_then_close(), probability=0.05),
        rule(bad_status_line(), probability=0.05),
        rule(illegal_header(), probability=0.05),
        rule(truncate_headers(), probability=0.05),
        rule(huge_header(), probability=0.05),
        rule(content_length("conflicting"), probability=0.05),
        rule(bad_chunk_size(), probability=0.05),
        rule(truncate_body(fraction=0.5), probability=0.05),
        rule(corrupt_body("json_cut"), probability=0.05),
        rule(corrupt_body("bad_gzip"), probability=0.05),
        rule(corrupt_body("html_error_page"), probability=0.05),
    ),
)
"""Finds clients that believe what they read."""

QUEUE_FULL = Profile(
    "queue-full",
    "One publication in five meets a queue that is full, in the way of its protocol; so does one receiver of SQS.",
    (rule(queue_full(), probability=0.2),),
)
"""Finds producers that do not look at the answer, and those that try again at once."""

POISON = Profile(
    "poison",
    "One message in twenty is one that no consumer can read.",
    (rule(poison(), probability=0.05),),
)
"""Finds consumers that die of it, ack it all the same, or give it back for ever."""

REDELIVERY = Profile(
    "redelivery",
    "A broker that delivers at least once: duplicates, lost acks, early redelivery, messages out of order.",
    (
        rule(duplicate(), probability=0.1),
        rule(redeliver(), probability=0.05),
        rule(reorder(), probability=0.1),
        rule(lost_ack(), probability=0.05),
    ),
)
"""Finds consumers that do things twice, or rely on an order."""

LOSSY_QUEUE = Profile(
    "lossy-queue",
    "A broker behind a bad network: what is sent is refused, done and not answered, or not confirmed.",
    (
        rule(refused_publish(), probability=0.05),
        rule(lost_response(), probability=0.03),
        rule(connection_reset(), probability=0.03),
        rule(lost_confirm(), probability=0.02),
    ),
)
"""Finds producers that lose messages, and those that publish them twice."""
