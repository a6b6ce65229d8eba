"""The closed vocabulary of what a wire can be told to do to a call.

A fault says *what* by yielding effects; a wire says *how* by performing them. A wire declares which of these types it
performs; scripting a fault that needs another one fails at the scripting line.

    before anything      Refuse, Handshake                 at the accept of a connection
    while it is sent     Throttle, Preempt, Withhold       on the request's side
    instead of the work  Answer, Work
    within the work      Resolve
    before the answer    Delay
    to the answer        Tamper, Trickle, Cut
    after the answer     Expire

And what only those with queues are told:

    instead of the work  Fail, Partly, Pretend, Full
    to a publication     Lose, Confirm, Poison
    to a delivery        Copies, TakeBack, Swap, Hide
    to the bytes         Garble

And what only those with subscriptions are told: Disrupt.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from .call import Call
    from .message import Message
    from .reply import Reply

__all__ = [
    "Answer",
    "Confirm",
    "Copies",
    "Cut",
    "Delay",
    "Disrupt",
    "Effect",
    "Expire",
    "Fail",
    "Field",
    "FieldFault",
    "Full",
    "Garble",
    "Handshake",
    "Hide",
    "Lose",
    "Partly",
    "Poison",
    "Preempt",
    "Pretend",
    "Refuse",
    "Resolve",
    "Swap",
    "TakeBack",
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
class Field:
    """One field of a GraphQL result, about to be resolved.

    *coordinate* is where the schema has it (`"User.email"`), *path* where the result has it (`("users", 0, "mail")`,
    aliases included), *nullable* whether it may be null, so that an error ends there.
    """

    coordinate: str
    path: tuple[str | int, ...]
    nullable: bool


@dataclass(frozen=True, slots=True)
class FieldFault:
    """How a field goes wrong: with an error of this *message* and these *extensions*; without one it is just null."""

    message: str = ""
    extensions: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Resolve(Effect):
    """Let a GraphQL operation go wrong as it is executed; the fake sends what comes of it in its own way.

    *spoil* is asked about each field, in the order of execution, and returns how it goes wrong, or None if it does not:
    an error of a field that cannot be null takes its parents with it, as the specification has it. Where a *result*
    is given (`{"errors": [...]}`, `{"data": None}`), nothing is executed, and it is the result; of a batch each
    operation's. *coordinates* are the fields (`"User.email"`) and types (`"User"`) that it is about: those that the
    schema does not have are refused at the scripting line.
    """

    spoil: Callable[[Field], FieldFault | None] | None = None
    result: Mapping[str, Any] | None = None
    coordinates: tuple[str, ...] = ()


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
    """Leave out *what* the client waits for: `"continue"`, the 100 Continue, or `"heartbeat"`, from now on."""

    what: Literal["continue", "heartbeat"] = "continue"


@dataclass(frozen=True, slots=True)
class Refuse(Effect):
    """Do not let a connection come to be as it should.

    `"refuse"`: the port is closed, SYN is answered by RST; `"ignore"`: SYN is not answered; `"reset"`, `"close"`:
    accepted, then RST or FIN before a byte is read; `"late"`: accepted *seconds* later. *last_words* are sent before
    a FIN.
    """

    how: Literal["refuse", "ignore", "reset", "close", "late"]
    seconds: float = 0.0
    last_words: bytes = b""


@dataclass(frozen=True, slots=True)
class Handshake(Effect):
    """Spoil the TLS handshake in the *kind* of way that `faults.tls` lists; *detail* is the version or alert named."""

    kind: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Fail(Effect):
    """Refuse the operation in the protocol's own words: it is not done, and the client is told *code* and *text*.

    *ends* is what the refusal ends: nothing, the `"consumer"`, the `"channel"` or the `"connection"`, where the
    protocol knows such.
    """

    code: str
    text: str
    ends: Literal["", "consumer", "channel", "connection"] = ""


@dataclass(frozen=True, slots=True)
class Partly(Effect):
    """Do only a part of a batch: the entries in these places (from 0) are refused with *code* and *text*."""

    places: tuple[int, ...]
    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Pretend(Effect):
    """Answer as if the operation had been done, and do not do it."""


@dataclass(frozen=True, slots=True)
class Full(Effect):
    """Behave as a queue does that is full, in the protocol's own way or in one of its ways (*mode*)."""

    mode: str = ""


@dataclass(frozen=True, slots=True)
class Lose(Effect):
    """Take the message, tell its producer that it is safe, and throw it away."""


@dataclass(frozen=True, slots=True)
class Poison(Effect):
    """Take *body* in place of the body that was sent, and tell its producer nothing of that."""

    body: bytes


@dataclass(frozen=True, slots=True)
class Confirm(Effect):
    """Do not take the message and tell its producer so (`"refuse"`), or take it and tell nothing (`"withhold"`)."""

    how: Literal["refuse", "withhold"]


@dataclass(frozen=True, slots=True)
class Copies(Effect):
    """Deliver the message *count* more times, each as a delivery of its own."""

    count: int = 1


@dataclass(frozen=True, slots=True)
class TakeBack(Effect):
    """Put the message back into its queue *after* seconds, although its consumer has not settled it."""

    after: float = 0.0


@dataclass(frozen=True, slots=True)
class Swap(Effect):
    """Deliver another of the next *window* waiting messages first, the last of them."""

    window: int = 2


@dataclass(frozen=True, slots=True)
class Hide(Effect):
    """Answer a receiver that there is nothing, whatever there is."""


@dataclass(frozen=True, slots=True)
class Garble(Effect):
    """Send *data* instead of the protocol's own bytes."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Disrupt(Effect):
    """Spoil a subscription in the *kind* of way that `faults.subscription` lists, once *after* events went out.

    *code* and *text* are those of a close frame. *kind*, at once: `"reset"` (RST), `"hang"` (nothing more, not even a
    pong), `"close"` (a close frame); to the next event: `"malformed_json"`, `"malformed_frame"`, `"unknown_type"`,
    `"wrong_id"`, `"bad_field"`, `"duplicate"`, `"out_of_order"`; at the end: `"no_complete"`, `"next_after_complete"`;
    to the whole connection: `"no_ack"`, `"no_pong"`.
    """

    kind: str
    after: int = 0
    code: int = 1000
    text: str = ""
