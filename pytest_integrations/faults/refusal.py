"""Answers that say no: real, sound HTTP, and what it means is a failure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

from pytest_integrations.core.effect import Answer
from pytest_integrations.core.errors import ScriptingError
from pytest_integrations.core.fault import Fault
from pytest_integrations.core.reply import Reply
from pytest_integrations.core.settings import number, seconds, text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pytest_integrations.core.clock import Clock
    from pytest_integrations.core.effect import Effect
    from pytest_integrations.core.fault import Occasion

__all__ = ["rate_limited", "status", "unavailable"]

RetryAfter = float | timedelta | datetime | str | None


@dataclass(frozen=True, slots=True, repr=False)
class status(Fault):  # noqa: N801 -- a word in a script
    """Answer this status instead of what was scripted.

    Wire definition: a well-framed answer with status *code*, *headers* (a mapping, or pairs), and the body given as
    *json*, *text* or *body* (bytes); the connection is kept, the handler does not run.

    Envoy: `abort`. Simmy: `AddChaosOutcome`.

    ```python
    import requests

    fake_rest.get("/users").reply(json=["ada"])
    fake_rest.inject(status(503), status(500, json={"error": "deadlock"}))
    assert requests.get(f"{fake_rest.url}/users").status_code == 503
    assert requests.get(f"{fake_rest.url}/users").json() == {"error": "deadlock"}
    ```
    """

    code: int
    headers: Mapping[str, str] | Iterable[tuple[str, str]] = ()
    json: Any = None
    text: str | None = None
    body: bytes | None = None

    def __post_init__(self) -> None:
        """Check the settings."""
        self._reply()

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        """Yield the answer."""
        yield Answer(self._reply())

    def _reply(self) -> Reply:
        has_json = {} if self.json is None else {"json": self.json}
        return Reply.of(self.code, headers=self.headers, text=self.text, body=self.body, **has_json)


@dataclass(frozen=True, slots=True, repr=False)
class unavailable(Fault):  # noqa: N801 -- a word in a script
    """Answer 503, with or without a hint when to come back.

    Wire definition: `503 Service Unavailable` without a body, with a `Retry-After` field as `rate_limited` writes it,
    and none by default. The handler does not run.

    ```python
    import requests

    fake_rest.get("/users").reply(json=["ada"])
    fake_rest.inject(unavailable(retry_after=30))
    assert requests.get(f"{fake_rest.url}/users").headers["Retry-After"] == "30"
    ```
    """

    retry_after: RetryAfter = None

    def __post_init__(self) -> None:
        """Check the settings."""
        _check(self.retry_after)

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        """Yield the answer."""
        yield Answer(lambda _call: _refusal(503, self.retry_after, occasion.clock))


@dataclass(frozen=True, slots=True, repr=False)
class rate_limited(Fault):  # noqa: N801 -- a word in a script
    """Answer 429, with a good, a strange or no hint when to come back.

    Wire definition: `429 Too Many Requests` without a body, and for `Retry-After`, by *retry_after*:

    - a number: as it is, in seconds; below 0 too, which clients must survive;
    - a datetime (with a time zone): as an HTTP date;
    - a timedelta: as an HTTP date so far ahead of the moment of the answer, rounded up to a second; `"http-date"` is
      short for one second;
    - None: no such field;
    - any other text: as it is, `"garbage"` for one that cannot be read.

    The moment is that of the clock in force, a virtual one too. The handler does not run. `rate_limit` is the limit
    itself, which counts.

    ```python
    import requests

    fake_rest.get("/users").reply(json=["ada"])
    fake_rest.inject(rate_limited("http-date"))
    assert requests.get(f"{fake_rest.url}/users").headers["Retry-After"].endswith("GMT")
    ```
    """

    retry_after: RetryAfter = 1

    def __post_init__(self) -> None:
        """Check the settings."""
        _check(self.retry_after)

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        """Yield the answer."""
        yield Answer(lambda _call: _refusal(429, self.retry_after, occasion.clock))


def _check(retry_after: RetryAfter) -> None:
    if isinstance(retry_after, datetime):
        if retry_after.tzinfo is None:
            msg = f"retry_after={retry_after!r} has no time zone: give one, such as datetime(..., tzinfo=UTC)"
            raise ScriptingError(msg)
    elif isinstance(retry_after, timedelta):
        seconds("retry_after", retry_after)
    elif isinstance(retry_after, str):
        text("retry_after", retry_after)
    elif retry_after is not None:
        number("retry_after", retry_after)


def _refusal(code: int, retry_after: RetryAfter, clock: Clock) -> Reply:
    """Return *code* with what tells, from now on, when to come back."""
    told = _written(retry_after, clock)
    return Reply.of(code, headers={} if told is None else {"Retry-After": told})


def _written(retry_after: RetryAfter, clock: Clock) -> str | None:
    if retry_after == "http-date":
        retry_after = timedelta(seconds=1)
    if isinstance(retry_after, timedelta):
        # HTTP dates have no fractions: rounded down, a client would come back too early.
        retry_after = clock.wall() + retry_after + timedelta(seconds=1, microseconds=-1)
    if isinstance(retry_after, datetime):
        return format_datetime(retry_after.astimezone(UTC).replace(microsecond=0), usegmt=True)
    return None if retry_after is None else str(retry_after)
