"""The schema of `graphql_servers` in strawberry, which looks its annotations up in the module."""

import strawberry


@strawberry.type
class Friend:
    id: strawberry.ID
    name: str


@strawberry.type
class User:
    id: strawberry.ID
    name: str
    email: str | None
    friends: list[Friend]


@strawberry.type
class Query:
    @strawberry.field
    def user(self, id: strawberry.ID) -> User | None:  # noqa: A002 -- its name in the schema
        friends = [Friend(id=strawberry.ID(str(number)), name=f"friend {number}") for number in range(5)]
        return User(id=id, name="Ada", email="ada@example.com", friends=friends)


schema = strawberry.Schema(query=Query)
