"""GraphQL operations that are refused as a whole: errors without data, with any status.

Results of the wrong shape are in `graphql_results`, faults of single fields in `graphql_fields`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from pytest_integrations.core.effect import Answer
from pytest_integrations.core.errors import ScriptingError
from pytest_integrations.core.fault import Fault
from pytest_integrations.core.reply import Reply
from pytest_integrations.core.settings import line, number

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
_ERROR_PAGE = (
    b"<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n"
    b"<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n</body>\r\n</html>\r\n"
)


def _refusal(
    call: Call, message: str, code: str, *, status: int = 200, extensions: Mapping[str, Any] | None = None
) -> Reply:
    """Return a result with one error and no data: one for each operation of a batch, in the type that is accepted."""
    result: dict[str, Any] = {"errors": [{"message": message, "extensions": {"code": code}}]}
    if extensions:
        result["extensions"] = dict(extensions)
    operations = getattr(call, "operations", ())
    content = [result] * len(operations) if len(operations) > 1 else result
    takes_new = _RESPONSE_JSON in call.headers.get("accept", "")
    kind = _RESPONSE_JSON if takes_new else "application/json"
    return Reply.of(status, body=json.dumps(content).encode(), headers={"Content-Type": kind})


def _status(value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not 200 <= value <= 599:
        msg = f"status={value!r} is not a status code of an answer: valid are whole numbers from 200 to 599"
        raise ScriptingError(msg)


@dataclass(frozen=True, slots=True, repr=False)
class request_error(Fault):  # noqa: N801 -- a word in a script
    """Refuse the operation as a whole: errors, and no data.

    Wire definition: *status* (200 by default, as most servers have it, so that only the body tells) and
    `{"errors": [{"message": MESSAGE, "extensions": {"code": CODE}}]}`, without `data`, for each operation of a batch;
    in `application/graphql-response+json` if the client accepts that. The operation is not executed. Source: GraphQL
    specification, "Request error result"; the codes are Apollo Server's.

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
    status: int = 200

    def __post_init__(self) -> None:
        """Check the settings."""
        line("code", self.code)
        line("message", self.message)
        _status(self.status)

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        """Yield the answer."""
        yield Answer(lambda call: _refusal(call, self.message, self.code, status=self.status))


@dataclass(frozen=True, slots=True, repr=False)
class unauthenticated(Fault):  # noqa: N801 -- a word in a script
    """Refuse the operation for want of a credential.

    Wire definition: as `request_error`, with the message "Unauthenticated", the code `UNAUTHENTICATED` and *status*,
    200 by default: a client that waits for 401 before it renews its token never does.

    ```python
    import requests

    fake_graphql.schema("type Query { user: User } type User { name: String }")
    fake_graphql.inject(unauthenticated())
    answer = requests.post(fake_graphql.url, json={"query": "{ user { name } }"})
    assert answer.json()["errors"][0]["extensions"] == {"code": "UNAUTHENTICATED"}
    ```
    """

    kinds: ClassVar[frozenset[str]] = _OPERATIONS
    status: int = 200

    def __post_init__(self) -> None:
        """Check the settings."""
        _status(self.status)

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        """Yield the answer."""
        yield Answer(lambda call: _refusal(call, "Unauthenticated", "UNAUTHENTICATED", status=self.status))


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class throttled(Fault):  # noqa: N801 -- a word in a script
    """Refuse the operation because it would cost more than what is left, as Shopify's and GitHub's APIs do.

    Wire definition: as `request_error`, with the message "Throttled", *code* and *status* (200), and
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
    status: int = 200

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
        yield Answer(lambda call: _refusal(call, "Throttled", self.code, status=self.status, extensions={"cost": cost}))


@dataclass(frozen=True, slots=True, repr=False)
class persisted_query_not_found(Fault):  # noqa: N801 -- a word in a script
    """Have forgotten the document that the client names by its hash, as a server does after a restart.

    Wire definition: as `request_error` with status 200, the message `PersistedQueryNotFound`, which is what clients
    look for, and the code `PERSISTED_QUERY_NOT_FOUND`; where *supported* is False, `PersistedQueryNotSupported` and
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
        yield Answer(lambda call: _refusal(call, f"PersistedQueryNot{what}", f"PERSISTED_QUERY_NOT_{what.upper()}"))


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
        yield Answer(Reply.of(502, body=_ERROR_PAGE, headers={"Content-Type": "text/html"}))
