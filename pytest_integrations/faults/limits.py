"""Servers that are busy by a rule: so many calls per time, so many at a time. These faults have a memory."""

from __future__ import annotations

import math
from collections import defaultdict, deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol

from pytest_integrations.core.effect import Answer, Tamper
from pytest_integrations.core.errors import ScriptingError
from pytest_integrations.core.fault import Acting, Fault
from pytest_integrations.core.reply import Reply
from pytest_integrations.core.settings import lasting, seconds, whole

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Sequence
    from datetime import timedelta

    from pytest_integrations.core.call import Call
    from pytest_integrations.core.clock import Clock
    from pytest_integrations.core.effect import Effect
    from pytest_integrations.core.fault import Occasion
    from pytest_integrations.core.message import Message

__all__ = ["max_concurrency", "rate_limit"]

Algorithm = Literal["fixed_window", "sliding_window", "token_bucket"]
HeaderStyle = Literal["ietf", "x-ratelimit", "github"]
_HAIR = 1e-6
"""Seconds by which the sums of floats may be wrong: a client that waited exactly as long as it was told must pass."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a limit says about one call: whether it passes, how many more may, and in how many seconds that changes."""

    passes: bool
    remaining: int
    reset: float


class _Window(Protocol):
    """One key's use of a limit."""

    def spend(self, now: float) -> Allowance:
        """Count a call at *now* (seconds) and tell what the limit says."""
        ...


class _FixedWindow:
    """So many per window; windows begin with the first call and follow one another without a gap."""

    def __init__(self, limit: int, per: float) -> None:
        self._limit, self._per = limit, per
        self._start: float | None = None
        self._used = 0

    def spend(self, now: float) -> Allowance:
        if self._start is None:
            self._start = now
        elif now - self._start >= self._per - _HAIR:
            self._start += self._per * ((now - self._start + _HAIR) // self._per)
            self._used = 0
        reset = self._start + self._per - now
        if self._used >= self._limit:
            return Allowance(passes=False, remaining=0, reset=reset)
        self._used += 1
        return Allowance(passes=True, remaining=self._limit - self._used, reset=reset)


class _SlidingWindow:
    """So many in any stretch of the length of the window."""

    def __init__(self, limit: int, per: float) -> None:
        self._limit, self._per = limit, per
        self._passed: deque[float] = deque()

    def spend(self, now: float) -> Allowance:
        passed = self._passed
        while passed and now - passed[0] >= self._per - _HAIR:
            passed.popleft()
        if len(passed) >= self._limit:
            return Allowance(passes=False, remaining=0, reset=passed[0] + self._per - now)
        passed.append(now)
        return Allowance(passes=True, remaining=self._limit - len(passed), reset=passed[0] + self._per - now)


class _TokenBucket:
    """A bucket of *burst* tokens that *limit* per window drip into; a call takes one."""

    def __init__(self, limit: int, per: float, burst: int) -> None:
        self._rate, self._burst = limit / per, burst
        self._tokens = float(burst)
        self._then: float | None = None

    def spend(self, now: float) -> Allowance:
        since = 0.0 if self._then is None else now - self._then
        self._then = now
        self._tokens = min(float(self._burst), self._tokens + since * self._rate)
        if self._tokens < 1 - _HAIR * self._rate:
            return Allowance(passes=False, remaining=0, reset=(1 - self._tokens) / self._rate)
        self._tokens = max(0.0, self._tokens - 1)
        return Allowance(passes=True, remaining=int(self._tokens), reset=(self._burst - self._tokens) / self._rate)


@dataclass(frozen=True, slots=True, repr=False)
class rate_limit(Fault):  # noqa: N801 -- a word in a script
    """Answer 429 with a true Retry-After to every call beyond *limit* in *per* seconds.

    Wire definition: `429 Too Many Requests` with `Retry-After` in whole seconds, rounded up from the clock, and the
    limit's own header fields, which calls that pass get as well. *algorithm*: `"fixed_window"`, `"sliding_window"` or
    `"token_bucket"` (of *burst* tokens, default *limit*). *key* counts apart: `"header:Authorization"` or a function of
    the call. *headers*: `"ietf"` (draft-ietf-httpapi-ratelimit-headers-10), `"x-ratelimit"`, `"github"` (reset as epoch
    seconds), or None for Retry-After alone. MockServer's name is quota.

    ```python
    from pytest_integrations.faults import rate_limit

    def test_waits_its_turn(fake_rest):
        fake_rest.get("/search").reply(json=[])
        fake_rest.inject(rate_limit(5, per=60, key="header:Authorization"))
    ```

    `fake_rest.rate_limit(5, per=60)` is short for that.
    """

    limit: int
    per: float | timedelta
    algorithm: Algorithm = "fixed_window"
    burst: int | None = None
    key: str | Callable[[Call], Hashable] | None = None
    headers: HeaderStyle | None = "x-ratelimit"
    standing: ClassVar[bool] = True

    def __post_init__(self) -> None:
        """Check the settings."""
        whole("rate_limit: limit", self.limit, 1)
        if self.burst is not None:
            whole("rate_limit: burst", self.burst, 1)
        lasting("rate_limit: per", self.per)
        _choice("algorithm", self.algorithm, ("fixed_window", "sliding_window", "token_bucket"))
        _choice("headers", self.headers, ("ietf", "x-ratelimit", "github", None))
        if self.burst is not None and self.algorithm != "token_bucket":
            msg = f"rate_limit: burst={self.burst!r} is for algorithm='token_bucket', not {self.algorithm!r}"
            raise ScriptingError(msg)
        if isinstance(self.key, str) and not self.key.startswith("header:"):
            msg = f"rate_limit: key={self.key!r} is not a key: valid are 'header:NAME' or a function of the call"
            raise ScriptingError(msg)

    def begin(self, clock: Clock) -> Acting:
        """Return a limiter with its own count."""
        return _Limiter(self, clock)

    def bites(self, effects: Sequence[Effect]) -> bool:
        """Tell whether the call was refused."""
        return any(isinstance(effect, Answer) for effect in effects)

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        """Yield the kind of effect that a refused call gets."""
        yield Answer(Reply(429))

    def window(self) -> _Window:
        """Return a fresh count for one key."""
        per = seconds("per", self.per)
        if self.algorithm == "token_bucket":
            return _TokenBucket(self.limit, per, self.burst or self.limit)
        return _FixedWindow(self.limit, per) if self.algorithm == "fixed_window" else _SlidingWindow(self.limit, per)


class _Limiter:
    """A rate limit at work."""

    def __init__(self, settings: rate_limit, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._windows: defaultdict[Hashable, _Window] = defaultdict(settings.window)

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        allowance = self._windows[_key(self._settings.key, occasion.call)].spend(self._clock.monotonic())
        fields = self._fields(allowance)
        if allowance.passes:
            if fields:
                yield Tamper(lambda message: _with_fields(message, fields), spoils=False)
            return
        retry_after = str(max(1, math.ceil(allowance.reset - _HAIR)))
        body = {"error": "rate limit exceeded", "limit": self._settings.limit}
        yield Answer(Reply.of(429, json=body, headers=(("Retry-After", retry_after), *fields)))

    def _fields(self, allowance: Allowance) -> tuple[tuple[str, str], ...]:
        limit, remaining = self._settings.limit, allowance.remaining
        reset = max(0, math.ceil(allowance.reset - _HAIR))
        style = self._settings.headers
        if style is None:
            return ()
        if style == "ietf":
            window = math.ceil(seconds("per", self._settings.per))
            return (
                ("RateLimit-Policy", f'"default";q={limit};w={window}'),
                ("RateLimit", f'"default";r={remaining};t={reset}'),
            )
        if style == "github":
            reset += math.floor(self._clock.wall().timestamp())
        return (
            ("X-RateLimit-Limit", str(limit)),
            ("X-RateLimit-Remaining", str(remaining)),
            ("X-RateLimit-Reset", str(reset)),
        )


@dataclass(frozen=True, slots=True, repr=False)
class max_concurrency(Fault):  # noqa: N801 -- a word in a script
    """Answer 503 to every call that comes in while *limit* others are still being answered.

    Wire definition: `503 Service Unavailable`, with `Retry-After` if *retry_after* (seconds) is given. A call counts
    until its answer is out, its connection is gone, or for as long as it hangs.

    ```python
    import pytest, urllib.error, urllib.request
    from pytest_integrations.faults import max_concurrency

    def test_the_house_is_full(fake_rest):
        def ask_again():
            with pytest.raises(urllib.error.HTTPError, match="503"):
                urllib.request.urlopen(fake_rest.url + "/inner")

        fake_rest.get("/inner").reply()
        fake_rest.get("/outer").calls(ask_again)
        fake_rest.inject(max_concurrency(1))
        urllib.request.urlopen(fake_rest.url + "/outer").close()
    ```

    `fake_rest.max_concurrency(2)` is short for that.
    """

    limit: int
    retry_after: int | None = None
    standing: ClassVar[bool] = True

    def __post_init__(self) -> None:
        """Check the settings."""
        whole("max_concurrency: limit", self.limit, 1)
        if self.retry_after is not None:
            whole("max_concurrency: retry_after", self.retry_after)

    def begin(self, clock: Clock) -> Acting:
        """Return a doorkeeper with its own count."""
        return _Doorkeeper(self)

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        """Yield the kind of effect that a refused call gets."""
        fields = () if self.retry_after is None else (("Retry-After", str(self.retry_after)),)
        yield Answer(Reply.of(503, json={"error": "too many calls at a time", "limit": self.limit}, headers=fields))


class _Doorkeeper:
    """A full house at work."""

    def __init__(self, settings: max_concurrency) -> None:
        self._settings = settings
        self._inside: list[Call] = []

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        self._inside = [call for call in self._inside if _is_inside(call)]
        if len(self._inside) >= self._settings.limit:
            yield from self._settings.effects(occasion)
        elif occasion.call is not None:
            self._inside.append(occasion.call)


def _is_inside(call: Call) -> bool:
    return call.end is None and call.connection.closed is None


def _key(key: Any, call: Call | None) -> Hashable:
    if key is None or call is None:
        return None
    if callable(key):
        result: Hashable = key(call)
        return result
    value: Hashable = call.headers.get(key.removeprefix("header:"))
    return value


def _with_fields(message: Message, fields: tuple[tuple[str, str], ...]) -> Message:
    encoded = tuple((name.encode("latin-1"), value.encode("latin-1")) for name, value in fields)
    return replace(message, fields=(*message.fields, *encoded))


def _choice(name: str, value: object, valid: tuple[object, ...]) -> None:
    if value not in valid:
        msg = f"rate_limit: {name}={value!r} is not known: valid are {', '.join(map(repr, valid))}"
        raise ScriptingError(msg)
