"""Writes the tables of docs/reference/what-clients-raise.md: `python -m tests.contract.client_table` runs the clients.

niquests brings a fork of urllib3 that overwrites urllib3 itself, so that it can only be run in an environment of its
own: set NIQUESTS_PYTHON to the interpreter of one that has niquests and this project. Without it, the page keeps the
column that it has.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tests.contract.cases import CASES, SECTIONS
from tests.contract.clients import CLIENTS, meet, version
from tests.contract.expectations import EXPECTED, Row
from tests.contract.wire_expectations import WIRE

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import TypeAlias

    Table: TypeAlias = dict[str, dict[str, str]]

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "reference" / "what-clients-raise.md"
GENERATED = re.compile(r"(<!-- generated -->\n)(.*?)(<!-- /generated -->)", re.DOTALL)

_ROW = re.compile(r"^\| `(?P<fault>[^|]+)` \|(?P<cells>.*)\|$", re.MULTILINE)
_NAMES = [name.replace("_", ".") for name in Row._fields]


def measured(client: str) -> dict[str, str]:
    """Run *client* against every case; where two outcomes are right, both are told."""
    told = {}
    for case in CASES:
        outcome = meet(client, case)
        expected = EXPECTED[case.id].of(client) if client in _NAMES else outcome
        told[case.id] = expected if outcome in expected.split(" or ") else outcome
    return told


def elsewhere(interpreter: str, client: str) -> dict[str, str]:
    """Run *client* by another *interpreter*; its version stands under the empty name."""
    command = [interpreter, "-m", "tests.contract.client_table", "--measure", client]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    found: dict[str, str] = json.loads(done.stdout)
    return found


def written(page: str) -> Table:
    """Return the outcomes that *page* tells, by client and case."""
    table: Table = {name: {} for name in CLIENTS}
    for row in _ROW.finditer("".join(match[2] for match in GENERATED.finditer(page))):
        cells = [cell.strip().replace("*", "") for cell in row["cells"].split("|")]
        for client, cell in zip(CLIENTS, cells, strict=True):
            table[client][row["fault"]] = cell
    return table


def rendered(table: Table, versions: Iterable[str]) -> str:
    """Return the tables in Markdown, one for each section."""
    lines = []
    for title, cases in SECTIONS.items():
        lines += [f"\n### {title}\n", f"| fault | {' | '.join(CLIENTS)} |", f"|---|{'---|' * len(CLIENTS)}"]
        for case in cases:
            cells = (_cell(case.id, table[client].get(case.id, "–")) for client in CLIENTS)
            lines.append(f"| `{case.id}` | {' | '.join(cells)} |")
    return "\n".join((*lines, "", f"Measured with {', '.join(versions)}.", ""))


def _cell(case: str, outcome: str) -> str:
    """Return *outcome*, in bold where a client takes for good what is not, or does not come back."""
    wire = WIRE.get(case)
    is_broken = wire is not None and (wire.spoiled or wire.outcome in {"truncated", "reset"})
    deceived = is_broken and outcome.startswith("200") and not case.startswith(("corrupt_body", "stale_keepalive"))
    return f"**{outcome}**" if deceived or outcome in {"hangs", "200 of before", "103"} else outcome


def main(arguments: list[str]) -> int:
    """Renew the page; `--measure CLIENT` prints what one client does instead."""
    if arguments[:1] == ["--measure"]:
        print(json.dumps({"": version(arguments[1]), **measured(arguments[1])}))
        return 0
    page = PAGE.read_text(encoding="utf-8")
    table = written(page)
    versions = []
    for client in _NAMES:
        table[client] = measured(client)
        versions.append(f"{client} {version(client)}")
        for case, outcome in table[client].items():
            if outcome != EXPECTED[case].of(client):
                print(f"{client}, {case}: {outcome}, where expectations.py says {EXPECTED[case].of(client)}")
    interpreter = os.environ.get("NIQUESTS_PYTHON")
    if interpreter:
        table["niquests"] = elsewhere(interpreter, "niquests")
        versions.append(f"niquests {table['niquests'].pop('')}")
    else:
        versions += re.findall(r"niquests [\d.]*\d", page)[-1:]
    PAGE.write_text(GENERATED.sub(lambda old: old[1] + rendered(table, versions) + old[3], page), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
