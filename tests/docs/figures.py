"""Renews the figures of integration points that pages show under a run: what stands below the line `= integrations =`.

`python -m tests.docs.figures --write` runs those tests and puts in what they print; as many lines as were there, and in
the order in which they are printed. tests/docs/test_fences.py compares them, as all other output.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from fnmatch import fnmatchcase
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING

from tests.docs.fences import ROOT, page_fences
from tests.docs.test_fences import _PLAIN, _arguments, _pattern

if TYPE_CHECKING:
    from tests.docs.fences import Fence

_RULER = f"{' integrations ':=^80}"


def shown(fence: Fence) -> list[str]:
    """Return the lines of figures that the page shows below the tests of *fence*."""
    lines = fence.output.code.splitlines() if fence.output else []
    if _RULER not in lines:
        return []
    below = lines[lines.index(_RULER) + 1 :]
    return [*takewhile(lambda line: not line.startswith("="), below)]


def printed(fence: Fence) -> list[str]:
    """Run the tests of *fence* as their page says, and return the lines of figures."""
    with tempfile.TemporaryDirectory() as directory:
        for file in fence.files:
            Path(directory, file.notes["file"]).write_text(file.code, encoding="utf-8")
        tests = Path(directory, fence.notes.get("as", "test_shown.py"))
        tests.write_text("".join(part.code for part in (*fence.earlier, fence)), encoding="utf-8")
        command = [sys.executable, "-m", "pytest", *_PLAIN, *_arguments(fence)]
        environment = os.environ | {"PYTHONPATH": str(ROOT), "COLUMNS": "80"}
        ran = subprocess.run(command, cwd=directory, env=environment, capture_output=True, text=True, check=False)
    lines = ran.stdout.splitlines()
    if _RULER not in lines:
        msg = f"{fence.id}: no figures were printed:\n{ran.stdout}"
        raise LookupError(msg)
    return [line.rstrip() for line in lines[lines.index(_RULER) + 1 :] if line.strip()]


def _is_shown_by(printed_line: str, line: str) -> bool:
    return fnmatchcase(printed_line, _pattern(line))


def main(arguments: list[str]) -> int:
    """Renew the figures with --write; without it, tell where they are old and return 1 if they are anywhere."""
    old = []
    for fence in page_fences():
        lines = shown(fence)
        if not lines:
            continue
        new = printed(fence)[: len(lines)]
        if not all(map(_is_shown_by, new, lines)):
            old.append(fence.id)
            if "--write" in arguments:
                page = fence.source.read_text(encoding="utf-8")
                fence.source.write_text(page.replace("\n".join(lines), "\n".join(new)), encoding="utf-8")
    for place in old:
        print(f"{place}: {'renewed' if '--write' in arguments else 'shows old figures'}")
    return int(bool(old) and "--write" not in arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
