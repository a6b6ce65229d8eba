"""What the effects of a decision mean to one call: when to begin, what to change, where to stop."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_integrations.core.effect import Answer, Cut, Delay, Trickle, Work
from pytest_integrations.core.grpc_effect import Abort, Conclude, Depart, HalfFrame, Reframe, Unended
from pytest_integrations.core.http2_effect import ResetStream, Retire

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_integrations.core.effect import Effect
    from pytest_integrations.core.grpc_effect import FrameKind

__all__ = ["HEALTHY", "Plan"]

Stop = Answer | Abort | Conclude | Cut | Retire


class Plan:
    """The effects of one call, by what they are for."""

    __slots__ = ("_reframes", "_stops", "_trickle", "_works", "delay", "half", "is_unended", "resets", "retires")

    def __init__(self, effects: Sequence[Effect], stream: int = 0) -> None:
        """Sort *effects* on the call of *stream*."""
        effects = [_by_stream(effect, stream) for effect in effects]
        self.delay: float = sum(effect.seconds for effect in effects if isinstance(effect, Delay))
        self.retires: Retire | None = next((each for each in effects if isinstance(each, Retire)), None)
        """The GOAWAY that is sent before the answer, if one is."""
        self.resets: int | None = next((each.code for each in effects if isinstance(each, ResetStream)), None)
        """The code by which a cut resets the stream, where it is not to reset the connection."""
        self.half: FrameKind | None = next((each.of for each in effects if isinstance(each, HalfFrame)), None)
        """What frame a cut is in the middle of, where it is to be in the middle of one."""
        self.is_unended: bool = any(isinstance(effect, Unended) for effect in effects)
        self._works = next((effect.runs for effect in effects if isinstance(effect, Work)), None)
        self._reframes = tuple(effect for effect in effects if isinstance(effect, Reframe))
        self._trickle = next((each for each in effects if isinstance(each, Trickle) and each.part == "body"), None)
        self._stops: tuple[Stop, ...] = tuple(
            effect for effect in effects if isinstance(effect, Stop) and not _goes_on(effect, stream)
        )

    @property
    def is_done(self) -> bool:
        """Whether what was asked is done: if the effects say so, else if the client gets some of its own answer."""
        if self._works is not None:
            return self._works
        return not any(_is_due(each, 0) and getattr(each, "part", "answer") == "answer" for each in self._stops)

    def stop(self, sent: int) -> Stop | None:
        """Return what ends the call, if something does now that *sent* messages are out."""
        return next((each for each in self._stops if _is_due(each, sent)), None)

    @property
    def ending(self) -> Stop | None:
        """What ends the call in the place of its status, once all messages are out."""
        return next(iter(self._stops), None)

    def cut(self, before: int, frame: bytes) -> tuple[Cut, int] | None:
        """Return where *frame*, which has *before* bytes of messages before it, is cut, if it is."""
        for each in self._stops:
            if isinstance(each, Cut) and each.offset:
                size = int(len(frame) * each.offset) if isinstance(each.offset, float) else each.offset - before
                if size < len(frame):
                    return each, size
        return None

    def reframed(self, frame: bytes, number: int) -> bytes:
        """Return what is sent in the place of the *frame* of message *number*, from 1 on."""
        for each in self._reframes:
            if each.at in {None, number}:
                frame = each.change(frame)
        return frame

    def pieces(self, frame: bytes) -> list[tuple[float, bytes]]:
        """Return *frame* in pieces, each with the pause before it, where it is to trickle; else in one."""
        trickle = self._trickle
        if trickle is None:
            return [(0.0, frame)]
        pieces: list[tuple[float, bytes]] = []
        position = 0
        for size in (*trickle.split(len(frame)), len(frame)):
            if position < len(frame) and size:
                pause = trickle.pause if pieces or trickle.first else 0.0
                pieces.append((pause, frame[position : position + size]))
                position += size
        return pieces


def _by_stream(effect: Effect, stream: int) -> Effect:
    """Return *effect*; one that leaves it open which *stream* is the last says so."""
    if isinstance(effect, Depart):
        return Retire(None if effect.processed else stream - 1, effect.error)
    return effect


def _goes_on(effect: Stop, stream: int) -> bool:
    """Tell whether the call of *stream* is answered after *effect* as it was to be."""
    if isinstance(effect, Retire):
        return effect.last is None or effect.last >= stream
    return isinstance(effect, Cut) and effect.part == "upload"


def _is_due(stop: Stop, sent: int) -> bool:
    if isinstance(stop, Conclude):
        return stop.after is not None and sent >= stop.after
    if isinstance(stop, Abort):
        return sent >= stop.after
    return not stop.offset if isinstance(stop, Cut) else True


HEALTHY = Plan(())
"""The plan of a call to which nothing happens."""
