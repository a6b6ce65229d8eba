"""werkzeug's Request and Response for a recorded call, built when somebody looks.

They cost ten times what the call itself costs, and most calls are never looked at.
"""

from __future__ import annotations

import re
from contextlib import suppress
from functools import cached_property
from io import BytesIO
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes

from pytest_integrations.core.call import HttpCall
from pytest_integrations.core.message import unchunked
from pytest_integrations.core.reply import Reply

if TYPE_CHECKING:
    from werkzeug.wrappers import Request, Response

__all__ = ["RecordedCall", "environ_of", "reply_of"]

_HOST = re.compile(r"(\[[^\]]*\]|[^:]*)(?::(\d+))?")


class RecordedCall(HttpCall):
    """An HTTP call whose request and response can be had as werkzeug objects."""

    __slots__ = ()

    @property
    def request(self) -> Request:
        """The request as `werkzeug.wrappers.Request`, with `.args`, `.form`, `.get_json()` and the rest."""
        if self._cache is None:
            from werkzeug.wrappers import Request

            self._cache = Request(environ_of(self), populate_request=False)
        request: Request = self._cache
        return request

    @property
    def response(self) -> Response | None:
        """The answer as it was to be sent, as `werkzeug.wrappers.Response`; None while there is none."""
        if self.status is None:
            return None
        from werkzeug.wrappers import Response

        body = self.final_reply.partition(b"\r\n\r\n")[2]
        if self.reply_headers.get("transfer-encoding") == "chunked":
            with suppress(ValueError):  # chunks that are none are shown as they are
                body = unchunked(body)
        return Response(body, self.status, list(self.reply_headers.items()))


def environ_of(call: HttpCall, *, prefix: str = "") -> dict[str, Any]:
    """Return the WSGI environ (PEP 3333) of *call*; *prefix* is the path that the application is mounted at."""
    query = call.target.partition("?")[2]
    decoded = unquote_to_bytes(call.raw_path).decode("latin-1")
    headers = call.headers
    host, port = _HOST.match(headers.get("host", "")).groups()  # type: ignore[union-attr]  # it matches anything
    environ: dict[str, Any] = {
        "REQUEST_METHOD": call.method,
        "SCRIPT_NAME": prefix,
        "PATH_INFO": decoded.removeprefix(prefix),
        "QUERY_STRING": query,
        "REQUEST_URI": call.target,
        "RAW_URI": call.target,
        "SERVER_NAME": host or "127.0.0.1",
        "SERVER_PORT": port or "80",
        "SERVER_PROTOCOL": call.head.split(b"\r\n", 1)[0].rpartition(b" ")[2].decode("latin-1"),
        "REMOTE_ADDR": "127.0.0.1",
        "CONTENT_LENGTH": str(len(call.body)),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "https" if call.connection.tls else "http",
        "wsgi.input": BytesIO(call.body),
        "wsgi.input_terminated": True,
        "wsgi.errors": _Errors(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in headers.items():
        key = name.upper().replace("-", "_")
        if key == "CONTENT_TYPE":
            environ[key] = value
        elif key not in {"CONTENT_LENGTH", "TRANSFER_ENCODING"}:
            key = f"HTTP_{key}"
            environ[key] = f"{environ[key]},{value}" if key in environ else value
    return environ


class _Errors:
    """The error stream of a WSGI application: the standard error of the moment, looked up when it is written to."""

    @cached_property
    def _stream(self) -> Any:
        import sys

        return sys.stderr

    def write(self, text: str) -> None:
        self._stream.write(text)

    def writelines(self, lines: list[str]) -> None:
        self._stream.writelines(lines)

    def flush(self) -> None:
        self._stream.flush()


def reply_of(response: Response) -> Reply:
    """Return a werkzeug *response* as a reply."""
    body = response.get_data()
    dropped = {"content-length", "transfer-encoding", "connection"}
    fields = tuple((name, value) for name, value in response.headers.items() if name.lower() not in dropped)
    return Reply(response.status_code, fields, body)
