"""WireMock's four faults by WireMock's names, for tests that are translated: `fake_rest.inject(EMPTY_RESPONSE)`."""

from __future__ import annotations

from .connection import connection_reset, empty_response, random_data_then_close
from .framing import malformed_response_chunk

__all__ = ["CONNECTION_RESET_BY_PEER", "EMPTY_RESPONSE", "MALFORMED_RESPONSE_CHUNK", "RANDOM_DATA_THEN_CLOSE"]

CONNECTION_RESET_BY_PEER = connection_reset()
EMPTY_RESPONSE = empty_response()
MALFORMED_RESPONSE_CHUNK = malformed_response_chunk()
RANDOM_DATA_THEN_CLOSE = random_data_then_close(ascii=True)
