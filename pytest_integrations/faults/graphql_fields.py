"""GraphQL results of which a part is missing: fields that fail, and fields that are null without a word."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from pytest_integrations.core.effect import FieldFault, Resolve
from pytest_integrations.core.errors import ScriptingError
from pytest_integrations.core.fault import Fault
from pytest_integrations.core.seed import Seed
from pytest_integrations.core.settings import line, number

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_integrations.core.call import Call
    from pytest_integrations.core.effect import Effect, Field
    from pytest_integrations.core.fault import Occasion

__all__ = ["field_error", "nullify", "partial"]

_EXECUTED = frozenset({"query", "mutation", "batch", "subscription"})


def _coordinate(name: str, value: object) -> str:
    parts = value.split(".") if isinstance(value, str) else []
    if len(parts) != 2 or not all(part.isidentifier() for part in parts):
        msg = f"{name}={value!r} is not a field of a schema: valid is TYPE.FIELD, such as 'User.email'"
        raise ScriptingError(msg)
    return ".".join(parts)


def _selects(call: Call, field: str) -> bool:
    """Tell whether *call* asks for *field*, perhaps by way of an interface, which then is what it names."""
    wanted = field.rpartition(".")[2]
    return any(selected.rpartition(".")[2] == wanted for selected in getattr(call, "fields", ()))


@dataclass(frozen=True, slots=True, repr=False)
class field_error(Fault):  # noqa: N801 -- a word in a script
    """Let one field fail, and everything else come.

    Wire definition: the status as it is; wherever *field* (`"User.email"`) is selected, or only at *path* of the
    result (`("users", 1, "email")`), it fails with *message* and `"extensions": {"code": CODE}`: it is null in `data`,
    and `errors` has an entry with its `path` and `locations`. Of a field that must not be null, the nearest parent that
    may be is null instead, up to `data` itself. Acts on operations that select the field. Source: GraphQL
    specification, section 6.4.4 "Handling execution errors".

    ```python
    import requests

    fake_graphql.schema("type Query { user: User } type User { name: String email: String }")
    fake_graphql.inject(field_error("User.email", "mail server is down"))
    answer = requests.post(fake_graphql.url, json={"query": "{ user { name email } }"}).json()
    assert answer["data"]["user"]["name"] and answer["data"]["user"]["email"] is None
    assert answer["errors"][0]["path"] == ["user", "email"]
    ```
    """

    kinds: ClassVar[frozenset[str]] = _EXECUTED
    field: str
    message: str = "Internal server error"
    code: str = "INTERNAL_SERVER_ERROR"
    path: tuple[str | int, ...] | None = None

    def __post_init__(self) -> None:
        """Check the settings."""
        _coordinate("field", self.field)
        line("message", self.message)
        line("code", self.code)
        if self.path is not None and not isinstance(self.path, list | tuple):
            msg = f"path={self.path!r} is not a path in a result: valid are tuples such as ('users', 1, 'email')"
            raise ScriptingError(msg)

    def acts_on(self, call: Call) -> bool:
        """Tell whether *call* is an operation that selects the field."""
        return Fault.acts_on(self, call) and _selects(call, self.field)

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        """Yield the failure of the field."""
        failure = FieldFault(self.message, {"code": self.code})
        path = None if self.path is None else tuple(self.path)

        def spoil(field: Field) -> FieldFault | None:
            return failure if field.coordinate == self.field and path in {None, field.path} else None

        yield Resolve(spoil, coordinates=(self.field,))


@dataclass(frozen=True, slots=True, repr=False)
class nullify(Fault):  # noqa: N801 -- a word in a script
    """Answer null where a value is expected, without an error.

    Wire definition: the status as it is; *field* (`"User.email"`) is null wherever it is selected. Of a field that must
    not be null, that is an error of the server, and the nearest parent that may be null is. Acts on operations that
    select the field.

    ```python
    import requests

    fake_graphql.schema("type Query { user: User } type User { name: String email: String }")
    fake_graphql.inject(nullify("User.email"))
    answer = requests.post(fake_graphql.url, json={"query": "{ user { email } }"}).json()
    assert answer == {"data": {"user": {"email": None}}}
    ```
    """

    kinds: ClassVar[frozenset[str]] = _EXECUTED
    field: str

    def __post_init__(self) -> None:
        """Check the settings."""
        _coordinate("field", self.field)

    def acts_on(self, call: Call) -> bool:
        """Tell whether *call* is an operation that selects the field."""
        return Fault.acts_on(self, call) and _selects(call, self.field)

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        """Yield the null."""
        null = FieldFault()
        yield Resolve(lambda field: null if field.coordinate == self.field else None, coordinates=(self.field,))


@dataclass(frozen=True, slots=True, repr=False)
class partial(Fault):  # noqa: N801 -- a word in a script
    """Let a part of the fields fail that may be null, chosen by the seed.

    Wire definition: the status as it is; each field below the root that may be null fails with probability *ratio*
    (0 to 1), with *message* and *code* as in `field_error`. The same seed chooses the same fields. Fields at the root
    are spared, so that some data is left.

    ```python
    import requests

    fake_graphql.schema("type Query { user: User } type User { name: String email: String id: ID! }")
    fake_graphql.inject(partial(1))
    answer = requests.post(fake_graphql.url, json={"query": "{ user { id name email } }"}).json()
    assert len(answer["errors"]) == 2 and answer["data"]["user"]["id"]
    ```
    """

    kinds: ClassVar[frozenset[str]] = _EXECUTED
    ratio: float = 0.5
    message: str = "Internal server error"
    code: str = "INTERNAL_SERVER_ERROR"

    def __post_init__(self) -> None:
        """Check the settings."""
        number("ratio", self.ratio, above=0, most=1)
        line("message", self.message)
        line("code", self.code)

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        """Yield failures by chance."""
        failure = FieldFault(self.message, {"code": self.code})
        seed = Seed(occasion.random.getrandbits(32))  # each field draws for itself, in whatever order they come

        def spoil(field: Field) -> FieldFault | None:
            chosen = field.nullable and len(field.path) > 1 and seed.draw(*field.path) < self.ratio
            return failure if chosen else None

        yield Resolve(spoil)
