from __future__ import annotations

import pytest

from tests.assertions.delivery.by_hand import HandQueue


@pytest.fixture
def queue() -> HandQueue:
    """The queue `orders` of a broker, on a clock that is exact, as the virtual one."""
    return HandQueue()


@pytest.fixture
def real() -> HandQueue:
    """The same on a clock that is as exact as the machine's."""
    return HandQueue(exact=False)
