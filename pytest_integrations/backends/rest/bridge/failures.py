"""What `requests` raises where a connection fails, in the words of its real transport."""

from __future__ import annotations

import errno
import os
from http.client import RemoteDisconnected
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import (
    ConnectTimeoutError,
    MaxRetryError,
    NewConnectionError,
    ProtocolError,
    ReadTimeoutError,
)

if TYPE_CHECKING:
    from requests import PreparedRequest

__all__ = ["Timeouts", "closed", "connect_timeout", "read_timeout", "refused", "reset"]


class Timeouts:
    """How long a client waits for a connection, and for each answer; None for ever."""

    def __init__(self, given: Any) -> None:
        """Read what was given as `timeout=`: seconds, a pair of them, urllib3's object, or None."""
        if isinstance(given, tuple):
            connect, read = given
        elif hasattr(given, "connect_timeout"):
            connect, read = given.connect_timeout, given.read_timeout
        else:
            connect = read = given
        self.connect: float | None = _seconds(connect)
        self.read: float | None = _seconds(read)


def _seconds(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def reset(request: PreparedRequest) -> Exception:
    """Return what a RST in place of an answer is raised as."""
    cause = ConnectionResetError(errno.ECONNRESET, os.strerror(errno.ECONNRESET))
    return requests.ConnectionError(ProtocolError("Connection aborted.", cause), request=request)


def closed(request: PreparedRequest) -> Exception:
    """Return what a FIN in place of an answer is raised as."""
    cause = RemoteDisconnected("Remote end closed connection without response")
    return requests.ConnectionError(ProtocolError("Connection aborted.", cause), request=request)


def refused(request: PreparedRequest) -> Exception:
    """Return what a port is raised as that nobody listens on."""
    pool = _pool(request)
    why = f"Failed to establish a new connection: [Errno {errno.ECONNREFUSED}] {os.strerror(errno.ECONNREFUSED)}"
    cause = NewConnectionError(pool, why)  # type: ignore[arg-type]  # it goes into the text alone
    return requests.ConnectionError(MaxRetryError(pool, request.path_url, cause), request=request)


def connect_timeout(request: PreparedRequest, seconds: float) -> Exception:
    """Return what a SYN is raised as that is not answered in so many *seconds*."""
    pool = _pool(request)
    cause = ConnectTimeoutError(pool, f"Connection to {pool.host} timed out. (connect timeout={seconds})")
    return requests.ConnectTimeout(MaxRetryError(pool, request.path_url, cause), request=request)


def read_timeout(request: PreparedRequest, seconds: float) -> Exception:
    """Return what an answer is raised as that does not come in so many *seconds*."""
    words = f"Read timed out. (read timeout={seconds})"
    return requests.ReadTimeout(ReadTimeoutError(_pool(request), request.path_url, words), request=request)


def _pool(request: PreparedRequest) -> HTTPConnectionPool:
    url = urlsplit(str(request.url))
    kind, port = (HTTPSConnectionPool, 443) if url.scheme == "https" else (HTTPConnectionPool, 80)
    return kind(url.hostname or "", port=url.port or port)
