"""A WSGI application behind the fault layer: Flask, Django, moto, httpbin, or a test's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Response

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication
    from werkzeug.wrappers import Request

__all__ = ["answer_with"]


def answer_with(application: WSGIApplication, request: Request, prefix: str) -> Response:
    """Return what *application*, mounted at *prefix*, answers to *request*."""
    environ: dict[str, Any] = dict(request.environ)
    environ["SCRIPT_NAME"] = prefix
    environ["PATH_INFO"] = environ["PATH_INFO"].removeprefix(prefix)
    return Response.from_app(application, environ, buffered=True)
