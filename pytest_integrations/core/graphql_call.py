"""One GraphQL request, or one subscription, as it was seen on the wire."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from .call import CONNECT, HttpCall
from .message import unchunked

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .call import Connection

__all__ = ["GraphQLCall", "Operation", "OperationKind", "Result", "StreamEvent", "Transport"]

OperationKind = Literal["query", "mutation", "subscription"]
Transport = Literal["http", "sse", "sse-single", "multipart", "graphql-transport-ws", "graphql-ws"]

Result = Literal["", "data", "partial", "errors"]
"""What a client got: `data`, without errors; `partial`: both; `errors`, and no data; `""`: nothing that is a result."""

_OWN_FAULT = frozenset(
    {
        "BAD_REQUEST",
        "BAD_USER_INPUT",
        "FORBIDDEN",
        "GRAPHQL_PARSE_FAILED",
        "GRAPHQL_VALIDATION_FAILED",
        "NOT_FOUND",
        "OPERATION_RESOLUTION_FAILURE",
        "PERSISTED_QUERY_NOT_FOUND",
        "PERSISTED_QUERY_NOT_SUPPORTED",
        "UNAUTHENTICATED",
    }
)
"""Codes that say, as a 4xx does, that the backend is well and the request is not: Apollo Server's, and usual others."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of a document, as its client asked for it."""

    kind: OperationKind
    """`"query"`, `"mutation"` or `"subscription"`."""
    name: str = ""
    """`""` for an anonymous one."""
    document: str = ""
    """The text that the client sent, or the stored one that it named."""
    variables: Mapping[str, Any] = field(default_factory=dict)
    """The variables that came with it."""
    fields: tuple[str, ...] = ()
    """The fields that it selects, fragments followed: `("Query.user", "User.email")`, each once, in order."""
    extensions: Mapping[str, Any] = field(default_factory=dict)
    """The extensions that came with it."""

    @property
    def title(self) -> str:
        """What it is called in ledgers and messages: `"query GetUser"`, of an anonymous one its fields at the root."""
        roots = (name.partition(".")[2] for name in self.fields if name.partition(".")[0].lower() == self.kind)
        return f"{self.kind} {self.name or '{ ' + ' '.join(roots) + ' }'}"


@dataclass(frozen=True, slots=True)
class StreamEvent:
    """One thing that was sent to a subscriber: `next` with a result, `error` with errors, or `complete`."""

    at: float
    """Seconds since the ledger was opened."""
    kind: Literal["next", "error", "complete"]
    """What it was."""
    payload: Any = None
    """The result `{"data": …}`, or the list of errors; as it was sent, faults included."""


class GraphQLCall(HttpCall):
    """One request to a GraphQL backend and its answer, or one subscription and what was sent to it.

    `operation` is `"query GetUser"`, of a batch `"batch of query GetUser, mutation Rename"`, of a request that is not
    GraphQL the method and path. Over WebSocket, the handshake is a call of its own (`"connect"`), and each
    subscription is one, with the bytes of its first message for `body`.
    """

    __slots__ = ("events", "operations", "transport")
    protocol = "graphql"

    def __init__(self, fake: str, connection: Connection, head: bytes = b"", operation: str = "connect") -> None:
        """Begin the record of a request with this raw *head*."""
        super().__init__(fake, connection, head, operation)
        self.operations: tuple[Operation, ...] = ()
        """What the client asked for; several in a batch, none if the request could not be understood."""
        self.events: list[StreamEvent] = []
        """What was sent to a subscriber, in order."""
        self.transport: Transport = "http"
        """How its results come: `"http"` at once, the others one after the other."""

    def understand(self, operations: tuple[Operation, ...]) -> None:
        """Record what the client asks for, and name the call after it."""
        self.operations = operations
        titles = ", ".join(operation.title for operation in operations)
        self.operation: str = titles if len(operations) == 1 else f"batch of {titles}"

    @property
    def kind(self) -> str:
        """`"query"`, `"mutation"`, `"subscription"`, `"batch"`.

        `"connect"` for the handshake of a WebSocket and the like, `"request"` for what could not be understood.
        """
        if not self.operations:
            return "connect" if self.operation == CONNECT else "request"
        return self.operations[0].kind if len(self.operations) == 1 else "batch"

    @property
    def name(self) -> str:
        """The name of the operation; `""` for an anonymous one, a batch, and what could not be understood."""
        return self.operations[0].name if len(self.operations) == 1 else ""

    @property
    def document(self) -> str:
        """The document, of a batch the first."""
        return self.operations[0].document if self.operations else ""

    @property
    def variables(self) -> Mapping[str, Any]:
        """The variables, of a batch those of the first operation."""
        return self.operations[0].variables if self.operations else {}

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields that are selected, of a batch by all of it: `("Query.user", "User.email")`."""
        return tuple(dict.fromkeys(name for operation in self.operations for name in operation.fields))

    @property
    def results(self) -> tuple[Mapping[str, Any], ...]:
        """The results as they were to be sent, faults included: one, of a batch several, of a stream one an event.

        Empty where the answer is not JSON, or not of the shape of results.
        """
        if self.events:
            return tuple(event.payload for event in self.events if event.kind == "next" and _is_result(event.payload))
        try:
            answer = json.loads(self._answer_body())
        except ValueError:
            return ()
        results = answer if isinstance(answer, list) else [answer]
        return tuple(results) if all(map(_is_result, results)) else ()

    @property
    def data(self) -> Any:
        """The `data` of the (first) result; None where there is none."""
        return self.results[0].get("data") if self.results else None

    @property
    def errors(self) -> tuple[Mapping[str, Any], ...]:
        """The errors of all results, and those that ended a subscription."""
        ended = [event.payload for event in self.events if event.kind == "error" and isinstance(event.payload, list)]
        found = [result.get("errors") for result in self.results]
        lists = [*(each for each in found if isinstance(each, list)), *ended]
        return tuple(error for each in lists for error in each if isinstance(error, dict))

    @property
    def codes(self) -> tuple[str, ...]:
        """The `extensions.code` of the errors, in order, each once; an error without one has none here."""
        extensions = (error.get("extensions") for error in self.errors)
        codes = (each.get("code") for each in extensions if isinstance(each, dict))
        return tuple(dict.fromkeys(code for code in codes if isinstance(code, str)))

    @property
    def result(self) -> Result:
        """What the client got: `"data"`, `"partial"`, `"errors"`; of a batch or a stream, the worst of it."""
        seen = {_kind_of(result) for result in self.results}
        seen |= {"errors" for event in self.events if event.kind == "error"}
        worst: tuple[Result, ...] = ("errors", "partial", "data")
        return next((kind for kind in worst if kind in seen), "")

    @property
    def verdict(self) -> str:
        """What the client was shown, in a few words: `"200"`, `"200 partial"`, `"200 THROTTLED"`, `"200 errors"`.

        Over a WebSocket, which has no status: `"complete"`, `"error"`, `"stopped"` by the client.
        """
        told, result = super().verdict, self.result
        if self.outcome == "answered" and self.status is None:
            last = self.events[-1].kind if self.events else "next"
            told = " ".join(filter(None, ("stopped" if last == "next" else last, told)))
        if self.outcome != "answered" or result not in {"partial", "errors"}:
            return told
        return " ".join(filter(None, (told, *((self.codes if result == "errors" else ()) or (result,)))))

    @property
    def denied(self) -> bool:
        """Whether the client got errors and no data, with whatever status."""
        return super().denied or self.result == "errors"

    @property
    def unprocessed(self) -> bool:
        """Whether every result is without `data`, which says that the execution did not begin."""
        return bool(self.results) and all("data" not in result for result in self.results)

    @property
    def repeatable(self) -> bool:
        """Whether doing it twice does no more than doing it once: that is so of all but mutations."""
        return bool(self.operations) and all(operation.kind != "mutation" for operation in self.operations)

    def _answer_body(self) -> bytes:
        head, _, content = self.final_reply.partition(b"\r\n\r\n")
        return unchunked(content) if b"\r\ntransfer-encoding: chunked" in head.lower() else content

    def _refused(self) -> bool:
        """Tell whether the backend is to blame that there is no data; GraphQL has errors with any status."""
        if self.result != "errors":
            return super()._refused()
        return not self.codes or not _OWN_FAULT.issuperset(self.codes) or (self.status or 0) >= 500


def _is_result(value: Any) -> bool:
    return isinstance(value, dict) and ("data" in value or "errors" in value)


def _kind_of(result: Mapping[str, Any]) -> Result:
    """Tell what a result is; one whose fields at the root are all null, and has errors, brought no data."""
    if not result.get("errors"):
        return "data"
    data = result.get("data")
    return "partial" if isinstance(data, dict) and any(value is not None for value in data.values()) else "errors"
