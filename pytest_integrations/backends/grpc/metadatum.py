"""Metadata as grpcio gives it to applications."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pytest_integrations.core.grpc_metadata import Metadata

__all__ = ["Metadatum", "metadata_of"]


class Metadatum(NamedTuple):
    """One entry: a pair, with names."""

    key: str
    value: str | bytes


def metadata_of(pairs: Metadata) -> tuple[Metadatum, ...]:
    """Return *pairs* with names."""
    return tuple(Metadatum(*pair) for pair in pairs)
