"""What a servicer is given: grpcio-testing's context, with what it leaves out, as grpcio's server has it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

import grpc

from pytest_integrations.backends.grpc.metadatum import Metadatum, is_valid, metadata_of, metadata_taken
from pytest_integrations.core.grpc_status import CODES, code_number

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pytest_integrations.core.grpc_metadata import Metadata

__all__ = ["Aborted", "Context"]

_OK = 0
_UNKNOWN = CODES.index("UNKNOWN")
_INTERNAL = CODES.index("INTERNAL")
_FOR_EVER = float(2**63)
"""Seconds that are left of a call without a deadline: not None, as grpcio's documentation has it."""


class Aborted(Exception):
    """Raised by `abort`, in a servicer's own code."""


class Context(grpc.ServicerContext):  # type: ignore[misc]  # grpcio has no types
    """The context of one call."""

    def __init__(self, inner: Any, metadata: Metadata) -> None:
        """Complete *inner*, which is grpcio-testing's; *metadata* is what the client sent along."""
        self.initial: Metadata = ()
        """What was sent with the headers."""
        self._inner = inner
        self._metadata = metadata
        self._number: int | None = None
        self._details: str | None = None
        self._trailing: Metadata = ()

    # -- how it ends

    def conclude(self, error: BaseException | None = None, doing: str = "calling application") -> None:
        """Tell grpcio-testing how the call ends, after its method has returned, or raised *error* in *doing* that."""
        number, details = self._number, self._details
        if error is not None and not isinstance(error, Aborted):
            number = _UNKNOWN if number is None else number
            details = f"Exception {doing}: {error}" if details is None else details
        if not is_valid((*self.initial, *self._trailing)):
            number, details, self._trailing = _INTERNAL, "Invalid metadata", ()
        self._inner.set_code(grpc.StatusCode[CODES[number or _OK]])
        self._inner.set_details(details if number and details else "")
        self._inner.set_trailing_metadata(self._trailing)

    def fail(self, code: str, details: str) -> None:
        """End it with *code* and *details*, whatever the servicer has said."""
        self._number, self._details = CODES.index(code), details

    @property
    def is_ok(self) -> bool:
        """Whether it is to end well."""
        return not self._number

    def set_code(self, code: Any) -> None:
        """Take *code* for the status; what is no `grpc.StatusCode` is UNKNOWN, as to grpcio's server."""
        self._number = None if code is None else _number(code)

    def set_details(self, details: str | bytes) -> None:
        """Take *details* for the text of the status."""
        self._details = _text(details)

    def set_trailing_metadata(self, trailing_metadata: Iterable[Any]) -> None:
        """Send this with the status."""
        self._trailing = metadata_taken(trailing_metadata)

    def abort(self, code: Any, details: str | bytes) -> NoReturn:
        """End the call with *code*, and leave the method; OK is UNKNOWN without a text, as to grpcio's server."""
        self._number = _number(code) or _UNKNOWN
        self._details = "" if code is grpc.StatusCode.OK else _text(details)
        raise Aborted

    def abort_with_status(self, status: Any) -> NoReturn:
        """End the call with *status*, a `grpc.Status`, and leave the method."""
        if status.trailing_metadata is not None:
            self.set_trailing_metadata(status.trailing_metadata)
        self.abort(status.code, status.details)

    def code(self) -> Any:
        """Return the status that was set, or None."""
        return None if self._number is None else grpc.StatusCode[CODES[self._number]]

    def details(self) -> str | None:
        """Return the text that was set, or None."""
        return self._details

    def trailing_metadata(self) -> tuple[Metadatum, ...]:
        """Return the metadata that was set for the end."""
        return metadata_of(self._trailing)

    # -- what goes before

    def send_initial_metadata(self, initial_metadata: Iterable[Any]) -> None:
        """Send this with the headers, now."""
        initial = metadata_taken(initial_metadata)
        self._inner.send_initial_metadata(initial)
        self.initial = initial

    def invocation_metadata(self) -> tuple[Metadatum, ...]:
        """Return what the client sent along."""
        return metadata_of(self._metadata)

    def set_compression(self, compression: Any) -> None:
        """Nothing is compressed here."""

    def disable_next_message_compression(self) -> None:
        """Nothing is compressed here."""

    # -- the call

    def is_active(self) -> bool:
        """Tell whether it goes on."""
        return bool(self._inner.is_active())

    def time_remaining(self) -> float:
        """Return the seconds until its deadline, of the clock in force; without one, what grpcio's server says."""
        remaining: float | None = self._inner.time_remaining()
        return _FOR_EVER if remaining is None else remaining

    def cancel(self) -> None:
        """End it as cancelled."""
        self._inner.cancel()

    def add_callback(self, callback: Callable[[], object]) -> bool:
        """Call *callback* when it is over; False if it is."""
        return bool(self._inner.add_callback(callback))

    # -- the client

    def peer(self) -> str:
        """Return who the client is: it has no address here."""
        return "inproc:pytest"

    def peer_identities(self) -> None:
        """Return None: without TLS nobody is known."""

    def peer_identity_key(self) -> None:
        """Return None: without TLS nobody is known."""

    def auth_context(self) -> dict[str, Any]:
        """Return nothing: without TLS nobody is known."""
        return {}


def _number(code: Any) -> int:
    return code_number(code) if isinstance(code, grpc.StatusCode) else _UNKNOWN


def _text(details: str | bytes) -> str:
    return details if isinstance(details, str) else details.decode()
