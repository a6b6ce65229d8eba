"""How an assertion fails: the verdict on the first line, then what it was reached from.

    expected exactly 3 attempts of POST /charges, saw 2           the verdict, which pytest's summary shows
      fake_rest  2 calls on 1 connection, 1.00 s                  the timeline, with a remark under the row it is
      about
       #1  0.000 s            conn 1  POST /charges  x 503    <- status(503)
       #2  1.001 s  +1.001 s  conn 1  POST /charges  ! reset  <- connection_reset()

    …                                                             notes: what else was seen
    A client that retries a 503 but not a reset …                 why it matters
    -> Add ConnectionError to the exceptions that are retried.    what to do
    (Attempts were found by operation and body.)                  a footnote: what the assertion went by

The text is put together here and nowhere else, so that all assertions fail alike.
"""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, NoReturn

from pytest_integrations.core.delivery import Messages
from pytest_integrations.core.errors import NothingToCheck, ResilienceError, ScriptingError
from pytest_integrations.core.ledger import Calls

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pytest_integrations.core.call import Call
    from pytest_integrations.views.timeline import Band

__all__ = ["compose", "fail", "must_be_calls", "nothing_to_check"]

_ROWS = 40
"""More than a screen of rows is not read at 6 pm; marked rows are always among them."""


def fail(
    verdict: str,
    calls: Iterable[Call],
    *,
    why: str = "",
    hint: str = "",
    notes: Iterable[str] = (),
    marks: Mapping[int, str] | None = None,
    bands: Iterable[Band] = (),
    groups: Iterable[Sequence[Call]] = (),
    footnote: str = "",
) -> NoReturn:
    """Raise `ResilienceError` with a *verdict* (one line with the numbers, in the words of the user) and its evidence.

    *calls* are the rows of the timeline; *marks* are remarks by number of the call, such as the allowed range of its
    gap, *bands* states that lasted for a while, and *groups* the logical calls, so that attempts are numbered.
    *notes* tell what else was seen, *why* why it matters, *hint* what to do, and the *footnote* what the assertion
    went by.
    """
    __tracebackhide__ = True
    drawn = _drawn(calls, marks, bands, groups)
    raise ResilienceError(compose(verdict, drawn, notes=notes, why=why, hint=hint, footnote=footnote))


def must_be_calls(calls: object) -> None:
    """Refuse what is no `Calls`: a fake, the client's own calls, a list, which knows no ledger and so no clock."""
    __tracebackhide__ = True
    if not isinstance(calls, Calls):
        given = f"{len(calls)} messages" if isinstance(calls, Messages) else textwrap.shorten(repr(calls), 80)
        msg = (
            f"calls={given} is not what a ledger has of calls: valid are fake.calls, fakes.calls, and parts of them, "
            "by slices, .of(operation) and .where(function)"
        )
        raise ScriptingError(msg)


def nothing_to_check(
    what: str,
    calls: Iterable[Call],
    *,
    hint: str = "",
    notes: Iterable[str] = (),
    marks: Mapping[int, str] | None = None,
    bands: Iterable[Band] = (),
    groups: Iterable[Sequence[Call]] = (),
    footnote: str = "",
) -> NoReturn:
    """Raise `NothingToCheck`: *what* tells what is missing in *calls*, *hint* how to get it."""
    __tracebackhide__ = True
    why = "No call could have broken the rule, so that passing would prove nothing."
    drawn = _drawn(calls, marks, bands, groups)
    text = compose(f"nothing to check: {what}", drawn, notes=notes, why=why, hint=hint, footnote=footnote)
    raise NothingToCheck(text)


def compose(
    verdict: str, drawn: str, *, notes: Iterable[str] = (), why: str = "", hint: str = "", footnote: str = ""
) -> str:
    """Return the text of a failure whose evidence has been *drawn*; what the parts are is told at `fail`."""
    told = [*notes, why, f"-> {hint}" if hint else "", f"({footnote})" if footnote else ""]
    paragraphs = [_wrapped(paragraph) for paragraph in told if paragraph]
    return "\n".join([" ".join(verdict.split()), drawn, *([""] if paragraphs else []), *paragraphs])


def _drawn(
    calls: Iterable[Call],
    marks: Mapping[int, str] | None,
    bands: Iterable[Band],
    groups: Iterable[Sequence[Call]],
) -> str:
    from pytest_integrations.views.text import timeline  # drawing is needed by failures alone

    return timeline(calls, marks=marks, bands=bands, groups=groups, limit=_ROWS)


def _wrapped(paragraph: str) -> str:
    from pytest_integrations.views.text import WIDTH

    return textwrap.fill(paragraph, WIDTH, subsequent_indent="   " if paragraph.startswith("->") else "")
