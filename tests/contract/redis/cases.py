"""Every fault on this wire, and what it must look like: in bytes, to the clients, and in the data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from redis import exceptions

from pytest_integrations.faults import (
    bandwidth,
    close_on_accept,
    connection_refused,
    connection_reset,
    dribble,
    empty_response,
    hang,
    latency,
    lost_request,
    lost_response,
    reset_on_accept,
    slicer,
    slow_accept,
    truncate_body,
)
from pytest_integrations.faults.queue import garbage, lost_message, queue_full
from pytest_integrations.faults.redis import failover, redis_error

if TYPE_CHECKING:
    from pytest_integrations.core.fault import Fault

__all__ = ["CASES", "Case"]

End = Literal["answer", "silence", "reset", "fin"]

_ANSWER = b":1\r\n"
_OOM = b"-OOM command not allowed when used memory > 'maxmemory'.\r\n"
_READONLY = b"-READONLY You can't write against a read only replica.\r\n"


@dataclass(frozen=True, slots=True)
class Case:
    """A fault that happens to `RPUSH jobs one`."""

    fault: Fault
    sent: bytes
    """What the fake sends."""
    end: End
    """What comes after that: the answer to a second command, nothing, RST or FIN."""
    raises: type[Exception] | None
    """What redis-py raises, without retries."""
    stored: bool
    """Whether the list has the message afterwards."""
    outcome: str = "answered"

    @property
    def id(self) -> str:
        """The fault as scripted."""
        return repr(self.fault)


_LOST = exceptions.ConnectionError
_LATE = exceptions.TimeoutError

CASES = (
    Case(latency(0.02), _ANSWER, "answer", None, stored=True),
    Case(latency(30), b"", "silence", _LATE, stored=True, outcome="abandoned"),
    Case(hang(), b"", "silence", _LATE, stored=False, outcome="hung"),
    Case(slicer(average_size=1), _ANSWER, "answer", None, stored=True),
    Case(dribble(chunks=2, duration=0.02), _ANSWER, "answer", None, stored=True),
    Case(bandwidth(1), _ANSWER, "answer", None, stored=True),
    Case(connection_reset(), b"", "reset", _LOST, stored=False, outcome="reset"),
    Case(connection_reset(at="mid_body"), b":1", "reset", _LOST, stored=True, outcome="reset"),
    Case(connection_reset(at="after_headers"), b"", "reset", _LOST, stored=True, outcome="reset"),
    Case(empty_response(), b"", "fin", _LOST, stored=False, outcome="closed"),
    Case(truncate_body(bytes=1), b":", "fin", _LOST, stored=True, outcome="truncated"),
    Case(lost_response(), b"", "reset", _LOST, stored=True, outcome="reset"),
    Case(lost_response(then="hang"), b"", "silence", _LATE, stored=True, outcome="hung"),
    Case(lost_response(then="empty_response"), b"", "fin", _LOST, stored=True, outcome="closed"),
    Case(lost_request(), b"", "reset", _LOST, stored=False, outcome="reset"),
    Case(lost_request(then="hang"), b"", "silence", _LATE, stored=False, outcome="hung"),
    Case(garbage(), b"\x00\xffnot the protocol\r\n", "answer", exceptions.InvalidResponse, stored=False),
    Case(lost_message(), _ANSWER, "answer", None, stored=False),
    Case(queue_full(), _OOM, "answer", exceptions.OutOfMemoryError, stored=False),
    Case(redis_error("oom"), _OOM, "answer", exceptions.OutOfMemoryError, stored=False),
    Case(redis_error("readonly"), _READONLY, "answer", exceptions.ReadOnlyError, stored=False),
    Case(failover(), _READONLY, "fin", exceptions.ReadOnlyError, stored=False),
)

AT_CONNECT = (
    Case(connection_refused(), b"", "reset", _LOST, stored=False),
    Case(reset_on_accept(), b"", "reset", _LOST, stored=False),
    Case(close_on_accept(), b"", "fin", _LOST, stored=False),
    Case(slow_accept(30), b"", "silence", _LATE, stored=False),
    Case(
        redis_error("maxclients"),
        b"-ERR max number of clients reached\r\n",
        "fin",
        exceptions.MaxConnectionsError,
        stored=False,
    ),
)
"""Faults that a connection meets before its first command."""
