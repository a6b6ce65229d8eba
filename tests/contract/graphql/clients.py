"""What is asked, and who asks: each client in its usual way, and what it makes of the answer in a word or two.

"data", "partial", "errors"    it gave that to its caller: data alone, data and errors, errors alone
"nothing"                      it gave something that is none of these
a name with a capital          it raised that
"""

from __future__ import annotations

import asyncio
import http.client
import json
from typing import TYPE_CHECKING, Any

import httpx
import requests
from gql import Client, GraphQLRequest, gql
from gql.transport.aiohttp import AIOHTTPTransport
from gql.transport.httpx import HTTPXTransport
from gql.transport.requests import RequestsHTTPTransport

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_integrations.backends.graphql.fake import FakeGraphQL

__all__ = ["ASKED", "CLIENTS", "DOCUMENTS", "MUTATION", "QUERY", "SCHEMA", "http_status"]

SCHEMA = """
type Query { user: User users: [User!]! }
type Mutation { rename(name: String!): User }
type User { id: ID! name: String email: String }
"""
QUERY = "query GetUser { user { id name email } }"
MUTATION = 'mutation Rename { rename(name: "ada") { id name email } }'
DOCUMENTS = {"query": QUERY, "mutation": MUTATION}
_PATIENCE = 10
"""Seconds that clients wait for an answer, in virtual time."""

ASKED = ("query", "mutation", "batch")


def _told(answer: Any) -> str:
    """Return what an answer is that a client hands over as it came."""
    if isinstance(answer, list):
        kinds = [_told(each) for each in answer]
        return kinds[0] if len(set(kinds)) == 1 and len(kinds) == 2 else f"{len(kinds)} of 2"
    if not isinstance(answer, dict) or not isinstance(answer.get("errors", []), list):
        return "nothing"
    data, errors = answer.get("data"), answer.get("errors")
    if errors:
        return "partial" if isinstance(data, dict) and any(data.values()) else "errors"
    return "data" if isinstance(data, dict) else "nothing"


def _body(what: str) -> Any:
    return [{"query": QUERY}] * 2 if what == "batch" else {"query": DOCUMENTS[what]}


def _http_client(fake: FakeGraphQL, what: str) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", fake.port, timeout=_PATIENCE)
    try:
        connection.request("POST", "/graphql", json.dumps(_body(what)), {"Content-Type": "application/json"})
        return _told(json.loads(connection.getresponse().read()))
    finally:
        connection.close()


def http_status(fake: FakeGraphQL, what: str) -> str:
    """Return the status, which no client of GraphQL tells if the answer is JSON."""
    connection = http.client.HTTPConnection("127.0.0.1", fake.port, timeout=_PATIENCE)
    try:
        connection.request("POST", "/graphql", json.dumps(_body(what)), {"Content-Type": "application/json"})
        return str(connection.getresponse().status)
    except (OSError, http.client.HTTPException):
        return "none"
    finally:
        connection.close()


def _requests(fake: FakeGraphQL, what: str) -> str:
    with requests.Session() as session:
        return _told(session.post(fake.url, json=_body(what), timeout=_PATIENCE).json())


def _httpx(fake: FakeGraphQL, what: str) -> str:
    with httpx.Client(timeout=_PATIENCE) as client:
        return _told(client.post(fake.url, json=_body(what)).json())


def _gql_requests(fake: FakeGraphQL, what: str) -> str:
    return _by_gql(RequestsHTTPTransport(fake.url, timeout=_PATIENCE), what)


def _gql_httpx(fake: FakeGraphQL, what: str) -> str:
    return _by_gql(HTTPXTransport(fake.url, timeout=_PATIENCE), what)


def _gql_aiohttp(fake: FakeGraphQL, what: str) -> str:
    async def ask() -> str:  # in a loop of its own, since gql leaves the one that it makes open
        transport = AIOHTTPTransport(fake.url, timeout=_PATIENCE)
        async with Client(
            transport=transport, execute_timeout=10 * _PATIENCE
        ) as session:  # the transport's comes first
            if what == "batch":
                return _told([{"data": each} for each in await session.execute_batch([GraphQLRequest(QUERY)] * 2)])
            return _told({"data": await session.execute(gql(DOCUMENTS[what]))})

    return asyncio.run(ask())


def _by_gql(transport: Any, what: str) -> str:
    client = Client(transport=transport, execute_timeout=_PATIENCE)
    if what == "batch":
        return _told([{"data": each} for each in client.execute_batch([GraphQLRequest(QUERY)] * 2)])
    return _told({"data": client.execute(gql(DOCUMENTS[what]))})


CLIENTS: dict[str, Callable[[FakeGraphQL, str], str]] = {
    "http.client": _http_client,
    "requests": _requests,
    "httpx": _httpx,
    "gql requests": _gql_requests,
    "gql httpx": _gql_httpx,
    "gql aiohttp": _gql_aiohttp,
}
"""By name: asks for something, returns what came of it or raises."""
