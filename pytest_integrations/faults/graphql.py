"""GraphQL operations that are refused as a whole: errors without data, with any status.

Results of the wrong shape are in `graphql_results`, faults of single fields in `graphql_fields`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from pytest_integrations.core.effect import Answer, Resolve
from pytest_integrations.core.errors import ScriptingError
from pytest_integrations.core.fault import Fault
from pytest_integrations.core.reply import Reply
from pytest_integrations.core.settings import line, number

from .body import ERROR_PAGE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pytest_integrations.core.call import Call
    from pytest_integrations.core.effect import Effect
    from pytest_integrations.core.fault import Occasion

__all__ = [
    "html_502",
    "persisted_query_not_found",
    "request_error",
    "throttled",
    "unauthenticated",
]

_OPERATIONS = frozenset({"query", "mutation", "subscription", "batch"})
_RESPONSE_JSON = "application/graphql-response+json"


def _refused(
    message: str, code: str, status: int | None, extensions: Mapping[str, Any] | None = None
) -> Iterable[Effect]:
    """Yield a result with one error and no data, sent in the fake's own way, or with a *status* that is asked for."""
    result: dict[str, Any] = {"errors": [{"message": message, "extensions": {"code": code}}]}
    if extensions:
        result["extensions"] = dict(extensions)
    if status is None:
        yield Resolve(result=result)
    else:
        yield Answer(lambda call: _answer(call, result, status))


def _answer(call: Call, result: Mapping[str, Any], status: int) -> Reply:
    """Return *result*, for each operation of a batch, in the type that the client accepts."""
    operations = getattr(call, "operations", ())
    content = [result] * len(operations) if len(operations) > 1 else result
    takes_new = _RESPONSE_JSON in call.headers.get("accept", "")
    kind = _RESPONSE_JSON if takes_new else "application/json"
    return Reply.of(status, body=json.dumps(content).encode(), headers={"Content-Type": kind})


def _status(value: object) -> None:
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, int) or not 200 <= value <= 599:
        msg = f"status={value!r} is not a status code of an answer: valid are whole numbers from 200 to 599"
        raise ScriptingError(msg)


@dataclass(frozen=True, slots=True, repr=False)
class request_error(Fault):  # noqa: N801 -- a word in a script
    """Refuse the operation as a whole: errors, and no data.

    Wire definition: `{"errors": [{"message": MESSAGE, "extensions": {"code": CODE}}]}`, without `data`, for each
    operation of a batch, with *status*, by default the one that the fake's `http_status` has for it: in
    `application/json` that is 200, as with most servers, so that only the body tells. The operation is not executed.
    Over WebSocket it is an `error` message, and there is no status. Source: GraphQL specification, "Request error
    result"; the codes are Apollo Server's.

    ```python
    import requests

    fake_graphql.schema("type Query { user: User } type User { name: String }")
    fake_graphql.inject(request_error("INTERNAL_SERVER_ERROR"))
    answer = requests.post(fake_graphql.url, json={"query": "{ user { name } }"})
    assert (answer.status_code, "data" in answer.json()) == (200, False)
    ```
    """

    kinds: ClassVar[frozenset[str]] = _OPERATIONS
    code: str = "INTERNAL_SERVER_ERROR"
    message: str = "Internal server error"
    status: int | None = None

    def __post_init__(self) -> None:
        """Check the settings."""
        line("code", self.code)
        line("message", self.message)
        _status(self.status)

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        """Yield the answer."""
        yield from _refused(self.message, self.code, self.status)


@dataclass(frozen=True, slots=True, repr=False)
class unauthenticated(Fault):  # noqa: N801 -- a word in a script
    """Refuse the operation for want of a credential.

    Wire definition: as `request_error`, with the message "Unauthenticated" and the code `UNAUTHENTICATED`; a client
    that waits for a status of 401 before it renews its token never does, unless *status* is that.

    ```python
    import requests

    fake_graphql.schema("type Query { user: User } type User { name: String }")
    fake_graphql.inject(unauthenticated())
    answer = requests.post(fake_graphql.url, json={"query": "{ user { name } }"})
    assert answer.json()["errors"][0]["extensions"] == {"code": "UNAUTHENTICATED"}
    ```
    """

    kinds: ClassVar[frozenset[str]] = _OPERATIONS
    status: int | None = None

    def __post_init__(self) -> None:
        """Check the settings."""
        _status(self.status)

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        """Yield the answer."""
        yield from _refused("Unauthenticated", "UNAUTHENTICATED", self.status)


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class throttled(Fault):  # noqa: N801 -- a word in a script
    """Refuse the operation because it would cost more than what is left, as Shopify's and GitHub's APIs do.

    Wire definition: as `request_error`, with the message "Throttled", *code* and *status*, and
    `"extensions": {"cost": {"requestedQueryCost": COST, "actualQueryCost": null, "throttleStatus":
    {"maximumAvailable": LIMIT, "currentlyAvailable": AVAILABLE, "restoreRate": RATE}}}`. A client can reckon from it
    how many seconds to wait: (COST - AVAILABLE) / RATE. Source: Shopify's Admin API.

    ```python
    import requests

    fake_graphql.schema("type Query { user: User } type User { name: String }")
    fake_graphql.inject(throttled(cost=502, available=2, rate=100))
    cost = requests.post(fake_graphql.url, json={"query": "{ user { name } }"}).json()["extensions"]["cost"]
    left = cost["throttleStatus"]
    assert (cost["requestedQueryCost"] - left["currentlyAvailable"]) / left["restoreRate"] == 5
    ```
    """

    kinds: ClassVar[frozenset[str]] = _OPERATIONS
    cost: float = 101
    available: float = 1
    limit: float = 1000
    rate: float = 50
    """What is restored in a second."""
    code: str = "THROTTLED"
    status: int | None = None

    def __post_init__(self) -> None:
        """Check the settings."""
        number("cost", self.cost, above=0)
        number("available", self.available, least=0)
        number("limit", self.limit, above=0)
        number("rate", self.rate, above=0)
        line("code", self.code)
        _status(self.status)

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        """Yield the answer."""
        left = {"maximumAvailable": self.limit, "currentlyAvailable": self.available, "restoreRate": self.rate}
        cost = {"requestedQueryCost": self.cost, "actualQueryCost": None, "throttleStatus": left}
        yield from _refused("Throttled", self.code, self.status, {"cost": cost})


@dataclass(frozen=True, slots=True, repr=False)
class persisted_query_not_found(Fault):  # noqa: N801 -- a word in a script
    """Have forgotten the document that the client names by its hash, as a server does after a restart.

    Wire definition: as `request_error`, with the message `PersistedQueryNotFound`, which is what clients look for,
    and the code `PERSISTED_QUERY_NOT_FOUND`; where *supported* is False, `PersistedQueryNotSupported` and
    `PERSISTED_QUERY_NOT_SUPPORTED`. A client must send the document itself then. Source: Apollo's automatic persisted
    queries.

    ```python
    import requests

    fake_graphql.schema("type Query { user: User } type User { name: String }")
    fake_graphql.inject(persisted_query_not_found())
    answer = requests.post(fake_graphql.url, json={"query": "{ user { name } }"})
    assert answer.json()["errors"][0]["message"] == "PersistedQueryNotFound"
    ```
    """

    kinds: ClassVar[frozenset[str]] = _OPERATIONS | {"request"}
    supported: bool = True

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        """Yield the answer."""
        what = "Found" if self.supported else "Supported"
        yield from _refused(f"PersistedQueryNot{what}", f"PERSISTED_QUERY_NOT_{what.upper()}", None)


@dataclass(frozen=True, slots=True, repr=False)
class html_502(Fault):  # noqa: N801 -- a word in a script
    """Answer for the gateway before the server, which speaks no GraphQL.

    Wire definition: `502 Bad Gateway` with a page of HTML; the operation is not executed.

    ```python
    import requests

    fake_graphql.schema("type Query { user: User } type User { name: String }")
    fake_graphql.inject(html_502())
    answer = requests.post(fake_graphql.url, json={"query": "{ user { name } }"})
    assert (answer.status_code, answer.headers["Content-Type"]) == (502, "text/html")
    ```
    """

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        """Yield the page."""
        yield Answer(Reply.of(502, body=ERROR_PAGE, headers={"Content-Type": "text/html"}))
