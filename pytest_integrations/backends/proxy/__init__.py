"""A TCP proxy that fails as it is told, in front of any service."""

from .fake import FakeProxy

__all__ = ["FakeProxy"]
