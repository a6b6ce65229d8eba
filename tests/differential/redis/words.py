"""Exchanges that are compared with a real server word for word: one a line, with | for the end of a line."""

from __future__ import annotations

__all__ = ["REFUSED", "SAID"]


def _lines(text: str) -> tuple[bytes, ...]:
    return tuple(f"{line}|".replace("|", "\r\n").encode() for line in text.strip("\n").split("\n"))


REFUSED = (
    *_lines(r"""
*1|:1
*x
*-2x
*99999999999999999999
*1|$-1
*1|$x
*1|$ 1
*1|
*1|$1_0
*+1
*01
SET a "b
SET a 'b
SET a "b"c
"""),
    *(start + b"1" * 66_000 for start in (b"", b"*", b"*1\r\n$")),
)
"""What is no command."""

SAID = _lines(r"""
||PING
*0|*-1|PING
ECHO 'it\'s'
ECHO "\x41\n\"\q"
  ECHO   a	|PING
ECHO ""
ping|*1|$4|pInG
NONSENSE a b
GET
GET a b
EXEC
DISCARD
MULTI|MULTI|EXEC
MULTI|NONSENSE|EXEC
MULTI|BLPOP a 0|EXEC
SET a b|LPUSH a c|DEL a
SELECT 99
SELECT x
AUTH x
AUTH a b
AUTH
AUTH a b c
HELLO 5
HELLO x
HELLO 2 NONSENSE
HELLO 2 AUTH a b
CLIENT
CLIENT NONSENSE
CLIENT SETNAME 'a b'
CLIENT SETNAME a|CLIENT GETNAME
CLIENT KILL 1.2.3.4:5
CLIENT UNBLOCK 99999
CLIENT UNBLOCK x
CLIENT UNBLOCK 1 NONSENSE
CONFIG GET maxmemory
CONFIG
CONFIG NONSENSE
CONFIG GET
CONFIG SET nonsense 1
CONFIG RESETSTAT
ROLE
WAIT 0 0
WAIT
CLUSTER INFO
MEMORY USAGE nothing
MEMORY
MEMORY NONSENSE
BLPOP a x
BLPOP a -1
BLPOP a inf
BLPOP a
BLMOVE a b LEFT LEFT -1
BLMOVE a b UP LEFT 0
BLMPOP 0 0 a LEFT
BLMPOP 0 1 a UP
LMPOP 1 a LEFT COUNT 0
LMPOP 2 a LEFT
XREAD BLOCK -1 STREAMS a 0
XREAD BLOCK x STREAMS a 0
XREAD STREAMS a
RESET
QUIT
SUBSCRIBE a|PING|GET a|UNSUBSCRIBE
XREAD STREAMS a b c
XREADGROUP GROUP g c STREAMS a
XGROUP
XGROUP NONSENSE
XINFO
OBJECT ENCODING a
SET a b EX 0
SLOWLOG LEN
LATENCY
LATENCY LATEST
INCR a b
SET a b|INCR a|DEL a
XADD a 0-0 c d
LREM a b c
WATCH a|MULTI|SET a b|EXEC|DEL a
MULTI|WATCH a|EXEC
EXPIRE a x
BLPOP a 1e400
EVALSHA 0000000000000000000000000000000000000000 0
EVAL 'return redis.error_reply("MY own")' 0
EVAL 'return {1,2,{3}}' 0
""")
"""Commands, well-formed or not so well."""
