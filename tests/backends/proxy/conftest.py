"""A server of the test's own, and a proxy in front of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_integrations.backends.proxy import FakeProxy

from .wires import Server

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def server(no_leaks: None) -> Iterator[Server]:
    with Server() as server:
        yield server


@pytest.fixture
def proxy(server: Server) -> Iterator[FakeProxy]:
    with FakeProxy(server.address) as proxy:
        yield proxy
