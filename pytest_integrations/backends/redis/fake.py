"""A fake Redis server: real RESP on loopback, the data of fakeredis, faults, and the story of every message."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote

from pytest_integrations.backends.queues import QueueFake
from pytest_integrations.core import effect
from pytest_integrations.core.effect import Effect
from pytest_integrations.core.errors import ScriptingError
from pytest_integrations.wire.loop import shared_loop
from pytest_integrations.wire.resp.protocol import RespProtocol

from .server import RedisServer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_integrations.core.call import Connection
    from pytest_integrations.core.clock import Clock
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
        effect.Lose, effect.Pretend, effect.Refuse, effect.Swap, effect.TakeBack, effect.Trickle, effect.Work,
    })  # fmt: skip
    names: ClassVar[tuple[int, ...]] = ()

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
