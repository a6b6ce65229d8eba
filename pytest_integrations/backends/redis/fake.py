"""A fake Redis server: real RESP on loopback, the data of fakeredis, faults, and the story of every message."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote

from pytest_integrations.backends.queues import Queue, QueueFake
from pytest_integrations.core import effect
from pytest_integrations.core.errors import ScriptingError
from pytest_integrations.core.settings import among, whole
from pytest_integrations.faults.redis import redis_error
from pytest_integrations.wire.loop import shared_loop
from pytest_integrations.wire.resp.protocol import RespProtocol

from .commands import WRITING
from .route import Route
from .server import RedisServer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_integrations.core.call import Connection
    from pytest_integrations.core.clock import Clock
    from pytest_integrations.core.delivery import Messages, QueueMessage
    from pytest_integrations.core.effect import Effect
    from pytest_integrations.core.ledger import Ledger
    from pytest_integrations.core.seed import Seed

    from .session import Session

__all__ = ["FakeRedis"]

_MAX_BULK = 64 * 1024 * 1024


class FakeRedis(QueueFake):
    """A fake Redis server.

    Real clients connect to `fake.url`. Lists and streams that are declared with `fake.queue(...)` have their messages
    in the ledger.

    ```python
    import redis

    with FakeRedis() as broker:
        orders = broker.queue("orders", processing="orders:processing")
        with redis.Redis.from_url(broker.url) as client:
            client.rpush("orders", "one")
            client.blmove("orders", "orders:processing", 1, "LEFT", "RIGHT")
        assert [message.text for message in orders.in_flight] == ["one"]
    ```
    """

    protocol = "redis"
    performs: frozenset[type[Effect]] = frozenset({
        effect.Copies, effect.Cut, effect.Delay, effect.Expire, effect.Fail, effect.Full, effect.Garble, effect.Hide,
        effect.Lose, effect.Poison, effect.Pretend, effect.Refuse, effect.Swap, effect.TakeBack, effect.Trickle,
        effect.Work,
    })  # fmt: skip

    def __init__(
        self,
        name: str = "fake_redis",
        *,
        version: str = "7.4",
        password: str | None = None,
        users: Mapping[str, str] | None = None,
        max_bulk: int = _MAX_BULK,
        host: str = "127.0.0.1",
        port: int = 0,
        tls: bool = False,
        ledger: Ledger | None = None,
        seed: Seed | None = None,
        clock: Clock | None = None,
    ) -> None:
        """Make a server called *name* that says it is Redis *version*.

        With a *password*, or *users* and their passwords, clients have to log in. A string that a client sends may
        have up to *max_bulk* bytes.
        """
        super().__init__(name, host=host, port=port, tls=tls, ledger=ledger, seed=seed, clock=clock)
        self._version = _version(version)
        self._users = {**(users or {}), **({"default": password} if password is not None else {})}
        self.max_bulk: int = max_bulk
        self._state: RedisServer | None = None

    # -- life

    def _open(self) -> None:
        self._state = RedisServer(self.name, self.ledger, self.seed, version=self._version, users=self._users)
        super()._open()
        self._state.port = self._port

    def _close(self) -> None:
        super()._close()
        if self._state is not None:
            shared_loop().call(self._state.stop)

    def _speak(self, connection: Connection) -> RespProtocol:
        return RespProtocol(shared_loop(), self, connection)

    def begin(self, protocol: RespProtocol) -> Session:
        """Return the session of a connection that was just made; called on the loop."""
        return self.state.begin(protocol, _address(protocol.transport))

    # -- queues

    def queue(  # type: ignore[override]  # the settings of this protocol
        self,
        name: str,
        kind: Literal["list", "stream"] = "list",
        *,
        max_length: int | None = None,
        dead_letter: str | None = None,
        processing: str | None = None,
        group: str | None = None,
    ) -> Queue:
        """Declare the list or stream called *name* as a queue, so that its messages are in the ledger from now on.

        It is the one in database 0, which `url` names.

        Beyond *max_length* messages a producer is answered `-OOM`. What a consumer puts into the list or stream called
        *dead_letter* while it has it is dead-lettered. *processing* is the list that consumers move messages to while
        they work on them; *group* is the consumer group whose deliveries count, the first one to read if not given.
        """
        __tracebackhide__ = True
        among("kind", kind, ("list", "stream"))
        if max_length is not None:
            whole("max_length", max_length, 1)
        if kind == "stream" and processing is not None:
            msg = f"processing={processing!r} is for lists: a stream keeps by itself what a consumer works on"
            raise ScriptingError(msg)
        if kind == "list" and group is not None:
            msg = f"group={group!r} is for streams: a list has no consumer groups"
            raise ScriptingError(msg)
        if len({name, dead_letter, processing} - {None}) < sum(
            each is not None for each in (name, dead_letter, processing)
        ):
            msg = f"{name!r} cannot be its own dead_letter= or processing=: give each a name of its own"
            raise ScriptingError(msg)
        route = Route(name, kind, dead_letter, processing, group, max_length)
        state = self.state
        shared_loop().call(lambda: state.journal.declare(route))
        return Queue(self, name, dead_letter)

    def publish(
        self, queue: str, body: bytes | str, headers: Mapping[str, Any] | None = None, **properties: Any
    ) -> QueueMessage:
        """Put a message into *queue*, as a producer would, and return it as the ledger has it.

        By RPUSH into a list, whose messages have no *headers*; by XADD into a stream, as the field `body`, with the
        *headers* as further fields.
        """
        __tracebackhide__ = True
        state = self.state
        route = state.journal.routes.get(queue.encode())
        if route is None:
            msg = f"{queue!r} is no queue yet: declare it with {self.name}.queue({queue!r})"
            raise ScriptingError(msg)
        if properties or (headers and route.way == "list"):
            given = ", ".join(f"{word}=" for word in (*properties, *(["headers"] if headers else [])))
            msg = f"a message in a Redis {route.way} has no {given}: put it into the body"
            raise ScriptingError(msg)
        data = body.encode() if isinstance(body, str) else body
        if route.way == "list":
            fields = [b"RPUSH", route.key, data]
        else:
            pairs = [(name.encode(), str(value).encode()) for name, value in (headers or {}).items()]
            fields = [b"XADD", route.key, b"*", b"body", data, *(part for pair in pairs for part in pair)]
        return shared_loop().call(lambda: state.publish(route, fields))

    @property
    def messages(self) -> Messages:
        """Every message that was published to a declared queue so far, oldest first, with its story."""
        self.ledger.settle()
        state = self._state
        if state is not None and self._is_running:
            shared_loop().call(state.journal.look_for_expired)
        return super().messages

    # -- what goes wrong

    def failover(self) -> None:
        """Let the server be a replica from now on: connections are closed, and writing is refused with READONLY.

        `heal()` makes it the master again.
        """
        self.inject(redis_error("readonly"), every=1, where=_writes)
        self.drop_all()

    @property
    def state(self) -> RedisServer:
        """The server without its port; touched on the loop only."""
        if self._state is None:
            self._must_run()
            raise RuntimeError  # pragma: no cover -- _must_run has raised
        return self._state

    @property
    def url(self) -> str:
        """Where clients connect: `redis://127.0.0.1:49152/0`, with user and password if one is needed."""
        self._must_run()
        scheme = "rediss" if self._tls else "redis"
        user, password = next(iter(self._users.items()), ("", ""))
        user = "" if user == "default" else quote(user, safe="")
        login = f"{user}:{quote(password, safe='')}@" if password else ""
        return f"{scheme}://{login}{self.host}:{self.port}/0"


def _writes(call: Any) -> bool:
    return call.kind in {"publish", "receive", "ack", "nack", "declare"} or call.operation.split()[0] in WRITING


def _version(version: str) -> tuple[int, ...]:
    parts = version.split(".") if isinstance(version, str) else [""]
    if not all(part.isdigit() for part in parts) or not 1 <= len(parts) <= 3 or not 6 <= int(parts[0]) <= 8:
        msg = f"version={version!r} is no version of Redis that can be played: valid are '6' to '8', such as '7.4'"
        raise ScriptingError(msg)
    return tuple(map(int, parts))


def _address(transport: Any) -> str:
    """Return the client's address and port, as CLIENT LIST shows them."""
    sock = getattr(transport, "sock", None)
    name = sock.getpeername()[:2] if sock is not None else ("127.0.0.1", 0)
    return f"{name[0]}:{name[1]}"
