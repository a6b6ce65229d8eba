"""What every fault can do: be shown, be named, be added."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, get_args

import pytest

from pytest_integrations.core.call import Connection
from pytest_integrations.core.clock import REAL
from pytest_integrations.core.effect import Answer
from pytest_integrations.core.errors import ScriptingError
from pytest_integrations.core.fault import Fault, Occasion, Together
from pytest_integrations.core.queue_call import Kind, QueueCall
from pytest_integrations.core.seed import Seed
from pytest_integrations.faults.queue import duplicate, lost_confirm

from .plain_faults import endless, idle, mark, say, stop_upload, turn_away

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_integrations.core.clock import Clock
    from pytest_integrations.core.effect import Effect
    from pytest_integrations.core.fault import Acting


@dataclass(frozen=True, slots=True, repr=False)
class spelled(Fault):  # noqa: N801 -- faults are called by a word
    first: int = 1
    second: float = 2.0
    third: str = field(default="c", kw_only=True)


@dataclass(frozen=True, slots=True, repr=False)
class counting(Fault):  # noqa: N801 -- as above
    """A fault with a memory: it answers 500, 501, 502, …"""

    def begin(self, clock: Clock) -> Acting:
        return _Counting()


class _Counting:
    def __init__(self) -> None:
        self.count = 0

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        self.count += 1
        return say(499 + self.count).effects(occasion)


def _occasion() -> Occasion:
    return Occasion(1, Seed().stream("test"))


def _codes(effects: Iterable[Effect]) -> list[int]:
    return [effect.reply.status for effect in effects if isinstance(effect, Answer)]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("fault", "shown"),
    [
        (spelled(), "spelled()"),
        (spelled(5), "spelled(5)"),
        (spelled(5, 6.0), "spelled(5, 6.0)"),
        (spelled(1, 6.0), "spelled(second=6.0)"),
        (spelled(third="d"), "spelled(third='d')"),
        (spelled(5, third="d"), "spelled(5, third='d')"),
        (spelled(second=2), "spelled(second=2)"),
        (spelled(True), "spelled(True)"),  # equal to 1, but not what was written
        (say(501) + spelled(5) + idle(), "say(501) + spelled(5) + idle()"),
    ],
    ids=repr,
)
def test_a_fault_shows_how_it_is_written(fault: Fault, shown: str) -> None:
    """What was set, in the shortest way to write it, and no defaults."""
    assert repr(fault) == shown
    if "+" not in shown:
        assert eval(shown) == fault


def test_names() -> None:
    """A fault is called by its word, a sum by all of its words."""
    assert (say().name, (say() + idle()).name) == ("say", "say+idle")


def test_a_sum_is_flat_and_yields_in_order() -> None:
    """Sums of sums are one sum."""
    total = (say(501) + say(502)) + (say(503) + say(504))

    assert isinstance(total, Together)
    assert len(total.faults) == 4
    assert _codes(total.effects(_occasion())) == [501, 502, 503, 504]


def test_a_sum_is_for_what_its_parts_are_for() -> None:
    """It names the kinds that a part names, and happens only to what all parts can happen to."""
    assert (say() + idle()).kinds == frozenset()
    assert (idle() + duplicate()).kinds == duplicate.kinds
    calls = {kind: QueueCall("fake", Connection(1, "fake", 0.0), "x", kind=kind) for kind in get_args(Kind)}
    assert [kind for kind, call in calls.items() if (idle() + duplicate()).acts_on(call)] == ["receive", "deliver"]
    assert not any((duplicate() + lost_confirm()).acts_on(call) for call in calls.values())


def test_a_sum_is_decided_at_the_earliest_moment_that_a_part_needs() -> None:
    """Upload and call can be added, and are decided at the head; others cannot."""
    assert (say() + idle()).scope == "call"
    assert (say() + stop_upload()).scope == "upload"
    assert (turn_away() + turn_away()).scope == "connection"
    with pytest.raises(
        ScriptingError, match=r"cannot be added: say \(call\), turn_away \(connection\); inject them one by one"
    ):
        say() + turn_away()


def test_a_sum_stands_if_a_part_stands() -> None:
    """One part that acts until it is healed makes the whole do so."""
    assert (say() + endless()).standing
    assert not (say() + idle()).standing


def test_the_parts_of_a_sum_keep_their_memories() -> None:
    """What acts in one script begins anew in the next."""
    total = say(400) + counting()
    one, two = total.begin(REAL), total.begin(REAL)

    assert [_codes(one.effects(_occasion())), _codes(one.effects(_occasion()))] == [[400, 500], [400, 501]]
    assert _codes(two.effects(_occasion())) == [400, 500]


def test_a_fault_must_say_what_it_does() -> None:
    """One without effects of its own cannot act."""
    with pytest.raises(NotImplementedError, match="spelled"):
        spelled().effects(_occasion())


def test_what_bites() -> None:
    """A fault bites if it yields anything, unless it says that this did no harm."""
    effects: Sequence[Effect] = tuple(say().effects(_occasion()))
    assert (say().bites(effects), say().bites(()), mark().bites(effects)) == (True, False, False)
