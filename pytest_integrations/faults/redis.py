"""What only Redis says, and what only Redis does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, get_args

from pytest_integrations.core.effect import Fail, Refuse
from pytest_integrations.core.errors import ScriptingError, UnknownName
from pytest_integrations.core.fault import Fault
from pytest_integrations.core.queue_call import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_integrations.core.effect import Effect
    from pytest_integrations.core.fault import Occasion, Scope

__all__ = ["REDIS_ERRORS", "failover", "redis_error"]

_MISCONF = (
    "Redis is configured to save RDB snapshots, but it's currently unable to persist to disk. Commands that may modify "
    "the data set are disabled, because this instance is configured to report errors during writes if RDB snapshotting "
    "fails (stop-writes-on-bgsave-error option). Please check the Redis logs for details about the RDB error."
)

REDIS_ERRORS: dict[str, tuple[str, str]] = {
    "ask": ("ASK", "3999 127.0.0.1:6381"),
    "busy": ("BUSY", "Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE."),
    "busygroup": ("BUSYGROUP", "Consumer Group name already exists"),
    "clusterdown": ("CLUSTERDOWN", "The cluster is down"),
    "crossslot": ("CROSSSLOT", "Keys in request don't hash to the same slot"),
    "execabort": ("EXECABORT", "Transaction discarded because of previous errors."),
    "loading": ("LOADING", "Redis is loading the dataset in memory"),
    "masterdown": ("MASTERDOWN", "Link with MASTER is down and replica-serve-stale-data is set to 'no'."),
    "maxclients": ("ERR", "max number of clients reached"),
    "misconf": ("MISCONF", _MISCONF),
    "moved": ("MOVED", "3999 127.0.0.1:6381"),
    "noauth": ("NOAUTH", "Authentication required."),
    "nogroup": ("NOGROUP", "No such key or consumer group"),
    "noperm": ("NOPERM", "this user has no permissions to run this command"),
    "noreplicas": ("NOREPLICAS", "Not enough good replicas to write."),
    "noscript": ("NOSCRIPT", "No matching script. Please use EVAL."),
    "oom": ("OOM", "command not allowed when used memory > 'maxmemory'."),
    "readonly": ("READONLY", "You can't write against a read only replica."),
    "tryagain": ("TRYAGAIN", "Multiple keys request during rehashing of slot"),
    "unblocked": ("UNBLOCKED", "force unblock from blocking operation, instance state changed (master -> replica?)"),
    "wrongpass": ("WRONGPASS", "invalid username-password pair or user is disabled."),
    "wrongtype": ("WRONGTYPE", "Operation against a key holding the wrong kind of value"),
}
"""The errors that can be scripted by name: the code that clients tell them by, and the text of Redis."""

_EVERY = frozenset(get_args(Kind))
_AT_LOGIN = frozenset({"loading", "noauth", "wrongpass"})
"""Errors that a client meets while it connects as well."""


@dataclass(frozen=True, slots=True, repr=False)
class redis_error(Fault):  # noqa: N801 -- a word in a script
    r"""Answer an error of Redis, by *name*, in its own words or in others (*text*).

    Wire definition: `-CODE text\r\n`; the command is not executed, the connection is kept. `"maxclients"` is told to a
    new connection, `-ERR max number of clients reached`, followed by a FIN. What clients send to greet the server is
    spared, except by `"loading"`, `"noauth"` and `"wrongpass"`.

    ```python
    import pytest, redis

    fake_redis.inject(redis_error("oom"))
    with redis.Redis.from_url(fake_redis.url) as client, pytest.raises(redis.exceptions.OutOfMemoryError):
        client.rpush("orders", "one")
    ```
    """

    error: str
    text: str | None = None

    def __post_init__(self) -> None:
        """Check the settings."""
        if self.error not in REDIS_ERRORS:
            kind = "error of Redis"
            raise UnknownName(kind, str(self.error), REDIS_ERRORS)
        if self.text is not None and (not isinstance(self.text, str) or "\r" in self.text or "\n" in self.text):
            msg = f"text={self.text!r} is no line: valid is text without line breaks"
            raise ScriptingError(msg)

    @property
    def scope(self) -> Scope:  # type: ignore[override]  # a property here: it depends on the error
        """`"maxclients"` is decided at the accept, the others at the command."""
        return "connection" if self.error == "maxclients" else "call"

    @property
    def kinds(self) -> frozenset[str]:  # type: ignore[override]  # as above
        """Every kind of command; greetings only where a server really answers those so."""
        return _EVERY if self.error in _AT_LOGIN else _EVERY - {"connect"}

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        """Yield the refusal."""
        code, text = REDIS_ERRORS[self.error]
        text = self.text if self.text is not None else text
        if self.error == "maxclients":
            yield Refuse("close", last_words=f"-{code} {text}\r\n".encode())
        else:
            yield Fail(code, text)


@dataclass(frozen=True, slots=True, repr=False)
class failover(Fault):  # noqa: N801 -- a word in a script
    r"""Let the master become a replica under a write: the moment in which a failover is noticed.

    Wire definition: the command is answered `-READONLY You can't write against a read only replica.\r\n` and not
    executed; then every connection to the server is closed by FIN, as Sentinel's `CLIENT KILL TYPE normal` does. New
    connections find a master. For a server that stays a replica see `fake_redis.failover()`.

    ```python
    import pytest, redis

    fake_redis.inject(failover())
    with redis.Redis.from_url(fake_redis.url) as client, pytest.raises(redis.exceptions.ReadOnlyError):
        client.rpush("orders", "one")
    ```
    """

    kinds: ClassVar[frozenset[str]] = frozenset({"publish", "receive", "ack", "nack", "declare"})

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        """Yield the refusal and the end."""
        code, text = REDIS_ERRORS["readonly"]
        yield Fail(code, text, "connection")
