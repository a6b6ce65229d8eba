"""The server's side of the opening handshake (RFC 6455 section 4.2)."""

from __future__ import annotations

import base64
import binascii
import hashlib
from typing import TYPE_CHECKING

from pytest_integrations.core.reply import Reply

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_integrations.core.call import HttpCall

__all__ = ["is_handshake", "offered", "shake_hands"]

_MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def is_handshake(call: HttpCall) -> bool:
    """Tell whether *call* asks for WebSocket."""
    return "websocket" in _tokens(call, "upgrade")


def offered(call: HttpCall) -> tuple[str, ...]:
    """Return the subprotocols that the client offers, best first; their names are told apart by case."""
    values = ",".join(call.headers.all("sec-websocket-protocol")).split(",")
    return tuple(value.strip() for value in values if value.strip())


def shake_hands(call: HttpCall, supported: Sequence[str]) -> tuple[Reply, str | None]:
    """Return the answer to a handshake, and the subprotocol that it chooses: the client's first of the *supported*.

    None of them chooses none, and it is the peer's affair to leave; the answer is not 101 where *call* is no sound
    handshake: 400, or 426 with the version that is spoken.
    """
    fault = _what_is_wrong(call)
    if fault is not None:
        return fault, None
    chosen = next((name for name in offered(call) if name in supported), None)
    fields = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Accept": _accept(_key(call))}
    if chosen is not None:
        fields["Sec-WebSocket-Protocol"] = chosen
    return Reply.of(101, headers=fields), chosen


def _what_is_wrong(call: HttpCall) -> Reply | None:
    if call.method != "GET":
        return Reply.of(400, text=f"a WebSocket handshake is a GET request, not {call.method}\n")
    if "upgrade" not in _tokens(call, "connection"):
        return Reply.of(400, text="a WebSocket handshake has the field Connection: Upgrade\n")
    if call.headers.get("sec-websocket-version") != "13":
        return Reply.of(426, text="WebSocket version 13 is spoken here\n", headers={"Sec-WebSocket-Version": "13"})
    try:
        is_sound = len(base64.b64decode(_key(call), validate=True)) == 16
    except binascii.Error:
        is_sound = False
    return None if is_sound else Reply.of(400, text="Sec-WebSocket-Key is 16 bytes in Base64\n")


def _key(call: HttpCall) -> bytes:
    return call.headers.get("sec-websocket-key", "").encode("latin-1", "replace")


def _accept(key: bytes) -> str:
    return base64.b64encode(hashlib.sha1(key + _MAGIC, usedforsecurity=False).digest()).decode()


def _tokens(call: HttpCall, name: str) -> set[str]:
    return {token.strip().lower() for value in call.headers.all(name) for token in value.split(",")}
