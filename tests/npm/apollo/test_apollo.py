"""What Apollo Client makes of each fault, with the error policy that it has if nobody chooses one: `pytest -m npm`."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pytest

from pytest_integrations import FakeGraphQL
from tests.contract.graphql.cases import CASES, Case
from tests.contract.graphql.clients import SCHEMA
from tests.npm.packages import install

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.npm


class Apollo(Protocol):
    def __call__(self, fake: FakeGraphQL, operation: str) -> str:
        """Return "data", "nothing", "waits", or the name of the error."""


@pytest.fixture(scope="module")
def apollo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Apollo]:
    """One Node.js for all tests, which is told where to ask."""
    home = install(tmp_path_factory.mktemp("apollo"), apollo__client="^4.0.0", graphql="^16.11.0", rxjs="^7.8.2")
    shutil.copy(Path(__file__).with_name("play.mjs"), home)
    node = subprocess.Popen(
        ["node", "play.mjs"], cwd=home, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    )
    assert node.stdin is not None
    assert node.stdout is not None
    stdin, stdout = node.stdin, node.stdout

    def ask(fake: FakeGraphQL, operation: str) -> str:
        stdin.write(f"{fake.url} {operation}\n")
        return stdout.readline().strip()

    try:
        yield ask
    finally:
        stdin.close()
        node.wait(10)
        stdout.close()


@pytest.mark.parametrize("operation", ["query", "mutation"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_what_apollo_makes_of_it(apollo: Apollo, case: Case, operation: str) -> None:
    if operation not in case.operations:
        pytest.skip("not played with this kind of operation")
    with FakeGraphQL(SCHEMA) as fake:
        fake.inject(case.fault, every=1)
        assert apollo(fake, operation) == case.apollo


@pytest.mark.parametrize("operation", ["query", "mutation"])
def test_without_a_fault_all_is_well(apollo: Apollo, operation: str) -> None:
    with FakeGraphQL(SCHEMA) as fake:
        assert apollo(fake, operation) == "data"
