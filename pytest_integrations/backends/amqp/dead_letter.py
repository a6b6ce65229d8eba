"""Dead letters: what is written on a message that dies, and where it may not go again.

The headers are RabbitMQ's, byte for byte: the newest death first, one entry for each queue and reason, counts as 64-bit
integers, tables that were changed in the order of their names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_integrations.wire.amqp import table as tables

from .message import Copy

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .queue import BrokerQueue
    from .versions import Version

__all__ = ["letter_of", "without_cycles"]

_DEATHS = "x-death"


def letter_of(copy: Copy, queue: BrokerQueue, reason: str, *, now: int, version: Version) -> Copy:
    """Return *copy* as it goes to the dead-letter exchange of *queue*; *now* in seconds since 1970."""
    key = queue.arguments.dead_letter_key
    fields = _with_death(copy, queue.name, reason, now, version)
    if key is not None:
        fields.pop("CC", None)
    return Copy(
        copy.message,
        properties=copy.properties.with_table(fields, "expiration"),
        body=copy.body,
        exchange=queue.arguments.dead_letter_exchange or "",
        keys=copy.keys if key is None else (key,),
        died=True,
    )


def _with_death(copy: Copy, queue: str, reason: str, now: int, version: Version) -> dict[str, bytes]:
    """Return the headers of *copy* with one more death in them."""
    fields = dict(copy.properties.table)
    deaths = _deaths(copy, version)
    same = [death for death in deaths if _is_of(death, queue, reason)]
    others = [death for death in deaths if not _is_of(death, queue, reason)]
    if version.turns_deaths_round:
        others.reverse()
    death = {**same[0], "count": tables.long(_count(same[0]) + 1)} if same else _death(copy, queue, reason, now)
    if deaths:
        death = dict(sorted(death.items()))
    fields[_DEATHS] = tables.array(map(tables.table, (death, *others)))
    told = {"reason": reason, "queue": queue, "exchange": copy.exchange}
    for what, value in told.items():
        if not deaths:
            fields[f"x-first-death-{what}"] = tables.longstr(value)
        if version.tells_last_death:
            fields[f"x-last-death-{what}"] = tables.longstr(value)
    return dict(sorted(fields.items()))


def _death(copy: Copy, queue: str, reason: str, now: int) -> dict[str, bytes]:
    routes = [copy.key, *_listed(copy, "CC"), *_listed(copy, "BCC")]
    death = {
        "count": tables.long(1),
        "reason": tables.longstr(reason),
        "queue": tables.longstr(queue),
        "time": tables.moment(now),
        "exchange": tables.longstr(copy.exchange),
        "routing-keys": tables.array(map(tables.longstr, routes)),
    }
    expiration = copy.properties.text("expiration")
    if expiration is not None:
        death["original-expiration"] = tables.longstr(expiration)
    return death


def _listed(copy: Copy, header: str) -> list[str]:
    """Return the texts of a header that is a list of them."""
    raw = copy.properties.table.get(header, b"")
    values = map(tables.text_of, tables.split_array(raw)) if raw[:1] == b"A" else ()
    return [value for value in values if value is not None]


def _deaths(copy: Copy, version: Version) -> list[dict[str, bytes]]:
    """Return the deaths that *copy* has behind it, newest first, as far as they are believed."""
    raw = copy.properties.table.get(_DEATHS, b"")
    if raw[:1] != b"A" or not (copy.died or version.trusts_x_death):
        return []
    return [tables.split(entry[5:]) for entry in tables.split_array(raw) if entry[:1] == b"F"]


def _is_of(death: dict[str, bytes], queue: str, reason: str) -> bool:
    return tables.text_of(death.get("queue")) == queue and tables.text_of(death.get("reason")) == reason


def _count(death: dict[str, bytes]) -> int:
    count = tables.meaning(death["count"]) if "count" in death else 0
    return count if isinstance(count, int) else 0


def without_cycles(letter: Copy, reason: str, targets: Iterable[BrokerQueue], version: Version) -> list[BrokerQueue]:
    """Return the *targets* that a dead *letter* may go to: not back to where it died, unless somebody rejected it.

    A message that dies of its time or of a limit, again and again, would go round for ever without anybody's doing.
    """
    if reason == "rejected":
        return list(targets)
    deaths = _deaths(letter, version)
    return [queue for queue in targets if not _goes_round(queue.name, deaths)]


def _goes_round(queue: str, deaths: list[dict[str, bytes]]) -> bool:
    """Tell whether a letter has died in *queue* before, and since then never by somebody's doing."""
    for death in deaths:
        if tables.text_of(death.get("reason")) == "rejected":
            return False
        if tables.text_of(death.get("queue")) == queue:
            return True
    return False
