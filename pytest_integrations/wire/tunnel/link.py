"""One direction of a tunnel: what its source sends goes through stages to its destination."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .stages import Stage, stage_for

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from pytest_integrations.core.stream import StreamEffect
    from pytest_integrations.wire.loop import Loop
    from pytest_integrations.wire.transport import TcpTransport

    from .stages import End, Outlet

__all__ = ["Link"]


class Link:
    """Takes bytes from one side, and holds that side up when the other does not take them.

    Its last outlet is itself: what has passed all stages. Until the destination is there, that waits.
    """

    def __init__(
        self,
        loop: Loop,
        sent: Callable[[int], object],
        ended: Callable[[Link, End], object],
        lost: Callable[[], object],
    ) -> None:
        """Begin without stages; tell *sent* how many bytes went out, *ended* of the end, *lost* of what is lost."""
        self._loop = loop
        self._sent = sent
        self._ended = ended
        self._lost = lost
        self._stages: list[tuple[Hashable, Stage[Any]]] = []
        self._waiting: list[bytes] = []
        self._waiting_end: End | None = None
        self._is_held_up = False
        self.is_over: bool = False
        """Whether the end has gone out, or will never."""
        self._exit = _Exit(self._go_out, self._end_out)
        self.source: TcpTransport | None = None
        self.source_ended: bool = False
        """Whether the source's FIN is in."""
        self.destination: TcpTransport | None = None

    # -- from the source

    def data(self, data: bytes) -> None:
        """Pass *data* on."""
        self._entry.data(data)
        self.balance()

    def end(self, how: End) -> None:
        """Pass the end on, behind all bytes."""
        if how == "fin":
            self.source_ended = True
        self._entry.end(how)

    @property
    def _entry(self) -> Outlet:
        return self._stages[0][1] if self._stages else self._exit

    # -- stages

    def add(self, tag: Hashable, effect: StreamEffect) -> None:
        """Put what performs *effect* behind the stages that are there; *tag* is what it is taken out by."""
        if self.is_over:
            return
        stage = stage_for(effect, self._loop, self._exit, self._lost)
        if self._stages:
            self._stages[-1][1].following = stage
        self._stages.append((tag, stage))

    def remove(self, tag: Hashable) -> None:
        """Take out the stages with this *tag*; what they held goes on."""
        for number in reversed(range(len(self._stages))):
            if number < len(self._stages) and self._stages[number][0] == tag:
                stage = self._stages[number][1]
                stage.release()
                self._take_out(stage)
        self.balance()

    def _take_out(self, stage: Stage[Any]) -> None:
        for _, before in self._stages:
            if before.following is stage:
                before.following = stage.following
        self._stages = [each for each in self._stages if each[1] is not stage]

    def cancel(self) -> None:
        """Forget everything: the connection is gone."""
        self.is_over = True
        self._waiting.clear()
        for _, stage in self._stages:
            stage.cancel()
        self._stages.clear()

    # -- to the destination

    def reach(self, destination: TcpTransport) -> None:
        """Send to *destination*, at first what had to wait for it."""
        self.destination = destination
        waiting, self._waiting = self._waiting, []
        for data in waiting:
            self._go_out(data)
        if self._waiting_end is not None:
            self._end_out(self._waiting_end)
        self.balance()

    def _go_out(self, data: bytes) -> None:
        if self.is_over:
            return
        if self.destination is None:
            self._waiting.append(data)
            return
        self._sent(len(data))  # told before it is sent: who has read the last byte may look at the ledger at once
        self.destination.write(data)
        self.balance()

    def _end_out(self, how: End) -> None:
        if self.destination is None and how == "fin":
            self._waiting_end = how
        elif not self.is_over or how != "fin":
            self.is_over = True
            self._ended(self, how)

    @property
    def is_stalled(self) -> bool:
        """Whether nothing will go out any more, not even the end."""
        return any(stage.is_stalled for _, stage in self._stages)

    # -- back-pressure

    @property
    def held(self) -> int:
        """How many bytes are in it, of those that came in."""
        waiting = sum(map(len, self._waiting)) + (self.destination.unsent if self.destination is not None else 0)
        return waiting + sum(stage.held for _, stage in self._stages)

    def balance(self) -> None:
        """Hold the source up while there is too much in it, and let it go on when there is half as much."""
        source = self.source
        if source is None or self.source_ended:
            return
        room = max((stage.room for _, stage in self._stages), default=Stage.room)
        if not self._is_held_up and self.held > room:
            self._is_held_up = True
            source.pause_reading()
        elif self._is_held_up and self.held <= room // 2:
            self._is_held_up = False
            source.resume_reading()


class _Exit:
    """Where the last stage passes things on to."""

    __slots__ = ("_data", "_end")

    def __init__(self, data: Callable[[bytes], object], end: Callable[[End], object]) -> None:
        self._data = data
        self._end = end

    def data(self, data: bytes, /) -> None:
        self._data(data)

    def end(self, how: End, /) -> None:
        self._end(how)
