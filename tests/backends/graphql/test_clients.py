"""Real clients: gql with its HTTP transports, requests, httpx, aiohttp."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

import pytest
import requests
from gql import Client, FileVar, GraphQLRequest, gql
from gql.transport.aiohttp import AIOHTTPTransport
from gql.transport.exceptions import TransportQueryError
from gql.transport.httpx import HTTPXAsyncTransport, HTTPXTransport
from gql.transport.requests import RequestsHTTPTransport

from pytest_integrations.backends.graphql.errors import FieldError

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_integrations.backends.graphql.fake import FakeGraphQL

GET_USER = "query GetUser($id: ID!) { user(id: $id) { id name email } }"
TRANSPORTS = {
    "requests": RequestsHTTPTransport,
    "httpx": HTTPXTransport,
    "httpx async": HTTPXAsyncTransport,
    "aiohttp": AIOHTTPTransport,
}
logging.getLogger("gql.transport").setLevel(logging.WARNING)


@pytest.fixture(params=TRANSPORTS)
def gql_client(request: pytest.FixtureRequest, no_leaks: None, api: FakeGraphQL) -> Client:
    """A client of gql that checks what it sends and gets against the schema that it has asked for."""
    transport = TRANSPORTS[request.param](url=api.url)
    return Client(transport=transport, fetch_schema_from_transport=True, execute_timeout=5)


def _execute(client: Client, request: GraphQLRequest, **more: Any) -> Any:
    """Execute *request*, on a loop that is closed again if the transport needs one."""

    async def on_a_loop() -> Any:
        async with client as session:
            return await session.execute(request, **more)

    if isinstance(client.transport, AIOHTTPTransport | HTTPXAsyncTransport):
        return asyncio.run(on_a_loop())
    with client as session:
        return session.execute(request, **more)


def _batch(client: Client, wanted: list[GraphQLRequest]) -> Any:
    async def on_a_loop() -> Any:
        async with client as session:
            return await session.execute_batch(wanted)

    if isinstance(client.transport, AIOHTTPTransport | HTTPXAsyncTransport):
        return asyncio.run(on_a_loop())
    with client as session:
        return session.execute_batch(wanted)


def test_a_query(api: FakeGraphQL, gql_client: Client) -> None:
    """The schema is asked for first, and taken."""
    api.query("GetUser").reply({"user": {"name": "Ada"}})
    data = _execute(gql_client, GraphQLRequest(GET_USER, variable_values={"id": "7"}))

    assert data == {"user": {"id": "7", "name": "Ada", "email": "User.email 7"}}
    assert [call.operation for call in api.calls] == ["query IntrospectionQuery", "query GetUser"]
    assert gql_client.schema is not None
    assert "DateTime" in gql_client.schema.type_map


def test_a_mutation(api: FakeGraphQL, gql_client: Client) -> None:
    document = 'mutation M { rename(id: 7, name: "x") { id } }'
    assert _execute(gql_client, gql(document)) == {"rename": {"id": "7"}}
    assert api.calls[-1].kind == "mutation"
    assert not api.calls[-1].repeatable


def test_a_partial_result(api: FakeGraphQL, gql_client: Client) -> None:
    api.query("GetUser").reply({"user": {"email": FieldError("hidden", code="FORBIDDEN")}})
    with pytest.raises(TransportQueryError) as raised:
        _execute(gql_client, GraphQLRequest(GET_USER, variable_values={"id": "7"}))

    assert raised.value.data == {"user": {"id": "7", "name": "User.name 7", "email": None}}
    (error,) = raised.value.errors or ()
    assert error["extensions"] == {"code": "FORBIDDEN"}
    assert api.calls[-1].result == "partial"


def test_a_batch(api: FakeGraphQL, gql_client: Client) -> None:
    wanted = [GraphQLRequest(GET_USER, variable_values={"id": id}) for id in ("1", "2")]  # noqa: A001 -- its name
    assert [each["user"]["name"] for each in _batch(gql_client, wanted)] == ["User.name 1", "User.name 2"]
    assert api.calls[-1].operation == "batch of query GetUser, query GetUser"


def test_an_upload(api: FakeGraphQL, gql_client: Client, tmp_path: Path) -> None:
    """gql sends the file as its transport does, streamed or not."""
    file = tmp_path / "a.txt"
    file.write_bytes(b"hello")
    api.resolve("Mutation.upload", lambda given: f"{given['file'].filename}: {given['file'].data.decode()}")
    request = GraphQLRequest(
        "mutation M($file: Upload!) { upload(file: $file) }", variable_values={"file": FileVar(str(file))}
    )
    data = _execute(gql_client, request, upload_files=True)
    assert data["upload"].endswith("a.txt: hello")


def test_requests_keeps_its_connection(api: FakeGraphQL) -> None:
    with requests.Session() as session:
        for _ in range(3):
            session.post(api.url, json={"query": "{ version }"}).raise_for_status()
            session.get(api.url, params={"query": "{ version }"}).raise_for_status()
    assert len(api.connections) == 1
    assert [call.number for call in api.calls] == [1, 2, 3, 4, 5, 6]


def test_many_at_once(no_leaks: None, api: FakeGraphQL) -> None:
    """Each gets its own answer, resolvers included."""
    import aiohttp

    async def name(given: dict[str, Any]) -> dict[str, Any]:
        await asyncio.sleep(0.001)
        return {"name": f"n{given['id']}"}

    api.resolve("Query.user", name)

    async def run() -> list[str]:
        async with aiohttp.ClientSession() as session:

            async def one(number: int) -> str:
                body = {"query": GET_USER, "variables": {"id": str(number)}}
                async with session.post(api.url, json=body) as answer:
                    return str((await answer.json())["data"]["user"]["name"])

            return await asyncio.gather(*map(one, range(60)))

    assert asyncio.run(run()) == [f"n{number}" for number in range(60)]
