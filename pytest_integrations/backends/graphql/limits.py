"""What a client may send, and ask for, at most."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_integrations.core.settings import whole

__all__ = ["Limits"]


@dataclass(frozen=True, slots=True)
class Limits:
    """What is beyond one of these is refused."""

    batch: int = 50
    """Operations in one request; 0 forbids batches."""
    depth: int = 200
    """Levels of lists and objects in a body of JSON."""
    tokens: int = 15_000
    """Tokens of a document."""
    fields: int = 20_000
    """Fields of a result."""
    head: int = 64 * 1024
    """Bytes of a request's head; a longer one is answered 431."""
    body: int = 64 * 1024 * 1024
    """Bytes of a request's body; a longer one is answered 413."""
    introspection: bool = True
    """Whether clients may ask for the schema."""

    def __post_init__(self) -> None:
        """Check them."""
        for name, least in (("batch", 0), ("depth", 1), ("tokens", 1), ("fields", 1), ("head", 1), ("body", 1)):
            whole(f"max_{name}", getattr(self, name), least)
