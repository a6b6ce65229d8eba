"""What GraphQL clients make of each fault, as tables: from the cases that tests/contract and tests/npm play."""

from __future__ import annotations

from tests.contract.graphql.cases import CASES
from tests.contract.graphql_streams.cases import CASES as STREAMS
from tests.contract.graphql_streams.clients import CLIENTS as SUBSCRIBERS

from .queue_clients import table

__all__ = ["graphql_page", "subscriptions_page"]


def graphql_page() -> str:
    """Return what each client makes of each fault of an operation."""
    rows = []
    for case in CASES:
        told = [case.status, *(case.of(client) for client in ("http.client", "requests", "httpx", "gql")), case.apollo]
        rows.append([f"`{case.fault!r}`", *(_shown(each) for each in told)])
    return table(["fault", "status", "http.client", "requests", "httpx", "gql", "Apollo Client"], rows)


def subscriptions_page() -> str:
    """Return what each client observes of each fault of a subscription: the events that came, and how it ended."""
    rows: dict[str, list[str]] = {}
    for case in STREAMS:
        name = f"`{case.fault!r}`" if case.fault is not None else "none"
        row = rows.setdefault(name, ["–"] * len(SUBSCRIBERS))
        for client in case.clients:
            events = ", ".join(map(str, case.events)) or "nothing"
            row[SUBSCRIBERS.index(client)] = f"{events}; {_ended(case.end)}"
    return table(["fault", *(client.name for client in SUBSCRIBERS)], ([name, *row] for name, row in rows.items()))


def _ended(end: str) -> str:
    name, colon, more = end.partition(":")
    return f"`{name}`{colon}{more}" if name[:1].isupper() else end


def _shown(word: str) -> str:
    name, _, more = word.partition(" ")
    return " ".join(filter(None, (f"`{name}`", more))) if name[:1].isupper() else word
