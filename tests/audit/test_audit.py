"""The server audits of the npm package graphql-http: what the GraphQL-over-HTTP specification asks of a server."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_integrations.backends.graphql.fake import FakeGraphQL
from tests.npm.packages import install

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_integrations.backends.graphql.responses import StatusPolicy

pytestmark = pytest.mark.audit

_SCHEMA = "type Query { name: String } type Mutation { rename: String }"
_AT_LEAST = 61
"""Audits in graphql-http 1.22."""


@pytest.fixture(scope="module")
def audits(tmp_path_factory: pytest.TempPathFactory) -> Callable[[StatusPolicy], list[dict[str, Any]]]:
    """Run the audits against a fake with this policy, and return their results."""
    directory = install(tmp_path_factory.mktemp("audit"), graphql_http="^1.22.4", graphql="^16.11.0")
    shutil.copy(Path(__file__).with_name("audit.mjs"), directory)

    def run(policy: StatusPolicy) -> list[dict[str, Any]]:
        with FakeGraphQL(_SCHEMA, invalid="allow", http_status=policy) as fake:
            command = ["node", "audit.mjs", fake.url]
            done = subprocess.run(command, cwd=directory, capture_output=True, text=True, timeout=120, check=False)
            assert not done.returncode, done.stderr
            results: list[dict[str, Any]] = json.loads(done.stdout)
            assert len(fake.calls) >= len(results)  # it was this server that was audited
        return results

    return run


def test_all_audits_pass(audits: Callable[[StatusPolicy], list[dict[str, Any]]]) -> None:
    """Not one is less than ok: MUST, SHOULD and MAY."""
    results = audits("audit")

    assert len(results) >= _AT_LEAST
    assert [result for result in results if result["status"] != "ok"] == []


@pytest.mark.parametrize("policy", ["draft", "always-200"])
def test_other_policies_break_no_must(
    audits: Callable[[StatusPolicy], list[dict[str, Any]]], policy: StatusPolicy
) -> None:
    """They differ from it in statuses that the audits would rather see, and in nothing else."""
    results = audits(policy)

    different = [result for result in results if result["status"] != "ok"]
    assert different, "a policy that does not differ is none"
    assert {result["status"] for result in different} <= {"notice", "warn"}
    assert all("status" in result["reason"] for result in different)
