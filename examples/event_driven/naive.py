"""Events for whoever subscribes, over a Redis stream, as it is often written. It looks careful; the tests tell."""

from __future__ import annotations

import json
import logging
import time
from collections import defaultdict
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import redis

if TYPE_CHECKING:
    from collections.abc import Callable

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Event:
    """Something that happened."""

    type: str
    data: dict[str, Any]
    time: float


class EventBus:
    """Stores events, publishes them, and calls those who subscribed to their type."""

    def __init__(self, url: str, stream: str = "events") -> None:
        self.redis: Any = redis.Redis.from_url(url)
        self.stream = stream
        self.store: list[Event] = []
        self.handlers: defaultdict[str, list[Callable[[Event], object]]] = defaultdict(list)
        self.position = "0"

    def subscribe(self, to: str, handler: Callable[[Event], object]) -> None:
        self.handlers[to].append(handler)

    # region publish
    def publish(self, what: str, data: dict[str, Any]) -> None:
        event = Event(what, data, time.time())
        self.store.append(event)
        self.redis.xadd(self.stream, {"event": json.dumps(asdict(event))})

    # endregion
    # region dispatch
    def dispatch(self) -> None:
        """Call the handlers for all that has come."""
        for _, entries in self.redis.xread({self.stream: self.position}):
            for entry, fields in entries:
                event = Event(**json.loads(fields[b"event"]))
                for handler in self.handlers[event.type]:
                    try:
                        handler(event)
                    except Exception:
                        log.exception("a handler failed")
                self.position = entry

    # endregion
    def replay(self) -> None:
        """Call the handlers for all that is stored."""
        for event in self.store:
            for handler in self.handlers[event.type]:
                handler(event)

    def close(self) -> None:
        self.redis.close()
