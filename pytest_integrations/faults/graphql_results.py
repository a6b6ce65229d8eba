"""GraphQL results that are not what they should be: null, short, of the wrong shape, or no JSON at all."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from pytest_integrations.core.effect import Tamper
from pytest_integrations.core.errors import ScriptingError
from pytest_integrations.core.fault import Fault
from pytest_integrations.core.settings import line, text, whole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pytest_integrations.core.effect import Effect
    from pytest_integrations.core.fault import Occasion
    from pytest_integrations.core.message import Message

__all__ = ["batch_short", "data_null", "errors_not_list", "missing_data_key", "non_json", "wrong_content_type"]

_EXECUTED = frozenset({"query", "mutation", "batch"})


@dataclass(frozen=True, slots=True, repr=False)
class data_null(Fault):  # noqa: N801 -- a word in a script
    """Execute the operation, and answer that nothing came of it: `data` is null, with an error.

    Wire definition: the status as it is; each result becomes `{"data": null, "errors": [{"message": MESSAGE, "path":
    [FIRST FIELD], "extensions": {"code": CODE}}]}`, as it is when a field that must not be null fails at the root.

    ```python
    import requests

    fake_graphql.schema("type Query { user: User } type User { name: String }")
    fake_graphql.inject(data_null())
    answer = requests.post(fake_graphql.url, json={"query": "{ user { name } }"}).json()
    assert (answer["data"], answer["errors"][0]["path"]) == (None, ["user"])
    ```
    """

    kinds: ClassVar[frozenset[str]] = _EXECUTED
    code: str = "INTERNAL_SERVER_ERROR"
    message: str = "Internal server error"

    def __post_init__(self) -> None:
        """Check the settings."""
        line("code", self.code)
        line("message", self.message)

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        """Yield the other result."""
        yield _reshaped(self._without_data, spoils=False)

    def _without_data(self, result: dict[str, Any]) -> Any:
        path = list(result.get("data") or ())[:1]
        error = {"message": self.message, "path": path, "extensions": {"code": self.code}}
        return {"data": None, "errors": [error]}


@dataclass(frozen=True, slots=True, repr=False)
class missing_data_key(Fault):  # noqa: N801 -- a word in a script
    """Answer JSON that is no result: neither `data` nor `errors`.

    Wire definition: the status as it is; each result without these two keys, `{}` if it has no others.

    ```python
    import requests

    fake_graphql.schema("type Query { user: User } type User { name: String }")
    fake_graphql.inject(missing_data_key())
    assert requests.post(fake_graphql.url, json={"query": "{ user { name } }"}).json() == {}
    ```
    """

    kinds: ClassVar[frozenset[str]] = _EXECUTED

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        """Yield the other result."""
        yield _reshaped(lambda result: {key: result[key] for key in result if key not in {"data", "errors"}})


@dataclass(frozen=True, slots=True, repr=False)
class errors_not_list(Fault):  # noqa: N801 -- a word in a script
    """Answer with `errors` that are no list, which the specification forbids and gateways send.

    Wire definition: the status as it is; each result becomes `{"errors": {"message": MESSAGE}}`.

    ```python
    import requests

    fake_graphql.schema("type Query { user: User } type User { name: String }")
    fake_graphql.inject(errors_not_list("overloaded"))
    answer = requests.post(fake_graphql.url, json={"query": "{ user { name } }"})
    assert answer.json() == {"errors": {"message": "overloaded"}}
    ```
    """

    kinds: ClassVar[frozenset[str]] = _EXECUTED
    message: str = "Internal server error"

    def __post_init__(self) -> None:
        """Check the settings."""
        line("message", self.message)

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        """Yield the other result."""
        yield _reshaped(lambda _result: {"errors": {"message": self.message}})


@dataclass(frozen=True, slots=True, repr=False)
class non_json(Fault):  # noqa: N801 -- a word in a script
    """Answer text that says it is JSON.

    Wire definition: status and fields as they are, a true `Content-Length`, and *content* for a body.

    ```python
    import pytest, requests

    fake_graphql.schema("type Query { user: User } type User { name: String }")
    fake_graphql.inject(non_json())
    with pytest.raises(requests.JSONDecodeError):
        requests.post(fake_graphql.url, json={"query": "{ user { name } }"}).json()
    ```
    """

    content: str = "upstream connect error or disconnect/reset before headers"

    def __post_init__(self) -> None:
        """Check the settings."""
        if not isinstance(self.content, str):
            msg = f"content={self.content!r} is not text"
            raise ScriptingError(msg)

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        """Yield the text."""
        content = self.content.encode()
        yield Tamper(lambda message: message if message.bodiless else message.reframed(content))


@dataclass(frozen=True, slots=True, repr=False)
class wrong_content_type(Fault):  # noqa: N801 -- a word in a script
    """Answer a sound result that says it is something else.

    Wire definition: the answer as it is, but for `Content-Type`, which is *content_type*.

    ```python
    import requests

    fake_graphql.schema("type Query { user: User } type User { name: String }")
    fake_graphql.inject(wrong_content_type())
    answer = requests.post(fake_graphql.url, json={"query": "{ user { name } }"})
    assert answer.headers["Content-Type"] == "text/html"
    ```
    """

    content_type: str = "text/html"

    def __post_init__(self) -> None:
        """Check the settings."""
        text("content_type", self.content_type)

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        """Yield the other type."""
        kind = self.content_type.encode("latin-1")
        yield Tamper(lambda message: message.without(b"Content-Type").with_field(b"Content-Type", kind))


@dataclass(frozen=True, slots=True, repr=False)
class batch_short(Fault):  # noqa: N801 -- a word in a script
    """Answer a batch with fewer results than it has operations.

    Wire definition: the status as it is; the last *missing* results are left out. All operations are executed. Acts
    on batches alone.

    ```python
    import requests

    fake_graphql.schema("type Query { user: User } type User { name: String }")
    fake_graphql.inject(batch_short())
    both = [{"query": "{ user { name } }"}, {"query": "{ user { __typename } }"}]
    assert len(requests.post(fake_graphql.url, json=both).json()) == 1
    ```
    """

    kinds: ClassVar[frozenset[str]] = frozenset({"batch"})
    missing: int = 1

    def __post_init__(self) -> None:
        """Check the settings."""
        whole("missing", self.missing, 1)

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        """Yield a shorter list."""

        def shorten(message: Message) -> Message:
            results = _content(message)
            if not isinstance(results, list):
                return message
            return message.reframed(json.dumps(results[: max(0, len(results) - self.missing)]).encode())

        yield Tamper(shorten)


def _reshaped(change: Callable[[dict[str, Any]], Any], *, spoils: bool = True) -> Tamper:
    """Return the effect that sends *change* of each result; what is no result stays as it is."""

    def reshape(message: Message) -> Message:
        content = _content(message)
        if isinstance(content, list):
            other: Any = [change(each) if isinstance(each, dict) else each for each in content]
        elif isinstance(content, dict):
            other = change(content)
        else:
            return message
        return message.reframed(json.dumps(other).encode())

    return Tamper(reshape, spoils=spoils)


def _content(message: Message) -> Any:
    if message.bodiless:
        return None
    try:
        return json.loads(message.body)
    except ValueError:
        return None
