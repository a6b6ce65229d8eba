"""The closed vocabulary of what a wire can be told to do to a call.

A fault says *what* by yielding effects; a wire says *how* by performing them. A wire declares which of these types it
performs; scripting a fault that needs another one fails at the scripting line.

    before anything      Refuse, Handshake                 at the accept of a connection
    while it is sent     Throttle, Preempt, Withhold       on the request's side
    instead of the work  Answer, Work
    before the answer    Delay
    to the answer        Tamper, Trickle, Cut
    after the answer     Expire
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .call import Call
    from .message import Message
    from .reply import Reply

__all__ = [
    "Answer",
    "Cut",
    "Delay",
    "Effect",
    "Expire",
    "Handshake",
    "Preempt",
    "Refuse",
    "Tamper",
    "Throttle",
    "Trickle",
    "Withhold",
    "Work",
]


class Effect:
    """One thing that a wire can be told to do."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Delay(Effect):
    """Wait *seconds* between the request and the first byte of the answer."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Answer(Effect):
    """Answer this instead of what was scripted; the handler does not run."""

    reply: Reply | Callable[[Call], Reply]


@dataclass(frozen=True, slots=True)
class Work(Effect):
    """Say whether the handler runs, where the other effects leave that open.

    `Work(True)` makes state change although the answer is never seen (a lost response); `Work(False)` is the twin.
    """

    runs: bool


@dataclass(frozen=True, slots=True)
class Tamper(Effect):
    """Replace the answer by *change(answer)*; *spoils* tells whether a careful client must call that a failure."""

    change: Callable[[Message], Message]
    spoils: bool = True


@dataclass(frozen=True, slots=True)
class Trickle(Effect):
    """Send a *part* of the answer in pieces: `split(length)` gives the sizes, *pause* the seconds between two of them.

    Where *first* is set, that pause comes before the first piece as well.
    """

    part: Literal["head", "body"]
    split: Callable[[int], Sequence[int]]
    pause: float
    first: bool = False


@dataclass(frozen=True, slots=True)
class Cut(Effect):
    """Stop inside the exchange: *how* at *offset* of *part*.

    *how*: `"reset"` (RST), `"close"` (FIN), `"stall"` (nothing more until the client leaves, *seconds* have passed,
    which ends in a FIN, or the fake stops). *part*: `"upload"` (the request's body), `"answer"` (counted from its
    first byte), `"head"` or `"body"` of the answer. *offset*: bytes as an int, or a fraction of the part as a float.
    """

    how: Literal["reset", "close", "stall"]
    part: Literal["upload", "answer", "head", "body"] = "answer"
    offset: float = 0
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Expire(Effect):
    """Promise to keep the connection and break the promise.

    `"fin_idle"`: FIN once the answer is out; `"fin_on_next"`, `"reset_on_next"`: FIN or RST when the next request
    arrives on it, which is not processed.
    """

    how: Literal["fin_idle", "fin_on_next", "reset_on_next"]


@dataclass(frozen=True, slots=True)
class Throttle(Effect):
    """Read the request's body at *rate* bytes per second."""

    rate: float


@dataclass(frozen=True, slots=True)
class Preempt(Effect):
    """Answer *reply* once *after* bytes of the request's body came in, and read the rest without looking at it."""

    reply: Reply
    after: int = 0


@dataclass(frozen=True, slots=True)
class Withhold(Effect):
    """Leave out the interim *what* that the client asked for: `"continue"` is the 100 Continue."""

    what: Literal["continue"] = "continue"


@dataclass(frozen=True, slots=True)
class Refuse(Effect):
    """Do not let a connection come to be as it should.

    `"refuse"`: the port is closed, SYN is answered by RST; `"ignore"`: SYN is not answered; `"reset"`, `"close"`:
    accepted, then RST or FIN before a byte is read; `"late"`: accepted *seconds* later.
    """

    how: Literal["refuse", "ignore", "reset", "close", "late"]
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Handshake(Effect):
    """Spoil the TLS handshake in the *kind* of way that `faults.tls` lists; *detail* is the version or alert named."""

    kind: str
    detail: str = ""
