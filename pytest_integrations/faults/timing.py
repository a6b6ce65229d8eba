"""Answers that take their time: before the first byte, between the bytes, or for ever."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, ClassVar

from pytest_integrations.core.effect import Cut, Refuse, Trickle
from pytest_integrations.core.errors import ScriptingError
from pytest_integrations.core.fault import Fault
from pytest_integrations.core.settings import number, seconds, whole

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import timedelta
    from random import Random

    from pytest_integrations.core.effect import Effect
    from pytest_integrations.core.fault import Occasion, Scope

__all__ = ["bandwidth", "dribble", "hang", "slicer", "slow_accept", "slow_headers"]


@dataclass(frozen=True, slots=True, repr=False)
class hang(Fault):  # noqa: N801 -- a word in a script
    """Take the whole request and answer nothing.

    Wire definition: no byte after the request, the connection stays open. It ends when the client leaves, when *for_*
    seconds have passed (then a FIN), or when the fake stops. The handler does not run; `lost_response(then="hang")` is
    the twin whose handler does.

    Toxiproxy: `timeout` with 0. mockttp: `thenTimeout`. MSW: `delay("infinite")`.

    ```python
    import pytest, requests

    fake_rest.get("/users").reply(json=["ada"])
    fake_rest.inject(hang())
    with pytest.raises(requests.ReadTimeout):
        requests.get(f"{fake_rest.url}/users", timeout=0.1)
    ```
    """

    for_: float | timedelta | None = None

    def __post_init__(self) -> None:
        """Check the settings."""
        if self.for_ is not None:
            seconds("for_", self.for_)

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        """Yield a stall before the first byte."""
        yield Cut("stall", seconds=None if self.for_ is None else seconds("for_", self.for_))


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class dribble(Fault):  # noqa: N801 -- a word in a script
    """Send the body in equal parts over a time: no read of the client waits long, and the whole takes as long as told.

    Wire definition: the head at once; then the bytes of the body, framed as they are, in *chunks* parts that differ by
    one byte at most, each after a pause of *duration* / *chunks* seconds, in a segment of its own. An answer without a
    body is not slowed. A timeout per read never fires; one for the whole call does.

    WireMock: `chunkedDribbleDelay(numberOfChunks, totalDuration)`. MockServer: chunkSize and chunkDelay.

    ```python
    import requests

    fake_rest.get("/users").reply(json=["ada"])
    fake_rest.inject(dribble(chunks=5, duration=0.1))
    assert requests.get(f"{fake_rest.url}/users").elapsed.total_seconds() < 0.1  # the head is there at once
    ```
    """

    chunks: int
    duration: float | timedelta

    def __post_init__(self) -> None:
        """Check the settings."""
        whole("chunks", self.chunks, 1)
        seconds("duration", self.duration)

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        """Yield a trickle of the body."""
        yield Trickle("body", self._parts, seconds("duration", self.duration) / self.chunks, first=True)

    def _parts(self, length: int) -> list[int]:
        ends = [length * part // self.chunks for part in range(self.chunks + 1)]
        return [end - begin for begin, end in pairwise(ends)]


@dataclass(frozen=True, slots=True, repr=False)
class bandwidth(Fault):  # noqa: N801 -- a word in a script
    """Send the answer no faster than *rate_kbps* kilobytes (1000 bytes) per second.

    Wire definition: the head, then the body, each in segments of a hundredth of a second's bytes, with a hundredth of
    a second between two of them; below 100 bytes per second, one byte at a time. *rate_kbps* may be a fraction.

    Toxiproxy: `bandwidth`, with the same unit. Envoy: `response_rate_limit`.

    ```python
    import requests

    fake_rest.get("/report").reply(body=bytes(2000))
    fake_rest.inject(bandwidth(100))  # a fiftieth of a second
    assert len(requests.get(f"{fake_rest.url}/report").content) == 2000
    ```
    """

    rate_kbps: float

    def __post_init__(self) -> None:
        """Check the settings."""
        number("rate_kbps", self.rate_kbps, above=0)

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        """Yield a trickle of head and body."""
        size, pause = _segments(self.rate_kbps * 1000)
        yield Trickle("head", lambda length: _slots(length, size), pause)
        yield Trickle("body", lambda length: _slots(length, size), pause, first=True)


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class slicer(Fault):  # noqa: N801 -- a word in a script
    """Send the answer, head and body, in small segments of random sizes.

    Wire definition: segments of *average_size* bytes, give or take up to *size_variation*, never less than one; *delay*
    seconds between two of them. The sizes come from the seed. A client that takes what one `recv` returns for a whole
    line or message breaks on it.

    Toxiproxy: `slicer`, whose delay is in microseconds.

    ```python
    import requests

    fake_rest.get("/users").reply(json=["ada"])
    fake_rest.inject(slicer(average_size=16, size_variation=8))
    assert requests.get(f"{fake_rest.url}/users").json() == ["ada"]
    ```
    """

    average_size: int = 64
    size_variation: int = 0
    delay: float | timedelta = 0.001

    def __post_init__(self) -> None:
        """Check the settings."""
        check_sizes(self.average_size, self.size_variation, self.delay)

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        """Yield a trickle of head and body."""
        sizes = partial(random_sizes, average=self.average_size, variation=self.size_variation, random=occasion.random)
        pause = seconds("delay", self.delay)
        yield Trickle("head", sizes, pause)
        yield Trickle("body", sizes, pause, first=True)


@dataclass(frozen=True, slots=True, repr=False)
class slow_accept(Fault):  # noqa: N801 -- a word in a script
    """Pick a connection up *delay* seconds late.

    Wire definition: the kernel answers the SYN at once, so that connecting succeeds; nothing that the client sends is
    looked at before *delay* seconds have passed. To the client this is a slow *read* (or TLS handshake), not a slow
    connect: for that see `connect_timeout`.

    ```python
    import requests

    fake_rest.get("/users").reply(json=["ada"])
    fake_rest.inject(slow_accept(0.05))
    assert requests.get(f"{fake_rest.url}/users").elapsed.total_seconds() > 0.04
    ```
    """

    scope: ClassVar[Scope] = "connection"
    delay: float | timedelta

    def __post_init__(self) -> None:
        """Check the settings."""
        seconds("delay", self.delay)

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        """Yield a late accept."""
        yield Refuse("late", seconds("delay", self.delay))


@dataclass(frozen=True, slots=True, repr=False)
class slow_headers(Fault):  # noqa: N801 -- a word in a script
    """Send status line and header fields at *rate* bytes per second, and the body at full speed.

    Wire definition: the head in segments of a hundredth of a second's bytes, at 100 bytes per second and below one
    byte at a time, with the pause between them that the rate asks for. A timeout per read never fires.

    ```python
    import requests

    fake_rest.get("/users").reply(json=["ada"])
    fake_rest.inject(slow_headers(2000))
    assert requests.get(f"{fake_rest.url}/users").elapsed.total_seconds() > 0.02
    ```
    """

    rate: float

    def __post_init__(self) -> None:
        """Check the settings."""
        number("rate", self.rate, above=0)

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        """Yield a trickle of the head."""
        size, pause = _segments(self.rate)
        yield Trickle("head", lambda length: _slots(length, size), pause)


def check_sizes(average_size: int, size_variation: int, delay: float | timedelta) -> None:
    """Check the settings of a slicer."""
    whole("average_size", average_size, 1)
    if not 0 <= whole("size_variation", size_variation) < average_size:
        msg = (
            f"size_variation={size_variation!r} is too much: valid are whole numbers below "
            f"average_size={average_size!r}"
        )
        raise ScriptingError(msg)
    if not seconds("delay", delay):
        msg = f"delay={delay!r} would join the segments again: valid are seconds greater than 0, or a timedelta"
        raise ScriptingError(msg)


def random_sizes(length: int, average: int, variation: int, random: Random) -> list[int]:
    """Cut *length* into sizes of *average*, give or take up to *variation*."""
    sizes = []
    while length > 0:
        size = average + round(random.uniform(-1, 1) * variation)
        sizes.append(min(length, size))
        length -= size
    return sizes


def _segments(rate: float) -> tuple[int, float]:
    """Return the size of a segment at *rate* bytes per second, and the pause that goes with it."""
    size = max(1, int(rate / 100))
    return size, size / rate


def _slots(length: int, size: int) -> list[int]:
    return [size] * math.ceil(length / size)
