"""The fake Redis server."""

from .fake import FakeRedis

__all__ = ["FakeRedis"]
