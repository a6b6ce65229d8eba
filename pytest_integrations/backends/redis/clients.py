"""CLIENT: what a client can learn about the others, and do to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_integrations.wire.resp.values import OK, Failure, Verbatim

if TYPE_CHECKING:
    from collections.abc import Callable

    from .session import Session

__all__ = ["client"]


def client(session: Session, fields: list[bytes]) -> Any:
    """CLIENT and its subcommands; those that are not here the engine answers."""
    if len(fields) < 2:
        return Failure("ERR wrong number of arguments for 'client' command")
    action = _ACTIONS.get(fields[1].upper())
    return action(session, fields[2:]) if action is not None else NotImplemented


def line(session: Session) -> str:
    """Return what CLIENT LIST says of one client."""
    server = session.server
    name, since = session.last_command
    flags = "".join(sorted(session.flags)) + ("b" if session.waiter is not None else "")
    flags += "x" if session.in_multi else ""
    parts = {
        "id": session.id, "addr": session.address, "laddr": f"127.0.0.1:{server.port}", "fd": 8, "name": session.name,
        "age": int(server.now() - session.began), "idle": int(server.now() - since), "flags": flags or "N",
        "db": session.database, "sub": 0, "psub": 0, "ssub": 0, "multi": -1, "qbuf": 0, "qbuf-free": 0, "argv-mem": 0,
        "multi-mem": 0, "rbs": 1024, "rbp": 0, "obl": 0, "oll": 0, "omem": 0, "tot-mem": 0, "events": "r",
        "cmd": name.decode("utf-8", "replace").lower(), "user": session.user, "redir": -1, "resp": session.resp,
        **session.library,
    }  # fmt: skip
    return " ".join(f"{key}={value}" for key, value in parts.items())


def _id(session: Session, _words: list[bytes]) -> Any:
    return session.id


def _info(session: Session, _words: list[bytes]) -> Any:
    return Verbatim(f"{line(session)}\n".encode())


def _list(session: Session, words: list[bytes]) -> Any:
    chosen = list(session.server.sessions.values())
    if words[:1] and words[0].upper() == b"ID":
        ids = {int(word) for word in words[1:] if word.isdigit()}
        chosen = [each for each in chosen if each.id in ids]
    elif words[:1] and words[0].upper() == b"TYPE" and len(words) == 2:
        chosen = chosen if words[1].lower() == b"normal" else []
    elif words:
        return Failure("ERR syntax error")
    return Verbatim("".join(f"{line(each)}\n" for each in chosen).encode())


def _set_name(session: Session, words: list[bytes]) -> Any:
    if len(words) != 1:
        return Failure("ERR wrong number of arguments for 'client|setname' command")
    if any(not 0x21 <= sign <= 0x7E for sign in words[0]):
        return Failure("ERR Client names cannot contain spaces, newlines or special characters.")
    session.name = words[0].decode()
    return OK


def _get_name(session: Session, _words: list[bytes]) -> Any:
    return session.name or None


def _get_redirection(_session: Session, _words: list[bytes]) -> Any:
    return -1


def _set_info(session: Session, words: list[bytes]) -> Any:
    if len(words) != 2:
        return Failure("ERR wrong number of arguments for 'client|setinfo' command")
    name = words[0].decode("utf-8", "replace").lower()
    if name not in session.library:
        return Failure(f"ERR Unrecognized option '{words[0].decode('utf-8', 'replace')}'")
    session.library[name] = words[1].decode("utf-8", "replace")
    return OK


def _kill(session: Session, words: list[bytes]) -> Any:
    others = list(session.server.sessions.values())
    if len(words) == 1:
        chosen = [each for each in others if each.address.encode() == words[0]]
        for each in chosen[:1]:
            each.kill()
        return OK if chosen else Failure("ERR No such client")
    skip_me = True
    if not words or len(words) % 2:
        return Failure("ERR syntax error")
    for name, value in zip(words[::2], words[1::2], strict=True):
        if name.upper() == b"SKIPME":
            skip_me = value.lower() == b"yes"
        elif name.upper() in _FILTERS:
            others = [each for each in others if _FILTERS[name.upper()](each, value)]
        else:
            return Failure("ERR syntax error")
    chosen = [each for each in others if not (skip_me and each is session)]
    for each in chosen:
        each.kill()
    return len(chosen)


_FILTERS: dict[bytes, Callable[[Session, bytes], bool]] = {
    b"ID": lambda session, value: str(session.id).encode() == value,
    b"ADDR": lambda session, value: session.address.encode() == value,
    b"LADDR": lambda session, value: f"127.0.0.1:{session.server.port}".encode() == value,
    b"USER": lambda session, value: session.user.encode() == value,
    b"TYPE": lambda _session, value: value.lower() == b"normal",
}


def _unblock(session: Session, words: list[bytes]) -> Any:
    if not words or not words[0].isdigit():
        return Failure("ERR value is not an integer or out of range")
    how = words[1].upper() if len(words) > 1 else b"TIMEOUT"
    if how not in {b"TIMEOUT", b"ERROR"}:
        return Failure("ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR")
    blocked = session.server.sessions.get(int(words[0]))
    if blocked is None:
        return 0
    error = "UNBLOCKED client unblocked via CLIENT UNBLOCK" if how == b"ERROR" else None
    return int(session.server.waiting.release(blocked, error))


def _flag(sign: str) -> Callable[[Session, list[bytes]], Any]:
    def switch(session: Session, words: list[bytes]) -> Any:
        if len(words) != 1 or words[0].upper() not in {b"ON", b"OFF"}:
            return Failure("ERR syntax error")
        (session.flags.add if words[0].upper() == b"ON" else session.flags.discard)(sign)
        return OK

    return switch


_ACTIONS: dict[bytes, Callable[[Session, list[bytes]], Any]] = {
    b"GETNAME": _get_name,
    b"GETREDIR": _get_redirection,
    b"ID": _id,
    b"INFO": _info,
    b"KILL": _kill,
    b"LIST": _list,
    b"NO-EVICT": _flag("e"),
    b"NO-TOUCH": _flag("T"),
    b"SETINFO": _set_info,
    b"SETNAME": _set_name,
    b"UNBLOCK": _unblock,
}
