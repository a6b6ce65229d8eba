"""What a test holds to have connections to hard-coded URLs reach its fakes."""

from __future__ import annotations

import errno
import os
import socket
from functools import partial
from typing import TYPE_CHECKING, Self

from pytest_integrations.backends.fake import Fake
from pytest_integrations.backends.listening import ListeningFake
from pytest_integrations.core.errors import NotIntercepted, ScriptingError
from pytest_integrations.core.ledger import Ledger, Problem, raise_problems
from pytest_integrations.core.own_traffic import own_traffic
from pytest_integrations.core.patches import Patches

from . import grpc, network, trust, uvloop
from .book import AddressBook
from .door import Door
from .late import once_imported
from .origin import Origin, covers
from .permits import Permits, is_this_machine
from .refusal import refusal

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["Interception"]

_PROXIES = {"http_proxy", "https_proxy", "all_proxy"}
_NO_PROXIES = ("no_proxy", "NO_PROXY")


class Interception:
    """Connections of this process, on their way to hosts that are named in the code, and where they go instead.

    Inside `with` each connection that is opened by Python's `socket` to an intercepted host reaches its fake. TLS is
    really spoken, with a certificate for that host which the client verifies; the trust is given to that host alone.
    Connections to other machines are refused with `NotIntercepted`, and fail the test even if the client swallows that.
    Afterwards all is as it was. One can be in force at a time; the fixture `intercept` is one that is.

    What connects by a library of its own is not seen: libcurl, librdkafka. Channels of grpcio are led where they are
    made, by `grpc.insecure_channel` and its like.

    ```python
    import urllib.request
    from pytest_integrations import FakeRest, Interception

    with FakeRest() as payments, Interception() as intercept:
        payments.get("/charges").reply(json=[])
        intercept("https://api.payments.example", payments)
        with urllib.request.urlopen("https://api.payments.example/charges") as answer:
            assert answer.status == 200
        assert payments.calls[0].headers["host"] == "api.payments.example"
    ```
    """

    name = "intercept"

    def __init__(self, ledger: Ledger | None = None) -> None:
        """Prepare; what is refused before a fake is there to tell it to is told to *ledger*, or to one of its own."""
        self._own_ledger = Ledger() if ledger is None else ledger
        self._origins: dict[Origin, Door] = {}
        self._doors: dict[tuple[int, bool], Door] = {}
        self._allowed = Permits()
        self._silenced = Permits()
        self._told: set[tuple[str, int | None]] = set()
        self._book = AddressBook()
        self._patches = Patches()
        self._is_in_force = False

    # -- what a test says

    def __call__(self, url: str, fake: Fake) -> None:
        """Let connections to *url* reach *fake*, which runs.

        *url* ends before its path: `"https://api.example.com"`, `"http://10.0.0.7:8080"`, `"rediss://cache"`; a host
        that begins with `*.` is every host that ends so. Several may lead to one fake; what the client meant is in the
        headers of its calls. The scheme decides whether TLS is spoken, whatever the fake speaks on its own port.
        """
        __tracebackhide__ = True
        self._must_be_in_force()
        origin = Origin.of(url)
        if not isinstance(fake, ListeningFake):
            hint = " (its port is opened and served by a library in C)" if isinstance(fake, Fake) else ""
            msg = f"intercept({url!r}, {fake!r}): that is not a fake with a port of its own{hint}; give a FakeRest, say"
            raise ScriptingError(msg)
        other = next((each for each in self._origins if (each.host, each.port) == (origin.host, origin.port)), None)
        if other is not None:
            msg = f"intercept({url!r}): {other.url} is intercepted already, by {self._origins[other].fake!r}"
            raise ScriptingError(msg)
        tls = origin.tls and fake.speaks_tls
        key = id(fake), tls
        door = self._doors.get(key) or Door.of(fake, tls=tls)
        door.welcome(origin.host)
        self._doors[key] = self._origins[origin] = door
        self._avoid_proxies(origin.host)

    def allow(self, *hosts: str) -> None:
        """Let connections to *hosts* through: names, `"*.example.com"`, addresses, networks such as `"10.0.0.0/8"`."""
        __tracebackhide__ = True
        self._allowed.add("intercept.allow", hosts)

    def refuse(self, *hosts: str) -> None:
        """Refuse connections to *hosts* as if nobody listened there, without failing the test; telemetry, say."""
        __tracebackhide__ = True
        self._silenced.add("intercept.refuse", hosts)

    # -- life

    def start(self) -> Self:
        """Come into force."""
        if _in_force:
            msg = "an interception is in force already: call that one for further URLs, such as the fixture intercept"
            raise ScriptingError(msg)
        _in_force.append(self)
        network.install(self._patches, self)
        once_imported(self._patches, "uvloop", partial(uvloop.install, self._patches, self))
        once_imported(self._patches, "grpc", partial(grpc.install, self._patches, self.way_to, _authority_in_pem))
        trust.install(self._patches, self._is_intercepted, _authority_in_pem)
        self._is_in_force = True
        return self

    def stop(self) -> None:
        """Put everything back as it was; harmless when it is."""
        if self._is_in_force:
            self._is_in_force = False
            self._patches.close()
            _in_force.remove(self)
            for door in self._doors.values():
                door.close()

    def __enter__(self) -> Self:
        """Come into force."""
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Put everything back; raise what was refused, unless something else was raised before."""
        __tracebackhide__ = True
        self.stop()
        if error is None:
            self.verify()

    def verify(self) -> None:
        """Raise what was refused, if that was not told before."""
        __tracebackhide__ = True
        ledgers = dict.fromkeys((self._own_ledger, *(door.fake.ledger for door in self._origins.values())))
        raise_problems([problem for ledger in ledgers for problem in ledger.untold(self.name)], self.name)

    @property
    def ledger(self) -> Ledger:
        """Where it is told what was refused: that of the first fake, so that it is found beside what the fake found."""
        return next((door.fake.ledger for door in self._origins.values()), self._own_ledger)

    def _must_be_in_force(self) -> None:
        if not self._is_in_force:
            msg = "the interception is not in force: use it inside `with Interception() as intercept:`, or the fixture"
            raise ScriptingError(msg)

    # -- the way, asked by the patched standard library on whatever thread, and by who has kept a function of then

    def look_up(self, host: str) -> str | None:
        """Return the address that stands for *host*, or None to look it up as usual."""
        if not self._is_in_force:
            return None
        origin = self._of(host)
        if origin is not None:
            return self._book.address_of(host, ipv6=":" in self._origins[origin].host)
        if not is_this_machine(host) and not self._allowed.has(host) and not _is_address(host):
            raise self._refusal(host, None)
        return None

    def found(self, host: str, addresses: set[str]) -> None:
        """Hear of the *addresses* that *host* really has."""
        if self._allowed.has(host):
            for address in addresses:
                self._allowed.learn(address)

    def lead(self, host: str, port: int, family: int = socket.AF_UNSPEC) -> tuple[str, int] | None:
        """Return where a connection to *host*, or to what stands for it, goes; None if it is let be.

        What goes to the real host goes to one of its addresses of *family*.
        """
        if not self._is_in_force:
            return None
        meant = self._book.host_at(host)
        host = meant or host
        way = self.way_to(host, port)
        if way is not None:
            return way
        if is_this_machine(host) or self._allowed.has(host):
            # What an address stands for is intercepted at another port, not at this one.
            return None if meant is None else _really(host, port, family)
        raise self._refusal(host, port)

    def way_to(self, host: str, port: int) -> tuple[str, int] | None:
        """Return where a connection to *host* and *port* goes that is intercepted; None for any other."""
        origin = self._of(host, port)
        if origin is None or not self._is_in_force:
            return None
        door = self._origins[origin]
        door.welcome(host)
        return door.host, door.port

    def _of(self, host: str, port: int | None = None) -> Origin | None:
        """Return what is intercepted of *host*, at *port* if that is known; what says more of the name goes first."""
        found = [each for each in tuple(self._origins) if covers(each.host, host) and port in (None, each.port)]
        return max(found, key=lambda each: len(each.host.removeprefix("*")), default=None)

    def _is_intercepted(self, host: str) -> bool:
        origin = self._of(host)
        if origin is None:
            return False
        self._origins[origin].welcome(host)
        return True

    def _refusal(self, host: str, port: int | None) -> NotIntercepted:
        if self._silenced.has(host):
            return NotIntercepted(errno.ECONNREFUSED, os.strerror(errno.ECONNREFUSED))
        line, text = refusal(host, port, [origin.url for origin in self._origins])
        if (host, port) not in self._told:  # a client that tries again has not gone wrong twice
            self._told.add((host, port))
            self.ledger.problems.append(Problem("unexpected", self.name, text))
        return NotIntercepted(errno.ECONNREFUSED, line)

    # -- proxies

    def _avoid_proxies(self, host: str) -> None:
        """Keep clients from asking a proxy for *host*, where the environment names one."""
        if not any(name.lower() in _PROXIES and value for name, value in os.environ.items()):
            return
        before = {name: os.environ.get(name) for name in _NO_PROXIES}
        for name, other in zip(_NO_PROXIES, reversed(_NO_PROXIES), strict=True):
            known = before[name] or before[other]  # where both are there, clients read one of them only
            if known != "*":  # no host has a proxy then; beside others the star would mean nothing
                self._patches.callback(_set_variable, name, before[name])
                os.environ[name] = f"{known},{host.removeprefix('*')}" if known else host.removeprefix("*")


_in_force: list[Interception] = []
"""The one that is, if any."""


def _really(host: str, port: int, family: int) -> tuple[str, int]:
    """Return the first address of *family* that *host* really has."""
    with own_traffic():
        address: tuple[str, int] = socket.getaddrinfo(host, port, family, socket.SOCK_STREAM)[0][4][:2]  # type: ignore[assignment]  # of an address of the internet these two are first
    return address


def _set_variable(name: str, value: str | None) -> None:
    if value is None:
        os.environ.pop(name, None)
    else:
        os.environ[name] = value


def _is_address(host: str) -> bool:
    """Tell whether *host* is an address, about which the connect decides; or an abbreviated one, as 127.1."""
    return ":" in host or host.replace(".", "").isdigit()


def _authority_in_pem() -> bytes:
    from pytest_integrations.wire.certificates import interception_authority

    return interception_authority().pem
