"""HTTP/2 for a fake that answers HTTP, whatever its version."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .protocol import Http2Protocol
from .request import HttpRequests
from .settings import Http2Settings

if TYPE_CHECKING:
    from pytest_integrations.core.call import Connection
    from pytest_integrations.wire.http1.service import HttpService
    from pytest_integrations.wire.loop import Loop

__all__ = ["http2"]


def http2(loop: Loop, service: HttpService, record: Connection) -> Http2Protocol:
    """Return the protocol that serves the connection of this *record* for *service*, by HTTP/2."""
    requests = HttpRequests(service, record.effects)
    return Http2Protocol(loop, requests, record, Http2Settings(max_headers=service.max_head))
