"""What GraphQL clients make of each fault, as a table: from the cases that tests/contract and tests/npm play with them."""

from __future__ import annotations

from tests.contract.graphql.cases import CASES

from .queue_clients import table

__all__ = ["graphql_page"]


def graphql_page() -> str:
    """Return what each client makes of each fault of an operation."""
    rows = []
    for case in CASES:
        told = [case.status, *(case.of(client) for client in ("http.client", "requests", "httpx", "gql")), case.apollo]
        rows.append([f"`{case.fault!r}`", *(_shown(each) for each in told)])
    return table(["fault", "status", "http.client", "requests", "httpx", "gql", "Apollo Client"], rows)


def _shown(word: str) -> str:
    name, _, more = word.partition(" ")
    return " ".join(filter(None, (f"`{name}`", more))) if name[:1].isupper() else word
