"""A fake with a small schema, and an honest client of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import httpx
import pytest

from pytest_integrations.backends.graphql.fake import FakeGraphQL

if TYPE_CHECKING:
    from collections.abc import Iterator

SCHEMA = """
scalar DateTime
scalar UUID
scalar Money
scalar Upload

enum Role { ADMIN USER GUEST }

interface Node { id: ID! }

type User implements Node {
  id: ID!
  name: String!
  email: String
  role: Role!
  age: Int
  score: Float
  active: Boolean
  born: DateTime
  key: UUID
  balance: Money
  friends: [User!]!
  best: User
  tags: [String]
}

type Post implements Node { id: ID! title: String! author: User! }

union Hit = User | Post

type PageInfo { hasNextPage: Boolean! }

type Page { info: PageInfo! }

input Profile { name: String, tags: [String!] }

type Query {
  version: String!
  me: User!
  maybe: User
  user(id: ID!): User
  numbered(id: Int!): Numbered
  users: [User!]!
  search(text: String): [Hit!]!
  node(id: ID!): Node
  page: Page
  sum(a: Int!, b: Int!): Int!
}

type Numbered { id: Int! }

type Mutation {
  rename(id: ID!, name: String!): User
  save(profile: Profile!): User
  upload(file: Upload!): String
  uploads(files: [Upload!]!): [String!]
}

type Subscription { added: Post! }
"""


class Ask(Protocol):
    def __call__(self, document: str, /, *, fails: bool = False, **variables: Any) -> Any:
        """Send a document; return the data, or with *fails* the whole result."""


@pytest.fixture
def api() -> Iterator[FakeGraphQL]:
    """A running fake; what it found wrong by itself fails the test, unless the test has looked at it."""
    with FakeGraphQL(SCHEMA, "api") as fake:
        yield fake


@pytest.fixture
def client(api: FakeGraphQL) -> Iterator[httpx.Client]:
    """A client of `api` that keeps its connections."""
    with httpx.Client(timeout=5, trust_env=False) as client:
        yield client


@pytest.fixture
def ask(api: FakeGraphQL, client: httpx.Client) -> Ask:
    """Ask `api` by POST."""

    def ask(document: str, /, *, fails: bool = False, **variables: Any) -> Any:
        result = client.post(api.url, json={"query": document, "variables": variables}).json()
        if fails:
            return result
        assert "errors" not in result, result
        return result["data"]

    return ask


def told(fake: FakeGraphQL) -> list[str]:
    """Return what *fake* found wrong by itself, and would fail the test for."""
    return [problem.text for problem in fake.ledger.untold()]
