"""What clients do wrong is refused with the same method, code, text and ids."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .mistakes import MISTAKES, outcome

if TYPE_CHECKING:
    from pytest_integrations.backends.amqp.fake import FakeAmqp

pytestmark = pytest.mark.differential


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_told_as_rabbitmq_does(real: int, fake: FakeAmqp, name: str) -> None:
    if name == "an unknown tag":
        assert outcome(fake.port, name)[1] == 406  # the test itself can fail
    assert outcome(fake.port, name) == outcome(real, name)
