"""A mock of responses, and a fake that answers in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import responses

from pytest_integrations import FakeRest

if TYPE_CHECKING:
    from collections.abc import Iterator

API = "https://api.example.com"


@pytest.fixture
def mock() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


@pytest.fixture
def fake() -> Iterator[FakeRest]:
    with FakeRest("payments") as fake:
        yield fake


@pytest.fixture
def api(fake: FakeRest, mock: responses.RequestsMock) -> FakeRest:
    """The fake, registered."""
    fake.register_in(mock, API)
    return fake
