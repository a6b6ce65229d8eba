"""The data engine: fakeredis, driven by as little of it as possible.

Of fakeredis only this is used: `FakeServer` (the data), and the class of the socket object that its client would talk
to, taken from a connection rather than imported, since its place changes from version to version. Some methods of that
class are relied on; `known_engine` tries all of them before the first use, and says so clearly if they are not as they
were.
"""

from __future__ import annotations

import importlib
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_integrations.core.errors import IntegrationsError
from pytest_integrations.wire.resp.values import Failure, Simple

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

__all__ = ["PACKAGE", "Engine", "known_engine", "translated"]

PACKAGE = "fakeredis"
_RELIED_ON = ("put_response", "close", "_blocking", "_decode_result", "_process_command", "_run_command")
_WRONG_TYPE = "WRONGTYPE Operation against a key holding the wrong kind of value"

_CLIENT = {
    "addr": "127.0.0.1:0", "laddr": "127.0.0.1:0", "fd": 8, "name": "", "idle": 0, "flags": "N", "db": 0, "sub": 0,
    "psub": 0, "ssub": 0, "multi": -1, "qbuf": 0, "qbuf_free": 0, "argv_mem": 0, "multi_mem": 0, "rbs": 1024, "rbp": 0,
    "obl": 0, "oll": 0, "omem": 0, "tot_mem": 0, "events": "r", "cmd": "NULL", "redir": -1, "resp": 2,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Engine:
    """The parts of the engine that are used."""

    server: Callable[..., Any]
    socket: type[Any]
    client: type[Any]
    error: type[Any]
    nothing: type[Any]

    def connect(self, server: Any, front: Any) -> Any:
        """Return a socket of the engine for *server*; *front* is told what it answers."""
        socket = self.socket(server, 0, client_class=self.client, client_info=dict(_CLIENT))
        socket.front = front
        return socket


_known: dict[str, Engine] = {}


def known_engine(package: str = PACKAGE) -> Engine:
    """Return the engine, tried once a process; raises `IntegrationsError` if the installed version is not known."""
    if package not in _known:
        try:
            module = importlib.import_module(package)
        except ImportError as error:
            msg = f"fake_redis needs {package}, which cannot be imported: {error}"
            raise IntegrationsError(msg) from error
        try:
            engine = _taken_from(module)
            _try(engine)
        except Exception as error:
            version = getattr(module, "__version__", "of an unknown version")
            msg = (
                f"{package} {version} is installed, which this version of pytest-integrations does not know how to "
                f"drive ({type(error).__name__}: {error}); install one that it does: "
                "pip install 'fakeredis[lua]>=2.36,<3'"
            )
            raise IntegrationsError(msg) from error
        _known[package] = engine
    return _known[package]


def translated(value: Any) -> Any:
    """Return what RESP says for a *value* of the engine that is no Python value."""
    kind = type(value).__name__
    if kind == "SimpleString":
        return Simple(value.value)
    if isinstance(value, Exception):
        return Failure(worded(getattr(value, "value", str(value))))
    msg = f"the engine answered {value!r}, which RESP has no way to say"
    raise TypeError(msg)


_CODES = frozenset({
    "BUSYGROUP", "BUSYKEY", "EXECABORT", "NOAUTH", "NOGROUP", "NOPERM", "NOREPLICAS", "NOSCRIPT", "NOTBUSY", "OOM",
    "READONLY", "UNBLOCKED", "UNKILLABLE", "WRONGPASS", "WRONGTYPE",
})  # fmt: skip


def worded(text: str) -> str:
    """Return the *text* of an error with the code that Redis gives it.

    The engine puts `ERR` before some codes that are not general, and leaves it out before some texts.

    >>> worded("ERR BUSYGROUP Consumer Group name already exists")
    'BUSYGROUP Consumer Group name already exists'
    >>> worded("value is not a valid float")
    'ERR value is not a valid float'
    """
    first, _, rest = text.partition(" ")
    if first == "ERR" and rest.partition(" ")[0] in _CODES:
        return rest
    return text if first.isupper() and first.isalpha() else f"ERR {text}"


def _taken_from(module: ModuleType) -> Engine:
    server = module.FakeServer
    connection = module.FakeRedisConnection(server=server(), protocol=2)
    base = type(connection.get_socket())
    for name in _RELIED_ON:
        if not callable(getattr(base, name, None)):
            msg = f"its socket has no method {name}"
            raise TypeError(msg)
    nothing = _find(module.__name__, "NoResponse")
    error = _find(module.__name__, "SimpleError")
    return Engine(server, _socket(base, error), module.FakeRedis, error, nothing)


def _find(package: str, name: str) -> type[Any]:
    """Return the class called *name*, wherever in *package* this version keeps it."""
    for module in tuple(sys.modules):
        found = getattr(sys.modules[module], name, None) if f"{module}.".startswith(f"{package}.") else None
        if isinstance(found, type):
            return found
    msg = f"it has no class {name}"
    raise TypeError(msg)


def _socket(base: Any, error: type[Any]) -> type[Any]:
    """Return the engine's socket with our front in the place of its own client."""

    class Socket(base):  # type: ignore[misc]  # known when it runs
        """One client, as the engine sees it."""

        front: Any = None

        def put_response(self, msg: Any) -> None:
            self.front.emit(msg)

        def _decode_result(self, result: Any) -> Any:
            return result  # errors and simple strings stay what they are, or nobody could write them

        def _run_command(self, func: Any, sig: Any, args: list[Any], from_script: bool) -> Any:  # noqa: FBT001 -- theirs
            run = super()._run_command

            def attempt() -> Any:
                try:
                    return run(func, sig, args, from_script)
                except AttributeError:  # it took a list for a stream, say, where Redis looks at the type first
                    return error(_WRONG_TYPE)

            return self.front.watch(sig.name, list(args), attempt)

        def _blocking(self, timeout: float | None, func: Any, shape: Any = None) -> Any:
            # Only in transactions and scripts, where nothing waits; of XREADGROUP the first pass would take what it
            # does not answer with, hence the second.
            result = func(False) or None
            return result if shape is None else shape(result)

    return Socket


class _Trial:
    """A front that keeps what the engine tells it."""

    def __init__(self) -> None:
        self.answers: list[Any] = []
        self.seen: list[str] = []

    def emit(self, message: Any) -> None:
        self.answers.append(message)

    def watch(self, name: str, _args: list[bytes], run: Callable[[], Any]) -> Any:
        self.seen.append(name)
        return run()


_TRIAL = ("SET a 1", "GET a", "LPUSH a x", "RPUSH q v", "MULTI", "GET a", "BLPOP q 0", "EXEC", "HELLO 3", "SELECT 1")
_EXPECTED = [
    "SimpleString",
    "bytes",
    "SimpleError",
    "int",
    "SimpleString",
    "SimpleString",
    "SimpleString",
    "list",
    "dict",
]


def _try(engine: Engine) -> None:
    """Use the engine in each way in which it will be used; raises if anything is not as expected."""
    server = engine.server(version=(7, 4), server_type="redis")
    front = _Trial()
    socket = engine.connect(server, front)
    for command in _TRIAL:
        socket._process_command(command.encode().split())  # noqa: SLF001 -- one of the methods that are relied on
    got = [type(answer).__name__ for answer in front.answers]
    if got != [*_EXPECTED, "SimpleString"] or front.answers[7] != [b"1", [b"q", b"v"]]:
        msg = f"it answers a trial with {got}, not {_EXPECTED}"
        raise TypeError(msg)
    if front.seen.count("get") != 2 or socket._db_num != 1 or not hasattr(server, "dbs"):  # noqa: SLF001 -- as above
        msg = "it keeps its databases elsewhere"
        raise TypeError(msg)
    socket.close()
