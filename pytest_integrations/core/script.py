"""Scripts: which fault happens to which call.

    inject(a, b, **when)  ->  one Rule: the faults a, b and the words of when, with counters of its own
    a Script              ->  the rules of one fake (or of one route) in order; the first that acts takes the call

All decisions are made on the wire's one thread, so that counters need no locks and the order is that of the ledger.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from .errors import ScriptingError
from .fault import Fault, Occasion

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable

    from .call import Call
    from .clock import Clock
    from .effect import Effect
    from .seed import Seed
    from .when import When

__all__ = ["Decision", "Rule", "Script", "decide"]

_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")
"""What differs from run to run in the `repr` of a function, and must not decide what is drawn."""


@dataclass(frozen=True, slots=True)
class Decision:
    """A fault that happens now, and the effects it asked for; without a fault, effects that do no harm."""

    fault: Fault | None
    effects: tuple[Effect, ...]
    rule: Rule


class Rule:
    """The faults of one `inject(...)` with the words of when, and how far they have been played."""

    def __init__(
        self, faults: tuple[Fault, ...], when: When, *, fake: str, seed: Seed, clock: Clock, origin: str = "test"
    ) -> None:
        """Script *faults* for *fake*; *origin* is `"test"`, or the name of the profile that the rule comes from."""
        __tracebackhide__ = True
        _check(faults, when)
        self.faults = faults
        self.scopes: frozenset[str] = frozenset(fault.scope for fault in faults)
        """The moments at which its faults are decided."""
        self.when = when
        self.fake = fake
        self.origin = origin
        self.fired: int = 0
        self.twins: int = 0
        """How many rules with the same faults its script had before: alike, they are not to draw the same numbers."""
        self.seed = seed
        self.clock = clock
        self.injected: float = clock.monotonic()
        self._acting = [fault.begin(clock) for fault in faults]
        self._seen: Counter[Hashable] = Counter()
        self._played: Counter[Hashable] = Counter()
        self._drawn: Counter[Hashable] = Counter()

    @property
    def endless(self) -> bool:
        """Whether it acts again and again, by the words of when or by its fault's nature."""
        return self.when.endless or (self.when.times is None and self.faults[0].standing)

    @property
    def is_chance(self) -> bool:
        """Whether it may rightly never fire."""
        return self.when.probability is not None

    @property
    def must_fire(self) -> bool:
        """Whether a test that passes without it has tested less than it seems; what only keeps watch need not act."""
        return self.origin == "test" and not self.is_chance and not self.keeps_watch

    @property
    def keeps_watch(self) -> bool:
        """Whether it acts only when a client goes too far."""
        return any(map(_keeps_watch, self.faults))

    @property
    def takes_all(self) -> bool:
        """Whether it has acted on every call, so that rules after it were asked about none."""
        always = self.endless and self.when.counts_nothing and not (self.is_chance or self.keeps_watch)
        limits = (self.when.where, self.when.after, self.when.during)
        return always and bool(self.fired) and limits == (None, None, None)

    @property
    def saw_calls(self) -> bool:
        """Whether it was asked about any call that it is for."""
        return bool(self._seen)

    def consider(self, scopes: tuple[str, ...], call: Call | None, connection: int) -> Decision | None:
        """Decide whether this rule acts, at a moment of these *scopes*, on *call* (None at an accept)."""
        when = self.when
        if self.scopes.isdisjoint(scopes) or not when.is_open(self.clock.monotonic() - self.injected):
            return None
        if when.where is not None and not when.where(call):
            return None
        key = when.key(call, connection)
        played = self._played[key]
        fault = self.faults[played % len(self.faults)]
        if fault.scope not in scopes or self._is_over(played) or not self._suits(fault, call):
            return None
        self._seen[key] += 1
        if not when.chooses(self._seen[key]):
            return None
        decision = self._act(played, call)
        if decision is not None and decision.fault is not None:
            self._played[key] += 1
            self.fired += 1
        return decision

    def _suits(self, fault: Fault, call: Call | None) -> bool:
        """Tell whether *call* is something that *fault* is for; what is spared has to be named, by either of them."""
        if call is None:
            return True
        is_named = call.kind in fault.kinds or getattr(self.when.where, "kind", "") == call.kind
        return fault.acts_on(call) and (is_named or not call.is_spared)

    def _is_over(self, played: int) -> bool:
        """Tell whether the script has been played as often as it was to be."""
        return not self.endless and played >= len(self.faults) * (self.when.times or 1)

    def _act(self, played: int, call: Call | None) -> Decision | None:
        """Let the fault whose turn it is decide, if chance lets it."""
        number = played % len(self.faults)
        fault = self.faults[number]
        operation = call.operation if call is not None else "connect"
        self._drawn[operation] += 1
        twin = (self.twins,) if self.twins else ()
        draw = (self.fake, operation, self._drawn[operation], _ADDRESS.sub("", repr(fault)), *twin)
        probability = self.when.probability
        if probability is not None and self.seed.draw(*draw) >= probability:
            return None
        occasion = Occasion(played // len(self.faults) + 1, self.seed.stream("fault", *draw), call, self.clock)
        effects = tuple(self._acting[number].effects(occasion))
        if fault.bites(effects):
            return Decision(fault, effects, self)
        return Decision(None, effects, self) if effects else None

    def __repr__(self) -> str:
        """Show the rule as it was written."""
        words = [*map(repr, self.faults), *([repr(self.when)] if repr(self.when) else [])]
        return f"inject({', '.join(words)})"


class Script:
    """The rules of one fake or route, in the order of their injection."""

    def __init__(self) -> None:
        """Begin without rules: all calls are healthy."""
        self.rules: tuple[Rule, ...] = ()
        self.scopes: frozenset[str] = frozenset()

    def add(self, rule: Rule) -> None:
        """Append *rule*; the tuples are replaced, never changed, since the wire may be reading them."""
        rule.twins = sum(other.faults == rule.faults for other in self.rules)
        self.rules = (*self.rules, rule)
        self.scopes = self.scopes | rule.scopes

    def remove(self, rule: Rule) -> None:
        """Take *rule* out again, if it is still there."""
        self._keep(other for other in self.rules if other is not rule)

    def clear(self) -> None:
        """Take all rules out."""
        self._keep(())

    def _keep(self, rules: Iterable[Rule]) -> None:
        self.rules = tuple(rules)
        self.scopes = frozenset().union(*(rule.scopes for rule in self.rules))

    def kept_out(self) -> list[Rule]:
        """Return the rules that were to keep watch and saw no call, because one before them took all."""
        taken = next((number for number, rule in enumerate(self.rules) if rule.takes_all), len(self.rules))
        return [rule for rule in self.rules[taken:] if rule.keeps_watch and not rule.saw_calls]

    def decide_connection(self, connection: int) -> Decision | None:
        """Return what is decided about a *connection* that was just accepted."""
        return _decide(self.rules, ("connection",), None, connection)


def decide(scripts: Iterable[Script], call: Call, connection: int) -> Decision | None:
    """Return what the first rule of *scripts* that acts on *call* decides, or None.

    Effects of rules that came before it and did no harm (the header fields of a rate limit) are performed as well.
    """
    rules = [rule for script in scripts for rule in script.rules]
    return _decide(rules, ("upload", "call"), call, connection) if rules else None


def _decide(rules: Iterable[Rule], scopes: tuple[str, ...], call: Call | None, connection: int) -> Decision | None:
    harmless: Decision | None = None
    for rule in rules:
        decision = rule.consider(scopes, call, connection)
        if decision is not None and harmless is not None:
            decision = replace(decision, effects=(*harmless.effects, *decision.effects))
        if decision is not None and decision.fault is not None:
            return decision
        harmless = decision or harmless
    return harmless


def _keeps_watch(fault: Fault) -> bool:
    """Whether *fault* acts when a client goes too far (a rate limit, say), which it need not."""
    parts: tuple[Fault, ...] = getattr(fault, "faults", (fault,))
    return any(type(part).begin is not Fault.begin or type(part).bites is not Fault.bites for part in parts)


def _check(faults: tuple[Any, ...], when: When) -> None:
    """Refuse what cannot be scripted, at the scripting line."""
    __tracebackhide__ = True
    if not faults:
        msg = "inject() needs at least one fault, such as status(503) from pytest_integrations.faults"
        raise ScriptingError(msg)
    for fault in faults:
        if not isinstance(fault, Fault):
            name = getattr(fault, "__name__", None)
            hint = (
                f"write {name}(...)"
                if isinstance(fault, type) and issubclass(fault, Fault)
                else "see pytest_integrations.faults"
            )
            msg = f"{fault!r} is not a fault; {hint}"
            raise ScriptingError(msg)
    standing = next((fault for fault in faults if fault.standing), None)
    if standing is not None and len(faults) > 1:
        msg = f"{standing!r} acts on every call until it is healed, so that nothing can come after it: inject it alone"
        raise ScriptingError(msg)
    if any(fault.scope == "listener" for fault in faults):
        counted = {"times", "skip", "every", "at", "probability", "where"} & {
            word.partition("=")[0] for word in repr(when).split(", ")
        }
        if counted or len(faults) > 1:
            msg = (
                f"{faults[0]!r} happens to connections that never reach the fake, so they cannot be counted: "
                "inject it alone with after=/during=, or use reset_on_accept(), which can be counted"
            )
            raise ScriptingError(msg)
    limit = next((fault for fault in faults if hasattr(fault, "limit") and _keeps_watch(fault)), None)
    if limit is not None and when.per != "fake" and when.counts_nothing:
        way_out = f"say {limit.name}(..., key={when.per!r})" if hasattr(limit, "key") else "inject it into each route"
        msg = (
            f"{limit!r} is asked on every call and counts by itself, so that per={when.per!r} has no effect: {way_out}"
        )
        raise ScriptingError(msg)
    if any(fault.scope == "connection" for fault in faults) and when.where is not None:
        msg = f"{faults[0]!r} is decided when a connection is accepted, before there is a call: where= cannot be asked"
        raise ScriptingError(msg)
