"""A REST backend that answers as its OpenAPI document says, and tells of requests that break it.

    reading         the document from a dict, JSON or YAML, and the files that it refers to
    document        what is in it: references followed, operations listed
    schemas         JSON Schema as OpenAPI 3.0 and 3.1 have it
    keywords        those that are checked otherwise than jsonschema does
    discriminators  which of several schemas a value is of
    shapes          what text is to be taken apart into
    parameters      what a request says in path, query, header fields and cookies
    bodies          what it says in its body
    security        the credentials that it carries
    contract        all that a request can break
    data, text      made-up data that a schema admits, the same for the same seed
    answers         which answer an operation gives
    api             OpenApi, which `fake_rest.openapi(...)` returns

Needs the extra `openapi`; nothing of it is imported before.
"""

from .api import OpenApi

__all__ = ["OpenApi"]
