"""One operation of a client on a queue backend, as it was seen on the wire."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from .call import Call

if TYPE_CHECKING:
    from .call import Connection

__all__ = ["Kind", "QueueCall"]

Kind = Literal["connect", "declare", "publish", "subscribe", "receive", "deliver", "ack", "nack", "other"]
"""What an operation is for.

`connect`: greeting, login, opening a channel; `declare`: making, binding, emptying and deleting queues; `receive`:
asking for messages once; `subscribe`: asking for all that come; `ack` and `nack`: settling a delivery, for good or for
another try. `deliver` is what a broker does by itself: it stands in no list of calls, but faults can happen to it.
"""


class QueueCall(Call):
    """One command of a client to a queue backend, and its answer; times and outcomes as in `Call`.

    `operation` is the protocol's own name and the queue: `"RPUSH orders"`, `"basic.publish orders"`, `"SendMessage
    orders"`. A client that must be told no is told *error*: `"OOM"`, `"406"`, `"OverLimit"`.
    """

    __slots__ = ("_kind", "error", "queue")

    def __init__(
        self, fake: str, connection: Connection, name: str, *, kind: Kind = "other", queue: str = "", head: bytes = b""
    ) -> None:
        """Begin the record of the operation called *name* on *queue*; *head* are its raw bytes, if they are kept."""
        super().__init__(fake, connection, head, f"{name} {queue}" if queue else name)
        self._kind = kind
        self.queue: str = queue
        """The queue, or what comes nearest: the stream, the exchange and key, the topic; `""` if there is none."""
        self.error: str = ""
        """The code of the refusal that the client got, `""` if it got none."""

    @property
    def kind(self) -> Kind:
        """What the operation is for."""
        return self._kind

    @property
    def is_spared(self) -> bool:
        """Whether it is what a client library greets its server with, or what a broker does by itself.

        Else the first call that a test scripts a fault for would be a greeting or an operation of its own, according
        to the library and its version. `fake.on("connect")` and `fake.on("deliver")` are for these.
        """
        return self._kind in {"connect", "deliver"}

    @property
    def verdict(self) -> str:
        """What the client was shown, in a word or two: `"ok"`, `"OOM"`, `"reset"`."""
        if self.outcome != "answered":
            return self.outcome
        return " ".join((self.error or "ok", *(["spoiled"] if self.spoiled else [])))

    def _refused(self) -> bool:
        return bool(self.error)
