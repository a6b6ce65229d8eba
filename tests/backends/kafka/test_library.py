"""Finding the library, and what is said where there is none."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from pytest_integrations.backends.kafka import cluster, library
from pytest_integrations.backends.kafka.fake import FakeKafka
from pytest_integrations.backends.kafka.library import KafkaUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def looked_for_anew() -> Iterator[None]:
    library.load.cache_clear()
    yield
    library.load.cache_clear()


def test_every_function_that_is_called_is_declared() -> None:
    called = set(re.findall(r"_library\.(rd_\w+)", Path(cluster.__file__).read_text(encoding="utf-8")))
    assert called == set(library._SIGNATURES)  # one that is not would get its pointers cut short, and crash


def test_without_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library, "find_spec", lambda _name: None)
    with pytest.raises(KafkaUnavailable, match=r"not installed: install a wheel.*pytest-integrations\[kafka\]"):
        FakeKafka().start()


def test_without_a_library_in_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    spec = SimpleNamespace(submodule_search_locations=[str(tmp_path / "confluent_kafka")])
    monkeypatch.setattr(library, "find_spec", lambda _name: spec)
    monkeypatch.setattr(library.ctypes.util, "find_library", lambda _name: None)
    with pytest.raises(KafkaUnavailable, match=r"tried: nothing"):
        library.load()


@pytest.mark.parametrize("place", ["confluent_kafka.libs", "confluent_kafka/.dylibs"])
def test_with_a_library_that_is_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, place: str) -> None:
    (tmp_path / place).mkdir(parents=True)
    (tmp_path / place / "librdkafka-1.so").write_bytes(b"no library")
    spec = SimpleNamespace(submodule_search_locations=[str(tmp_path / "confluent_kafka")])
    monkeypatch.setattr(library, "find_spec", lambda _name: spec)
    monkeypatch.setattr(library.ctypes.util, "find_library", lambda _name: None)
    with pytest.raises(KafkaUnavailable, match=r"librdkafka-1\.so \("):
        library.load()


def test_with_a_library_that_is_too_old(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    spec = SimpleNamespace(submodule_search_locations=[str(tmp_path / "confluent_kafka")])
    monkeypatch.setattr(library, "find_spec", lambda _name: spec)
    monkeypatch.setattr(library.ctypes.util, "find_library", lambda _name: "librdkafka.so.1")

    def old(path: str) -> Any:
        return SimpleNamespace(rd_kafka_new=SimpleNamespace())

    monkeypatch.setattr(library.ctypes, "CDLL", old)
    with pytest.raises(KafkaUnavailable, match=r"librdkafka\.so\.1 \(.*rd_kafka_conf_new"):
        library.load()
