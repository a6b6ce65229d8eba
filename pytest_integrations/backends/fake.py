"""What every fake has in common: a name, a life, a script, and its part of the ledger."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self

from pytest_integrations.core.clock import IN_FORCE
from pytest_integrations.core.effect import Refuse
from pytest_integrations.core.errors import CannotPerform, FakeStopped, ScriptingError
from pytest_integrations.core.fault import Occasion
from pytest_integrations.core.ledger import Ledger, Outage
from pytest_integrations.core.script import Rule, Script
from pytest_integrations.core.seed import Seed
from pytest_integrations.core.watch import announce
from pytest_integrations.core.when import When
from pytest_integrations.wire.loop import shared_loop

from .handlers import shared_runner

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from types import TracebackType

    from pytest_integrations.core.call import Connection
    from pytest_integrations.core.clock import Clock
    from pytest_integrations.core.effect import Effect
    from pytest_integrations.core.fault import Fault
    from pytest_integrations.core.ledger import Calls
    from pytest_integrations.wire.listener import Listener
    from pytest_integrations.wire.loop import Timer

__all__ = ["Fake"]


class Fake:
    """A backend that lives in this process, speaks its real protocol on loopback, and fails as it is told.

    Every fake is a context manager that needs no pytest; leaving it without another error raises what the fake itself
    found wrong: a call that nothing answers, a handler that failed.
    """

    protocol = "tcp"
    performs: frozenset[type[Effect]] = frozenset()
    """The effects that this fake's wire can perform."""

    def __init__(
        self,
        name: str,
        *,
        ledger: Ledger | None = None,
        seed: Seed | None = None,
        clock: Clock = IN_FORCE,
    ) -> None:
        """Make a fake called *name* in reports; `start` opens its port. Without a *ledger* it has one of its own."""
        self.name = name
        self.ledger: Ledger = Ledger(clock, _settle_shared_loop) if ledger is None else ledger  # an empty one is false
        self.seed: Seed = seed or Seed()
        self.script: Script = Script()
        """The faults that the test injected, for all operations of this fake."""
        self.profile: Script = Script()
        """The faults that a profile adds; it leaves alone what the test has scripted itself."""
        self._is_running = False
        self._timers: list[Timer] = []

    # -- life

    def start(self) -> Self:
        """Open the port; about 0.1 ms, no thread of its own."""
        if not self._is_running:
            self._open()
            self._is_running = True
            _running.add(self)
            announce(self)
        return self

    def stop(self) -> None:
        """Close the port and every connection; nothing is left of them when this returns. Harmless when stopped."""
        if self._is_running:
            self._is_running = False
            for timer in self._timers:
                timer.cancel()  # or it would be something to wait for, in virtual time, in the next test
            self._timers.clear()
            self._close()
            _running.discard(self)
            if not _running:
                shared_runner().dismiss()

    @property
    def is_running(self) -> bool:
        """Whether its port is open."""
        return self._is_running

    def _open(self) -> None:
        raise NotImplementedError(type(self))

    def _close(self) -> None:
        raise NotImplementedError(type(self))

    def __enter__(self) -> Self:
        """Start."""
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop; raise what went wrong at the fake, unless something else was raised before."""
        __tracebackhide__ = True
        self.ledger.settle()
        self.stop()
        if error is None:
            self.verify()

    def verify(self) -> None:
        """Raise what the fake found wrong by itself: calls that nothing answers, handlers that failed.

        Called at the end of `with`, and by the plugin at the end of each test; call it earlier to fail earlier, or to
        expect the failure. What it has raised once it does not raise again.
        """
        __tracebackhide__ = True
        self.ledger.verify(self.name)

    # -- the ledger

    @property
    def calls(self) -> Calls:
        """What this fake was asked so far, oldest first; a snapshot."""
        return self.ledger.calls_to(self.name)

    @property
    def connections(self) -> tuple[Connection, ...]:
        """The connections to this fake so far, in the order of opening."""
        return tuple(connection for connection in self.ledger.connections if connection.fake == self.name)

    def logical_call(self) -> AbstractContextManager[None]:
        """Count the calls that come in meanwhile as attempts of one logical call."""
        return self.ledger.logical_call()

    # -- faults

    @property
    def scripts(self) -> tuple[Script, ...]:
        """What the test scripted: for the fake as a whole first, then for its operations."""
        return (self.script,)

    def inject(self, *faults: Fault, **when: Any) -> Rule:
        """Script *faults*, one per call in this order; *when* words say which calls (see the when-grammar).

        Returns the rule; `fake.heal(rule)` takes it out again.
        """
        __tracebackhide__ = True  # a mistake in a script is shown at the line of the script
        return self._inject(self.script, faults, when)

    def inject_from(self, profile: str, faults: tuple[Fault, ...], when: dict[str, Any]) -> Rule:
        """Add *faults* of the profile of this name; they leave alone what the test has scripted itself."""
        return self._inject(self.profile, faults, when, origin=profile)

    def clear_profile(self) -> None:
        """Take out all that profiles have added."""
        self._reopen()
        self.profile.clear()

    def _reopen(self) -> None:
        """End what a profile does to the port itself, which would be done to the test's own script as well."""
        for rule in self.profile.rules:
            if rule.scopes == {"listener"}:
                self.profile.remove(rule)
                shared_loop().call(self._bring_up)

    def _inject(self, script: Script, faults: tuple[Fault, ...], when: dict[str, Any], origin: str = "test") -> Rule:
        __tracebackhide__ = True
        self._must_run()
        rule = Rule(faults, When.of(when), fake=self.name, seed=self.seed, clock=self.ledger.clock, origin=origin)
        for fault in faults:
            self._check(fault)
        if script is not self.profile:
            self._reopen()
        script.add(rule)
        if rule.scopes == {"listener"}:
            try:
                self._schedule(rule, script)
            except ScriptingError:
                script.remove(rule)
                raise
        return rule

    def _check(self, fault: Fault) -> None:
        """Refuse a fault that the wire of this fake cannot perform."""
        __tracebackhide__ = True
        for effect in fault.effects(Occasion(1, self.seed.stream("check"))):
            if type(effect) not in self.performs:
                able = ", ".join(sorted(kind.__name__ for kind in self.performs))
                msg = (
                    f"{self.name} ({self.protocol}) cannot perform {fault!r}: "
                    f"it needs {type(effect).__name__}; it can: {able}"
                )
                raise CannotPerform(msg)

    @contextmanager
    def injected(self, *faults: Fault, **when: Any) -> Iterator[Rule]:
        """Script *faults* for the length of a `with` block."""
        rule = self.inject(*faults, **when)
        try:
            yield rule
        finally:
            self.heal(rule)

    def heal(self, rule: Rule | None = None) -> None:
        """Take *rule* out, or all that the test injected into the fake; a port that was down is up again."""
        for script in self.scripts:
            for each in script.rules if rule is None else (rule,):
                script.remove(each)
                if each.scopes == {"listener"} and self._is_running:
                    shared_loop().call(self._bring_up)

    # -- the port itself

    def _listener(self) -> Listener:
        raise NotImplementedError(type(self))

    def _schedule(self, rule: Rule, script: Script) -> None:
        """Let a fault of the port itself begin and end by the clock."""

        def begin() -> None:
            if self._is_running and rule in script.rules:
                rule.fired += 1
                self.ledger.outages.append(Outage(self.name, rule.faults[0], self.ledger.now()))
                for effect in rule.faults[0].effects(Occasion(1, self.seed.stream("listener"))):
                    if isinstance(effect, Refuse):
                        self._take_down(effect)

        def end() -> None:
            if self._is_running and rule in script.rules:
                self._bring_up()

        shared_loop().call(lambda: self._in_its_time(rule, begin, end))

    def _in_its_time(self, rule: Rule, begin: Callable[[], object], end: Callable[[], object]) -> None:
        """Call *begin* and *end* when the words of *rule* say so, unless the fake has stopped by then; on the loop."""
        loop = shared_loop()
        after, during = rule.when.after or 0.0, rule.when.during
        if after:
            self._timers.append(loop.call_later(after, begin))
        else:
            begin()
        if during is not None:
            self._timers.append(loop.call_later(after + during, end))

    def _take_down(self, effect: Refuse) -> None:
        raise NotImplementedError(type(self))

    def _bring_up(self) -> None:
        self._listener().heal()

    def _must_run(self) -> None:
        if not self._is_running:
            msg = (
                f"{self.name} is not running: use it inside its test, or inside `with {type(self).__name__}() as fake:`"
            )
            raise FakeStopped(msg)

    def __repr__(self) -> str:
        """Show the name and whether it runs."""
        return f"<{type(self).__name__} {self.name!r}{'' if self._is_running else ' (stopped)'}>"


_running: set[Fake] = set()
"""The fakes that run; with the last one the worker threads go."""


def _settle_shared_loop() -> None:
    shared_loop().settle()
