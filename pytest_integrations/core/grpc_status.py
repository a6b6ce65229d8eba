"""The status codes of gRPC, by name and number, and whose fault each of them is."""

from __future__ import annotations

from .errors import ScriptingError, near_names

__all__ = ["CODES", "FAILURES", "check_failure", "check_text", "code_name", "code_number"]

CODES = (
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
)
"""The names; a code's number is its place."""

FAILURES = frozenset(
    {"UNKNOWN", "DEADLINE_EXCEEDED", "RESOURCE_EXHAUSTED", "ABORTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS"}
)
"""Those that say that the backend is not well; the others, but OK and CANCELLED, say that the request is not."""


def code_name(number: int) -> str:
    """Return the name of a code; of a *number* that none has, the number.

    >>> code_name(14), code_name(99)
    ('UNAVAILABLE', '99')
    """
    return CODES[number] if 0 <= number < len(CODES) else str(number)


def code_number(value: object) -> int:
    """Return the number of the code that *value* is: a name in any case, a number, or a `grpc.StatusCode`.

    >>> code_number("unavailable"), code_number(14)
    (14, 14)
    """
    number = getattr(value, "value", None)  # grpc.StatusCode: (14, "unavailable")
    if isinstance(number, tuple) and number and isinstance(number[0], int):
        return int(number[0])
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < len(CODES):
        return int(value)
    if isinstance(value, str) and value.upper() in CODES:
        return CODES.index(value.upper())
    near = near_names(value.upper(), CODES) if isinstance(value, str) else []
    guess = f" Did you mean {near[0]!r}?" if near else ""
    msg = f"{value!r} is not a status code of gRPC.{guess} Valid: {', '.join(CODES)}, or their numbers 0 to 16"
    raise ScriptingError(msg)


def check_failure(code: object, text: object) -> None:
    """Refuse what is not the *code* of a failure (OK is none), and what is not its *text*."""
    __tracebackhide__ = True
    if not code_number(code):
        msg = f"code={code!r} is no failure: an answer without a message is empty_ok()"
        raise ScriptingError(msg)
    check_text(text)


def check_text(text: object) -> None:
    """Refuse what cannot be the *text* of a status: a number, say, or an exception. None is no text."""
    __tracebackhide__ = True
    if not isinstance(text, str | None):
        msg = f"{text!r} is not the text of a status: valid is a str, such as {str(text)!r}"
        raise ScriptingError(msg)
