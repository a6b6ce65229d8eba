"""Each client gives its caller of each fault what the table says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.contract.cases import CASES
from tests.contract.clients import meet
from tests.contract.expectations import EXPECTED, Row

if TYPE_CHECKING:
    from tests.contract.cases import Case

_NAMES = [name.replace("_", ".") for name in Row._fields]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
@pytest.mark.parametrize("client", _NAMES)
def test_client_gives_its_caller_what_the_table_says(client: str, case: Case) -> None:
    told = meet(client, case)

    assert told in EXPECTED[case.id].of(client).split(" or ")
