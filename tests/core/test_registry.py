"""Names to objects, loaded when first asked for."""

from __future__ import annotations

import sys

import pytest

from pytest_integrations.core.errors import ScriptingError, UnknownName
from pytest_integrations.core.registry import Registry


def test_an_entry_is_loaded_when_it_is_asked_for() -> None:
    """`"module:name"` costs no import before, and is the object itself afterwards."""
    sys.modules.pop("this", None)
    registry: Registry[object] = Registry("thing", {"lazy": "fractions:Fraction", "here": 5})

    assert registry.entries() == {"lazy": "fractions:Fraction", "here": 5}
    from fractions import Fraction

    assert registry.get("lazy") is Fraction
    assert registry.entries()["lazy"] is Fraction
    assert registry.get("here") == 5


def test_it_is_a_container_of_names() -> None:
    """`in`, iteration in order of registration, and length."""
    registry: Registry[int] = Registry("thing", {"b": 1})
    registry.add("a", 2)

    assert ("a" in registry, "c" in registry, list(registry), len(registry)) == (True, False, ["b", "a"], 2)
    assert (list(Registry("empty")), len(Registry("empty"))) == ([], 0)


def test_a_name_is_taken_once() -> None:
    """The same entry twice is harmless, another one under the same name is refused and changes nothing."""
    registry: Registry[int] = Registry("fault", {"slow": 1})
    registry.add("slow", 1)

    with pytest.raises(ScriptingError, match="fault 'slow' is already registered as 1; choose another name for 2"):
        registry.add("slow", 2)
    assert registry.get("slow") == 1


def test_an_unknown_name_is_told_with_near_and_known_ones() -> None:
    """The message names the kind, guesses, lists what there is, and ends with the registry's hint."""
    registry: Registry[int] = Registry("profile", {"slow": 1, "flaky": 2}, hint="See the docs.")

    with pytest.raises(UnknownName) as caught:
        registry.get("flakey")
    assert str(caught.value) == ("unknown profile 'flakey'. Did you mean 'flaky'? Known: flaky, slow. See the docs.")
    assert (caught.value.kind, caught.value.name, caught.value.near) == ("profile", "flakey", ["flaky"])
    assert isinstance(caught.value, LookupError)


def test_an_unknown_name_in_an_empty_registry() -> None:
    """With nothing registered and no hint, it says so."""
    with pytest.raises(UnknownName, match=r"^unknown fake 'x'\. Known: none\.$"):
        Registry("fake").get("x")
