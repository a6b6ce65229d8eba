"""Profiles are read from pyproject.toml; what is wrong there is told in one line that names its place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_integrations.core.errors import ProfileError
from pytest_integrations.faults import registry
from pytest_integrations.profiles import toml

if TYPE_CHECKING:
    from pathlib import Path

MONDAY = """
[tool.other]
x = 1

[tool.pytest_integrations.profiles.monday]
description = "Payments are slow, and now and then refuse."

[[tool.pytest_integrations.profiles.monday.rules]]
fault = "status"
settings = { code = 503 }
probability = 0.05
fake = "payments*"
operation = "POST *"

[[tool.pytest_integrations.profiles.monday.rules]]
fault = "latency"
settings = { uniform = [0.1, 0.5] }
every = 1

[[tool.pytest_integrations.profiles.monday.rules]]
fault = "hang"
at = [3, 4]

[tool.pytest_integrations.profiles.tuesday]
"""

KEY = "tool.pytest_integrations.profiles.m"


def _load(tmp_path: Path, text: str) -> dict[str, toml.Profile]:
    file = tmp_path / "pyproject.toml"
    file.write_text(text)
    return toml.load(file, registry)


def test_a_profile_is_read(tmp_path: Path) -> None:
    found = _load(tmp_path, MONDAY)

    assert list(found) == ["monday", "tuesday"]
    monday = found["monday"]
    assert (monday.name, monday.description) == ("monday", "Payments are slow, and now and then refuse.")
    assert [repr(rule.faults[0]) for rule in monday.rules] == ["status(503)", "latency(uniform=(0.1, 0.5))", "hang()"]
    assert [rule.when for rule in monday.rules] == [{"probability": 0.05}, {"every": 1}, {"at": [3, 4]}]
    assert [(rule.fake, rule.operation) for rule in monday.rules] == [("payments*", "POST *"), ("*", "*"), ("*", "*")]


@pytest.mark.parametrize("text", ["", "[tool.other]\nx = 1", "[tool.pytest_integrations]"])
def test_a_file_without_profiles_is_fine(tmp_path: Path, text: str) -> None:
    assert _load(tmp_path, text) == {}


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("", 'rules[0]: has no fault, such as fault = "status"'),
        ("fault = 5", "rules[0].fault: expected a text, found 5"),
        ('fault = "statsu"', "rules[0].fault: unknown fault 'statsu'. Did you mean 'status'"),
        ('fault = "status"\nsettings = 503', "rules[0].settings: expected a table, found 503"),
        ('fault = "status"\nsettings = { kode = 503 }', "rules[0].settings.kode: unknown key. Did you mean 'code'?"),
        ('fault = "status"\nsettings = { code = 9 }', "rules[0].settings: status"),
        ('fault = "status"', "rules[0].settings: status needs code"),
        ('fault = "hang"\ntims = 1', "rules[0].tims: unknown key. Did you mean 'times'? Valid: fault, settings, fake,"),
        ('fault = "hang"\ntimes = 0', "rules[0]: times=0 is not a count: valid are whole numbers from 1 on"),
        ('fault = "hang"\nwhere = "x"', "rules[0].where: unknown key"),
        ('fault = "hang"\nfake = 5', "rules[0].fake: expected a text, found 5"),
        ('fault = "reset_on_accept"\noperation = "GET *"', "rules[0]: reset_on_accept() happens before there is a"),
    ],
)
def test_what_is_wrong_in_a_rule_is_told_in_one_line(tmp_path: Path, rule: str, message: str) -> None:
    with pytest.raises(ProfileError) as caught:
        _load(tmp_path, f"[[{KEY}.rules]]\n{rule}")

    assert str(caught.value).startswith(f"pyproject.toml: {KEY}.{message}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[tool", "not TOML: "),
        (
            "[tool.pytest_integrations.profile.m]",
            "tool.pytest_integrations.profile: unknown key. Did you mean 'profiles'?",
        ),
        ("tool.pytest_integrations = 1", "tool.pytest_integrations: expected a table, found 1"),
        ("tool.pytest_integrations.profiles = [1]", "tool.pytest_integrations.profiles: expected a table, found [1]"),
        (f'[{KEY}]\ndescriptoin = ""', f"{KEY}.descriptoin: unknown key. Did you mean 'description'?"),
        (f"[{KEY}]\nrules = 3", f"{KEY}.rules: expected up to 100 tables, written [[{KEY}.rules]]"),
        (f"[{KEY}]\nrules = [3]", f"{KEY}.rules[0]: expected a table, found 3"),
        (
            '[tool.pytest_integrations.profiles."a,b"]',
            "tool.pytest_integrations.profiles.a,b: 'a,b' is not a name for a",
        ),
    ],
)
def test_what_is_wrong_around_is_told_in_one_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ProfileError) as caught:
        _load(tmp_path, text)

    assert str(caught.value).startswith(f"pyproject.toml: {message}")
    assert "\n" not in str(caught.value)
