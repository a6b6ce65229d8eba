"""What is in a message: which bodies and attributes SQS takes, how large they are, and their digests."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import struct
from typing import TYPE_CHECKING, Any

from .errors import Refusal, SqsError, invalid_value

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["check_attributes", "check_body", "digest", "digest_of_attributes", "readable", "size", "wanted"]

_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,256}")
_TYPE = re.compile(r"(String|Number|Binary)(\.[ -~]{1,250})?")
_MOST_ATTRIBUTES = 10


def check_body(body: object) -> str:
    """Return *body*, if it is text that SQS takes."""
    if not isinstance(body, str) or not body:
        raise SqsError(Refusal.MissingParameter, "The request must contain the parameter MessageBody.")
    bad = _FORBIDDEN.search(body)
    if bad is not None:
        text = f"Invalid binary character '#x{ord(bad[0]):X}' was found in the message body."
        raise SqsError(Refusal.InvalidMessageContents, text)
    return body


def check_attributes(attributes: object) -> dict[str, dict[str, str]]:
    """Return the message *attributes*, if they are ones that SQS takes; binary values stay Base64, as they came."""
    if not attributes:
        return {}
    if not isinstance(attributes, dict):
        raise SqsError(Refusal.InvalidParameterValue, "MessageAttributes is not a map.")
    if len(attributes) > _MOST_ATTRIBUTES:
        text = f"Number of message attributes [{len(attributes)}] exceeds the allowed maximum [{_MOST_ATTRIBUTES}]."
        raise SqsError(Refusal.InvalidParameterValue, text)
    return {name: _checked(name, value) for name, value in attributes.items()}


def _checked(name: str, value: Any) -> dict[str, str]:
    lowered = name.lower()
    bad_place = name[:1] == "." or name[-1:] == "." or ".." in name or lowered.startswith(("aws.", "amazon."))
    if not _NAME.fullmatch(name) or bad_place:
        raise SqsError(Refusal.InvalidParameterValue, f"The message attribute name '{name}' is invalid.")
    kind = value.get("DataType") if isinstance(value, dict) else None
    if not isinstance(kind, str) or not _TYPE.fullmatch(kind):
        raise SqsError(
            Refusal.InvalidParameterValue,
            f"The type of message (user) attribute '{name}' is invalid. "
            "You must use only the following supported type prefixes: Binary, Number, String.",
        )
    field = "BinaryValue" if kind.startswith("Binary") else "StringValue"
    content = value.get(field)
    if not isinstance(content, str) or not content or _FORBIDDEN.search(content):
        text = f"The message (user) attribute '{name}' must contain a non-empty value of type '{kind}'."
        raise SqsError(Refusal.InvalidParameterValue, text)
    if field == "BinaryValue":
        _decoded(content)
    elif kind.startswith("Number"):
        _check_number(name, content)
    return {"DataType": kind, field: content}


def _check_number(name: str, content: str) -> None:
    try:
        float(content)
    except ValueError:
        text = f"Can't cast the value of message (user) attribute '{name}' to a number."
        raise SqsError(Refusal.InvalidParameterValue, text) from None


def _decoded(content: str) -> bytes:
    try:
        return base64.b64decode(content, validate=True)
    except (binascii.Error, ValueError):
        raise invalid_value(content, "BinaryValue", "it is not Base64") from None


def _content(value: Mapping[str, str]) -> bytes:
    return _decoded(value["BinaryValue"]) if "BinaryValue" in value else value["StringValue"].encode()


def size(body: str, attributes: Mapping[str, Mapping[str, str]]) -> int:
    """Return how many bytes of the limit a message takes: its body, and names, types and values of its attributes."""
    return len(body.encode()) + sum(
        len(name.encode()) + len(value["DataType"].encode()) + len(_content(value))
        for name, value in attributes.items()
    )


def digest(data: bytes) -> str:
    """Return the MD5 of *data* in hexadecimal."""
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def digest_of_attributes(attributes: Mapping[str, Mapping[str, str]]) -> str:
    """Return the MD5 of message attributes: sorted by name, each part with its length before it.

    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html
    """
    joined = bytearray()
    for name in sorted(attributes):
        value = attributes[name]
        for part in (name.encode(), value["DataType"].encode()):
            joined += struct.pack(">I", len(part)) + part
        content = _content(value)
        joined += (b"\2" if "BinaryValue" in value else b"\1") + struct.pack(">I", len(content)) + content
    return digest(bytes(joined))


def wanted(attributes: Mapping[str, Any], names: list[str]) -> dict[str, Any]:
    """Return those *attributes* that a receiver asked for: by name, by a prefix (`"trace.*"`), or all."""
    if "All" in names or ".*" in names:
        return dict(attributes)
    prefixes = tuple(name[:-2] for name in names if name.endswith(".*"))
    return {name: value for name, value in attributes.items() if name in names or name.startswith(prefixes or ("\0",))}


def readable(attributes: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    """Return message attributes as a test reads them: text for strings and numbers, bytes for binary ones."""
    return {
        name: _content(value) if "BinaryValue" in value else value["StringValue"] for name, value in attributes.items()
    }
