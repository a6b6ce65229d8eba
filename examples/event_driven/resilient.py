"""The same events: what is stored is published, and each handler gets each event until it has done with it."""

from __future__ import annotations

import json
import logging
import sqlite3
import time
import uuid
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import redis

if TYPE_CHECKING:
    from collections.abc import Callable

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Event:
    """Something that happened; by its *id* a handler knows one that it has had."""

    id: str
    type: str
    data: dict[str, Any]
    time: float

    @classmethod
    def read(cls, fields: dict[bytes, bytes]) -> Event:
        """Return the event in an entry of the stream; what is none is a `KeyError` or `ValueError`."""
        known = {name: fields[name.encode()].decode() for name in ("id", "type", "data", "time")}
        return cls(known["id"], known["type"], json.loads(known["data"]), float(known["time"]))


class EventBus:
    """Stores events, publishes them, and gives them to named handlers, each at its own pace."""

    def __init__(
        self,
        url: str,
        stream: str = "events",
        *,
        store: str = ":memory:",
        attempts: int = 3,
        retry_after: float = 30.0,
    ) -> None:
        """Give an event to a handler at most *attempts* times, *retry_after* seconds apart."""
        self.redis: Any = redis.Redis.from_url(url)
        self.stream, self.attempts, self.retry_after = stream, attempts, retry_after
        self.store = sqlite3.connect(store)
        self.store.execute(
            "CREATE TABLE IF NOT EXISTS events"
            " (number INTEGER PRIMARY KEY, id TEXT, type TEXT, data TEXT, time REAL, published INTEGER DEFAULT 0)"
        )
        self.store.execute("CREATE TABLE IF NOT EXISTS done (handler TEXT, id TEXT, PRIMARY KEY (handler, id))")
        self.store.execute("CREATE TABLE IF NOT EXISTS tries (handler TEXT, id TEXT)")
        self.handlers: dict[str, tuple[str, Callable[[Event], object]]] = {}
        self.remembered: set[str] = set()

    def subscribe(self, name: str, to: str, handler: Callable[[Event], object]) -> None:
        """Let *handler* have all events of one type; under its *name* the stream remembers how far it has come."""
        self.handlers[name] = (to, handler)
        with suppress(redis.RedisError):  # then `dispatch` tries again
            self._remember_for(name)

    def _remember_for(self, name: str) -> None:
        """Have the stream remember how far a handler has come."""
        if name not in self.remembered:
            try:
                self.redis.xgroup_create(self.stream, name, id="0", mkstream=True)
            except redis.ResponseError as error:
                if "BUSYGROUP" not in str(error):  # it does already
                    raise
            self.remembered.add(name)

    # region publish
    def publish(self, what: str, data: dict[str, Any]) -> None:
        """Store an event, and publish it now or as soon as it can be."""
        with self.store:  # in the same transaction as the change that it tells of
            self.store.execute(
                "INSERT INTO events (id, type, data, time) VALUES (?, ?, ?, ?)",
                (str(uuid.uuid4()), what, json.dumps(data), time.time()),
            )
        with suppress(redis.RedisError):
            self.flush()

    def flush(self) -> None:
        """Publish what is stored and was not published: the outbox. Called again and again, by a timer say."""
        waiting = self.store.execute(
            "SELECT number, id, type, data, time FROM events WHERE NOT published ORDER BY number"
        ).fetchall()
        for number, *values in waiting:
            self.redis.xadd(self.stream, dict(zip(("id", "type", "data", "time"), values, strict=True)))
            with self.store:  # after it is published: twice rather than never
                self.store.execute("UPDATE events SET published = 1 WHERE number = ?", (number,))

    # endregion
    def work(self, seconds: float, *, pause: float = 10.0) -> None:
        """Publish what waits and give the handlers what has come, for so long; a broker that is away is waited for."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            with suppress(redis.RedisError):
                self.flush()
                self.dispatch()
            time.sleep(pause)

    # region dispatch
    def dispatch(self) -> None:
        """Give each handler what has come for it, and once more what it failed at a while ago."""
        idle = round(self.retry_after * 1000)
        for name in self.handlers:
            self._remember_for(name)
            _, failed, _ = self.redis.xautoclaim(self.stream, name, "worker", min_idle_time=idle)
            new = self.redis.xreadgroup(name, "worker", {self.stream: ">"})
            for entry, fields in (*failed, *(new[0][1] if new else ())):
                try:
                    event = Event.read(fields)
                except (KeyError, ValueError):  # nobody will ever read it
                    self._put_aside(name, entry, fields)
                    continue
                is_spent = self._owes(name, event) and self._tries(name, event) >= self.attempts
                if not is_spent and self._is_done_with(name, event):
                    self.redis.xack(self.stream, name, entry)
                elif self._tries(name, event) >= self.attempts:
                    self._put_aside(name, entry, fields)

    def _put_aside(self, name: str, entry: bytes, fields: dict[bytes, bytes]) -> None:
        log.error("%s has no use for %s", name, entry)
        self.redis.xadd(f"{self.stream}.dead", {**fields, b"handler": name.encode()})
        self.redis.xack(self.stream, name, entry)  # after it lies there

    def _is_done_with(self, name: str, event: Event) -> bool:
        """Let one handler have one event, unless it has had it; what it fails at stays pending, for this one alone."""
        if self._owes(name, event):
            with self.store:  # before it is tried: a worker may die of it
                self.store.execute("INSERT INTO tries VALUES (?, ?)", (name, event.id))
            try:
                self.handlers[name][1](event)
            except Exception:
                log.exception("%s failed at %s", name, event)
                return False
            with self.store:
                self.store.execute("INSERT OR IGNORE INTO done VALUES (?, ?)", (name, event.id))
        return True

    # endregion
    def _owes(self, name: str, event: Event) -> bool:
        """Tell whether an event is for a handler, and it has not had it."""
        found = self.store.execute("SELECT 1 FROM done WHERE handler = ? AND id = ?", (name, event.id)).fetchone()
        return event.type == self.handlers[name][0] and found is None

    def _tries(self, name: str, event: Event) -> int:
        """Return how often a handler has begun with an event; Redis counts those that no handler saw as well."""
        found = self.store.execute("SELECT count(*) FROM tries WHERE handler = ? AND id = ?", (name, event.id))
        return int(found.fetchone()[0])

    def replay(self, name: str) -> None:
        """Give one handler all that is stored; what it has done already it does not do again."""
        rows = self.store.execute("SELECT id, type, data, time FROM events ORDER BY number").fetchall()
        for number, what, data, moment in rows:
            self._is_done_with(name, Event(number, what, json.loads(data), moment))

    def close(self) -> None:
        """Leave."""
        self.redis.close()
        self.store.close()
