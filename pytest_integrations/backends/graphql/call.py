"""One request to a GraphQL backend over HTTP."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from pytest_integrations.backends.http_objects import RecordedCall
from pytest_integrations.core.graphql_call import GraphQLCall

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_integrations.core.call import Connection
    from pytest_integrations.core.effect import Effect

    from .uploads import Upload

__all__ = ["RecordedOperation"]

_NONE: Mapping[str, Upload] = MappingProxyType({})


class RecordedOperation(GraphQLCall, RecordedCall):
    """A GraphQL call whose request and response can be had as werkzeug objects, too."""

    __slots__ = ("effects", "uploads")

    def __init__(self, fake: str, connection: Connection, head: bytes = b"", operation: str = "connect") -> None:
        """Begin the record of a request with this raw *head*."""
        super().__init__(fake, connection, head, operation)
        self.effects: tuple[Effect, ...] = ()
        """What goes wrong with it."""
        self.uploads: Mapping[str, Upload] = _NONE
        """The files that came with it, by the path of their variable: `"variables.file"`."""
