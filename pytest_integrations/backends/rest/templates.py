"""Path templates, in werkzeug's notation and in OpenAPI's."""

from __future__ import annotations

import re

__all__ = ["placeholder", "routed"]

_BRACES = re.compile(r"\{([^{}]+)\}")


def routed(path: str) -> str:
    """Return *path* with its placeholders as routes have them: `{id}` is `<id>`.

    >>> routed("/users/{user-id}/posts/<int:number>")
    '/users/<user_id>/posts/<int:number>'
    """
    return _BRACES.sub(lambda found: f"<{placeholder(found[1])}>", path) if "{" in path else path


def placeholder(name: str) -> str:
    """Return the *name* of a placeholder as werkzeug can have it, and a handler its argument.

    >>> placeholder("user-id")
    'user_id'
    """
    return re.sub(r"\W|^(?=\d)", "_", name, flags=re.ASCII)
