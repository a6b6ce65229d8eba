"""Clients that wait: who is served, in which order, and who is not there any more."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.contract.redis.resp import Raw, command

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_integrations.backends.redis import FakeRedis

pytestmark = pytest.mark.usefixtures("no_leaks")

ENTRY = b"*1\r\n*2\r\n$3\r\nlog\r\n*1\r\n*2\r\n$3\r\n1-1\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n"
"""The entry 1-1 of the stream `log`, with one field."""


def waits(broker: FakeRedis, count: int) -> bool:
    broker.ledger.settle()
    return len(broker.state.waiting) == count


def test_the_longest_waiting_is_served_first(broker: FakeRedis, connect: Callable[[], Raw], raw: Raw) -> None:
    blocked = []
    for number in range(5):
        blocked.append(connect().ask("BLPOP", "jobs", "0"))
        assert waits(broker, number + 1)
    raw.ask("RPUSH", "jobs", *map(str, range(5))).expect(b":5\r\n")
    for number, each in enumerate(blocked):
        each.expect(b"*2\r\n$4\r\njobs\r\n$1\r\n%d\r\n" % number)


@pytest.mark.parametrize("leave", [Raw.close, Raw.reset])
def test_who_is_gone_takes_nothing(broker: FakeRedis, connect: Callable[[], Raw], raw: Raw, leave: Callable) -> None:
    ghost = connect().ask("BLPOP", "jobs", "0")
    assert waits(broker, 1)
    leave(ghost)
    assert waits(broker, 0)
    raw.ask("RPUSH", "jobs", "one").expect(b":1\r\n")
    raw.ask("LLEN", "jobs").expect(b":1\r\n")


@pytest.mark.parametrize(
    ("waiting", "pushing", "answer"),
    [
        ("BLPOP none jobs 0", "RPUSH jobs one", b"*2\r\n$4\r\njobs\r\n$3\r\none\r\n"),
        ("BRPOP jobs 0", "RPUSH jobs zero one", b"*2\r\n$4\r\njobs\r\n$3\r\none\r\n"),
        ("BLMOVE jobs mine LEFT RIGHT 0", "RPUSH jobs one two", b"$3\r\none\r\n"),
        ("BRPOPLPUSH jobs mine 0", "LPUSH jobs one", b"$3\r\none\r\n"),
        ("BLMPOP 0 2 none jobs RIGHT COUNT 2", "RPUSH jobs a b c", b"*2\r\n$4\r\njobs\r\n*2\r\n$1\r\nc\r\n$1\r\nb\r\n"),
        ("BZPOPMIN scores 0", "ZADD scores 1 one", b"*3\r\n$6\r\nscores\r\n$3\r\none\r\n$1\r\n1\r\n"),
        ("XREAD BLOCK 0 STREAMS log $", "XADD log 1-1 f v", ENTRY),
    ],
)  # fmt: skip
def test_what_is_waited_for_comes(
    broker: FakeRedis, connect: Callable[[], Raw], raw: Raw, *, waiting: str, pushing: str, answer: bytes
) -> None:
    blocked = connect().ask(*waiting.split())
    assert waits(broker, 1)
    raw.ask(*pushing.split())
    blocked.expect(answer)


def test_a_group_waits_and_its_end_is_told(broker: FakeRedis, connect: Callable[[], Raw], raw: Raw) -> None:
    raw.ask("XGROUP", "CREATE", "log", "g", "$", "MKSTREAM").expect(b"+OK\r\n")
    one, other = (connect().ask(*f"XREADGROUP GROUP g c{n} COUNT 1 BLOCK 0 STREAMS log >".split()) for n in "12")
    assert waits(broker, 2)
    raw.ask("XADD", "log", "1-1", "f", "v").expect(b"$3\r\n1-1\r\n")
    one.expect(ENTRY)
    assert waits(broker, 1)
    raw.ask("XGROUP", "DESTROY", "log", "g").expect(b":1\r\n")
    other.expect(b"-NOGROUP ")


def test_a_chain_of_waiting_clients_is_served_in_one_go(
    broker: FakeRedis, connect: Callable[[], Raw], raw: Raw
) -> None:
    last = connect().ask("BLPOP", "third", "0")
    assert waits(broker, 1)
    middle = connect().ask("BLMOVE", "second", "third", "LEFT", "RIGHT", "0")
    assert waits(broker, 2)
    first = connect().ask("BLMOVE", "first", "second", "LEFT", "RIGHT", "0")
    assert waits(broker, 3)
    raw.ask("RPUSH", "first", "x").expect(b":1\r\n")
    first.expect(b"$1\r\nx\r\n")
    middle.expect(b"$1\r\nx\r\n")
    last.expect(b"*2\r\n$5\r\nthird\r\n$1\r\nx\r\n")


def test_time_runs_out(raw: Raw) -> None:
    raw.ask("BLPOP", "jobs", "0.01").expect(b"*-1\r\n")
    raw.ask("BLMOVE", "jobs", "mine", "LEFT", "LEFT", "0.01").expect(b"*-1\r\n")
    raw.ask("HELLO", "3").take(10)
    raw.ask("BLPOP", "jobs", "-1")


@pytest.mark.parametrize(
    ("timeout", "error"),
    [
        ("-1", b"-ERR timeout is negative\r\n"),
        ("soon", b"-ERR timeout is not a float or out of range\r\n"),
        ("inf", b"-ERR timeout is negative\r\n"),
    ],
)
def test_wrong_timeouts(raw: Raw, timeout: str, error: bytes) -> None:
    raw.ask("BLPOP", "jobs", timeout).expect(error)


def test_commands_behind_a_blocked_one_wait_for_it(broker: FakeRedis, connect: Callable[[], Raw], raw: Raw) -> None:
    blocked = connect().send(command("BLPOP", "jobs", "0") + command("PING"))
    assert waits(broker, 1)
    assert blocked.is_silent(0.02)
    blocked.sock.settimeout(5)
    raw.ask("RPUSH", "jobs", "one").expect(b":1\r\n")
    blocked.expect(b"*2\r\n$4\r\njobs\r\n$3\r\none\r\n+PONG\r\n")


def test_nobody_waits_in_a_transaction(raw: Raw) -> None:
    raw.ask("MULTI").expect(b"+OK\r\n")
    raw.ask("BLPOP", "jobs", "0").expect(b"+QUEUED\r\n")
    raw.ask("EXEC").expect(b"*1\r\n*-1\r\n")


@pytest.mark.parametrize(
    ("how", "answer"),
    [((), b"*-1\r\n"), (("TIMEOUT",), b"*-1\r\n"), (("ERROR",), b"-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n")],
)
def test_client_unblock(
    broker: FakeRedis, connect: Callable[[], Raw], raw: Raw, how: tuple[str, ...], answer: bytes
) -> None:
    blocked = connect()
    number = blocked.ask("CLIENT", "ID").take(4).strip(b":\r\n").decode()
    blocked.ask("BLPOP", "jobs", "0")
    assert waits(broker, 1)
    raw.ask("CLIENT", "UNBLOCK", number, *how).expect(b":1\r\n")
    blocked.expect(answer)
    raw.ask("CLIENT", "UNBLOCK", number).expect(b":0\r\n")
    raw.ask("RPUSH", "jobs", "one").expect(b":1\r\n")
    raw.ask("LLEN", "jobs").expect(b":1\r\n")


def test_client_kill(broker: FakeRedis, connect: Callable[[], Raw], raw: Raw) -> None:
    blocked = connect().ask("BLPOP", "jobs", "0")
    assert waits(broker, 1)
    raw.ask("CLIENT", "KILL", "TYPE", "normal").expect(b":1\r\n")
    assert blocked.rest() == b""
    raw.ask("RPUSH", "jobs", "one").expect(b":1\r\n")
    raw.ask("LLEN", "jobs").expect(b":1\r\n")


def test_stopping_ends_those_who_wait(broker: FakeRedis, connect: Callable[[], Raw]) -> None:
    blocked = connect().ask("BLPOP", "jobs", "0")
    assert waits(broker, 1)
    broker.stop()
    with pytest.raises((EOFError, ConnectionResetError)):
        blocked.take(1)
