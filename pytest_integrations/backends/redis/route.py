"""One declared queue, as the ledger sees it: where its messages wait, and who has taken them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_integrations.core.delivery import QueueEvent, QueueMessage

__all__ = ["Copy", "Route", "Shelf", "Way"]

Way = Literal["list", "stream"]


@dataclass(slots=True, eq=False)
class Copy:
    """One copy of a message in a queue."""

    message: QueueMessage
    token: bytes
    """What Redis knows it by: its body in a list, its id in a stream."""
    body: bytes
    delivery: QueueEvent | None = None
    """The delivery by which somebody has it now."""
    session: int = 0
    """The number of the client that has it."""
    is_popped: bool = False
    """Whether Redis has forgotten it, so that it is where its consumer is and nowhere else."""
    is_answered: bool = False
    """Whether the answer with it went out."""
    is_taken_back: bool = False
    """Whether a fault has given it to others as well, while Redis still lets its first consumer acknowledge it."""
    leaving: bool = False
    """Whether the command or transaction that is running takes it away from its consumer."""


class Shelf:
    """Copies by token; of several with the same one, the oldest first."""

    def __init__(self) -> None:
        """Begin empty."""
        self._copies: dict[bytes, list[Copy]] = {}
        self._count = 0

    def __len__(self) -> int:
        """Return how many there are."""
        return self._count

    def __iter__(self) -> Iterator[Copy]:
        """Iterate over all."""
        return iter([copy for copies in self._copies.values() for copy in copies])

    def put(self, copy: Copy) -> None:
        """Add a copy."""
        self._copies.setdefault(copy.token, []).append(copy)
        self._count += 1

    def take(self, token: bytes) -> Copy | None:
        """Remove and return the oldest copy with this *token*."""
        copies = self._copies.get(token)
        if not copies:
            return None
        copy = copies[0]
        self.remove(copy)
        return copy

    def remove(self, copy: Copy) -> None:
        """Remove this *copy*."""
        copies = self._copies[copy.token]
        copies.remove(copy)
        self._count -= 1
        if not copies:
            del self._copies[copy.token]

    def __contains__(self, copy: Copy) -> bool:
        """Tell whether this very *copy* is here."""
        return copy in self._copies.get(copy.token, ())

    def find(self, suits: Callable[[Copy], bool]) -> Copy | None:
        """Return the oldest copy that *suits*."""
        return next(filter(suits, self), None)

    def with_token(self, token: bytes) -> list[Copy]:
        """Return the copies with this *token*, the oldest first."""
        return list(self._copies.get(token, ()))


@dataclass(slots=True, eq=False)
class Route:
    """A queue, the key that holds it, and the keys that its messages go to."""

    name: str
    way: Way = "list"
    dead_letter: str | None = None
    processing: str | None = None
    group: str | None = None
    max_length: int | None = None
    is_declared: bool = True
    """False for what is only somebody's dead-letter queue."""
    waiting: Shelf = field(default_factory=Shelf)
    taken: Shelf = field(default_factory=Shelf)

    @property
    def key(self) -> bytes:
        """The key that holds the queue."""
        return self.name.encode()

    @property
    def keys(self) -> frozenset[bytes]:
        """All keys that a message of it can be in."""
        return frozenset(name.encode() for name in (self.name, self.dead_letter, self.processing) if name)

    @property
    def keeps_popped(self) -> bool:
        """Whether what a client has popped counts as its own until it asks for more.

        Redis itself forgets it at once. But only so can one see that the client puts it into the dead-letter queue.
        """
        return self.dead_letter is not None or not self.is_declared
