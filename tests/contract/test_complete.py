"""No fault without a definition that is checked: each one that is registered has its cases and its rows."""

from __future__ import annotations

from pytest_integrations import faults
from pytest_integrations.core.fault import Fault
from pytest_integrations.faults import aliases, registry
from tests.contract.cases import CASES, ELSEWHERE
from tests.contract.expectations import EXPECTED
from tests.contract.wire_expectations import WIRE

_LISTENER = {case.id for case in CASES if case.fault.scope == "listener"}
"""They let no connection come to be, so that there is no wire to look at."""


def test_every_registered_fault_has_a_case() -> None:
    assert {case.fault.name for case in CASES} | ELSEWHERE.keys() == set(registry)


def test_every_case_has_a_row_for_the_wire_and_one_for_the_clients() -> None:
    ids = [case.id for case in CASES]

    assert len(ids) == len(set(ids))
    assert set(ids) == EXPECTED.keys()
    assert set(ids) - _LISTENER == WIRE.keys()


def test_every_registered_fault_is_called_by_its_name_and_public() -> None:
    for name in registry:
        fault = registry.get(name)
        assert fault.__name__ == name
        assert getattr(faults, name) is fault
    assert set(faults.__all__) == {*registry, *aliases}


def test_aliases_are_faults_ready_to_be_injected() -> None:
    assert {name: repr(aliases.get(name)) for name in aliases} == {
        "CONNECTION_RESET_BY_PEER": "connection_reset()",
        "EMPTY_RESPONSE": "empty_response()",
        "MALFORMED_RESPONSE_CHUNK": "malformed_response_chunk()",
        "RANDOM_DATA_THEN_CLOSE": "random_data_then_close(ascii=True)",
    }
    assert all(isinstance(aliases.get(name), Fault) for name in aliases)


def test_every_docstring_defines_the_wire_and_shows_an_example() -> None:
    lacking = [
        name
        for name in registry
        if "Wire definition" not in (text := registry.get(name).__doc__ or "") or "```python" not in text
    ]
    assert not lacking
