"""A stock, and an empty table of cases about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_integrations import FakeRest
from pytest_integrations.tester import IntegrationTester

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def stock(virtual_clock: object) -> Iterator[FakeRest]:
    with FakeRest("stock") as fake:
        fake.get("/stock/<sku>").reply(json={"left": 3})
        yield fake


@pytest.fixture
def tester(stock: FakeRest) -> IntegrationTester:
    return IntegrationTester([stock])
