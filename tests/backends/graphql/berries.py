"""A schema of strawberry; it looks annotations up in the module, so that they have to be evaluated there."""

import enum

import strawberry


@strawberry.enum
class Role(enum.Enum):
    ADMIN = "inner"


@strawberry.type
class User:
    id: strawberry.ID
    name: str | None
    role: Role | None


@strawberry.type
class Query:
    @strawberry.field
    def user(self, id: strawberry.ID) -> User | None:  # noqa: A002 -- its name in the schema
        raise AssertionError


schema = strawberry.Schema(query=Query)
