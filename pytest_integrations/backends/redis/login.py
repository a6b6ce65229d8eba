"""Who a client is, and what it speaks: AUTH and HELLO."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_integrations.wire.resp.values import OK, Failure

if TYPE_CHECKING:
    from .session import Session

__all__ = ["auth", "hello"]

_WRONG = Failure("WRONGPASS invalid username-password pair or user is disabled.")
_NO_PASSWORD = Failure(
    "ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration "
    "is correct?"
)


def auth(session: Session, fields: list[bytes]) -> Any:
    """AUTH [username] password."""
    if not 2 <= len(fields) <= 3:
        return Failure("ERR wrong number of arguments for 'auth' command" if len(fields) < 2 else "ERR syntax error")
    if len(fields) == 2 and not session.server.needs_login:
        return _NO_PASSWORD
    user = fields[1] if len(fields) == 3 else b"default"
    return OK if _log_in(session, user, fields[-1]) else _WRONG


def _log_in(session: Session, user: bytes, password: bytes) -> bool:
    name = user.decode("utf-8", "replace")
    users = session.server.users
    expected = users.get(name)
    if expected is None and not (name == "default" and not session.server.needs_login):
        return False
    if expected and expected.encode() != password:
        return False
    session.user, session.is_known = name, True
    return True


def hello(session: Session, fields: list[bytes]) -> Any:
    """HELLO [protover [AUTH username password] [SETNAME clientname]]."""
    protocol = session.resp
    rest = [*fields[1:]]
    if rest:
        if not rest[0].isdigit():
            return Failure("ERR Protocol version is not an integer or out of range")
        protocol = int(rest.pop(0))
        if protocol not in {2, 3}:
            return Failure("NOPROTO unsupported protocol version")
    while rest:
        word = rest[0].upper()
        if word == b"AUTH" and len(rest) >= 3:
            if not _log_in(session, rest[1], rest[2]):
                return _WRONG
            del rest[:3]
        elif word == b"SETNAME" and len(rest) >= 2:
            session.name = rest[1].decode("utf-8", "replace")
            del rest[:2]
        else:
            return Failure(f"ERR Syntax error in HELLO option '{rest[0].decode('utf-8', 'replace')}'")
    if not session.is_known:
        return Failure(
            "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> AUTH "
            "<user> <pass> option can be used to authenticate the client and select the RESP protocol version at the "
            "same time"
        )
    session.speak(protocol)
    version = ".".join(str(part) for part in (*session.server.version, 0, 0)[:3])
    return {
        "server": "redis",
        "version": version,
        "proto": protocol,
        "id": session.id,
        "mode": "standalone",
        "role": "master",
        "modules": [],
    }
