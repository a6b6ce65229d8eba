"""Random commands on a few lists and streams, with what makes two servers differ taken out of the replies."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random

__all__ = ["Commands", "normal"]

_LISTS = ("l1", "l2", "l3")
_STREAMS = ("s1", "s2")
_GROUPS = ("g1", "g2")
_CONSUMERS = ("c1", "c2", "c3")


def normal(reply: bytes, fields: tuple[str, ...]) -> bytes:
    """Return *reply* without times, which are never the same twice."""
    if fields[0] == "XPENDING" and len(fields) > 3:
        return re.sub(rb"(\r\n\$2\r\nc\d\r\n):\d+", rb"\1:idle", reply)
    if fields[0] == "XINFO":
        return re.sub(
            rb"(\$4\r\nidle\r\n):-?\d+",
            rb"\1:time",
            re.sub(rb"\*8(\r\n\$4\r\nname.*?)\$8\r\ninactive\r\n:-?\d+\r\n", rb"*6\1", reply, flags=re.DOTALL),
        )
    return reply


class Commands:
    """An endless supply of commands, the same for the same generator."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.moment = 0
        makers = [name for name in dir(self) if name.startswith("_make_")]
        self._makers = [getattr(self, name) for name in makers]

    def next(self) -> tuple[str, ...]:
        return tuple(map(str, self.chance.choice(self._makers)()))

    # -- parts

    def _list(self) -> str:
        return self.chance.choice((*_LISTS * 6, *_STREAMS, "text", "none"))

    def _stream(self) -> str:
        return self.chance.choice((*_STREAMS * 8, "l1", "none"))

    def _value(self) -> str:
        return self.chance.choice(("a", "b", "c", "", "longer value", "1"))

    def _values(self) -> list[str]:
        return [self._value() for _ in range(self.chance.randint(1, 3))]

    def _index(self) -> int:
        return self.chance.randint(-4, 5)

    def _side(self) -> str:
        return self.chance.choice(("LEFT", "RIGHT", "left", "right", "up"))

    def _id(self) -> str:
        return f"{self.chance.randint(max(1, self.moment - 12), self.moment + 1)}-{self.chance.choice((0, 0, 0, 1))}"

    def _ids(self) -> list[str]:
        return [self._id() for _ in range(self.chance.randint(1, 3))]

    def _group(self) -> str:
        return self.chance.choice((*_GROUPS * 4, "nobody"))

    def _consumer(self) -> str:
        return self.chance.choice(_CONSUMERS)

    def _count(self) -> list[str | int]:
        return self.chance.choice(([], ["COUNT", self.chance.randint(1, 3)]))

    # -- lists

    def _make_push(self) -> list[object]:
        return [self.chance.choice(("RPUSH", "LPUSH", "RPUSHX", "LPUSHX")), self._list(), *self._values()]

    def _make_pop(self) -> list[object]:
        count = self.chance.choice(([], [], [self.chance.randint(-1, 3)]))
        return [self.chance.choice(("LPOP", "RPOP")), self._list(), *count]

    def _make_blocking_pop(self) -> list[object]:
        return [self.chance.choice(("BLPOP", "BRPOP")), self._list(), self._list(), "0.001"]

    def _make_lmove(self) -> list[object]:
        return ["LMOVE", self._list(), self._list(), self._side(), self._side()]

    def _make_blmove(self) -> list[object]:
        return ["BLMOVE", self._list(), self._list(), self._side(), self._side(), "0.001"]

    def _make_rpoplpush(self) -> list[object]:
        return ["RPOPLPUSH", self._list(), self._list()]

    def _make_brpoplpush(self) -> list[object]:
        return ["BRPOPLPUSH", self._list(), self._list(), "0.001"]

    def _make_lmpop(self) -> list[object]:
        return ["LMPOP", 2, self._list(), self._list(), self._side(), *self._count()]

    def _make_blmpop(self) -> list[object]:
        return ["BLMPOP", "0.001", 1, self._list(), self._side(), *self._count()]

    def _make_lrem(self) -> list[object]:
        return ["LREM", self._list(), self.chance.randint(-2, 2), self._value()]

    def _make_look(self) -> list[object]:
        return self.chance.choice(
            (
                ["LLEN", self._list()],
                ["LRANGE", self._list(), self._index(), self._index()],
                ["LINDEX", self._list(), self._index()],
                ["LPOS", self._list(), self._value()],
                ["LPOS", self._list(), self._value(), "COUNT", 0],
                ["TYPE", self._list()],
                ["EXISTS", self._list(), self._stream()],
            )
        )

    def _make_change(self) -> list[object]:
        return self.chance.choice(
            (
                ["LTRIM", self._list(), self._index(), self._index()],
                ["LSET", self._list(), self._index(), self._value()],
                ["LINSERT", self._list(), self.chance.choice(("BEFORE", "AFTER")), self._value(), self._value()],
            )
        )

    def _make_delete(self) -> list[object]:
        if self.chance.random() < 0.7:
            return ["SET", "text", "v"]
        return [self.chance.choice(("DEL", "UNLINK")), self.chance.choice((*_LISTS, *_STREAMS))]

    # -- streams

    def _make_xadd(self) -> list[object]:
        self.moment += 1
        limit = self.chance.choice(([], [], [], ["MAXLEN", self.chance.randint(0, 6)], ["MINID", self._id()]))
        entry = self.chance.choice((f"{self.moment}-0",) * 5 + (self._id(), f"{self.moment}-*"))
        return ["XADD", self._stream(), *limit, entry, "f", self._value()]

    def _make_group(self) -> list[object]:
        return self.chance.choice(
            (
                ["XGROUP", "CREATE", self._stream(), self._group(), self.chance.choice(("0", "$")), "MKSTREAM"],
                ["XGROUP", "CREATE", self._stream(), self._group(), "0"],
                ["XGROUP", "CREATECONSUMER", self._stream(), self._group(), self._consumer()],
                ["XGROUP", "DELCONSUMER", self._stream(), self._group(), self._consumer()],
                ["XGROUP", "SETID", self._stream(), self._group(), self._id()],
                ["XGROUP", "DESTROY", self._stream(), "g2"],
            )
        )

    def _make_readgroup(self) -> list[object]:
        since = self.chance.choice((">", ">", ">", "0", self._id()))
        options = self.chance.choice(([], [], ["NOACK"]))
        return [
            "XREADGROUP",
            "GROUP",
            self._group(),
            self._consumer(),
            *self._count(),
            *options,
            "STREAMS",
            self._stream(),
            since,
        ]

    def _make_blocking_readgroup(self) -> list[object]:
        head = ["XREADGROUP", "GROUP", self._group(), self._consumer(), *self._count()]
        return [*head, "BLOCK", 1, "STREAMS", self._stream(), ">"]

    def _make_read(self) -> list[object]:
        return ["XREAD", *self._count(), "STREAMS", "s1", self.chance.choice(("s2", "none", "l1")), self._id(), "0"]

    def _make_ack(self) -> list[object]:
        return ["XACK", self._stream(), self._group(), *self._ids()]

    def _make_claim(self) -> list[object]:
        options = self.chance.choice(([], [], ["JUSTID"], ["FORCE"], ["RETRYCOUNT", 3]))
        return ["XCLAIM", self._stream(), self._group(), self._consumer(), 0, *self._ids(), *options]

    def _make_autoclaim(self) -> list[object]:
        options = self.chance.choice(([], ["JUSTID"]))
        start = self.chance.choice(("0", "-", self._id()))
        return ["XAUTOCLAIM", self._stream(), self._group(), self._consumer(), 0, start, *self._count(), *options]

    def _make_remove(self) -> list[object]:
        return self.chance.choice(
            (
                ["XDEL", self._stream(), *self._ids()],
                ["XTRIM", self._stream(), "MAXLEN", self.chance.randint(2, 9)],
                ["XTRIM", self._stream(), "MINID", self._id()],
            )
        )

    def _make_inspect(self) -> list[object]:
        return self.chance.choice(
            (
                ["XLEN", self._stream()],
                ["XRANGE", self._stream(), "-", "+", *self._count()],
                ["XREVRANGE", self._stream(), "+", self._id()],
                ["XPENDING", self._stream(), self._group()],
                ["XPENDING", self._stream(), self._group(), "-", "+", 10],
                ["XPENDING", self._stream(), self._group(), "-", "+", 10, self._consumer()],
                ["XINFO", "GROUPS", self._stream()],
                ["XINFO", "CONSUMERS", self._stream(), self._group()],
            )
        )
