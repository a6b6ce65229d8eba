"""The page tells what the clients do.

It is compared with the expectations rather than with a run of its own: `test_clients.py` has compared those with a run.
"""

from __future__ import annotations

import pytest

from tests.contract.client_table import GENERATED, PAGE, rendered, written
from tests.contract.expectations import EXPECTED, Row


@pytest.mark.parametrize("client", [name.replace("_", ".") for name in Row._fields])
def test_the_page_tells_what_the_client_does(client: str) -> None:
    told = written(PAGE.read_text(encoding="utf-8"))[client]

    assert told == {case: row.of(client) for case, row in EXPECTED.items()}, (
        "renew the page by `python -m tests.contract.client_table`"
    )


def test_the_page_is_as_it_was_generated() -> None:
    page = PAGE.read_text(encoding="utf-8")
    (generated,) = [match[2] for match in GENERATED.finditer(page)]
    measured_with = generated.rstrip().rpartition("\nMeasured with ")[2].removesuffix(".")

    assert generated == rendered(written(page), [measured_with])
