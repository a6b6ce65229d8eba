"""The fake REST backend: routes, a store of resources, mounted applications, and the policies of a busy server."""

from .fake import FakeRest
from .route import Route

__all__ = ["FakeRest", "Route"]
