"""A part of the ledger at one moment, which can be sliced, filtered and compared as a list is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, Self, TypeVar, overload

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from .ledger import Ledger

__all__ = ["Excerpt"]

T = TypeVar("T")


class Excerpt(Sequence[T]):
    """Some entries of a ledger, in order; what comes later does not change it. A part of an excerpt is one again."""

    __slots__ = ("_entries", "ledger")

    def __init__(self, entries: Iterable[T], ledger: Ledger) -> None:
        """Take a snapshot of *entries*, which are in *ledger*."""
        self._entries: tuple[T, ...] = tuple(entries)
        self.ledger: Ledger = ledger
        """The ledger that they are in."""

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> Self: ...
    def __getitem__(self, index: int | slice) -> T | Self:
        """Return one entry, or those of a slice."""
        if isinstance(index, slice):
            return type(self)(self._entries[index], self.ledger)
        return self._entries[index]

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._entries)

    def __iter__(self) -> Iterator[T]:
        """Iterate over them, in order."""
        return iter(self._entries)

    def __eq__(self, other: object) -> bool:
        """Tell whether *other*, a list say, holds the same: `fake_rest.calls == []`."""
        return isinstance(other, Sequence) and not isinstance(other, str) and list(self) == list(other)

    __hash__: ClassVar[None]  # type: ignore[assignment]  # as a list, which it compares with

    def where(self, predicate: Callable[[T], object]) -> Self:
        """Return those that *predicate* is true of."""
        return type(self)(filter(predicate, self._entries), self.ledger)

    def __repr__(self) -> str:
        """Show one entry a line."""
        rows = "".join(f"\n  {entry!r}," for entry in self._entries)
        return f"{type(self).__name__}([{rows}\n])" if rows else f"{type(self).__name__}([])"
