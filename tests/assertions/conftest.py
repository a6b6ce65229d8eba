from __future__ import annotations

import pytest

from tests.assertions.ledgers import HandLedger


@pytest.fixture
def ledger() -> HandLedger:
    """A ledger on a clock that is exact, as the virtual one."""
    return HandLedger()


@pytest.fixture
def real() -> HandLedger:
    """A ledger on a clock that is as exact as the machine's."""
    return HandLedger(exact=False)
