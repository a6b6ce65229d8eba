"""The fake GraphQL backend: a schema, data for it, GraphQL over HTTP, and subscriptions."""

from .answered import answer
from .call import RecordedOperation
from .errors import FieldError
from .fake import FakeGraphQL
from .limits import Limits

__all__ = ["FakeGraphQL", "FieldError", "Limits", "RecordedOperation", "answer"]
