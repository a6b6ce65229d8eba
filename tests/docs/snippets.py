"""Keeps the copies of tested code in the pages equal to the code.

    <!-- snippet: examples/rest_client/naive.py -->           the whole file, or, with #NAME after it,
    ```python                                                 what stands between `# region NAME` and `# endregion`
    ...
    ```
    <!-- endSnippet -->

`python -m tests.docs.snippets` tells which copies are old, with `--write` it renews them.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from textwrap import dedent

from tests.docs.fences import ROOT, pages

_SNIPPET = re.compile(
    r"^(?P<open><!-- snippet: (?P<name>\S+) -->\n+)(?P<body>.*?)(?P<close>\n<!-- endSnippet -->)$",
    re.DOTALL | re.MULTILINE,
)
_MARK = re.compile(r"^<!-- (?:snippet: |endSnippet)", re.MULTILINE)
_LANGUAGES = {
    ".py": "python",
    ".toml": "toml",
    ".json": "json",
    ".txt": "text",
    ".graphql": "graphql",
    ".proto": "proto",
}


def renewed(text: str, root: Path = ROOT) -> str:
    """Return the page with every snippet as its file has it now."""
    if len(_MARK.findall(text)) != 2 * len(_SNIPPET.findall(text)):
        msg = "each <!-- snippet: NAME --> needs its <!-- endSnippet -->, both alone on their lines"
        raise ValueError(msg)
    return _SNIPPET.sub(lambda match: match["open"] + _fence(match["name"], root) + match["close"], text)


def _fence(name: str, root: Path) -> str:
    path, _, region = name.partition("#")
    code = (root / path).read_text(encoding="utf-8")
    if region:
        code = _region(code, region, name)
    return f"```{_LANGUAGES.get(Path(path).suffix, '')}\n{code.strip(chr(10))}\n```"


def _region(code: str, region: str, name: str) -> str:
    found = re.search(rf"^[ ]*# region {re.escape(region)}\n(.*?)^[ ]*# endregion", code, re.DOTALL | re.MULTILINE)
    if not found:
        msg = f"snippet {name}: no '# region {region}' … '# endregion' in the file"
        raise LookupError(msg)
    return dedent(found[1])


def main(arguments: list[str]) -> int:
    """Renew the copies with --write; without it, tell which are old and return 1 if any is."""
    old = []
    for page in pages():
        text = page.read_text(encoding="utf-8")
        new = renewed(text)
        if new != text:
            old.append(page)
            if "--write" in arguments:
                page.write_text(new, encoding="utf-8")
    for page in old:
        print(f"{page.relative_to(ROOT)}: {'renewed' if '--write' in arguments else 'carries old code'}")
    return int(bool(old) and "--write" not in arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
