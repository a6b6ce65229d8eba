"""Each client gives its caller of each spoilt handshake what the table says, and the page shows that table."""

from __future__ import annotations

import pytest

from tests.contract.client_table import PAGE
from tests.contract.expectations import Row
from tests.contract.tls_clients import EXPECTED, GENERATED, meet, rendered

_NAMES = [name.replace("_", ".") for name in Row._fields]


@pytest.mark.parametrize("fault", EXPECTED, ids=repr)
@pytest.mark.parametrize("client", _NAMES)
def test_client_gives_its_caller_what_the_table_says(client: str, fault: object) -> None:
    assert meet(client, fault) == EXPECTED[fault].of(client)  # type: ignore[arg-type, index]  # the keys of EXPECTED


def test_the_page_shows_the_table() -> None:
    (generated,) = [match[2] for match in GENERATED.finditer(PAGE.read_text(encoding="utf-8"))]

    assert generated == rendered(), "renew the page by `python -m tests.contract.tls_clients`"
