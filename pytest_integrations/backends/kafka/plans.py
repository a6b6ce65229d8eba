"""Which of the next requests get which error: the grammar of *when*, played in advance.

The cluster takes a stack of errors for each kind of request and uses one for each that comes. So a rule is asked about
requests before they are there, and what it says is pushed; what was used of it follows from how many have come.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_integrations.core.queue_call import QueueCall
from pytest_integrations.core.script import Script, decide
from pytest_integrations.faults.kafka import API_KEYS, ERROR_CODES, kafka_error

if TYPE_CHECKING:
    from pytest_integrations.core.call import Connection
    from pytest_integrations.core.script import Rule

    from .cluster import Cluster

__all__ = ["Planned", "Plans"]

_LONGEST = 1000
"""Requests that are planned for, of a rule that has no end."""


@dataclass(frozen=True, slots=True)
class Planned:
    """What the next request of a kind gets: a fault of *rule*, or nothing."""

    rule: Rule
    fault: kafka_error | None


class Plans:
    """What is planned for each kind of request, in the order in which it will be used."""

    def __init__(self, cluster: Cluster) -> None:
        """Plan for *cluster*."""
        self._cluster = cluster
        self._planned: dict[str, deque[Planned]] = {}

    def add(self, rule: Rule, fake: str, connection: Connection) -> None:
        """Plan what *rule* does to the requests of its kind, after what is planned for them already."""
        api = rule.faults[0].api  # type: ignore[attr-defined]  # they were checked
        planned = _played(rule, QueueCall(fake, connection, api))
        self._planned.setdefault(api, deque()).extend(planned)
        self._push(api, planned)

    def remove(self, rule: Rule) -> None:
        """Take out what is left of *rule*."""
        for api, planned in self._planned.items():
            if any(each.rule is rule for each in planned):
                self._planned[api] = deque(each for each in planned if each.rule is not rule)
                self._cluster.clear_errors(API_KEYS[api])
                self._push(api, self._planned[api])

    def take(self, api: str) -> Planned | None:
        """Return what a request of this kind, that has come, has got."""
        planned = self._planned.get(api)
        return planned.popleft() if planned else None

    def suspend(self) -> None:
        """Let requests pass, until `resume`."""
        for api in self._planned:
            self._cluster.clear_errors(API_KEYS[api])

    def resume(self) -> None:
        """Go on with what is planned."""
        for api, planned in self._planned.items():
            self._push(api, planned)

    def _push(self, api: str, planned: deque[Planned] | list[Planned]) -> None:
        codes = [ERROR_CODES[each.fault.code] if each.fault is not None else 0 for each in planned]
        if codes:
            self._cluster.push_errors(API_KEYS[api], codes)


def _played(rule: Rule, call: QueueCall) -> list[Planned]:
    """Return what *rule* does to request after request, up to the last that it does something to."""
    script, planned, last = Script(), [], 0
    script.rules = (rule,)
    for number in range(1, _LONGEST + 1):
        before = rule.fired
        decision = decide((script,), call, call.connection.id)
        fault = decision.fault if decision is not None else None
        planned.append(Planned(rule, fault if isinstance(fault, kafka_error) else None))
        last = number if rule.fired > before else last
    rule.fired = 0  # nothing has come yet
    return planned[:last]
