"""The state of one fake Redis server: the data, the clients, who waits, and what the ledger is told."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from pytest_integrations.core.errors import ScriptingError
from pytest_integrations.core.ledger import Problem
from pytest_integrations.wire.loop import shared_loop
from pytest_integrations.wire.resp.values import Failure

from .engine import PACKAGE, Engine, known_engine
from .journal import Journal
from .session import Session
from .stand_ins import executing, install, uninstall
from .waiting import WaitingList

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_integrations.core.delivery import QueueMessage
    from pytest_integrations.core.ledger import Ledger
    from pytest_integrations.core.seed import Seed
    from pytest_integrations.wire.loop import Timer
    from pytest_integrations.wire.resp.protocol import RespProtocol

    from .route import Route

__all__ = ["RedisServer"]

_CONFIG = {
    "appendonly": "no", "bind": "127.0.0.1", "databases": "16", "hz": "10", "lua-time-limit": "5000",
    "maxclients": "10000",
    "maxmemory": "0", "maxmemory-policy": "noeviction", "notify-keyspace-events": "", "proto-max-bulk-len": "536870912",
    "requirepass": "", "save": "", "slowlog-log-slower-than": "10000", "stream-node-max-bytes": "4096",
    "stream-node-max-entries": "100", "timeout": "0",
}  # fmt: skip


class RedisServer:
    """A Redis server without a port. Everything here is touched on the loop only."""

    def __init__(
        self, name: str, ledger: Ledger, seed: Seed, *, version: tuple[int, ...], users: Mapping[str, str]
    ) -> None:
        """Begin with empty databases; *users* and their passwords, if clients have to log in."""
        self.name: str = name
        self.ledger: Ledger = ledger
        self.version: tuple[int, ...] = version
        self.users: dict[str, str] = dict(users)
        self.port: int = 0
        self.engine: Engine = known_engine()
        install(PACKAGE)
        self._chance = seed.stream("redis", name)
        self._ids = itertools.count(1)
        self.config: dict[str, str] = dict(_CONFIG)
        self.sessions: dict[int, Session] = {}
        self.waiting: WaitingList = WaitingList()
        self.commands: int = 0
        self._timers: list[Timer] = []
        with executing(ledger.clock, self._chance):
            self.data: Any = self.engine.server(version=version, server_type="redis")
            self.own: Session = Session(self, None)
            """The fake's own client, for what the test does."""
            self._spy = Session(self, None, is_watched=False)
        self.journal: Journal = Journal(name, ledger, self.look)

    # -- clients

    def next_id(self) -> int:
        """Return the number of the next client."""
        return next(self._ids)

    def now(self) -> float:
        """Return the seconds since the ledger was opened."""
        return self.ledger.now()

    @property
    def needs_login(self) -> bool:
        """Whether a client has to say who it is."""
        return bool(self.users.get("default"))

    def begin(self, protocol: RespProtocol, address: str) -> Session:
        """Begin the session of a connection that was just made from *address*."""
        with executing(self.ledger.clock, self._chance):
            session = Session(self, protocol, address)
        self.sessions[session.id] = session
        return session

    def forget(self, session: Session) -> None:
        """Forget a client that is gone: it must not take anything any more."""
        if self.sessions.pop(session.id, None) is not None:
            self.waiting.remove(session)
            self.journal.left(session)
            session.socket.close()

    def stop(self) -> None:
        """Forget everything."""
        for timer in self._timers:
            timer.cancel()
        self.waiting.clear()
        for session in tuple(self.sessions.values()):
            self.forget(session)
        uninstall(PACKAGE)

    # -- commands

    def execute(self, session: Session, fields: list[bytes]) -> None:
        """Let the engine execute a command; what it says to it goes to the session."""
        try:
            with executing(self.ledger.clock, self._chance):
                session.socket._process_command(fields)  # noqa: SLF001 -- of the engine, and tried before use
        except Exception as error:  # noqa: BLE001 -- a bug of the engine: told to the test and to the client
            shown = b" ".join(fields[:2]).decode("utf-8", "backslashreplace")
            text = f"{self.name}: the engine failed at {shown}: {type(error).__name__}: {error}"
            self.ledger.problems.append(Problem("handler", self.name, text, cause=error))
            session.emit(Failure(f"ERR internal error of the fake: {error}"))

    def executed(self, session: Session) -> None:
        """A command has been executed: tell the ledger."""
        self.commands += 1
        self.journal.settle(session)
        session.told = self.journal.told() or session.told

    def serve(self, session: Session) -> None:
        """Serve those that wait, after a command of *session*; one that has just gone to wait has added nothing."""
        if len(self.waiting) and session.waiter is None:
            self.waiting.serve()

    def later(self, seconds: float, action: Callable[[], object]) -> None:
        """Call *action* after so many *seconds*, unless the fake has stopped by then."""
        self._timers = [timer for timer in self._timers if timer.action is not None]
        self._timers.append(shared_loop().call_later(seconds, action))

    def drop_others(self, session: Session) -> None:
        """End all connections but that of *session*."""
        for other in tuple(self.sessions.values()):
            if other is not session:
                other.kill()

    def publish(self, route: Route, fields: list[bytes]) -> QueueMessage:
        """Execute a publication of the test, and return the message."""
        before = self.journal.newest
        said = self.own.run(fields)
        if self.own.told is not None:
            self.own.told()
            self.own.told = None
        message = self.journal.newest
        if message is None or message is before:
            answer = getattr(said[-1] if said else None, "value", said)
            msg = f"nothing was published to {route.name!r}: the server answered {answer!r}"
            raise ScriptingError(msg)
        return message

    def newest(self, stream: bytes) -> bytes:
        """Return the id of the last entry of a stream."""
        entries = self.look(b"XREVRANGE", stream, b"+", b"-", b"COUNT", b"1")
        return entries[0][0] if isinstance(entries, list) and entries else b"0-0"

    def exists(self, key: bytes) -> bool:
        """Tell whether there is a *key* of this name in the first database."""
        return bool(self.look(b"EXISTS", key))

    def look(self, *fields: bytes) -> Any:
        """Return what the engine says to a command that only looks; the ledger is not told."""
        return self._spy.ask_engine(list(fields))[-1]
