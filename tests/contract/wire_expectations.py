"""What each fault puts on the wire, byte for byte, how the connection ends, and what the ledger says of it."""

from __future__ import annotations

import gzip
import re
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

from pytest_integrations.core.message import reason
from tests.contract.cases import BODY, SECOND

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_integrations.core.call import Outcome

__all__ = ["WIRE", "Wire"]


@dataclass(frozen=True, slots=True)
class Wire:
    """Bytes (or what must be true of them), the end of the connection, and the ledger's record of the last call."""

    sent: bytes | Callable[[bytes], object]
    end: Literal["open", "fin", "rst"] = "open"
    outcome: Outcome = "answered"
    status: int | None = 200
    handled: bool = True
    spoiled: bool = False

    @property
    def gone(self) -> bool:
        """Whether the client's leaving is a part of the exchange."""
        return self.outcome in {"hung", "abandoned"}


def _head(*fields: bytes, start: bytes = b"HTTP/1.1 200 OK") -> bytes:
    return b"".join(line + b"\r\n" for line in (start, *fields, b""))


def _told(status: int, *fields: bytes) -> bytes:
    return _head(*fields, b"Content-Length: 0", start=b"HTTP/1.1 %d %s" % (status, reason(status).encode()))


def _sized(body: bytes, *fields: bytes, kind: bytes = b"Content-Type: application/json") -> bytes:
    return _head(kind, b"Content-Length: %d" % len(body), *fields) + body


_KIND = b"Content-Type: application/json"
_LENGTH = b"Content-Length: 16"
_CHUNKED = b"Transfer-Encoding: chunked"
_HEAD = _head(_KIND, _LENGTH)
_HEALTHY = _HEAD + BODY
_SECOND = _head(_KIND, b"Content-Length: 8") + SECOND
_GARBAGE = b"lskdu018973t09sylgasjkfg1][]'./.sdlv"
_PAGE = (
    b"<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n"
    b"<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n</body>\r\n</html>\r\n"
)
_RESET = Wire(b"", "rst", "reset", None, handled=False)
_EMPTY = Wire(b"", "fin", "closed", None, handled=False)
_HUNG = Wire(b"", "open", "hung", None, handled=False)
_SOUND = Wire(_HEALTHY)
_EARLY = Wire(_told(413)[:-2] + b"Connection: close\r\n\r\n", "fin", status=413, handled=False)


def _spoiled(sent: bytes | Callable[[bytes], object], end: Literal["open", "fin"] = "fin") -> Wire:
    return Wire(sent, end, spoiled=True)


def _said(status: int, *fields: bytes) -> Wire:
    return Wire(_told(status, *fields), status=status, handled=False)


def _like(pattern: bytes) -> Callable[[bytes], object]:
    return re.compile(pattern, re.DOTALL).fullmatch


def _is_rubbish(data: bytes) -> bool:
    return len(data) == 36 and data[0] >= 0x80 and b"\n" not in data


def _is_off_by_one_bit(data: bytes) -> bool:
    changed = int.from_bytes(data[len(_HEAD) :], "big") ^ int.from_bytes(BODY, "big")
    return data.startswith(_HEAD) and changed.bit_count() == 1


_MANY = [b"X-Header-%d: %d" % (number, number) for number in range(1, 501)]
_GZIP = gzip.compress(BODY, mtime=0)
_PACKED = _GZIP[: len(_GZIP) // 2]
_LATIN = BODY + b"\xa0"
_REFUSAL = re.escape(_told(429, b"Retry-After: ???")).replace(
    rb"\?\?\?", rb"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT"
)

WIRE = MappingProxyType(
    {
        # before there is a call
        "reset_on_accept()": _RESET,
        "close_on_accept()": _EMPTY,
        "slow_accept(30)": Wire(b"", "open", "abandoned", None, handled=False),
        # while the request is sent
        "slow_read(10)": Wire(b"", "open", "abandoned", None, handled=False),
        "early_response()": _EARLY,
        "early_response(after_bytes=1000)": _EARLY,
        "reset_mid_upload(1000)": _RESET,
        "no_continue()": _SOUND,
        # time
        "latency(0.01)": _SOUND,
        "latency(30)": Wire(b"", "open", "abandoned", None),
        "hang()": _HUNG,
        "slow_headers(200)": _SOUND,
        "dribble(chunks=16, duration=0.4)": _SOUND,
        "bandwidth(0.2)": _SOUND,
        "slicer(average_size=8, size_variation=4)": _SOUND,
        # the connection
        "connection_reset()": _RESET,
        "connection_reset() on POST": _RESET,
        "connection_reset(at='after_headers')": Wire(_HEAD, "rst", "reset"),
        "connection_reset(at='mid_body')": Wire(_HEALTHY[:-8], "rst", "reset"),
        "connection_reset(at='after_bytes', bytes=20)": Wire(_HEALTHY[:20], "rst", "reset"),
        "empty_response()": _EMPTY,
        "random_data_then_close()": Wire(_is_rubbish, "fin", "answered", None, handled=False, spoiled=True),
        "random_data_then_close(ascii=True)": Wire(_GARBAGE, "fin", "answered", None, handled=False, spoiled=True),
        "stale_keepalive('fin_idle')": Wire(_HEALTHY, "fin"),
        "stale_keepalive()": Wire(_HEALTHY, "fin", "closed", None, handled=False),
        "stale_keepalive() on POST": Wire(_HEALTHY, "fin", "closed", None, handled=False),
        "stale_keepalive('reset_on_next')": Wire(_HEALTHY, "rst", "reset", None, handled=False),
        "stale_keepalive('reset_on_next') on POST": Wire(_HEALTHY, "rst", "reset", None, handled=False),
        "lost_response()": Wire(b"", "rst", "reset", None),
        "lost_response(then='hang')": Wire(b"", "open", "hung", None),
        "lost_response(then='empty_response')": Wire(b"", "fin", "closed", None),
        "lost_request()": _RESET,
        "lost_request(then='hang')": _HUNG,
        "lost_request(then='empty_response')": _EMPTY,
        # the head
        "bad_status_line()": Wire(_head(_KIND, _LENGTH, start=b"HTTP/1.1 OK") + BODY, "fin", status=None, spoiled=True),
        "bad_status_line('ICY 200 OK')": Wire(
            _head(_KIND, _LENGTH, start=b"ICY 200 OK") + BODY, "fin", status=None, spoiled=True
        ),
        "illegal_header()": _spoiled(_head(b"this line has no colon", _KIND, _LENGTH) + BODY),
        "truncate_headers()": Wire(_HEAD[: len(_HEAD) // 2], "fin", "truncated"),
        "truncate_headers(5)": Wire(b"HTTP/", "fin", "truncated", None),
        "huge_header()": Wire(_head(_KIND, _LENGTH, b"X-Huge: " + b"a" * 200_000) + BODY),
        "many_headers()": Wire(_head(_KIND, _LENGTH, *_MANY) + BODY),
        "early_hints()": Wire(_head(b"Link: </style.css>; rel=preload", start=b"HTTP/1.1 103 Early Hints") + _HEALTHY),
        "http_version()": Wire(_HEALTHY.replace(b"1.1", b"1.0", 1), "fin"),
        "http_version('9.9')": _spoiled(_HEALTHY.replace(b"1.1", b"9.9", 1)),
        # the body
        "malformed_response_chunk()": Wire(_head(_CHUNKED) + _GARBAGE, "fin", handled=False, spoiled=True),
        "bad_chunk_size()": _spoiled(_head(_KIND, _CHUNKED) + b"xyz\r\n" + BODY + b"\r\n0\r\n\r\n"),
        "missing_last_chunk()": _spoiled(_head(_KIND, _CHUNKED) + b"10\r\n" + BODY + b"\r\n"),
        "short_chunk()": _spoiled(_head(_KIND, _CHUNKED) + b"1a\r\n" + BODY),
        "content_length(10)": _spoiled(_head(_KIND, b"Content-Length: 26") + BODY),
        "content_length(-3)": _spoiled(_head(_KIND, b"Content-Length: 13") + BODY, "open"),
        "content_length(-3) on POST": Wire(_head(_KIND, b"Content-Length: 13") + BODY + _SECOND),
        "content_length('conflicting')": _spoiled(_head(_KIND, _LENGTH, b"Content-Length: 17") + BODY),
        "content_length('with_te')": Wire(
            _head(_KIND, _CHUNKED, b"Content-Length: 27") + b"10\r\n" + BODY + b"\r\n0\r\n\r\n", "fin"
        ),
        "content_length('negative')": _spoiled(_head(_KIND, b"Content-Length: -1") + BODY),
        "content_length('not_a_number')": _spoiled(_head(_KIND, b"Content-Length: many") + BODY),
        "truncate_body()": Wire(_HEALTHY[:-8], "fin", "truncated"),
        "truncate_body(bytes=0)": Wire(_HEAD, "fin", "truncated"),
        "truncate_body(end='reset')": Wire(_HEALTHY[:-8], "rst", "reset"),
        "truncate_body(end='hang')": Wire(_HEALTHY[:-8], "open", "hung"),
        "corrupt_body()": _spoiled(_sized(BODY[:8]), "open"),
        "corrupt_body('json_type')": _spoiled(_sized(b"[3, 5]"), "open"),
        "corrupt_body('bitflip')": _spoiled(_is_off_by_one_bit, "open"),
        "corrupt_body('bad_gzip')": _spoiled(_sized(BODY, b"Content-Encoding: gzip"), "open"),
        "corrupt_body('cut_gzip')": _spoiled(_sized(_PACKED, b"Content-Encoding: gzip"), "open"),
        "corrupt_body('wrong_charset')": _spoiled(_sized(_LATIN, kind=_KIND + b"; charset=utf-8"), "open"),
        "corrupt_body('wrong_content_type')": _spoiled(
            _head(_LENGTH, b"Content-Type: text/html; charset=utf-8") + BODY, "open"
        ),
        "corrupt_body('html_error_page')": _spoiled(_sized(_PAGE, kind=b"Content-Type: text/html"), "open"),
        "corrupt_body('empty')": _spoiled(_sized(b""), "open"),
        # what is said
        "status(503)": _said(503),
        "unavailable(30)": _said(503, b"Retry-After: 30"),
        "rate_limited()": _said(429, b"Retry-After: 1"),
        "rate_limited('http-date')": Wire(_like(_REFUSAL), status=429, handled=False),
        "rate_limited('garbage')": _said(429, b"Retry-After: garbage"),
        "rate_limited(-1)": _said(429, b"Retry-After: -1"),
        "rate_limited(None)": _said(429),
        "rate_limit(1, 60)": Wire(_like(rb"HTTP/1.1 200 .*HTTP/1.1 429 .*"), status=429, handled=False),
        "redirect('bad')": _said(302, b"Location: http://["),
        "redirect('missing')": _said(302),
        "redirect()": _said(302, b"Location: http://localhost/users"),
        "redirect('downgrade')": _said(302, b"Location: http://fake/users"),
        "redirect_loop()": _said(302, b"Location: /users"),
        "redirect_loop(3)": _said(302, b"Location: /users?redirect_hop=1"),
        "pagination_loop()": Wire(_head(_KIND, _LENGTH, b'Link: </users>; rel="next"') + BODY),
        "auth_expires(after=1)": Wire(
            _HEALTHY + _told(401, b'WWW-Authenticate: Bearer error="invalid_token"'), status=401, handled=False
        ),
        "duplicate_reply()": Wire(_HEALTHY * 2),
        "duplicate_reply() on POST": Wire(_HEALTHY * 2 + _SECOND),
    }
)
