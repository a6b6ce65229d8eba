"""In-process fake backends with scriptable faults, and assertions on what the client did about them.

The names below are loaded when they are first used; importing the package costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .backends.rest import FakeRest
    from .core.call import Call, Connection
    from .core.errors import FaultNeverFired, HandlerFailed, ProfilesSkipped, UnexpectedCall
    from .core.ledger import Calls, Ledger
    from .core.reply import Reply
    from .plugin.factory import Fakes
    from .plugin.hookspecs import hookimpl

__all__ = [
    "Call",
    "Calls",
    "Connection",
    "FakeRest",
    "Fakes",
    "FaultNeverFired",
    "HandlerFailed",
    "Ledger",
    "ProfilesSkipped",
    "Reply",
    "UnexpectedCall",
    "hookimpl",
]

_HOMES = {
    "Call": "core.call",
    "Calls": "core.ledger",
    "Connection": "core.call",
    "FakeRest": "backends.rest",
    "Fakes": "plugin.factory",
    "FaultNeverFired": "core.errors",
    "HandlerFailed": "core.errors",
    "Ledger": "core.ledger",
    "ProfilesSkipped": "core.errors",
    "Reply": "core.reply",
    "UnexpectedCall": "core.errors",
    "hookimpl": "plugin.hookspecs",
}


def __getattr__(name: str) -> Any:
    """Load a public name from its home (PEP 562)."""
    home = _HOMES.get(name)
    if home is None:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    return getattr(import_module(f"{__name__}.{home}"), name)


def __dir__() -> list[str]:
    """List the public names."""
    return sorted(__all__)
