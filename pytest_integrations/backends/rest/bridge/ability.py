"""Which faults a patch can perform: it stands for a connection, so that what is wrong with one is out of reach."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pytest_integrations.core.effect import Answer, Cut, Delay, Refuse, Tamper, Work
from pytest_integrations.core.errors import CannotPerform
from pytest_integrations.core.fault import Occasion
from pytest_integrations.core.message import Message, chunked
from pytest_integrations.core.reply import Reply

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_integrations.backends.rest.fake import FakeRest
    from pytest_integrations.core.effect import Effect
    from pytest_integrations.core.fault import Fault

__all__ = ["ABLE", "check", "is_sound"]

ABLE = (
    "auth_expires", "close_on_accept", "connect_timeout", "connection_refused", "connection_reset", "corrupt_body",
    "empty_response", "hang", "latency", "lost_request", "lost_response", "max_concurrency", "pagination_loop",
    "rate_limit", "rate_limited", "redirect", "redirect_loop", "reset_on_accept", "slow_accept", "status",
    "unavailable",
)  # fmt: skip
"""The faults that a patch can perform, with most of their settings."""

_START = re.compile(rb"HTTP/1\.1 [1-9]\d\d( .*)?")
_FIELDS_AT_MOST = 100
_LINE_AT_MOST = 65536
"""What `http.client` takes, which a patch goes round."""

_SAMPLE = Message.of(Reply.of(200, json={"sample": [1, "two", None]}))


def check(fake: FakeRest, fault: Fault) -> None:
    """Refuse *fault* if only a wire can perform it."""
    __tracebackhide__ = True
    for effect in fault.effects(Occasion(1, fake.seed.stream("check"))):
        why = _beyond(effect)
        if why is not None:
            msg = (
                f"{fake.name} is registered in responses, and {fault!r} needs a connection: a patch {why}. "
                f"It can perform {', '.join(ABLE)}. For all others let the client connect: to {fake.name}.url, or "
                f"where its URL is in the code, by intercept(url, {fake.name})"
            )
            raise CannotPerform(msg)


def _beyond(effect: Effect) -> str | None:
    """Return in words what a patch cannot do of *effect*; None if it can do it all."""
    match effect:
        case Answer() | Delay() | Work() | Refuse():
            return None
        case Cut(part="answer", offset=0):
            return None
        case Cut(part="upload"):
            return "is not there while a request is sent"
        case Cut():
            return "gives the whole answer or none"
        case Tamper(change):
            return None if _keeps_sound(change) else "gives a sound answer or none"
        case _:
            return f"has no {type(effect).__name__}"


def _keeps_sound(change: Callable[[Message], Message]) -> bool:
    try:
        return is_sound(change(_SAMPLE))
    except Exception:  # noqa: BLE001 -- a fault of another protocol, or of the test's own, that wants something else
        return False


def is_sound(message: Message) -> bool:
    """Tell whether a client that reads *message* from a connection gets what a patch can hand it."""
    lengths = [value for name, value in message.fields if name.lower() == b"content-length"]
    if message.field(b"Transfer-Encoding") == b"chunked":
        is_framed = not lengths and message.content.endswith(chunked([]))
    else:
        is_framed = lengths == [b"%d" % len(message.content)]
    return (
        is_framed
        and not message.preface
        and not message.trailer
        and _START.fullmatch(message.start) is not None
        and len(message.fields) <= _FIELDS_AT_MOST
        and all(len(name) + len(value) < _LINE_AT_MOST for name, value in message.fields)
    )
