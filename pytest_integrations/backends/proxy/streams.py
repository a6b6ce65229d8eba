"""What the effects of faults that are made for answers mean for a stream of bytes.

    Delay                  the server's bytes come so late
    Trickle (body)         the server's bytes come in pieces
    Cut (answer, n bytes)  after n of the server's bytes: FIN, RST or nothing more
    Cut, and no Work       the same at the client's bytes: the server gets none of them

A proxy knows neither requests nor heads nor bodies: what is only about those is refused at the scripting line.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from pytest_integrations.core.effect import Cut, Delay, Trickle, Work
from pytest_integrations.core.errors import CannotPerform
from pytest_integrations.core.stream import Lag, Limit, Slices, StreamEffect

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pytest_integrations.core.effect import Effect

__all__ = ["stream_effects"]


def stream_effects(effects: Iterable[Effect]) -> tuple[StreamEffect, ...]:
    """Return what *effects* do to the streams; raises `CannotPerform` for those that streams do not know."""
    effects = tuple(effects)
    return tuple(_translated(effects))


def _translated(effects: Sequence[Effect]) -> Iterator[StreamEffect]:
    is_lost = any(isinstance(effect, Work) and not effect.runs for effect in effects)
    has_body = any(isinstance(effect, Trickle) and effect.part == "body" for effect in effects)
    for effect in effects:
        match effect:
            case StreamEffect():
                yield effect
            case Delay(seconds):
                yield Lag("downstream", partial(float, seconds))
            case Trickle(part="body", split=split, pause=pause, first=first):
                yield Slices("downstream", split, pause, first)
            case Trickle(part="head") if not has_body:
                _refuse("a proxy does not know where a head ends")
            case Cut(how=how, part="answer", offset=int(offset), seconds=seconds):
                yield Limit("upstream" if is_lost else "downstream", offset, how, seconds)
            case Cut(part=part):
                _refuse(f"a proxy does not know what is the {part}, and how long an answer is")
            case _:
                pass  # Refuse is the port's affair, and Work is seen to with Cut


def _refuse(why: str) -> None:
    msg = f"{why}: use what is told in bytes and seconds, such as those of pytest_integrations.faults.toxics"
    raise CannotPerform(msg)
