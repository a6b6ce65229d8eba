"""The public names change only on purpose: they are written in api.txt, and each one is there and is explained."""

from __future__ import annotations

import inspect
import os
from importlib import import_module
from pathlib import Path

import pytest

PUBLIC = ("pytest_integrations", "pytest_integrations.faults", "pytest_integrations.assertions")
SNAPSHOT = Path(__file__).with_name("api.txt")


def _exported(module: str) -> list[str]:
    return list(getattr(import_module(module), "__all__", ()))  # one without is missed by the snapshot


def test_public_names_are_those_of_the_snapshot() -> None:
    seen = "".join(f"{module}.{name}\n" for module in PUBLIC for name in sorted(_exported(module)))
    if os.environ.get("UPDATE_API"):
        SNAPSHOT.write_text(seen, encoding="utf-8")

    assert seen.splitlines() == SNAPSHOT.read_text(encoding="utf-8").splitlines(), (
        "public names changed; if on purpose, run this test once with UPDATE_API=1 and tell it in CHANGELOG.md"
    )


@pytest.mark.parametrize("module", PUBLIC)
def test_every_public_name_is_there_once_and_explained(module: str) -> None:
    loaded, names = import_module(module), _exported(module)

    assert len(names) == len(set(names)), "a name is exported twice"
    assert set(names) <= set(dir(loaded)), "dir() does not show a lazy name"
    unexplained = [name for name in names if not name.startswith("__") and not inspect.getdoc(getattr(loaded, name))]
    assert not unexplained, "public names without a docstring"


@pytest.mark.parametrize("module", PUBLIC)
def test_an_unknown_name_is_an_attribute_error(module: str) -> None:
    with pytest.raises(AttributeError, match="no_such_name"):
        import_module(module).no_such_name  # noqa: B018 -- the look-up is the test
