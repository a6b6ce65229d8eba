"""Channels of grpcio, whose library connects by itself: they are led where they are made.

    insecure_channel, secure_channel   of `grpc` and of `grpc.aio`: to the fake's port, if their target is intercepted
    ssl_channel_credentials            trust our authority as well

Channels to other targets are let be: who connects where is not to be seen from here.
"""

from __future__ import annotations

import pkgutil
import re
import sys
from functools import partial
from typing import TYPE_CHECKING, Any

from .origin import host_name

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_integrations.core.patches import Patches

    Way = Callable[[str, int], tuple[str, int] | None]

__all__ = ["install"]

_TARGET = re.compile(r"(?:dns:(?://[^/]*/)?)?(?P<host>\[[^\]]+\]|[^:/]+)(?::(?P<port>\d+))?")
"""Host and port, as such or by DNS; other schemes are no host's affair."""


def install(patches: Patches, way_to: Way, pem: Callable[[], bytes]) -> None:
    """Lead the channels of grpc, which is imported, that are made from now on."""
    grpc = sys.modules["grpc"]
    for module in filter(None, (grpc, sys.modules.get("grpc.aio"))):
        patches.wrap(module, "insecure_channel", partial(_insecure, way_to))
        patches.wrap(module, "secure_channel", partial(_secure, way_to))
    patches.wrap(grpc, "ssl_channel_credentials", partial(_trusting, pem))


def _led(way_to: Way, target: Any) -> tuple[str, str] | None:
    """Return host of *target*, and the target that stands for it; None if it is let be."""
    found = _TARGET.fullmatch(target) if isinstance(target, str) else None
    if found is None:
        return None
    host = host_name(found["host"])
    way = way_to(host, int(found["port"] or 443))
    if way is None:
        return None
    return host, f"[{way[0]}]:{way[1]}" if ":" in way[0] else f"{way[0]}:{way[1]}"


def _insecure(way_to: Way, original: Callable[..., Any]) -> Callable[..., Any]:
    def insecure_channel(target: Any, options: Any = None, *arguments: Any, **keywords: Any) -> Any:
        led = _led(way_to, target)
        if led is None:
            return original(target, options, *arguments, **keywords)
        more = (*(options or ()), ("grpc.default_authority", str(target).rpartition("/")[2]))
        return original(led[1], more, *arguments, **keywords)

    return insecure_channel


def _secure(way_to: Way, original: Callable[..., Any]) -> Callable[..., Any]:
    def secure_channel(target: Any, credentials: Any, options: Any = None, *arguments: Any, **keywords: Any) -> Any:
        led = _led(way_to, target)
        if led is None:
            return original(target, credentials, options, *arguments, **keywords)
        more = (*(options or ()), ("grpc.ssl_target_name_override", led[0]))
        return original(led[1], credentials, more, *arguments, **keywords)

    return secure_channel


def _trusting(pem: Callable[[], bytes], original: Callable[..., Any]) -> Callable[..., Any]:
    def ssl_channel_credentials(root_certificates: bytes | None = None, *arguments: Any, **keywords: Any) -> Any:
        known = root_certificates or pkgutil.get_data("grpc._cython", "_credentials/roots.pem") or b""
        return original(known + b"\n" + pem(), *arguments, **keywords)

    return ssl_channel_credentials
