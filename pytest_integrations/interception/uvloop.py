"""Connections of uvloop, which looks names up and connects in C: they are led at the methods of its loop."""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING, Any

from pytest_integrations.core.own_traffic import is_own_traffic

from .origin import host_name

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_integrations.core.patches import Patches

    from .network import Guide

__all__ = ["install"]


def install(patches: Patches, guide: Guide) -> None:
    """Ask *guide* about what loops of uvloop, which is imported, look up and connect to."""
    loop = sys.modules["uvloop"].Loop
    patches.wrap(loop, "getaddrinfo", partial(_looking_up, guide))
    patches.wrap(loop, "create_connection", partial(_connecting, guide))


def _looking_up(guide: Guide, original: Callable[..., Any]) -> Callable[..., Any]:
    async def getaddrinfo(self: Any, host: Any, *arguments: Any, **keywords: Any) -> Any:
        if host is None or is_own_traffic():
            return await original(self, host, *arguments, **keywords)
        name = host_name(host)
        stand_in = guide.look_up(name)
        found = await original(self, stand_in or host, *arguments, **keywords)
        if stand_in is None:
            guide.found(name, {str(entry[4][0]) for entry in found})
        return found

    return getaddrinfo


def _connecting(guide: Guide, original: Callable[..., Any]) -> Callable[..., Any]:
    async def create_connection(
        self: Any, protocol_factory: Any, host: Any = None, port: Any = None, **keywords: Any
    ) -> Any:
        if host is None or is_own_traffic():
            return await original(self, protocol_factory, host, port, **keywords)
        way = guide.lead(host_name(host), int(port))
        if way is not None and keywords.get("ssl"):
            keywords["server_hostname"] = keywords.get("server_hostname") or host
        return await original(self, protocol_factory, *(way or (host, port)), **keywords)

    return create_connection
