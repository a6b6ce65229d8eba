"""Which fakes a case is about, and the ledger that tells of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_integrations.backends.fake import Fake
from pytest_integrations.core.errors import ScriptingError
from pytest_integrations.core.ledger import Ledger

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .case import Case

__all__ = ["scene"]


def scene(case: Case, client: Any, fakes: Iterable[Fake]) -> tuple[Sequence[Fake], Ledger]:
    """Return the fakes that *case* is about, and their ledger; without any, one of its own that tells the time.

    These are all *fakes*, and those that the case itself names: by its faults, or as its client. If they have ledgers
    of their own, it is about the named ones only.
    """
    named = list(_named(case, client))
    every = list(dict.fromkeys([*fakes, *named]))
    if len(_ledgers(every)) > 1 and named:
        every = [fake for fake in every if any(fake.ledger is each.ledger for each in named)]
    ledgers = _ledgers(every)
    asked = [*(each.name for each in case.resilience), *("received" for _ in case.received)]
    if asked and not ledgers:
        msg = (
            f"case {case.name!r} asks for {asked[0]}, but there is no fake whose calls could tell: "
            "point the client at one, such as the fixture fake_rest"
        )
        raise ScriptingError(msg)
    if len(ledgers) > 1 and (asked or case.faults):
        names = ", ".join(fake.name for fake in every)
        msg = f"the fakes {names} have ledgers of their own: give them one, ledger=Ledger(), or make them by `fakes`"
        raise ScriptingError(msg)
    return every, ledgers[0] if ledgers else Ledger()


def _named(case: Case, client: Any) -> Iterable[Fake]:
    yield from (getattr(each.place, "fake", each.place) for each in case.faults if each.place is not None)
    tested = client if case.client is None else case.client
    if isinstance(tested, Fake):
        yield tested


def _ledgers(fakes: Iterable[Fake]) -> list[Ledger]:
    return list({id(fake.ledger): fake.ledger for fake in fakes}.values())
