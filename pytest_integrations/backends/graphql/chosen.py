"""Some of the calls to a fake, by kind and name: for faults, and to look at."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from pytest_integrations.core.settings import among

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_integrations.core.fault import Fault
    from pytest_integrations.core.ledger import Calls
    from pytest_integrations.core.script import Rule

    from .fake import FakeGraphQL

__all__ = ["Operations"]

_KINDS = ("*", "query", "mutation", "subscription", "batch", "connect", "request")


@dataclass(frozen=True, slots=True)
class _Chosen:
    """The `where=` of a script that is for some calls only."""

    kind: str
    name: str
    where: Callable[[Any], object] | None = None

    def __call__(self, call: Any) -> bool:
        """Tell whether *call*, a `GraphQLCall`, is one of them."""
        return (
            self.kind in {"*", call.kind}
            and fnmatchcase(getattr(call, "name", ""), self.name)
            and (self.where is None or bool(self.where(call)))
        )

    def __repr__(self) -> str:
        """Show what was chosen."""
        return f"<{self.kind} {self.name}>"


class Operations:
    """Some of the calls to a fake, by kind and name; made by `fake.on(...)`."""

    def __init__(self, fake: FakeGraphQL, kind: str, name: str) -> None:
        """Choose the calls of *kind* whose operation's name matches *name*."""
        among("kind", kind, _KINDS)
        self.fake = fake
        self.kind = kind
        self.name = name

    def inject(self, *faults: Fault, **when: Any) -> Rule:
        """Script *faults* for these calls only; see `Fake.inject`."""
        __tracebackhide__ = True
        chosen = _Chosen(self.kind, self.name, when.pop("where", None))
        return self.fake.inject(*faults, where=chosen, **when)

    @property
    def received(self) -> Calls:
        """Those that came so far."""
        return self.fake.calls.where(_Chosen(self.kind, self.name))

    def __repr__(self) -> str:
        """Show what was chosen."""
        return f"<{self.kind} {self.name} of {self.fake.name}>"
