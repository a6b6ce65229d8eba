"""Well-framed answers with the wrong content: what no HTTP library notices, and the application has to."""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, get_args

from pytest_integrations.core.effect import Tamper
from pytest_integrations.core.fault import Fault
from pytest_integrations.core.settings import among

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from random import Random

    from pytest_integrations.core.effect import Effect
    from pytest_integrations.core.fault import Occasion
    from pytest_integrations.core.message import Message

__all__ = ["ERROR_PAGE", "corrupt_body"]

Mode = Literal[
    "json_cut",
    "json_type",
    "bitflip",
    "bad_gzip",
    "cut_gzip",
    "wrong_charset",
    "wrong_content_type",
    "html_error_page",
    "empty",
]

ERROR_PAGE = (
    b"<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n"
    b"<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n</body>\r\n</html>\r\n"
)


@dataclass(frozen=True, slots=True, repr=False)
class corrupt_body(Fault):  # noqa: N801 -- a word in a script
    """Send an answer that is sound HTTP and whose body is not what it should be.

    Wire definition: status and fields as they are, `Content-Length` true for the body that is sent, the connection
    kept; an answer without a body is left alone. *mode*:

    - `"json_cut"`: the first half of the bytes;
    - `"json_type"`: JSON whose values have other types: numbers and booleans are strings, strings are their lengths,
      null is `{}`, a list in an object is its first element, an object in it its keys; a body that is not JSON is left
      alone;
    - `"bitflip"`: one bit, chosen by the seed, is the other way round;
    - `"bad_gzip"`: `Content-Encoding: gzip`, and the body as it is, which is not gzip;
    - `"cut_gzip"`: `Content-Encoding: gzip`, and the first half of the body's gzip;
    - `"wrong_charset"`: `charset=utf-8`, and the text in Latin-1 with a no-break space (one byte, A0) at its end, which
      is no UTF-8;
    - `"wrong_content_type"`: `Content-Type: text/html`, and the body as it is;
    - `"html_error_page"`: the status as it is, and a gateway's error page in HTML;
    - `"empty"`: no byte, `Content-Length: 0`.

    MockServer: `malformedBody`.

    ```python
    import pytest, requests

    fake_rest.get("/users").reply(json=["ada"])
    fake_rest.inject(corrupt_body("json_cut"))
    with pytest.raises(requests.JSONDecodeError):
        requests.get(f"{fake_rest.url}/users").json()
    ```
    """

    mode: Mode = "json_cut"

    def __post_init__(self) -> None:
        """Check the settings."""
        among("mode", self.mode, get_args(Mode))

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        """Yield another body."""
        corrupt = partial(_bitflip, random=occasion.random) if self.mode == "bitflip" else _MODES[self.mode]
        yield Tamper(lambda message: message if message.bodiless else corrupt(message))


def _json_cut(message: Message) -> Message:
    body = message.body
    return message.reframed(body[: (len(body) + 1) // 2])


def _json_type(message: Message) -> Message:
    try:
        value = json.loads(message.body)
    except ValueError:
        return message
    return message.reframed(json.dumps(_retyped(value)).encode())


def _retyped(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _otherwise(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_otherwise(each) for each in value]
    return _otherwise(value)


def _otherwise(value: Any) -> Any:
    if value is None:
        return {}
    if isinstance(value, bool | int | float):
        return json.dumps(value)
    if isinstance(value, str):
        return len(value)
    if isinstance(value, dict):
        return list(value)
    return value[0] if value else None


def _bitflip(message: Message, random: Random) -> Message:
    body = bytearray(message.body)
    if body:
        bit = random.randrange(8 * len(body))
        body[bit // 8] ^= 1 << bit % 8
    return message.reframed(bytes(body))


def _bad_gzip(message: Message) -> Message:
    return message.reframed(message.body or b"not gzip").with_field(b"Content-Encoding", b"gzip")


def _cut_gzip(message: Message) -> Message:
    packed = gzip.compress(message.body, mtime=0)
    return message.reframed(packed[: len(packed) // 2]).with_field(b"Content-Encoding", b"gzip")


def _wrong_charset(message: Message) -> Message:
    text = message.body.decode("utf-8", "replace")
    kind = (message.field(b"Content-Type") or b"text/plain").partition(b";")[0]
    return _typed(message, kind + b"; charset=utf-8").reframed(text.encode("latin-1", "replace") + b"\xa0")


def _wrong_content_type(message: Message) -> Message:
    return _typed(message, b"text/html; charset=utf-8")


def _html_error_page(message: Message) -> Message:
    return _typed(message, b"text/html").reframed(ERROR_PAGE)


def _empty(message: Message) -> Message:
    return message.reframed(b"")


def _typed(message: Message, kind: bytes) -> Message:
    return message.without(b"Content-Type").with_field(b"Content-Type", kind)


_MODES: dict[str, Callable[[Message], Message]] = {
    "json_cut": _json_cut,
    "json_type": _json_type,
    "bad_gzip": _bad_gzip,
    "cut_gzip": _cut_gzip,
    "wrong_charset": _wrong_charset,
    "wrong_content_type": _wrong_content_type,
    "html_error_page": _html_error_page,
    "empty": _empty,
}
