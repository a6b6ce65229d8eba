"""One client of the fake: its commands are executed here, one after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_integrations.core.queue_call import QueueCall
from pytest_integrations.wire.resp.service import Answer
from pytest_integrations.wire.resp.values import NIL_ARRAY, Failure, Push
from pytest_integrations.wire.resp.writer import encode

from .amendments import amended, refused, rewritten
from .blocking import wish_of
from .commands import CONTAINERS, NIL_ARRAYS, key_of, kind_of
from .effects import perform
from .engine import translated
from .own import OWN
from .waiting import Waiter

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_integrations.core.effect import Effect
    from pytest_integrations.core.fault import Fault
    from pytest_integrations.wire.resp.protocol import RespProtocol

    from .blocking import Wish
    from .server import RedisServer

__all__ = ["Session"]

_BEFORE_LOGIN = frozenset({b"AUTH", b"HELLO", b"QUIT", b"RESET"})
_SUBSCRIBING = frozenset({b"SUBSCRIBE", b"PSUBSCRIBE", b"SSUBSCRIBE", b"UNSUBSCRIBE", b"PUNSUBSCRIBE", b"SUNSUBSCRIBE"})

_UNSUBSCRIBING = frozenset({b"UNSUBSCRIBE", b"PUNSUBSCRIBE", b"SUNSUBSCRIBE"})


class Session:
    """The state of one client: who it is, what it speaks, what it waits for."""

    def __init__(
        self, server: RedisServer, protocol: RespProtocol | None, address: str = "", *, is_watched: bool = True
    ) -> None:
        """Begin the session of a connection; without a *protocol* it is one of the fake's own.

        What it does is told to the ledger if it *is_watched*.
        """
        self.server: RedisServer = server
        self.protocol = protocol
        self.id: int = server.next_id()
        self.address: str = address
        self.name: str = ""
        self.library: dict[str, str] = {"lib-name": "", "lib-ver": ""}
        self.flags: set[str] = set()
        self.user: str = "default"
        self.is_known: bool = not server.needs_login
        """Whether the client has said who it is, if it has to."""
        self.resp: int = 2
        self.in_multi: bool = False
        self.spoilt: bool = False
        """Whether a command of its transaction was refused, so that the whole will be."""
        self.began: float = server.now()
        self.last_command: tuple[bytes, float] = (b"NULL", self.began)
        self.waiter: Waiter | None = None
        self.socket: Any = server.engine.connect(server.data, self)
        self.told: Callable[[], object] | None = None
        """To be called when the client learns how the publication went that it has just made."""
        self.after: Callable[[list[Any]], None] | None = None
        """What a fault does to that which the client waits for, once it has come."""
        self._said: list[Any] | None = None
        self._queued: list[list[bytes]] = []
        self._is_watched = is_watched
        self._since = self.began

    @property
    def connection(self) -> int:
        """The number of its connection in the ledger, 0 for the fake's own."""
        return self.protocol.connection.id if self.protocol is not None else 0

    @property
    def who(self) -> str:
        """What the client calls itself, or else its number."""
        return self.name or f"client {self.id}"

    # -- the wire's

    def recognise(self, fields: list[bytes]) -> QueueCall:
        """Begin the record of the command that *fields* are."""
        protocol = self.protocol
        assert protocol is not None  # noqa: S101 -- only the wire calls this
        name = fields[0].upper()
        shown = name.decode("utf-8", "backslashreplace")
        if name in CONTAINERS and len(fields) > 1:
            shown += f" {fields[1].upper().decode('utf-8', 'backslashreplace')}"
        call = QueueCall(self.server.name, protocol.connection, shown, kind=kind_of(name), queue=key_of(name, fields))
        call.body = fields[-1] if len(fields) == 3 else b"\r\n".join(fields[2:])
        return call

    def execute(
        self, call: QueueCall, fields: list[bytes], effects: Sequence[Effect] = (), fault: Fault | None = None
    ) -> Answer | None:
        """Execute a command as *effects* want it."""
        self._since = call.started
        if effects:
            return perform(self, call, fields, effects, fault)
        call.handled = True
        said = self.run(fields)
        return None if said is None else self.worded(fields, said)

    def close(self) -> None:
        """Forget the client: it waits for nothing any more."""
        self.server.forget(self)

    # -- executing

    def run(self, fields: list[bytes], then: Callable[[list[Any]], None] | None = None) -> list[Any] | None:
        """Execute a command and return what is said to it, mostly one thing; None if the client has to wait.

        *then* is called with it before anybody else can see what was done.
        """
        name = fields[0].upper()
        self.last_command = (name, self._since)
        if not self.is_known and name not in _BEFORE_LOGIN:
            return [Failure("NOAUTH Authentication required.")]
        own = OWN.get(name) if not self.in_multi or name in _BEFORE_LOGIN else None  # others are only queued
        reply = own(self, fields) if own is not None else NotImplemented
        if name == b"EXEC" and self.spoilt:
            self.ask_engine([b"DISCARD"])
            reply = Failure("EXECABORT Transaction discarded because of previous errors.")
        said = self._ask(name, fields) if reply is NotImplemented else [reply]
        self._follow(fields, said)
        self.server.executed(self)
        if then is not None and self.waiter is None:
            then(said)
        self.server.serve(self)
        return said if self.waiter is None else None

    def _ask(self, name: bytes, fields: list[bytes]) -> list[Any]:
        """Let the engine execute a command, and return what Redis would say to it."""
        refusal = refused(name, fields)
        if refusal is not None:
            return [refusal]
        wish = None if self.in_multi else wish_of(fields, self.server.newest)
        if wish is not None:
            return [wish] if isinstance(wish, Failure) else self._attempt_first(fields, wish)
        return self._answered(name, fields)

    def _answered(self, name: bytes, fields: list[bytes]) -> list[Any]:
        """Let the engine execute a command that does not wait, and return what Redis would say to it."""
        said = self.ask_engine(rewritten(name, fields))
        if not said and name in _UNSUBSCRIBING and len(fields) == 1:
            return [[name.lower(), None, int(self.socket._pubsub)]]  # noqa: SLF001 -- even where there was nothing to end
        if said and (not self.in_multi or isinstance(said[-1], self.server.engine.error)):
            said[-1] = self._amended(fields, said[-1])
        return said

    def _attempt_first(self, fields: list[bytes], wish: Wish) -> list[Any]:
        """Give the client what it wishes, or let it wait for that."""
        reply = self.attempt(wish)
        if reply is not None or not wish.waits:
            return [reply]
        self.waiter = Waiter(self, fields, wish)
        self.server.waiting.add(self.waiter)
        return []

    def attempt(self, wish: Wish, *, again: bool = False) -> Any:
        """Try to get what the client wishes; None if there is nothing."""
        for command in wish.tries:
            said = self._answered(command[0].upper(), command)
            reply = said[-1] if said else None
            if again:
                self.server.executed(self)
            if isinstance(reply, (Failure, self.server.engine.error)):
                if not again or wish.minds_errors:
                    return reply
            elif reply is not None and reply is not NIL_ARRAY and reply not in ([], {}):
                return wish.shape(command, reply)
        return None

    def ask_engine(self, fields: list[bytes]) -> list[Any]:
        """Let the engine execute a command, and return what it says."""
        said: list[Any] = []
        self._said = said
        try:
            self.server.execute(self, fields)
        finally:
            self._said = None
        return said

    def _follow(self, fields: list[bytes], said: list[Any]) -> None:
        """Keep in mind what is only queued, and make the replies to that what Redis would say."""
        name = fields[0].upper()
        if name == b"MULTI":
            self.in_multi = self.in_multi or not isinstance(said[-1], (Failure, self.server.engine.error))
        elif name in {b"EXEC", b"DISCARD", b"RESET"}:
            queued, self._queued = self._queued, []
            self.in_multi = self.spoilt = False
            if name == b"EXEC" and said and isinstance(said[-1], list):
                pairs = zip(queued, said[-1], strict=False)
                said[-1] = [_nil(each, self._amended(each, reply)) for each, reply in pairs]
        elif self.in_multi and said and getattr(said[-1], "value", None) == b"QUEUED":
            self._queued.append(fields)

    def _amended(self, fields: list[bytes], reply: Any) -> Any:
        return amended(fields[0].upper(), fields, reply, self.server.exists)

    def worded(self, fields: list[bytes], said: list[Any]) -> Answer:
        """Return *said* as the bytes of a reply."""
        name = fields[0].upper()
        if not said:
            return Answer(b"")
        told, self.told = self.told, None
        *pushed, last = said
        last = Push(last) if name in _SUBSCRIBING and isinstance(last, list) else _nil(fields, last)
        data = encode(last, self.resp, translated)
        if pushed:
            data = b"".join((*(encode(Push(each), self.resp, translated) for each in pushed), data))
        error = data[1 : data.find(b"\r\n")].partition(b" ")[0].decode() if data[:1] == b"-" else ""
        return Answer(data, error, told, name == b"QUIT")

    # -- the engine's

    def emit(self, message: Any) -> None:
        """Take what the engine says: the reply to the command that is running, or something to be pushed."""
        if self._said is not None:
            self._said.append(message)
        elif self.protocol is not None:
            self.protocol.push(encode(Push(message), self.resp, translated))

    def watch(self, name: str, args: list[bytes], run: Callable[[], Any]) -> Any:
        """Let the engine *run* one command, or one of a transaction or a script, and take note of it."""
        journal = self.server.journal
        if not journal.routes or not self._is_watched or (self.database and name not in {"flushall", "swapdb"}):
            return run()
        refusal = journal.refusal(name, args)
        if refusal:
            return self.server.engine.error(refusal)
        result = run()
        if not isinstance(result, (self.server.engine.error, self.server.engine.nothing)):
            journal.note(name, args, result)
        return result

    def wake(self, waiter: Waiter, value: Any) -> None:
        """Give the client what it has waited for."""
        self.waiter = None
        after, self.after = self.after, None
        if after is not None:
            after([value])
        if self.protocol is not None:
            self.protocol.answer(self.worded(waiter.fields, [value]))

    # -- who it is

    @property
    def database(self) -> int:
        """The number of the database that its commands are about."""
        return int(self.socket._db_num)  # noqa: SLF001 -- of the engine, and tried before use

    def speak(self, protocol: int) -> None:
        """Speak RESP *protocol*, 2 or 3, from now on."""
        if protocol != self.resp:
            self.ask_engine([b"HELLO", b"%d" % protocol])
            self.resp = protocol

    def log_out(self) -> None:
        """Be as if the connection had just been made."""
        self.is_known, self.user = not self.server.needs_login, "default"
        self.resp, self.name = 2, ""
        self.flags.clear()

    # -- its end

    def kill(self) -> None:
        """End the connection, on somebody else's behalf."""
        if self.protocol is not None:
            self.server.waiting.remove(self)
            self.protocol.loop.call_soon(self.protocol.close)


def _nil(fields: list[bytes], reply: Any) -> Any:
    """Return *reply*, where that is nothing in the form that it has after the command *fields*."""
    name = fields[0].upper()
    if reply is None and (name in NIL_ARRAYS or (name in {b"LPOP", b"RPOP"} and len(fields) > 2)):
        return NIL_ARRAY
    return reply
