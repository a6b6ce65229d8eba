"""What clients of queues see of each fault, as tables: from the cases that tests/contract plays with them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.contract.amqp import test_clients as amqp
from tests.contract.amqp.clients import CLIENTS
from tests.contract.redis.cases import AT_CONNECT, CASES

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["amqp_page", "redis_page", "table"]

_ENDS = {"answer": "goes on", "silence": "silence", "reset": "RST", "fin": "FIN"}


def amqp_page() -> str:
    """Return what each client makes of each fault of the AMQP wire."""
    names = [name.replace("_", " ").replace("aiopika", "aio-pika").replace("raw", "bare socket") for name in CLIENTS]
    rows = []
    for case in amqp.CASES:
        if case.fault is not None:
            seen = [" or ".join(sorted(case.of(client))) for client in CLIENTS]
            rows.append(
                [f"`{case.fault!r}`", case.what, *(f"`{word}`" if word[0].isupper() else word for word in seen)]
            )
    return table(["fault", "while it would", *names], rows)


def redis_page() -> str:
    """Return what `RPUSH jobs one` meets, in bytes, and what redis-py makes of it without retries."""
    rows = [
        [
            f"`{case.fault!r}`",
            f"`{case.sent.decode('latin-1').encode('unicode_escape').decode()}`" if case.sent else "",
            _ENDS[case.end],
            f"`{case.raises.__name__}`" if case.raises is not None else "–",
            "yes" if case.stored else "no",
        ]
        for case in (*AT_CONNECT, *CASES)
    ]
    return table(["fault", "bytes sent", "and then", "redis-py raises", "stored"], rows)


def table(heads: list[str], rows: Iterable[list[str]]) -> str:
    """Return a table in Markdown."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)
