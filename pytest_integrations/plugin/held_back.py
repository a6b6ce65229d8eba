"""What the fakes of a test hold back, for a test that waits for ever."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .record import RECORD

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest

__all__ = ["held_back"]


def held_back(item: pytest.Item) -> Iterator[str]:
    """Yield a line for each call that a fake of the test has not answered."""
    record = item.stash.get(RECORD, None)
    for fake in record.fakes if record is not None else ():
        for call in fake.calls:
            if call.end is None:
                fault = f" <- {call.fault!r}" if call.fault is not None else ""
                yield f"{fake.name} holds back #{call.seq} {call.operation}{fault}"
