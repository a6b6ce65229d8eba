"""From a message and its effects to a performance."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_integrations.core.effect import Answer, Cut, Delay, Garble, Tamper, Trickle, Work

from .performance import End, Performance

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_integrations.core.effect import Effect
    from pytest_integrations.core.message import Message

__all__ = ["cut_point", "garbled", "is_done", "perform", "tampered"]

_ENDS: dict[str, End] = {"reset": "reset", "close": "finish", "stall": "stall"}


def is_done(effects: Sequence[Effect]) -> bool:
    """Tell whether what was asked is done: if the effects say so, else if the client gets some of its own answer."""
    for effect in effects:
        if isinstance(effect, Work):
            return effect.runs
    return not any(
        isinstance(effect, (Answer, Garble))
        or (isinstance(effect, Cut) and effect.part == "answer" and effect.offset == 0)
        for effect in effects
    )


def tampered(message: Message, effects: Sequence[Effect]) -> tuple[Message, bool]:
    """Return *message* as the tampering effects leave it, and whether one that spoils has changed anything."""
    spoiled = False
    for effect in effects:
        if isinstance(effect, Tamper):
            before, message = message, effect.change(message)
            spoiled = spoiled or (effect.spoils and message != before)
    return message, spoiled


def garbled(answer: bytes, effects: Sequence[Effect]) -> tuple[bytes, bool]:
    """Return the bytes that go out in the place of *answer*, and whether that is nonsense now."""
    nonsense = [effect.data for effect in effects if isinstance(effect, Garble)]
    return (nonsense[-1], True) if nonsense else (answer, False)


def perform(message: Message, effects: Sequence[Effect]) -> Performance:
    """Lay *message*, already tampered with, out in time as the other effects say."""
    delay = sum(effect.seconds for effect in effects if isinstance(effect, Delay))
    pieces = [(0.0, message.preface)] if message.preface else []
    pieces += _paced(message.head, "head", effects)
    pieces += _paced(message.content, "body", effects)
    if message.trailer:
        pieces.append((0.0, message.trailer))
    cut = next((effect for effect in effects if isinstance(effect, Cut) and effect.part != "upload"), None)
    end: End = "keep" if message.persistent else "finish"
    patience = None
    if cut is not None:
        pieces = _truncated(pieces, cut_point(message, cut))
        end, patience = _ENDS[cut.how], cut.seconds
    pieces = _merged(pieces)
    if delay:
        first = pieces[0] if pieces else (0.0, b"")
        pieces[:1] = [(first[0] + delay, first[1])]
    return Performance(tuple(pieces), end, patience)


def cut_point(message: Message, cut: Cut) -> int:
    """Return how many bytes of the whole answer go out before *cut*."""
    before, head, content = len(message.preface), len(message.head), len(message.content)
    start, length = {
        "answer": (0, before + head + content + len(message.trailer)),
        "head": (before, head),
        "body": (before + head, content),
    }[cut.part]
    offset = int(length * cut.offset) if isinstance(cut.offset, float) else min(cut.offset, length)
    return start + offset


def _paced(data: bytes, part: str, effects: Iterable[Effect]) -> list[tuple[float, bytes]]:
    """Return *data* in pieces, as the first trickle of this *part* wants it, or in one."""
    if not data:
        return []
    trickle = next((effect for effect in effects if isinstance(effect, Trickle) and effect.part == part), None)
    if trickle is None:
        return [(0.0, data)]
    pieces: list[tuple[float, bytes]] = []
    position = 0
    for size in trickle.split(len(data)):
        pause = trickle.pause if pieces or trickle.first else 0.0
        pieces.append((pause, data[position : position + size]))
        position += size
    if position < len(data):
        pieces.append((trickle.pause, data[position:]))
    return pieces


def _truncated(pieces: list[tuple[float, bytes]], length: int) -> list[tuple[float, bytes]]:
    """Return the *pieces* up to *length* bytes in all."""
    kept = []
    for pause, data in pieces:
        if length <= 0:
            break
        kept.append((pause, data[:length]))
        length -= len(data)
    return kept


def _merged(pieces: list[tuple[float, bytes]]) -> list[tuple[float, bytes]]:
    """Join pieces without a pause between them: head and body go out in one send, as good servers do."""
    merged: list[tuple[float, bytes]] = []
    for pause, data in pieces:
        if merged and not pause:
            merged[-1] = (merged[-1][0], merged[-1][1] + data)
        else:
            merged.append((pause, data))
    return merged
