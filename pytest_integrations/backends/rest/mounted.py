"""A WSGI application behind the fault layer: Flask, Django, moto, httpbin, or a test's own."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pytest_integrations.core.reply import Reply

if TYPE_CHECKING:
    from collections.abc import Callable

    from _typeshed.wsgi import WSGIApplication
    from werkzeug.wrappers import Request

__all__ = ["answer_with"]

_PER_CONNECTION = {"connection", "keep-alive", "transfer-encoding"}


def answer_with(application: WSGIApplication, request: Request, prefix: str) -> Reply:
    """Return what *application*, mounted at *prefix*, answers to *request* (PEP 3333)."""
    environ: dict[str, Any] = dict(request.environ)
    environ["SCRIPT_NAME"] = prefix.encode().decode("latin-1")  # as PEP 3333 wants text
    environ["PATH_INFO"] = environ["PATH_INFO"].removeprefix(environ["SCRIPT_NAME"])
    started: list[tuple[str, list[tuple[str, str]]]] = []
    pieces: list[bytes] = []

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], object]:
        if started and exc_info is None:
            msg = f"{application!r} called start_response() twice without exc_info"
            raise AssertionError(msg)
        started[:] = [(status, headers)]  # nothing is sent yet, so that an error page may still take its place
        return pieces.append

    iterable = application(environ, start_response)
    try:
        pieces.extend(iterable)
    finally:
        close = getattr(iterable, "close", None)
        if close is not None:
            close()
    if not started:
        msg = f"{application!r} did not call start_response()"
        raise AssertionError(msg)
    status, headers = started[0]
    # Of a GET the length is counted anew; of a HEAD it is what the application says, since there is no body to count.
    dropped = _PER_CONNECTION if request.method == "HEAD" else _PER_CONNECTION | {"content-length"}
    kept = [(name, value) for name, value in headers if name.lower() not in dropped]
    return replace(Reply.of(int(status.split(" ", 1)[0]), headers=kept), body=b"".join(pieces))
