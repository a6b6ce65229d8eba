"""How an assertion on a breaker fails: the verdicts on leaks and on early openings, with the states in the timeline."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING, NoReturn

from pytest_integrations.core.errors import ScriptingError

from .breaker_trial import plural, told
from .evidence import fail, nothing_to_check
from .tolerance import EXACT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .breaker_state import Admitted, Opening
    from .breaker_trial import Trial
    from .client_calls import ClientCall

__all__ = [
    "GO_ON",
    "blame_early",
    "blame_leaks",
    "duration",
    "fail_with",
    "nothing_with",
    "open_for",
    "recorder_needed",
]

GO_ON = (
    "Go on calling after the last failure: make the calls through client = ClientCalls(fake.ledger), for example "
    "client.repeat(8, fetch), and give demand=client."
)
"""The hint where a client did not try."""

_DOWN = (
    "A breaker that lets calls through while it is open keeps hammering a backend that is down, and lets every caller "
    "wait for the failure."
)


def fail_with(
    trial: Trial,
    verdict: str,
    *,
    why: str,
    hint: str,
    marks: dict[int, str] | None = None,
    notes: Sequence[str] = (),
    states: bool = True,
) -> NoReturn:
    """Raise ResilienceError with *verdict* over the calls of *trial*, with the breaker's *states* in the timeline."""
    __tracebackhide__ = True
    told_too = [*notes, *_notes(trial)]
    fail(verdict, trial.calls, why=why, hint=hint, notes=told_too, marks=marks, bands=trial.bands() if states else ())


def nothing_with(trial: Trial, what: str, *, hint: str, states: bool = True) -> NoReturn:
    """Raise NothingToCheck over the calls of *trial*, with the breaker's *states* in the timeline."""
    __tracebackhide__ = True
    nothing_to_check(what, trial.calls, hint=hint, notes=_notes(trial), bands=trial.bands() if states else ())


def duration(seconds: float) -> str:
    """Return *seconds* as a test writes them: `"30 s"`, `"0.2 s"`."""
    return f"{seconds:.3g} s" if seconds > EXACT.late else "0 s"


def open_for(opening: Opening) -> str:
    """Return how long the breaker has to stay open."""
    return "for good" if math.isinf(opening.recovery) else f"for {duration(opening.recovery)}"


def blame_early(trial: Trial, denied: Sequence[ClientCall]) -> NoReturn:
    """Fail because the client was *denied* calls before the breaker had to open."""
    __tracebackhide__ = True
    last = max((one for one in trial.admitted if one.before(denied[0])), key=_seq)
    missing = f"{plural(len(denied), 'call')} by the client did not arrive"
    fail_with(
        trial,
        f"the breaker opened too early, at #{last.seq}, not after {trial.rule}: {missing}",
        why="A breaker that opens before its threshold turns a short disturbance into an outage.",
        hint="Look for an off-by-one in the threshold, for a breaker that is shared with other calls, and for failures "
        "that never reach a fake (a refused connection, say).",
        marks={last.rows[-1].seq: f"then {missing}: {told(denied)}"},
    )


def blame_leaks(trial: Trial, opening: Opening, kind: str = "") -> NoReturn:
    """Fail because calls arrived while the breaker had to be open; *kind* names the failures, if it matters."""
    __tracebackhide__ = True
    leak = opening.leaks[0]
    manner = _manner(trial, opening)
    if manner == "never":
        verdict, hint = _never(trial, opening, kind)
    else:
        verdict, hint = _late(trial, opening) if manner == "late" else _leaky(trial, opening)
    mark = f"arrived {_lateness(opening):.3f} s after #{opening.cause.rows[-1].seq}, which had to open the breaker"
    fail_with(trial, verdict, why=_DOWN, hint=hint + _about_retries(trial, leak), marks={leak.seq: mark})


def _manner(trial: Trial, opening: Opening) -> str:
    """Tell whether nothing was shed, or only what came after the leaks, or something before one of them."""
    shed = trial.shed_in(opening)
    if not shed:
        return "never"
    return "leaky" if any(_precedes(call, leak) for call in shed for leak in opening.leaks) else "late"


def _never(trial: Trial, opening: Opening, kind: str) -> tuple[str, str]:
    within = "" if math.isinf(opening.recovery) else f" within {duration(opening.recovery)}"
    arrived = f"{plural(len(opening.leaks), 'more call')} arrived{within}"
    seen = Counter(one.rows[-1].verdict for one in trial.admitted if one.failed and one.seq <= opening.cause.seq)
    kinds = ", ".join(f"{count} x {verdict}" for verdict, count in seen.items())
    hint = (
        f"Check that the breaker wraps the call that fails, that it counts this kind of failure ({kinds}), "
        "and that all callers share one breaker."
    )
    if kind and not opening.failed_probes:
        return f"the breaker does not count {kind}: after {trial.rule}, {arrived}", hint
    return f"the breaker did not open{_again(opening)} after {_cause(trial, opening)}: {arrived}", hint


def _late(trial: Trial, opening: Opening) -> tuple[str, str]:
    late = f"{plural(len(opening.leaks), 'call')} too late"
    cause, last = _cause(trial, opening), opening.leaks[-1].rows[-1].seq
    verdict = f"the breaker opened{_again(opening)} {late}: not after {cause}, but after #{last}"
    return verdict, "Look for an off-by-one in the threshold: > where >= is meant, or a count that begins too late."


def _leaky(trial: Trial, opening: Opening) -> tuple[str, str]:
    shed = trial.shed_in(opening)
    leak = next(leak for leak in opening.leaks if any(_precedes(call, leak) for call in shed))
    through = f"but let #{leak.seq} through after {leak.started - opening.opened:.3f} s"
    verdict = f"the breaker opened{_again(opening)}, {through}; it should stay open {open_for(opening)}"
    return verdict, (
        "Compare recovery= with what the breaker was given, and look for callers that do not share the breaker."
    )


def _again(opening: Opening) -> str:
    return " again" if opening.failed_probes else ""


def _cause(trial: Trial, opening: Opening) -> str:
    return f"the probe #{opening.cause.rows[-1].seq} failed" if opening.failed_probes else trial.rule


def _lateness(opening: Opening) -> float:
    return max(opening.leaks[0].started - opening.opened, 0.0)


def _about_retries(trial: Trial, leak: Admitted) -> str:
    """Return a hint if it looks as if the breaker counted calls of which the ledger shows several attempts."""
    makers = [one.maker for one in trial.admitted[: trial.admitted.index(leak) + 1] if one.maker is not None]
    if len({maker.began for maker in makers}) == len(makers):
        return ""
    return (
        " Several rows came from one call of the client, though: if the retries are inside the breaker, it counts one "
        "failure for all of them, and the test has to say retries_inside=True."
    )


def _precedes(call: ClientCall, one: Admitted) -> bool:
    maker = one.maker
    return call.last < one.seq if maker is None else call.finished < maker.began


def _notes(trial: Trial) -> list[str]:
    """Tell what the client did on its side, which the rows cannot show."""
    if isinstance(trial.demand, int):
        return [f"The test says that the client made {plural(trial.demand, 'further call')} (demand={trial.demand})."]
    shed = trial.shed
    arrived = len(trial.client_calls) - len(shed)
    note = f"The client made {plural(len(trial.client_calls), 'call')}: {arrived} arrived, {len(shed)} did not"
    return [f"{note} ({told(shed)})." if shed else f"{note}."]


def _seq(one: Admitted) -> int:
    return one.seq


def recorder_needed(name: str) -> NoReturn:
    """Raise ScriptingError because *name* cannot be judged by a mere number of calls."""
    msg = f"{name} judges the client's side: give demand= a ClientCalls(fake.ledger) through which the calls were made"
    raise ScriptingError(msg)
