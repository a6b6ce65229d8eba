"""What goes wrong with Amazon SQS and no other broker: its errors, half-done batches, wrong digests and dates."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, ClassVar

from pytest_integrations.core.effect import Fail, Partly, Tamper
from pytest_integrations.core.errors import ScriptingError, UnknownName
from pytest_integrations.core.fault import Fault
from pytest_integrations.core.settings import number, one_form, whole

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_integrations.core.call import Call
    from pytest_integrations.core.effect import Effect
    from pytest_integrations.core.fault import Occasion
    from pytest_integrations.core.message import Message

__all__ = ["clock_skew", "md5_mismatch", "partial_batch", "sqs_error"]

_ERRORS = (
    "InternalError",
    "InvalidMessageContents",
    "InvalidSecurity",
    "KmsThrottled",
    "MessageNotInflight",
    "OverLimit",
    "QueueDoesNotExist",
    "ReceiptHandleIsInvalid",
    "RequestThrottled",
    "ServiceUnavailable",
    "ThrottlingException",
    "UnsupportedOperation",
)
_LARGEST_BATCH = 10
_TOLERANCE = timedelta(minutes=5)
_DIGEST = re.compile(rb'(?P<name>MD5OfBody|MD5OfMessageBody)(?P<between>"\s*:\s*"|>)(?P<digest>[0-9a-f]{32})')
_FAR = 1e9
"""Seconds, some thirty years: as wrong as a clock can be."""


@dataclass(frozen=True, slots=True, repr=False)
class sqs_error(Fault):  # noqa: N801 -- a word in a script
    """Answer one of SQS's own errors, and do nothing.

    Wire definition: the error called *name*, in the protocol that the client speaks, with the status that SQS gives
    it: in JSON `{"__type": "com.amazonaws.sqs#NAME", "message": …}` and the field `x-amzn-query-error`, in the query
    protocol an `<ErrorResponse>`. *text* replaces the usual message. What botocore makes of them:

    | name | status | tried again |
    |---|---|---|
    | `InternalError` | 500 | yes |
    | `ServiceUnavailable` | 503 | yes |
    | `RequestThrottled` | 403 | yes |
    | `ThrottlingException` | 400 | yes |
    | `OverLimit` | 403 | no |
    | `KmsThrottled`, `QueueDoesNotExist`, `ReceiptHandleIsInvalid`, `MessageNotInflight` | 400 | no |
    | `InvalidMessageContents`, `UnsupportedOperation` | 400 | no |
    | `InvalidSecurity` | 403 | no |

    ```python
    import boto3

    orders = fake_sqs.queue("orders")
    fake_sqs.on("publish").inject(sqs_error("RequestThrottled"))
    sqs = boto3.client("sqs", **fake_sqs.client_arguments)
    sqs.send_message(QueueUrl=orders.url, MessageBody="one book")
    assert [call.error for call in fake_sqs.calls] == ["RequestThrottled", ""]
    sqs.close()
    ```
    """

    error: str
    text: str = ""

    def __post_init__(self) -> None:
        """Check the settings."""
        if self.error not in _ERRORS:
            kind = "SQS error"
            raise UnknownName(kind, str(self.error), _ERRORS)

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        """Yield the error."""
        yield Fail(self.error, self.text)


@dataclass(frozen=True, slots=True, repr=False)
class partial_batch(Fault):  # noqa: N801 -- a word in a script
    """Refuse some entries of a batch and do the others: an answer of 200 that a careless client takes for success.

    Wire definition: `SendMessageBatch`, `DeleteMessageBatch` and `ChangeMessageVisibilityBatch` are answered as usual,
    but the entries in these *places* (from 0; one, or several as a tuple) are not done and stand under `Failed`, with
    *code* and `SenderFault: false`. Or each entry with the probability *ratio*, drawn from the seed. No client tries
    those again by itself.

    ```python
    import boto3

    orders = fake_sqs.queue("orders")
    fake_sqs.inject(partial_batch(1))
    sqs = boto3.client("sqs", **fake_sqs.client_arguments)
    entries = [{"Id": name, "MessageBody": name} for name in ("a", "b", "c")]
    answer = sqs.send_message_batch(QueueUrl=orders.url, Entries=entries)
    assert [entry["Id"] for entry in answer["Failed"]] == ["b"]
    sqs.close()
    ```
    """

    places: int | tuple[int, ...] | None = None
    ratio: float | None = None
    code: str = "InternalError"

    def __post_init__(self) -> None:
        """Check the settings."""
        one_form("partial_batch", {"places": self.places, "ratio": self.ratio})
        for place in self._places:
            if whole("places", place) >= _LARGEST_BATCH:
                msg = f"places={self.places!r}: there is no place {place}, a batch has up to {_LARGEST_BATCH} entries"
                raise ScriptingError(msg)
        if self.ratio is not None:
            number("ratio", self.ratio, above=0, most=1)
        if self.code not in _ERRORS:
            kind = "SQS error"
            raise UnknownName(kind, str(self.code), _ERRORS)

    @property
    def _places(self) -> tuple[int, ...]:
        return self.places if isinstance(self.places, tuple) else () if self.places is None else (self.places,)

    def acts_on(self, call: Call) -> bool:
        """Tell whether *call* is a batch, and has one of the places."""
        entries = getattr(call, "entries", 0)
        return entries > min(self._places, default=0)

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        """Yield the refused places."""
        places = self._places
        if self.ratio is not None:
            places = tuple(place for place in range(_LARGEST_BATCH) if occasion.random.random() < self.ratio)
            places = tuple(place for place in places if place < getattr(occasion.call, "entries", _LARGEST_BATCH))
        if places or occasion.call is None:
            yield Partly(places, self.code, "")


@dataclass(frozen=True, slots=True, repr=False)
class md5_mismatch(Fault):  # noqa: N801 -- a word in a script
    """Answer a digest that is not that of the message's body, as if it had been damaged on its way.

    Wire definition: in the answer to a send, `MD5OfMessageBody`, in that to a receive, `MD5OfBody`, has its last digit
    changed, in each message; the message itself is as it was. An answer without a message stays as it is. botocore
    does not look at the digests: its user has to.

    ```python
    import boto3, hashlib

    orders = fake_sqs.queue("orders")
    fake_sqs.inject(md5_mismatch())
    sqs = boto3.client("sqs", **fake_sqs.client_arguments)
    answer = sqs.send_message(QueueUrl=orders.url, MessageBody="one book")
    assert answer["MD5OfMessageBody"] != hashlib.md5(b"one book").hexdigest()
    sqs.close()
    ```
    """

    kinds: ClassVar[frozenset[str]] = frozenset({"publish", "receive"})

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        """Yield the wrong digest."""
        yield Tamper(_with_wrong_digests)


def _with_wrong_digests(message: Message) -> Message:
    changed = _DIGEST.sub(_changed, message.body)
    return message.reframed(changed) if changed != message.body else message


def _changed(found: re.Match[bytes]) -> bytes:
    digest = found["digest"]
    return found["name"] + found["between"] + digest[:-1] + (b"0" if digest[-1:] != b"0" else b"1")


@dataclass(frozen=True, slots=True, repr=False)
class clock_skew(Fault):  # noqa: N801 -- a word in a script
    """Let the client's clock and that of the service be too far apart for its signature to hold.

    Wire definition: `SignatureDoesNotMatch`, status 403, with the two dates in its text, as from a service whose clock
    is *by* seconds (or a timedelta) ahead of the true time, or behind it if that is negative; nothing is done. The
    service tolerates five minutes. botocore does not try again.

    ```python
    import boto3, pytest
    from botocore.exceptions import ClientError

    orders = fake_sqs.queue("orders")
    fake_sqs.inject(clock_skew(3600), every=1)
    sqs = boto3.client("sqs", **fake_sqs.client_arguments)
    with pytest.raises(ClientError, match="Signature expired"):
        sqs.send_message(QueueUrl=orders.url, MessageBody="one book")
    sqs.close()
    ```
    """

    by: float | timedelta

    def __post_init__(self) -> None:
        """Check the settings."""
        if abs(self._by) <= _TOLERANCE:
            msg = f"by={self.by!r} is within the five minutes that SQS tolerates: valid are more, or less than -300"
            raise ScriptingError(msg)

    @property
    def _by(self) -> timedelta:
        if isinstance(self.by, timedelta):
            return self.by
        return timedelta(seconds=number("by", self.by, least=-_FAR, most=_FAR))

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        """Yield the refusal."""
        now = occasion.clock.wall().astimezone(UTC)
        signed = occasion.call.headers.get("x-amz-date", "") if occasion.call is not None else ""
        yield Fail("SignatureDoesNotMatch", self._text(now + self._by, signed or _stamp(now)))

    def _text(self, now: datetime, signed: str) -> str:
        if self._by > timedelta(0):
            limit = f"{_stamp(now - _TOLERANCE)} ({_stamp(now)} - 5 min.)"
            return f"Signature expired: {signed} is now earlier than {limit}"
        limit = f"{_stamp(now + _TOLERANCE)} ({_stamp(now)} + 5 min.)"
        return f"Signature not yet current: {signed} is still later than {limit}"


def _stamp(moment: datetime) -> str:
    return moment.strftime("%Y%m%dT%H%M%SZ")
