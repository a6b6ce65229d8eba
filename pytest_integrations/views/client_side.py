"""What the client did not send: calls that were shed, by a breaker that was open, say.

They leave nothing on the wire. They are known where a test makes its calls through `ClientCalls`, which writes in the
ledger what came of each: one that raised although nothing arrived, and not because the network refused it, was shed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .general_names import general_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_integrations.core.call import Call
    from pytest_integrations.core.client_call import ClientCall

__all__ = ["place_of", "shed_by_place"]


def shed_by_place(calls: Sequence[Call], clients: Iterable[Sequence[ClientCall]]) -> dict[tuple[str, str], int]:
    """Return how many calls of the *clients* were shed, by the fake and operation that they would have gone to.

    That is where the last call of the same client with the same function went; what a client never reached has no
    place. While several calls are under way at once, one that was shed may pass for one that arrived, so the number is
    the least that it can be. A place that a client reached and shed nothing from has 0.
    """
    by_number = {call.seq: place_of(call) for call in calls}
    found: dict[tuple[str, str], int] = {}
    for client in clients:
        reached: dict[str, tuple[str, str]] = {}
        for one in sorted(client, key=_beginning):
            arrived = [by_number[seq] for seq in range(one.first, one.last + 1) if seq in by_number]
            if arrived:
                reached[one.name] = arrived[-1]
                for place in arrived:
                    found.setdefault(place, 0)
            elif one.name in reached and _was_shed(one):
                found[reached[one.name]] += 1
    return found


def place_of(call: Call) -> tuple[str, str]:
    """Return the integration point of *call*: its fake, and the general name of its operation."""
    return call.fake, general_name(call.operation)


def _beginning(call: ClientCall) -> int:
    return call.began


def _was_shed(call: ClientCall) -> bool:
    """Tell whether *call*, of which nothing arrived, was kept back by the client, not refused by the network."""
    error = call.error
    if error is None:
        return False
    while error is not None:
        if isinstance(error, OSError):
            return False
        error = error.__cause__ or error.__context__
    return True
