"""A method that the fake answers by itself, whatever its schema: those of health and reflection."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_integrations.core.grpc_call import GrpcMethod
    from pytest_integrations.wire.grpc.service import Answering, Conversation

__all__ = ["Builtin"]


@dataclass(frozen=True, slots=True)
class Builtin:
    """One such method, and what begins to answer a call of it."""

    method: GrpcMethod
    converse: Callable[[Answering], Conversation]
