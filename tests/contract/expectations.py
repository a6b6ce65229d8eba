"""What the callers of the clients get of each fault: the table that the contract tests hold.

It was measured, not wished for. Where a new release of a client behaves differently, change its row here, renew the
page by `python -m tests.contract.client_table`, and tell it in CHANGELOG.md.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import NamedTuple

__all__ = ["EXPECTED", "Row"]


class Row(NamedTuple):
    """One outcome per client, in the words of `clients.meet`; "or" where the race is on the client's side."""

    http_client: str
    urllib3: str
    requests: str
    httpx: str
    aiohttp: str

    def of(self, client: str) -> str:
        """Return the outcome for the client of this name."""
        return str(getattr(self, client.replace(".", "_")))


def _all(outcome: str) -> Row:
    return Row(*[outcome] * 5)


_OK = _all("200")
_OTHER = _all("200 other")
_TIMEOUT = Row("TimeoutError", "ReadTimeoutError", "ReadTimeout", "ReadTimeout", "SocketTimeoutError")
_RESET = Row("ConnectionResetError", "ProtocolError", "ConnectionError", "ReadError", "ClientOSError (2 seen)")
_RESET_ON_POST = _RESET._replace(aiohttp="ClientOSError")
_RESET_IN_BODY = _RESET._replace(requests="ChunkedEncodingError", aiohttp="ClientPayloadError")
_EMPTY = Row(
    "RemoteDisconnected", "ProtocolError", "ConnectionError", "RemoteProtocolError", "ServerDisconnectedError (2 seen)"
)
_EMPTY_ON_POST = _EMPTY._replace(aiohttp="ServerDisconnectedError")
_NO_HTTP = Row("BadStatusLine", "ProtocolError", "ConnectionError", "RemoteProtocolError", "ClientResponseError")
_INCOMPLETE = Row(
    "IncompleteRead", "ProtocolError", "ChunkedEncodingError", "RemoteProtocolError", "ClientPayloadError"
)
_BAD_CHUNK = _INCOMPLETE._replace(aiohttp="ClientResponseError")
_NO_LENGTH = Row("200", "200", "200", "RemoteProtocolError", "ClientResponseError")
_FOLLOWED = Row("302", "302", "200 (2 seen)", "200 (2 seen)", "200 (2 seen)")
_IN_CIRCLES = Row(
    "302", "302", "TooManyRedirects (31 seen)", "TooManyRedirects (21 seen)", "TooManyRedirects (10 seen)"
)

EXPECTED = MappingProxyType(
    {
        # before there is a call
        "connection_refused()": Row(
            "ConnectionRefusedError", "NewConnectionError", "ConnectionError", "ConnectError", "ClientConnectorError"
        ),
        "connect_timeout()": Row(
            "TimeoutError", "ConnectTimeoutError", "ConnectTimeout", "ConnectTimeout", "ConnectionTimeoutError"
        ),
        "reset_on_accept()": Row(
            "ConnectionResetError",
            "NewConnectionError or ProtocolError",
            "ConnectionError",
            "ConnectError or ReadError or RemoteProtocolError",
            "ClientConnectorError or ClientOSError (2 seen) or ClientConnectorError (2 seen)",
        ),
        "close_on_accept()": _EMPTY,
        "slow_accept(30)": _TIMEOUT,
        # while the request is sent
        "slow_read(10)": _TIMEOUT,
        "early_response()": _all("413"),
        "early_response(after_bytes=1000)": _all("413"),
        "reset_mid_upload(1000)": _RESET,
        "no_continue()": _OK._replace(aiohttp="hangs"),
        # time
        "latency(0.01)": _OK,
        "latency(30)": _TIMEOUT,
        "hang()": _TIMEOUT,
        "slow_headers(200)": _OK,
        "dribble(chunks=16, duration=0.4)": _OK,
        "bandwidth(0.2)": _OK,
        "slicer(average_size=8, size_variation=4)": _OK,
        # the connection
        "connection_reset()": _RESET,
        "connection_reset() on POST": _RESET_ON_POST,
        "connection_reset(at='after_headers')": _RESET_IN_BODY,
        "connection_reset(at='mid_body')": _RESET_IN_BODY,
        "connection_reset(at='after_bytes', bytes=20)": _RESET,
        "empty_response()": _EMPTY,
        "random_data_then_close()": _NO_HTTP,
        "random_data_then_close(ascii=True)": _NO_HTTP,
        "stale_keepalive('fin_idle')": _OK._replace(http_client="RemoteDisconnected (1 seen)"),
        "stale_keepalive()": _EMPTY._replace(aiohttp="200 (3 seen)"),
        "stale_keepalive() on POST": _EMPTY_ON_POST,
        "stale_keepalive('reset_on_next')": _RESET._replace(aiohttp="200 (3 seen)"),
        "stale_keepalive('reset_on_next') on POST": _RESET_ON_POST,
        "lost_response()": _RESET,
        "lost_response(then='hang')": _TIMEOUT,
        "lost_response(then='empty_response')": _EMPTY,
        "lost_request()": _RESET,
        "lost_request(then='hang')": _TIMEOUT,
        "lost_request(then='empty_response')": _EMPTY,
        # the head
        "bad_status_line()": _NO_HTTP,
        "bad_status_line('ICY 200 OK')": _NO_HTTP,
        "illegal_header()": _NO_LENGTH,
        "truncate_headers()": _EMPTY._replace(http_client="200 empty", urllib3="200 empty", requests="200 empty"),
        "truncate_headers(5)": _EMPTY._replace(http_client="BadStatusLine"),
        "huge_header()": _NO_HTTP._replace(http_client="LineTooLong"),
        "many_headers()": _NO_HTTP._replace(http_client="HTTPException", httpx="200"),
        "early_hints()": Row("103", "103", "103", "200", "200"),
        "http_version()": _OK,
        "http_version('9.9')": _NO_HTTP._replace(http_client="UnknownProtocol", httpx="200"),
        # the body
        "malformed_response_chunk()": _BAD_CHUNK,
        "bad_chunk_size()": _BAD_CHUNK,
        "missing_last_chunk()": _INCOMPLETE,
        "short_chunk()": _INCOMPLETE,
        "content_length(10)": _INCOMPLETE,
        "content_length(-3)": _all("200 short")._replace(aiohttp="ClientResponseError"),
        "content_length(-3) on POST": _NO_LENGTH._replace(aiohttp="ClientResponseError (1 seen)"),
        "content_length('conflicting')": Row(
            "200", "InvalidHeader", "InvalidHeader", "RemoteProtocolError", "ClientResponseError"
        ),
        "content_length('with_te')": _OK._replace(aiohttp="ClientResponseError"),
        "content_length('negative')": _NO_LENGTH,
        "content_length('not_a_number')": _NO_LENGTH,
        "truncate_body()": _INCOMPLETE,
        "truncate_body(bytes=0)": _INCOMPLETE,
        "truncate_body(end='reset')": _RESET_IN_BODY,
        "truncate_body(end='hang')": _TIMEOUT._replace(requests="ConnectionError"),
        "corrupt_body()": _all("200 short"),
        "corrupt_body('json_type')": _OTHER,
        "corrupt_body('bitflip')": _OTHER,
        "corrupt_body('bad_gzip')": Row(
            "200", "DecodeError", "ContentDecodingError", "DecodingError", "ClientPayloadError"
        ),
        "corrupt_body('cut_gzip')": _all("200 short")._replace(http_client="200 other"),
        "corrupt_body('wrong_charset')": _OTHER,
        "corrupt_body('wrong_content_type')": _OK,
        "corrupt_body('html_error_page')": _OTHER,
        "corrupt_body('empty')": _all("200 empty"),
        # what is said
        "status(503)": _all("503"),
        "unavailable(30)": _all("503"),
        "rate_limited()": _all("429"),
        "rate_limited('http-date')": _all("429"),
        "rate_limited('garbage')": _all("429"),
        "rate_limited(-1)": _all("429"),
        "rate_limited(None)": _all("429"),
        "rate_limit(1, 60)": _all("429"),
        "redirect('bad')": Row("302", "ValueError", "ValueError", "ConnectError", "InvalidUrlRedirectClientError"),
        "redirect('missing')": _all("302"),
        "redirect()": _FOLLOWED,
        "redirect('downgrade')": _FOLLOWED,
        "redirect_loop()": _IN_CIRCLES,
        "redirect_loop(3)": _IN_CIRCLES,
        "pagination_loop()": _OK,
        "auth_expires(after=1)": _all("401"),
        "duplicate_reply()": _OK,
        "duplicate_reply() on POST": _OK._replace(httpx="200 of before"),
    }
)
