"""What each command is for, and which of its arguments names the queue."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_integrations.core.queue_call import Kind

__all__ = ["CONTAINERS", "NIL_ARRAYS", "WRITING", "key_of", "kind_of"]

_KINDS: dict[Kind, str] = {
    "publish": "LINSERT LPUSH LPUSHX PUBLISH RPUSH RPUSHX SPUBLISH XADD",
    "receive": "BLMOVE BLMPOP BLPOP BRPOP BRPOPLPUSH BZMPOP BZPOPMAX BZPOPMIN LMOVE LMPOP LPOP RPOP RPOPLPUSH "
    "XAUTOCLAIM XCLAIM XREAD XREADGROUP ZMPOP ZPOPMAX ZPOPMIN",
    "ack": "LREM XACK XACKDEL",
    "declare": "DEL EXPIRE EXPIREAT FLUSHALL FLUSHDB LTRIM PEXPIRE PEXPIREAT RENAME RENAMENX UNLINK XDEL XGROUP XTRIM",
    "subscribe": "PSUBSCRIBE PUNSUBSCRIBE SSUBSCRIBE SUBSCRIBE SUNSUBSCRIBE UNSUBSCRIBE",
    "connect": "AUTH CLIENT HELLO QUIT READONLY READWRITE RESET SELECT",
}
_KIND: dict[bytes, Kind] = {name.encode(): kind for kind, names in _KINDS.items() for name in names.split()}

_KEYLESS = frozenset(
    b"ACL AUTH BGREWRITEAOF BGSAVE CLIENT CLUSTER COMMAND CONFIG DBSIZE DEBUG DISCARD ECHO EXEC FLUSHALL FLUSHDB "
    b"FUNCTION HELLO INFO KEYS LASTSAVE LATENCY MODULE MONITOR MULTI PING PUBSUB QUIT RANDOMKEY READONLY READWRITE "
    b"RESET ROLE SAVE SCAN SCRIPT SELECT SHUTDOWN SLOWLOG SWAPDB TIME UNWATCH WAIT".split()
)
_SECOND = frozenset(b"MEMORY OBJECT XGROUP XINFO".split())
_COUNTED = {b"LMPOP": 1, b"ZMPOP": 1, b"BLMPOP": 2, b"BZMPOP": 2, b"EVAL": 2, b"EVALSHA": 2, b"EVAL_RO": 2, b"FCALL": 2}

WRITING = frozenset({
    "APPEND", "COPY", "DECR", "DECRBY", "EVAL", "EVALSHA", "EXPIRE", "GETDEL", "GETEX", "GETSET",
    "HDEL", "HINCRBY", "HMSET", "HSET", "HSETNX", "INCR", "INCRBY", "LSET", "MSET", "MSETNX",
    "PERSIST", "PFADD", "PSETEX", "RESTORE", "SADD", "SET", "SETBIT", "SETEX", "SETNX", "SETRANGE",
    "SMOVE", "SPOP", "SREM", "ZADD", "ZINCRBY", "ZREM", "ZREMRANGEBYRANK", "ZREMRANGEBYSCORE",
})  # fmt: skip
"""Commands of no kind in particular that a replica refuses."""

CONTAINERS = frozenset(
    b"ACL CLIENT CLUSTER COMMAND CONFIG DEBUG FUNCTION LATENCY MEMORY OBJECT PUBSUB SCRIPT SLOWLOG XGROUP XINFO".split()
)
"""The commands that mean nothing without the word that follows."""

NIL_ARRAYS = frozenset(
    b"BLMOVE BLMPOP BLPOP BRPOP BRPOPLPUSH BZMPOP BZPOPMAX BZPOPMIN EXEC LMPOP XREAD XREADGROUP ZMPOP".split()
)
"""The commands whose "nothing" is an array that is not there, not a string."""


@lru_cache(maxsize=512)
def kind_of(name: bytes) -> Kind:
    """Return what the command called *name*, in capitals, is for."""
    return _KIND.get(name, "other")


def key_of(name: bytes, fields: list[bytes]) -> str:
    """Return the key, or the channel, that a command is about, the first of several; `""` if there is none."""
    if name in _KEYLESS:
        return ""
    place = 1
    if name in _SECOND:
        place = 2
    elif name in _COUNTED:
        count = _COUNTED[name]
        place = count + 1 if fields[count : count + 1] not in ([], [b"0"]) else len(fields)
    elif name in {b"XREAD", b"XREADGROUP"}:
        place = next((at + 1 for at, word in enumerate(fields) if word.upper() == b"STREAMS"), len(fields))
    return fields[place].decode("utf-8", "backslashreplace") if place < len(fields) else ""
