"""Faults on a command that waits: what is performed at once, and what when the message has come."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from pytest_integrations.backends.redis import FakeRedis
from pytest_integrations.faults import connection_reset, hang, latency, lost_response, stale_keepalive, truncate_body
from pytest_integrations.faults.queue import duplicate, empty_receive, garbage, redeliver

from .resp import Raw

if TYPE_CHECKING:
    from pytest_integrations.core.fault import Fault

pytestmark = pytest.mark.usefixtures("no_leaks")

ANSWER = b"*2\r\n$4\r\njobs\r\n$3\r\none\r\n"


@dataclass(frozen=True)
class Case:
    """A fault on `BLPOP jobs 0`, to which `RPUSH jobs one` comes."""

    fault: Fault
    waits: bool
    got: bytes | None
    """What the blocked client gets in the end; None for RST."""
    left: int
    """How many messages are in the list afterwards."""
    story: tuple[str, ...]
    """What happened to the message after it was put into the list, until the client had gone."""


CASES = (
    Case(latency(0.02), True, ANSWER, 0, ("delivered", "acked")),
    Case(connection_reset(), False, None, 1, ()),
    Case(hang(for_=0.02), False, b"", 1, ()),
    Case(lost_response(), True, None, 0, ("delivered", "dropped")),
    Case(truncate_body(bytes=5), True, ANSWER[:5], 0, ("delivered", "dropped")),
    Case(empty_receive(), False, b"*-1\r\n", 1, ()),
    Case(garbage(), False, b"\x00\xffnot the protocol\r\n", 1, ()),
    Case(duplicate(), True, ANSWER, 1, ("delivered", "routed", "acked")),
    Case(redeliver(30), True, ANSWER, 0, ("delivered", "acked")),
    Case(stale_keepalive("fin_idle"), True, ANSWER, 0, ("delivered", "acked")),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: repr(case.fault))
def test_blocked(case: Case) -> None:
    with FakeRedis() as fake:
        jobs = fake.queue("jobs", dead_letter="jobs:dead")
        fake.on("receive").inject(case.fault)
        with Raw(fake) as blocked, Raw(fake) as other:
            blocked.ask("BLPOP", "jobs", "0")
            fake.ledger.settle()
            assert len(fake.state.waiting) == case.waits
            other.ask("RPUSH", "jobs", "one").expect(b":1\r\n")
            if case.got is None:
                with pytest.raises(ConnectionResetError):
                    blocked.rest()
            else:
                blocked.expect(case.got) if case.got else blocked.rest()
            other.ask("LLEN", "jobs").expect(b":%d\r\n" % case.left)
        happened = [event.kind for event in jobs.messages[0].events]
        assert [kind for kind in happened if kind != "confirmed"] == ["published", "routed", *case.story]
        assert "confirmed" in happened
        (call,) = fake.calls.of("BLPOP jobs")
        assert call.fault == case.fault
        assert call.handled == case.waits
