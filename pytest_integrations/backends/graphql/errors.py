"""How a resolver of a test says that its field fails."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["FieldError"]


class FieldError(Exception):
    """A field that fails, as the client is to see it; raised by a resolver, or given as the value of a field.

    The client gets an error with this message, the field's path and place, and `extensions` if there are any; a field
    that cannot be null takes its parents with it. It does not fail the test, as any other exception does.

    ```python
    from pytest_integrations.backends.graphql.errors import FieldError
    from pytest_integrations.backends.graphql.fake import FakeGraphQL

    with FakeGraphQL("type Query { me: User } type User { name: String, email: String }") as api:
        api.query("Me").reply({"me": {"name": "Ada", "email": FieldError("hidden", code="FORBIDDEN")}})
    ```
    """

    def __init__(self, message: str, *, code: str | None = None, extensions: Mapping[str, Any] | None = None) -> None:
        """Fail with *message*; *code* is short for an entry `code` of the *extensions*."""
        super().__init__(message)
        self.extensions: dict[str, Any] = {**({"code": code} if code is not None else {}), **(extensions or {})}
