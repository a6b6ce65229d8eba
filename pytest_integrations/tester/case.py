"""One case of the table."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from pytest_integrations.core.errors import ScriptingError
from pytest_integrations.core.settings import line, seconds, whole

from .expected import Expected
from .injections import Injection
from .received import Received
from .request import NOTHING, Request
from .resilience import Requirement

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import timedelta

    from .place import Place

__all__ = ["Case"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What is asked of the client, what goes wrong meanwhile, and what is expected of both; made by `Case.of`."""

    name: str
    request: Request = field(default_factory=Request)
    expect: Expected = field(default_factory=Expected)
    faults: tuple[Injection, ...] = ()
    resilience: tuple[Requirement, ...] = ()
    received: tuple[Received, ...] = ()
    repeat: int = 1
    """How often the client is called, one call after the other; what comes of the last one is judged."""
    every: float = 0.0
    """How many seconds lie between two calls."""
    within: float | None = None
    """How many seconds of the clock in force the client may take."""
    call: str | None = None
    """The method of the client that is called; None calls the client itself."""
    client: Any = None
    """The client, if it is another one than that of the run."""
    place: Place | None = None
    """Where it is written."""

    @classmethod
    def of(
        cls,
        name: str,
        *,
        request: Any = NOTHING,
        expect: Any = NOTHING,
        faults: Any = (),
        attempts: int | None = None,
        within: float | timedelta | None = None,
        resilience: Any = (),
        received: Any = (),
        repeat: int = 1,
        every: float | timedelta = 0.0,
        call: str | None = None,
        client: Any = None,
        place: Place | None = None,
    ) -> Case:
        """Make a case from what a test writes; see `IntegrationTester.add`."""
        line("name", name)
        if call is not None:
            line("call", call)
        asked = Requirement.all_of(resilience)
        if attempts is not None:
            asked = (Requirement.named("attempts", {"exactly": whole("attempts", attempts, 1)}), *asked)
        return cls(
            name=name,
            request=Request.of(request),
            expect=Expected.of(expect),
            faults=Injection.all_of(faults),
            resilience=asked,
            received=Received.all_of(received),
            repeat=whole("repeat", repeat, 1),
            every=seconds("every", every),
            within=None if within is None else _positive(within),
            call=call,
            client=client,
            place=place,
        )

    def filled(self, fill: Callable[[Any], Any]) -> Case:
        """Return the case with what *fill* makes of its request, and of what it expects to come back."""
        request = Request(fill(self.request.arguments), fill(self.request.options))
        return replace(self, request=request, expect=self.expect.filled(fill))


def _positive(within: float | timedelta) -> float:
    limit = seconds("within", within)
    if limit == 0:
        msg = f"within={within!r} leaves no time: valid are seconds above 0, or a timedelta"
        raise ScriptingError(msg)
    return limit
