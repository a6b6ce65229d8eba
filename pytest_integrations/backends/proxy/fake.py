"""A TCP proxy with faults, in front of any real service or fake."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from pytest_integrations.backends.listening import ListeningFake
from pytest_integrations.core import effect, stream
from pytest_integrations.core.errors import CannotPerform, IntegrationsError
from pytest_integrations.core.fault import Occasion
from pytest_integrations.core.own_traffic import own_traffic
from pytest_integrations.core.settings import seconds
from pytest_integrations.core.tunnel_call import TunnelCall
from pytest_integrations.faults.connection import connection_refused
from pytest_integrations.wire.loop import shared_loop
from pytest_integrations.wire.tunnel.tunnel import Tunnel
from pytest_integrations.wire.upstream import resolve

from .streams import stream_effects
from .upstream import Upstream

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import timedelta

    from pytest_integrations.core.call import Connection
    from pytest_integrations.core.clock import Clock
    from pytest_integrations.core.fault import Fault
    from pytest_integrations.core.ledger import Ledger
    from pytest_integrations.core.script import Rule, Script
    from pytest_integrations.core.seed import Seed
    from pytest_integrations.wire.upstream import Address

__all__ = ["FakeProxy"]


class FakeProxy(ListeningFake):
    """A proxy that passes connections on to a real service, and spoils them as it is told.

    It does not look at what passes: every protocol over TCP will do, TLS is passed through. Each connection is one call
    in the ledger. Faults take hold of connections, of those that are open too, in the order of opening; `toxics` are
    those that Toxiproxy has, and of the others those will do that can be told in bytes and seconds.

    In virtual time a server in another process is out of reach: nobody can know whether it is still at work, and the
    clock would jump meanwhile. Fakes as upstream are not concerned.

    ```python
    import requests
    from pytest_integrations.faults import toxics

    fake_rest.get("/users").reply(json=["ada"])
    with FakeProxy(fake_rest) as proxy:
        with proxy.injected(toxics.latency(0.05)):
            assert requests.get(f"{proxy.url}/users").elapsed.total_seconds() > 0.04
        assert proxy.calls[0].connection.sent > 50
    ```
    """

    protocol = "tcp"
    speaks_tls = False
    performs: frozenset[type[effect.Effect]] = frozenset({
        effect.Cut, effect.Delay, effect.Refuse, effect.Trickle, effect.Work, stream.Lag, stream.Limit, stream.Linger,
        stream.Pace, stream.Sever, stream.Silence, stream.Slices,
    })  # fmt: skip

    def __init__(
        self,
        upstream: str | tuple[str, int] | ListeningFake,
        name: str = "fake_proxy",
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        connect_timeout: float | timedelta = 5.0,
        ledger: Ledger | None = None,
        seed: Seed | None = None,
        clock: Clock | None = None,
    ) -> None:
        """Make a proxy called *name* in front of *upstream*.

        That is `"host:port"`, `"[::1]:port"`, `(host, port)`, a URL that a client takes (`url` is the same by the
        proxy), or a running fake. Its name is looked up when the proxy starts; each of its addresses has
        *connect_timeout* seconds to answer.
        """
        super().__init__(name, host=host, port=port, ledger=ledger, seed=seed, clock=clock)
        self.upstream: Upstream = Upstream.of(upstream)
        self.connect_timeout: float = seconds("connect_timeout", connect_timeout)
        self.addresses: tuple[Address, ...] = ()
        self._tunnels: dict[Tunnel, set[Rule]] = {}
        """The connections that are open, and which rules have been asked about each of them."""
        self._down: Rule | None = None

    # -- life

    def _open(self) -> None:
        upstream = self.upstream
        try:
            with own_traffic():
                self.addresses = resolve(upstream.host, upstream.port)
        except OSError as error:
            msg = f"{self.name} cannot find {upstream.host!r}: {error.strerror}; write the address, such as 127.0.0.1"
            raise IntegrationsError(msg) from error
        super()._open()

    def _close(self) -> None:
        self._drop_tunnels()
        super()._close()
        self._drop_tunnels()  # those that came in meanwhile
        self._down = None

    def _drop_tunnels(self) -> None:
        if self._tunnels:
            shared_loop().call(self._drop_all)

    def _drop_all(self) -> None:
        for tunnel in tuple(self._tunnels):
            tunnel.drop()

    @property
    def url(self) -> str:
        """Where clients connect: the upstream's own URL by way of the proxy, or `tcp://127.0.0.1:49152`."""
        return self.upstream.url_by(self.host, self.port)

    @property
    def address(self) -> tuple[str, int]:
        """Host and port where clients connect."""
        return self._host, self.port

    # -- connections; on the loop

    def _speak(self, connection: Connection) -> Tunnel:
        connection.calls = 1
        return Tunnel(shared_loop(), self, TunnelCall(self.name, connection, str(self.upstream)))

    def begin(self, tunnel: Tunnel) -> None:
        """Record that a connection came in, and let the faults that are for it take hold of it."""
        self.ledger.add(tunnel.call)
        self._tunnels[tunnel] = set()
        for rule in self.script.rules or self.profile.rules:
            self._apply(rule, tunnel)

    def over(self, tunnel: Tunnel) -> None:
        """Forget *tunnel*."""
        self._tunnels.pop(tunnel, None)

    def _apply(self, rule: Rule, tunnel: Tunnel) -> None:
        """Let *rule* decide about *tunnel*, once."""
        asked, call = self._tunnels[tunnel], tunnel.call
        is_open = rule.when.is_open(rule.clock.monotonic() - rule.injected)
        if rule in asked or not is_open or call.connection.closed is not None:
            return
        asked.add(rule)
        decision = rule.consider(("call", "upload"), call, call.connection.id)
        if decision is None or decision.fault is None:
            return
        call.fault = decision.fault if call.fault is None else call.fault + decision.fault
        call.connection.fault = call.fault
        tunnel.add(rule, stream_effects(decision.effects))

    # -- faults

    def down(self) -> Rule:
        """Take the service down: connections are closed, new ones refused; `up` ends that. Harmless when it is down."""
        if self._down is None:
            self._down = self.inject(connection_refused())
        return self._down

    def up(self) -> None:
        """Bring the service up again; harmless when it is."""
        if self._down is not None:
            self.heal(self._down)

    def _check(self, fault: Fault) -> None:
        __tracebackhide__ = True
        super()._check(fault)
        try:
            stream_effects(fault.effects(Occasion(1, self.seed.stream("check"))))
        except CannotPerform as error:
            msg = f"{self.name} cannot perform {fault!r}: {error}"
            raise CannotPerform(msg) from None

    def _inject(self, script: Script, faults: tuple[Fault, ...], when: dict[str, Any], origin: str = "test") -> Rule:
        __tracebackhide__ = True
        rule = super()._inject(script, faults, when, origin)
        if rule.scopes <= {"call", "upload"}:
            hold, let_go = partial(self._take_hold, rule), partial(self._let_go, (rule,))
            shared_loop().call(lambda: self._in_its_time(rule, hold, let_go))
        return rule

    def _take_hold(self, rule: Rule) -> None:
        """Let *rule* decide about the connections that are open."""
        if self._is_running and rule in (self.script.rules or self.profile.rules):
            for tunnel in tuple(self._tunnels):
                self._apply(rule, tunnel)

    def _let_go(self, rules: Iterable[Rule]) -> None:
        for tunnel in tuple(self._tunnels):
            for rule in rules:
                tunnel.remove(rule)

    def heal(self, rule: Rule | None = None) -> None:
        """Take *rule* out, or all that the test injected; what is held goes on, and a port that was down is up."""
        rules = self.script.rules if rule is None else (rule,)
        super().heal(rule)
        if self._down in rules:
            self._down = None
        if self._tunnels:
            shared_loop().call(lambda: self._let_go(rules))

    def clear_profile(self) -> None:
        """Take out all that profiles have added."""
        rules = self.profile.rules
        super().clear_profile()
        if self._tunnels:
            shared_loop().call(lambda: self._let_go(rules))
