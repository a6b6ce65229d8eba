"""Writes the parts of the reference that say what the code says.

    <!-- generated: faults -->      what stands between the two comes from the registry and the docstrings,
    ...                             the rest of the page is written by hand
    <!-- endGenerated -->

`python -m tests.docs.reference` tells which pages are old, with `--write` it renews them. Examples are those of the
docstrings, which are run where they stand.
"""

from __future__ import annotations

import ast
import inspect
import os
import re
import subprocess
import sys
import tempfile
from typing import TYPE_CHECKING, Any

import pytest_integrations
from pytest_integrations import assertions, faults, profiles
from pytest_integrations.core.registry import Registry
from pytest_integrations.plugin import fixtures, hookspecs, listing, options
from tests.docs.fences import ROOT
from tests.docs.graphql_clients import graphql_page, subscriptions_page
from tests.docs.grpc_clients import grpc_page
from tests.docs.queue_clients import amqp_page, redis_page
from tests.docs.records import records_page

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

REFERENCE = ROOT / "docs" / "reference"

_PART = re.compile(
    r"^(?P<open><!-- generated: (?P<name>\S+) -->\n)(?P<body>.*?)(?P<close>^<!-- endGenerated -->)$",
    re.DOTALL | re.MULTILINE,
)
_TOOLS = ("WireMock", "Toxiproxy", "MockServer", "mockttp", "Envoy", "MSW", "mountebank", "Hoverfly", "Pumba")
_IMPORTED_FROM = ("pytest_integrations", "pytest_integrations.assertions", "pytest_integrations.faults")
_MOMENTS = {
    "call": "when the request is there",
    "upload": "when the head of the request is there",
    "connection": "when a connection is accepted",
    "listener": "by the clock: it happens to the port",
}


# -- faults


def faults_page() -> str:
    """Return a table of all faults by family, and each with its signature, definition and example."""
    return "\n\n".join(
        [*_fault_tables(), "## One by one", *(_fault(name) for names in _families().values() for name in names)]
    )


def _families() -> dict[str, list[str]]:
    """Return the names of the faults by the family that the catalogue puts them in."""
    found: dict[str, list[str]] = {}
    for line in inspect.getsource(faults.catalogue).splitlines():
        if comment := re.match(r"\s+# (.+)", line):
            found[comment[1]] = []
        elif (name := re.match(r'\s+"(\w+)":', line)) and name[1] in faults.registry:
            found[next(reversed(found))].append(name[1])
    return found


def _fault_tables() -> Iterator[str]:
    for family, names in _families().items():
        rows = [f"| [`{name}`](#{name}) | {_first(faults.registry.get(name))} | {_synonyms(name)} |" for name in names]
        title = family[0].upper() + family[1:]
        yield "\n".join([f"**{title}**", "", "| fault | what it does | elsewhere |", "|---|---|---|", *rows])


def _synonyms(name: str) -> str:
    """Return the paragraph that tells what other tools call it."""
    paragraphs = _text(faults.registry.get(name)).split("\n\n")
    return next((" ".join(each.split()) for each in paragraphs if each.startswith(_TOOLS)), "")


def _fault(name: str) -> str:
    kind = faults.registry.get(name)
    moment = _MOMENTS.get(kind.scope, "when a connection is accepted, or when the request is there: by its settings")
    decided = f"Decided {moment}{'; acts on every call' if kind.standing else ''}."
    return f"### {name}\n\n```text\n{name}{_signature(kind)}\n```\n\n{_markdown(kind)}\n\n{decided}"


# -- assertions


def assertions_page() -> str:
    """Return every assertion with its signature, definition and example, by the families of their package."""
    families = _assertion_families()
    parts = []
    for family, names in families.items():
        rows = [f"| [`{name}`](#{name.lower()}) | {_first(getattr(assertions, name))} |" for name in names]
        parts.append("\n".join([f"**{family}**", "", "| name | what it says |", "|---|---|", *rows]))
    named = [name for names in families.values() for name in names]
    return "\n\n".join([*parts, "## One by one", *(_assertion(name) for name in named)])


def _assertion_families() -> dict[str, list[str]]:
    """Return the public names by the line of the package's docstring that names their module."""
    lines = re.findall(r"^    (\w+) {2,}(.*)$", assertions.__doc__ or "", re.MULTILINE)
    found = {title: re.findall(r"\w+", modules) for title, modules in lines[:8]}
    sorted_names: dict[str, list[str]] = {f"{title[0].upper()}{title[1:]}": [] for title in found}
    sorted_names["Words for them"] = []
    for name in assertions.__all__:
        module = getattr(assertions, name).__module__.rpartition(".")[2]
        is_check = name.startswith("assert_") or name == "no_hang"
        title = next((each for each, modules in found.items() if is_check and module in modules), "words for them")
        sorted_names[f"{title[0].upper()}{title[1:]}"].append(name)
    return sorted_names


def _assertion(name: str) -> str:
    thing = getattr(assertions, name)
    return f"### {name}\n\n```text\n{name}{_signature(thing)}\n```\n\n{_markdown(thing)}"


# -- profiles and options


def profiles_page() -> str:
    """Return each built-in profile with its rules, and the sentence on what it finds."""
    registry: Registry[Any] = Registry("fault profile", profiles.BUILT_IN)
    return "\n\n".join(_profile(name, registry.get(name)) for name in registry)


def _profile(name: str, profile: Any) -> str:
    source = inspect.getsource(sys.modules["pytest_integrations.profiles.builtin"])
    finds = re.search(rf'^{name.upper().replace("-", "_")} = .*?^"""(.*?)"""', source, re.DOTALL | re.MULTILINE)
    rules = "\n".join(map(listing._written, profile.rules))
    shown = [f"```text\n{rules}\n```"] if rules else []
    return "\n\n".join([f"### {name}", profile.description, *shown, finds[1] if finds else ""])


def help_page() -> str:
    """Return the block of `pytest --help`."""
    return f"```console\n$ pytest --help\n...\n{_pytest('--help', 'integrations:')}\n...\n```"


def ini_page() -> str:
    """Return the ini options, as `pytest --help` tells them."""
    lines = re.findall(
        r"^  ((?:fault|integrations)_\w+) \((\w+)\):\s+(.*(?:\n {20,}.*)*)", _pytest("--help", ""), re.MULTILINE
    )
    rows = [f"| `{name}` | {' '.join(text.split())} |" for name, _, text in lines]
    return "\n".join(["| name | meaning |", "|---|---|", *rows])


def markers_page() -> str:
    """Return the markers."""
    parted = [marker.partition(": ") for marker in options._MARKERS]
    return "\n".join(["| marker | meaning |", "|---|---|", *(f"| `{name}` | {text} |" for name, _, text in parted)])


def fixtures_page() -> str:
    """Return the fixtures."""
    rows = [f"| `{name}` | {_first(getattr(fixtures, name))} |" for name in fixtures.__all__]
    return "\n".join(["| fixture | what it is |", "|---|---|", *sorted(rows)])


def hooks_page() -> str:
    """Return the hooks."""
    names = [name for name in vars(hookspecs) if name.startswith("pytest_integrations_")]
    return "\n\n".join(f"### {name}\n\n{_markdown(getattr(hookspecs, name))}" for name in names)


def _pytest(argument: str, group: str) -> str:
    """Return what pytest prints, or of its help the one *group* alone."""
    with tempfile.TemporaryDirectory() as empty:
        command = [sys.executable, "-m", "pytest", argument]
        plain = {"COLUMNS": "100", "NO_COLOR": "1", "PYTEST_ADDOPTS": ""}
        done = subprocess.run(command, cwd=empty, env=os.environ | plain, capture_output=True, text=True, check=True)
    if not group:
        return done.stdout
    lines = done.stdout.splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith(group[:-1]) or group[:-1] in line)
    end = next(number for number in range(start + 1, len(lines)) if not lines[number].startswith(" "))
    return "\n".join(lines[start:end])


# -- docstrings


def _text(thing: Any) -> str:
    return inspect.cleandoc(thing.__doc__ or "")


def _first(thing: Any) -> str:
    return _text(thing).partition("\n\n")[0].replace("\n", " ").replace("|", "\\|")


def _signature(thing: Any) -> str:
    """Return the arguments with their defaults, without their types, which the text explains."""
    signature = inspect.signature(thing)
    bare = [each.replace(annotation=inspect.Parameter.empty) for each in signature.parameters.values()]
    shown = str(signature.replace(parameters=bare, return_annotation=inspect.Signature.empty))
    return re.sub(r"<factory>", "…", shown)


def _markdown(thing: Any) -> str:
    """Return the docstring as a page has it: sections as lists, examples with their imports, sessions fenced."""
    text = re.sub(
        r"^```python\n(.*?)^```", lambda code: _example(code[1]), _text(thing), flags=re.DOTALL | re.MULTILINE
    )
    text = re.sub(r"^>>> .*?(?=\n\n|\Z)", lambda session: _session(session[0]), text, flags=re.DOTALL | re.MULTILINE)
    return re.sub(r"^(Args|Raises|Returns):\n((?:    .*\n?|\n(?=    ))+)", _section, text, flags=re.MULTILINE)


def _section(found: re.Match[str]) -> str:
    entries = re.split(r"^    (?=\S)", found[2], flags=re.MULTILINE)[1:]
    listed = (re.sub(r"^(\*?\w+): ", r"- `\1`: ", " ".join(entry.split())) for entry in entries)
    return f"{found[1]}:\n\n" + "\n".join(listed) + "\n" * (len(found[2]) - len(found[2].rstrip("\n")))


def _example(code: str) -> str:
    """Return the fence of an example, with the imports that a docstring does without."""
    tree = ast.parse(code)
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    own = [node for node in tree.body if isinstance(node, ast.ImportFrom) and str(node.module) in _IMPORTED_FROM]
    ours = {alias.name for node in own for alias in node.names}
    lines = code.splitlines()
    rest = [
        line
        for number, line in enumerate(lines, 1)
        if not any(node.lineno <= number <= node.end_lineno for node in own)
    ]
    others = [line for line in rest if line.startswith(("import ", "from "))]
    for module, known in (
        ("pytest_integrations", pytest_integrations.__all__),
        ("pytest_integrations.faults", faults.__all__),
    ):
        if names := sorted((used | ours) & set(known)):
            others.append(f"from {module} import {', '.join(names)}")
    body = "\n".join(line for line in rest if line not in others).strip("\n")
    return "\n".join(["<!-- generated: example -->", "```python", *others, *([""] if others else []), body, "```"])


def _session(text: str) -> str:
    """Return the fence of a session, with its import."""
    names = sorted(set(re.findall(r"\w+", text)) & set(pytest_integrations.__all__))
    return f"```pycon\n>>> from pytest_integrations import {', '.join(names)}\n{text}\n```"


PARTS: dict[str, Callable[[], str]] = {
    "faults": faults_page,
    "assertions": assertions_page,
    "profiles": profiles_page,
    "help": help_page,
    "ini": ini_page,
    "markers": markers_page,
    "fixtures": fixtures_page,
    "hooks": hooks_page,
    "amqp-clients": amqp_page,
    "redis-clients": redis_page,
    "graphql-clients": graphql_page,
    "graphql-subscribers": subscriptions_page,
    "grpc-clients": grpc_page,
    "records": records_page,
}


def pages() -> list[Path]:
    """Return the pages of the reference that have a generated part."""
    return [page for page in sorted(REFERENCE.glob("*.md")) if _PART.search(page.read_text(encoding="utf-8"))]


def renewed(text: str) -> str:
    """Return the page with every generated part as the code has it now."""
    return _PART.sub(lambda part: f"{part['open']}\n{PARTS[part['name']]()}\n\n{part['close']}", text)


def main(arguments: list[str]) -> int:
    """Renew the pages with --write; without it, tell which are old and return 1 if any is."""
    old = []
    for page in pages():
        text = page.read_text(encoding="utf-8")
        new = renewed(text)
        if new != text:
            old.append(page)
            if "--write" in arguments:
                page.write_text(new, encoding="utf-8")
    for page in old:
        print(f"{page.relative_to(ROOT)}: {'renewed' if '--write' in arguments else 'does not say what the code says'}")
    return int(bool(old) and "--write" not in arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
