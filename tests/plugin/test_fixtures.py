"""The fixtures: what a test gets when it asks for a fake."""

from __future__ import annotations

import urllib.request
from typing import TYPE_CHECKING

import pytest

from pytest_integrations.core.errors import ScriptingError

if TYPE_CHECKING:
    from pytest_integrations import FakeRest
    from pytest_integrations.plugin.factory import Fakes


def _get(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=5) as answer:
        body: bytes = answer.read()
    return body


def test_fake_rest_is_a_running_backend(fake_rest: FakeRest) -> None:
    fake_rest.get("/users/<int:id>").reply(json={"id": 7})

    assert _get(f"{fake_rest.url}/users/7") == b'{"id": 7}'
    assert [call.operation for call in fake_rest.calls] == ["GET /users/<int:id>"]


def test_the_fakes_of_a_test_write_one_ledger(fake_rest: FakeRest, fakes: Fakes) -> None:
    stock = fakes.rest("stock")
    for fake in (stock, fake_rest):
        fake.get("/").reply(json=fake.name)

    assert _get(stock.url) == b'"stock"'
    assert _get(fake_rest.url) == b'"fake_rest"'
    assert [(call.seq, call.fake) for call in fakes.calls] == [(1, "stock"), (2, "fake_rest")]


def test_each_fake_of_a_test_has_a_name_of_its_own(fakes: Fakes) -> None:
    fakes.rest("payments")

    with pytest.raises(ScriptingError, match="there is a fake called 'payments' in this test already"):
        fakes.rest("payments")
