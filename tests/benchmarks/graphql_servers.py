"""One schema and its data behind ariadne, strawberry and our fake, on the same wire."""

from __future__ import annotations

import contextlib
import json
import socket
from typing import TYPE_CHECKING, Any

from pytest_integrations import FakeRest
from pytest_integrations.backends.graphql.fake import FakeGraphQL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["SDL", "Asking", "ariadne", "ours", "strawberry"]

SDL = """
type Query { user(id: ID!): User }
type User { id: ID! name: String! email: String friends: [Friend!]! }
type Friend { id: ID! name: String! }
"""
DOCUMENT = "query GetUser($id: ID!) { user(id: $id) { id name email friends { id name } } }"


def data(id: str) -> dict[str, Any]:  # noqa: A002 -- its name in the schema
    """Return a user, as all of them answer it."""
    friends = [{"id": str(number), "name": f"friend {number}"} for number in range(5)]
    return {"id": id, "name": "Ada", "email": "ada@example.com", "friends": friends}


@contextlib.contextmanager
def ours() -> Iterator[str]:
    """Serve by the fake, with a reply."""
    with FakeGraphQL(SDL) as fake:
        fake.query("GetUser").reply({"user": {key: value for key, value in data("").items() if key != "id"}})
        yield fake.url


@contextlib.contextmanager
def _on_our_wire(execute: Callable[[str, dict[str, Any]], dict[str, Any]]) -> Iterator[str]:
    """Serve *execute* on the I/O thread itself, without a framework around it, which is to its advantage."""

    def answer(request: Any) -> Any:
        body = json.loads(request.get_data())
        return execute(body["query"], body["variables"])

    with FakeRest() as rest:
        rest.post("/graphql").calls(answer, inline=True)
        yield f"{rest.url}/graphql"


def ariadne() -> contextlib.AbstractContextManager[str]:
    """Serve by ariadne."""
    from ariadne import QueryType, graphql_sync, make_executable_schema

    query = QueryType()
    query.set_field("user", lambda _root, _info, id: data(id))  # noqa: A006 -- its name in the schema
    schema = make_executable_schema(SDL, query)
    return _on_our_wire(lambda document, values: graphql_sync(schema, {"query": document, "variables": values})[1])


def strawberry() -> contextlib.AbstractContextManager[str]:
    """Serve by strawberry."""
    from .berries import schema

    def execute(document: str, values: dict[str, Any]) -> dict[str, Any]:
        result = schema.execute_sync(document, variable_values=values)
        return {"data": result.data}

    return _on_our_wire(execute)


class Asking:
    """A client on one kept connection that costs next to nothing."""

    def __init__(self, url: str) -> None:
        """Connect to the server at *url*."""
        host, _, port = url.partition("://")[2].partition("/")[0].rpartition(":")
        self._host = f"{host}:{port}"
        self._sock = socket.create_connection((host, int(port)), 5)
        self._sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._number = 0

    def ask(self, count: int, *, same: bool) -> None:
        """Ask *count* times, for the *same* user or for another each time."""
        for _ in range(count):
            self._number += not same
            body = json.dumps({"query": DOCUMENT, "variables": {"id": str(self._number)}}).encode()
            head = f"POST /graphql HTTP/1.1\r\nHost: {self._host}\r\nContent-Type: application/json\r\n"
            self._sock.sendall(b"%bContent-Length: %d\r\n\r\n%b" % (head.encode(), len(body), body))
            answer = self._sock.recv(65536)
            assert b'"friend 4"' in answer, answer
            assert b'"errors"' not in answer, answer

    def close(self) -> None:
        """Leave."""
        self._sock.close()
