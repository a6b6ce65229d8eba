"""Toxiproxy's toxics by their names: what goes wrong on the way to a real service, behind a `FakeProxy`.

They do not look at what passes, so that they work with every protocol, TLS too. Times are in seconds, unlike
Toxiproxy's; *stream* is `"downstream"` (what the server sends to the client) or `"upstream"`. A toxic takes hold of
every connection, of those that are open too, until it is healed; `probability=` is Toxiproxy's toxicity, drawn for each
connection. Several toxics stand in a row in the order of their injection, each taking what the one before it lets
through. One that closes the connection sends FIN to both sides, after what it has let through.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, ClassVar, get_args

from pytest_integrations.core.fault import Fault
from pytest_integrations.core.settings import among, number, seconds, whole
from pytest_integrations.core.stream import Direction, Lag, Limit, Linger, Pace, Sever, Silence, Slices

from .timing import check_sizes, random_sizes

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import timedelta
    from random import Random

    from pytest_integrations.core.effect import Effect
    from pytest_integrations.core.fault import Occasion

__all__ = ["bandwidth", "latency", "limit_data", "reset_peer", "slicer", "slow_close", "timeout"]


class _Toxic(Fault):
    """A fault of a stream of bytes."""

    __slots__ = ()
    standing: ClassVar[bool] = True

    @property
    def name(self) -> str:
        """The name as it is written, since `latency` alone is something else."""
        return f"toxics.{type(self).__name__}"


def _direction(stream: object) -> None:
    among("stream", stream, get_args(Direction))


@dataclass(frozen=True, slots=True, repr=False)
class latency(_Toxic):  # noqa: N801 -- a word in a script
    """Let everything arrive late: by *latency* seconds, give or take up to *jitter*, never below 0.

    Wire definition: each piece that was read is passed on so many seconds after it came in, drawn for each piece from
    the seed, and never before the piece that came before it; the throughput stays as it is, up to 32 MiB under way. A
    FIN follows the last byte and is not delayed by itself. Healed, what is under way is passed on at once.

    Toxiproxy: `latency`, in milliseconds.

    ```python
    import requests
    from pytest_integrations.backends.proxy import FakeProxy
    from pytest_integrations.faults import toxics

    fake_rest.get("/users").reply(json=["ada"])
    with FakeProxy(fake_rest) as proxy:
        proxy.inject(toxics.latency(0.05, jitter=0.01))
        assert requests.get(f"{proxy.url}/users").elapsed.total_seconds() > 0.03
    ```
    """

    latency: float | timedelta
    jitter: float | timedelta = 0.0
    stream: Direction = "downstream"

    def __post_init__(self) -> None:
        """Check the settings."""
        seconds("latency", self.latency)
        seconds("jitter", self.jitter)
        _direction(self.stream)

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        """Yield a lag."""
        yield Lag(self.stream, partial(self._draw, occasion.random))

    def _draw(self, random: Random) -> float:
        jitter = seconds("jitter", self.jitter)
        return max(0.0, seconds("latency", self.latency) + (random.uniform(-jitter, jitter) if jitter else 0.0))


@dataclass(frozen=True, slots=True, repr=False)
class bandwidth(_Toxic):  # noqa: N801 -- a word in a script
    """Let no more than *rate* kilobytes (1000 bytes) pass per second.

    Wire definition: pieces of a tenth of a second's bytes at most, one byte at least, each sent when the time that it
    takes is up, the first one too; the sender is held up behind that. *rate* may be a fraction. Healed, what is held is
    passed on at once.

    Toxiproxy: `bandwidth`, with the same unit.

    ```python
    import requests
    from pytest_integrations.backends.proxy import FakeProxy
    from pytest_integrations.faults import toxics

    fake_rest.get("/report").reply(body=bytes(2000))
    with FakeProxy(fake_rest) as proxy:
        proxy.inject(toxics.bandwidth(100))
        assert len(requests.get(f"{proxy.url}/report").content) == 2000
    ```
    """

    rate: float
    stream: Direction = "downstream"

    def __post_init__(self) -> None:
        """Check the settings."""
        number("rate", self.rate, above=0)
        _direction(self.stream)

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        """Yield a pace."""
        yield Pace(self.stream, self.rate * 1000)


@dataclass(frozen=True, slots=True, repr=False)
class slow_close(_Toxic):  # noqa: N801 -- a word in a script
    """Keep the connection from closing until *delay* seconds have passed.

    Wire definition: the bytes pass as they are, and the FIN that comes after them is passed on *delay* seconds late.
    Healed meanwhile, it is passed on at once.

    Toxiproxy: `slow_close`, in milliseconds.

    ```python
    import requests
    from pytest_integrations.backends.proxy import FakeProxy
    from pytest_integrations.faults import toxics

    fake_rest.get("/users").reply(json=["ada"])
    with FakeProxy(fake_rest) as proxy:
        proxy.inject(toxics.slow_close(5))
        assert requests.get(f"{proxy.url}/users").json() == ["ada"]  # who counts bytes does not wait for the FIN
    ```
    """

    delay: float | timedelta
    stream: Direction = "downstream"

    def __post_init__(self) -> None:
        """Check the settings."""
        seconds("delay", self.delay)
        _direction(self.stream)

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        """Yield a late end."""
        yield Linger(self.stream, seconds("delay", self.delay))


@dataclass(frozen=True, slots=True, repr=False)
class timeout(_Toxic):  # noqa: N801 -- a word in a script
    """Let nothing through any more, and close the connection after *timeout* seconds; with 0, do not close it.

    Wire definition: all bytes of the stream are read and thrown away, and so is the server's FIN; the client's own is
    passed on. When *timeout* seconds have passed since the last byte, or since the toxic took hold where none came, FIN
    to both sides. With 0 the connection stays. Healed, it is closed, since its bytes have a hole.

    Toxiproxy: `timeout`, in milliseconds.

    ```python
    import pytest, requests
    from pytest_integrations.backends.proxy import FakeProxy
    from pytest_integrations.faults import toxics

    fake_rest.get("/users").reply(json=["ada"])
    with FakeProxy(fake_rest) as proxy:
        proxy.inject(toxics.timeout(0))
        with pytest.raises(requests.ReadTimeout):
            requests.get(f"{proxy.url}/users", timeout=0.1)
    ```
    """

    timeout: float | timedelta = 0.0
    stream: Direction = "downstream"

    def __post_init__(self) -> None:
        """Check the settings."""
        seconds("timeout", self.timeout)
        _direction(self.stream)

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        """Yield silence."""
        yield Silence(self.stream, seconds("timeout", self.timeout) or None)


@dataclass(frozen=True, slots=True, repr=False)
class reset_peer(_Toxic):  # noqa: N801 -- a word in a script
    """Reset the connection, *timeout* seconds after there is something to pass on.

    Wire definition: the first byte of the stream and what comes after it is held; *timeout* seconds after it, or after
    a FIN that comes first, RST to both sides. Where nothing comes, nothing happens. Healed meanwhile, what is held is
    passed on.

    Toxiproxy: `reset_peer`, in milliseconds; connections that were open before get a RST here too.

    ```python
    import pytest, requests
    from pytest_integrations.backends.proxy import FakeProxy
    from pytest_integrations.faults import toxics

    fake_rest.get("/users").reply(json=["ada"])
    with FakeProxy(fake_rest) as proxy:
        proxy.inject(toxics.reset_peer(), times=1)  # the first connection only
        with pytest.raises(requests.ConnectionError):
            requests.get(f"{proxy.url}/users")
        assert requests.get(f"{proxy.url}/users").json() == ["ada"]
    ```
    """

    timeout: float | timedelta = 0.0
    stream: Direction = "downstream"

    def __post_init__(self) -> None:
        """Check the settings."""
        seconds("timeout", self.timeout)
        _direction(self.stream)

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        """Yield a reset."""
        yield Sever(self.stream, seconds("timeout", self.timeout))


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class slicer(_Toxic):  # noqa: N801 -- a word in a script
    """Pass the bytes on in small segments of random sizes.

    Wire definition: segments of *average_size* bytes, give or take up to *size_variation*, never less than one, each in
    a send of its own; *delay* seconds after each of them. The sizes come from the seed. Healed, the rest is passed on
    at once.

    Toxiproxy: `slicer`, whose delay is in microseconds.

    ```python
    import requests
    from pytest_integrations.backends.proxy import FakeProxy
    from pytest_integrations.faults import toxics

    fake_rest.get("/users").reply(json=["ada"])
    with FakeProxy(fake_rest) as proxy:
        proxy.inject(toxics.slicer(average_size=16, size_variation=8))
        assert requests.get(f"{proxy.url}/users").json() == ["ada"]
    ```
    """

    average_size: int = 64
    size_variation: int = 0
    delay: float | timedelta = 0.001
    stream: Direction = "downstream"

    def __post_init__(self) -> None:
        """Check the settings."""
        check_sizes(self.average_size, self.size_variation, self.delay)
        _direction(self.stream)

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        """Yield slices."""
        sizes = partial(random_sizes, average=self.average_size, variation=self.size_variation, random=occasion.random)
        yield Slices(self.stream, sizes, seconds("delay", self.delay))


@dataclass(frozen=True, slots=True, repr=False)
class limit_data(_Toxic):  # noqa: N801 -- a word in a script
    """Close the connection when *bytes* bytes have passed.

    Wire definition: the first *bytes* bytes of the stream after the toxic took hold, then FIN to both sides; what comes
    after them is thrown away. With 0 no byte passes, and the first that comes has the connection closed.

    Toxiproxy: `limit_data`.

    ```python
    import pytest, requests
    from pytest_integrations.backends.proxy import FakeProxy
    from pytest_integrations.faults import toxics

    fake_rest.get("/users").reply(json=["ada"])
    with FakeProxy(fake_rest) as proxy:
        proxy.inject(toxics.limit_data(10))
        with pytest.raises(requests.ConnectionError):
            requests.get(f"{proxy.url}/users")
    ```
    """

    bytes: int
    stream: Direction = "downstream"

    def __post_init__(self) -> None:
        """Check the settings."""
        whole("bytes", self.bytes)
        _direction(self.stream)

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        """Yield a limit."""
        yield Limit(self.stream, self.bytes)
