"""A call as the ledger has it, from what `requests` is about to send."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pytest_integrations.backends.http_objects import RecordedCall

if TYPE_CHECKING:
    from requests import PreparedRequest

    from pytest_integrations.core.call import Connection

__all__ = ["call_of"]


def call_of(request: PreparedRequest, connection: Connection) -> RecordedCall:
    """Return *request* as a call on *connection*; *connection* is made up, since a patch has none."""
    url = urlsplit(str(request.url))
    headers = dict(request.headers or {})
    if not any(name.lower() == "host" for name in headers):
        headers = {"Host": url.netloc.rpartition("@")[2], **headers}
    lines = [f"{request.method} {request.path_url} HTTP/1.1", *(f"{name}: {_text(headers[name])}" for name in headers)]
    head = "".join(f"{line}\r\n" for line in (*lines, "")).encode("latin-1", "replace")
    call = RecordedCall(connection.fake, connection, head)
    call.body = _bytes(request.body)
    connection.calls += 1
    connection.received += len(head) + len(call.body)
    call.number = connection.calls
    return call


def _text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def _bytes(body: Any) -> bytes:
    if body is None:
        return b""
    if isinstance(body, str):
        return body.encode()
    return bytes(body) if isinstance(body, bytes | bytearray | memoryview) else b"".join(map(_bytes, body))
