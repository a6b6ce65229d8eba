"""Who the client says that it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import table
from .refusal import Refusal

if TYPE_CHECKING:
    from pamqp.base import Frame as Method

__all__ = ["MECHANISMS", "credentials"]

MECHANISMS = "PLAIN AMQPLAIN"


def credentials(method: Method) -> tuple[str, str, str]:
    """Return mechanism, user and password of a `connection.start-ok`; raises `Refusal` if they cannot be read."""
    mechanism, response = str(method["mechanism"]), method["response"]
    data = response.encode("utf-8", "surrogateescape") if isinstance(response, str) else bytes(response or b"")  # type: ignore[arg-type]  # a long string
    if mechanism == "PLAIN":
        parts = data.split(b"\0")
        if len(parts) == 3:
            return mechanism, parts[1].decode("utf-8", "replace"), parts[2].decode("utf-8", "replace")
    elif mechanism == "AMQPLAIN":
        try:
            fields = table.split(data)
        except ValueError:
            fields = {}
        user, password = table.text_of(fields.get("LOGIN")), table.text_of(fields.get("PASSWORD"))
        if user is not None and password is not None:
            return mechanism, user, password
    else:
        raise Refusal(403, f"unsupported authentication mechanism '{mechanism}'", "connection")
    raise Refusal(403, f"{mechanism} login refused: response malformed", "connection")
