"""Every fault of GraphQL answers, and those of HTTP that show how its clients go on from there; and what comes of them.

`python -m tests.docs.reference --write` makes the page "what GraphQL clients raise" of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_integrations import faults

if TYPE_CHECKING:
    from pytest_integrations import Fault

__all__ = ["CASES", "Case"]

_OPERATIONS = ("query", "mutation", "batch")


@dataclass(frozen=True)
class Case:
    """A fault, and what its clients make of it; the words are those of `clients`."""

    fault: Fault
    status: str
    reader: str
    """Who reads JSON from the standard library, requests or httpx, and nothing besides."""
    gql: str
    apollo: str
    """`"data"` with what came, or the name of the error that it raises."""
    requests: str = ""
    """Where the libraries differ: requests' error."""
    httpx: str = ""
    operations: tuple[str, ...] = _OPERATIONS

    def of(self, client: str) -> str:
        """Return what *client* makes of it."""
        if client.startswith("gql"):
            return self.gql
        return {"requests": self.requests, "httpx": self.httpx}.get(client, "") or self.reader

    @property
    def id(self) -> str:
        """What the test is called."""
        return repr(self.fault)


_QUERY_ERROR = "TransportQueryError"
_WITH_DATA = "TransportQueryError with data"
_PROTOCOL = "TransportProtocolError"
_SERVER = "TransportServerError"
_FAILED = "TransportConnectionFailed"
_COMBINED = "CombinedGraphQLErrors"
_ONE = ("query",)

CASES = (
    Case(faults.request_error(), "200", "errors", _QUERY_ERROR, _COMBINED),
    Case(faults.request_error(status=503), "503", "errors", _QUERY_ERROR, _COMBINED),
    Case(faults.throttled(), "200", "errors", _QUERY_ERROR, _COMBINED),
    Case(faults.unauthenticated(), "200", "errors", _QUERY_ERROR, _COMBINED),
    Case(faults.unauthenticated(401), "401", "errors", _QUERY_ERROR, _COMBINED),
    Case(faults.persisted_query_not_found(), "200", "errors", _QUERY_ERROR, _COMBINED),
    Case(faults.html_502(), "502", "JSONDecodeError", _SERVER, "ServerError"),
    Case(faults.field_error("User.email"), "200", "partial", _WITH_DATA, _COMBINED),
    Case(faults.field_error("User.id"), "200", "errors", _WITH_DATA, _COMBINED),
    Case(faults.nullify("User.email"), "200", "data", "data", "data"),
    Case(faults.partial(1), "200", "partial", _WITH_DATA, _COMBINED),
    Case(faults.data_null(), "200", "errors", _QUERY_ERROR, _COMBINED),
    Case(faults.missing_data_key(), "200", "nothing", _PROTOCOL, "ServerError"),
    Case(faults.errors_not_list(), "200", "nothing", _QUERY_ERROR, "nothing"),
    Case(faults.non_json(), "200", "JSONDecodeError", _PROTOCOL, "ServerParseError"),
    Case(faults.wrong_content_type(), "200", "data", "data", "data"),
    Case(faults.batch_short(), "200", "1 of 2", _PROTOCOL, "–", operations=("batch",)),
    Case(faults.status(503), "503", "JSONDecodeError", _SERVER, "ServerError"),
    Case(
        faults.connection_reset(),
        "none",
        "ConnectionResetError",
        _FAILED,
        "TypeError",
        "ConnectionError",
        "ReadError",
        _ONE,
    ),
    Case(
        faults.empty_response(),
        "none",
        "RemoteDisconnected",
        _FAILED,
        "TypeError",
        "ConnectionError",
        "RemoteProtocolError",
        _ONE,
    ),
    Case(
        faults.truncate_body(),
        "200",
        "IncompleteRead",
        _FAILED,
        "TypeError",
        "ChunkedEncodingError",
        "RemoteProtocolError",
        _ONE,
    ),
    Case(faults.hang(), "none", "TimeoutError", _FAILED, "waits", "ReadTimeout", "ReadTimeout", _ONE),
)
