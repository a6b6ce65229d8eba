"""The commands that are about the server rather than the data; the engine does not have them, or not as Redis does."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from pytest_integrations.wire.resp.values import OK, Failure, Simple, Verbatim

from .clients import client
from .login import auth, hello

if TYPE_CHECKING:
    from collections.abc import Callable

    from .session import Session

__all__ = ["OWN"]

_HEX_40 = "0" * 40


def _info(session: Session, fields: list[bytes]) -> Any:
    server = session.server
    wanted = {field.decode("latin-1").lower() for field in fields[1:]}
    everything = not wanted or not wanted.isdisjoint({"all", "default", "everything"})
    version = ".".join(str(part) for part in (*server.version, 0, 0)[:3])
    sections = {
        "server": f"redis_version:{version}\r\nredis_git_sha1:00000000\r\nredis_mode:standalone\r\nos:Linux\r\n"
        f"arch_bits:64\r\nprocess_id:1\r\nrun_id:{_HEX_40}\r\ntcp_port:{server.port}\r\n"
        f"uptime_in_seconds:{int(server.now())}\r\nhz:10\r\n",
        "clients": f"connected_clients:{len(server.sessions)}\r\nblocked_clients:{len(server.waiting)}\r\n"
        f"maxclients:{server.config['maxclients']}\r\n",
        "memory": "used_memory:1048576\r\nused_memory_human:1.00M\r\nused_memory_rss:1048576\r\n"
        f"maxmemory:{server.config['maxmemory']}\r\nmaxmemory_policy:{server.config['maxmemory-policy']}\r\n",
        "persistence": "loading:0\r\nrdb_bgsave_in_progress:0\r\naof_enabled:0\r\n",
        "stats": f"total_connections_received:{session.id}\r\ntotal_commands_processed:{server.commands}\r\n",
        "replication": f"role:master\r\nconnected_slaves:0\r\nmaster_replid:{_HEX_40}\r\nmaster_repl_offset:0\r\n",
        "cluster": "cluster_enabled:0\r\n",
        "keyspace": "".join(
            f"db{number}:keys={len(data)},expires=0,avg_ttl=0\r\n"
            for number, data in sorted(server.data.dbs.items())
            if len(data)
        ),
    }
    shown = [f"# {name.title()}\r\n{text}" for name, text in sections.items() if everything or name in wanted]
    return Verbatim("\r\n".join(shown).encode())


def _config(session: Session, fields: list[bytes]) -> Any:
    action = fields[1].upper() if len(fields) > 1 else b""
    config = session.server.config
    if action == b"GET" and len(fields) > 2:
        patterns = [field.decode("latin-1").lower() for field in fields[2:]]
        return {
            name: value for name, value in config.items() if any(fnmatchcase(name, pattern) for pattern in patterns)
        }
    if action == b"SET" and len(fields) > 3 and not len(fields) % 2:
        pairs = [field.decode("latin-1") for field in fields[2:]]
        names = [name.lower() for name in pairs[::2]]
        unknown = next((name for name in names if name not in config), None)
        if unknown is not None:
            return Failure(f"ERR Unknown option or number of arguments for CONFIG SET - '{unknown}'")
        config.update(zip(names, pairs[1::2], strict=True))
        if "requirepass" in names:
            session.server.users["default"] = config["requirepass"]
        return NotImplemented if "notify-keyspace-events" in names else OK  # the engine has to know of that too
    if action in {b"RESETSTAT", b"REWRITE"} and len(fields) == 2:
        return OK
    return _unknown("config", fields)


def _unknown(command: str, fields: list[bytes]) -> Failure:
    """Return what Redis says to a subcommand that it does not have, or that has the wrong number of arguments."""
    known = {
        "config": {"get", "set", "resetstat", "rewrite"},
        "memory": {"usage"},
        "object": {"encoding", "refcount", "idletime", "freq"},
    }
    word = fields[1].decode("utf-8", "backslashreplace") if len(fields) > 1 else ""
    if not word:
        return Failure(f"ERR wrong number of arguments for '{command}' command")
    if word.lower() in known.get(command, ()):
        return Failure(f"ERR wrong number of arguments for '{command}|{word.lower()}' command")
    return Failure(f"ERR unknown subcommand '{word}'. Try {command.upper()} HELP.")


def _memory(session: Session, fields: list[bytes]) -> Any:
    if len(fields) < 3 or fields[1].upper() != b"USAGE":
        return _unknown("memory", fields)
    kind = session.server.look(b"TYPE", fields[2])
    if kind.value == b"none":
        return None
    return 56 + len(fields[2])  # of no consequence, but a number that grows with the name, as Redis's does


def _wait(_session: Session, fields: list[bytes]) -> Any:
    if len(fields) != 3:
        return Failure("ERR wrong number of arguments for 'wait' command")
    return 0  # replicas


def _quit(_session: Session, _fields: list[bytes]) -> Any:
    return OK


def _role(_session: Session, _fields: list[bytes]) -> Any:
    return [b"master", 0, []]


def _cluster(_session: Session, _fields: list[bytes]) -> Any:
    return Failure("ERR This instance has cluster support disabled")


_RESET = (b"UNWATCH", b"UNSUBSCRIBE", b"PUNSUBSCRIBE", b"SUNSUBSCRIBE", b"SELECT 0")


def _reset(session: Session, _fields: list[bytes]) -> Any:
    for command in ((b"DISCARD",) if session.in_multi else ()) + _RESET:
        session.ask_engine(command.split())
    session.speak(2)
    session.log_out()
    return Simple(b"RESET")


def _latency(_session: Session, fields: list[bytes]) -> Any:
    return [] if len(fields) > 1 else _unknown("latency", fields)


def _slowlog(_session: Session, fields: list[bytes]) -> Any:
    action = fields[1].upper() if len(fields) > 1 else b""
    replies: dict[bytes, Any] = {b"GET": [], b"LEN": 0, b"RESET": OK}
    return replies[action] if action in replies else _unknown("slowlog", fields)


_ENCODINGS = {
    b"hash": b"listpack",
    b"list": b"listpack",
    b"set": b"listpack",
    b"stream": b"stream",
    b"string": b"embstr",
    b"zset": b"listpack",
}


def _object(session: Session, fields: list[bytes]) -> Any:
    """What Redis tells of how it keeps a value; here no more than that it is kept."""
    facts: dict[bytes, Any] = {b"REFCOUNT": 1, b"IDLETIME": 0, b"FREQ": 0}
    action = fields[1].upper() if len(fields) > 1 else b""
    if len(fields) != 3 or (action not in facts and action != b"ENCODING"):
        return _unknown("object", fields)
    kind = session.server.look(b"TYPE", fields[2]).value
    if kind == b"none":
        return None
    return _ENCODINGS.get(kind, b"raw") if action == b"ENCODING" else facts[action]


OWN: dict[bytes, Callable[[Session, list[bytes]], Any]] = {
    b"ASKING": _cluster,
    b"AUTH": auth,
    b"CLIENT": client,
    b"CLUSTER": _cluster,
    b"CONFIG": _config,
    b"HELLO": hello,
    b"INFO": _info,
    b"LATENCY": _latency,
    b"MEMORY": _memory,
    b"OBJECT": _object,
    b"QUIT": _quit,
    b"READONLY": _cluster,
    b"READWRITE": _cluster,
    b"RESET": _reset,
    b"ROLE": _role,
    b"SLOWLOG": _slowlog,
    b"WAIT": _wait,
}
"""Each returns its reply, or `NotImplemented` where the engine is to answer after all."""
