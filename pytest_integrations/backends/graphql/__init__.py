"""The fake GraphQL backend: a schema, data for it, and GraphQL over HTTP."""

from .call import RecordedOperation
from .errors import FieldError
from .fake import FakeGraphQL

__all__ = ["FakeGraphQL", "FieldError", "RecordedOperation"]
