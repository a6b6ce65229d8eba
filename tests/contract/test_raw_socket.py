"""Each fault puts on the wire what its docstring says, ends the connection so, and is recorded so."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from pytest_integrations.faults import connect_timeout, connection_refused
from tests.contract.cases import CASES, faulty
from tests.contract.raw_socket import RawSocket, request
from tests.contract.wire_expectations import WIRE

if TYPE_CHECKING:
    from pytest_integrations import FakeRest
    from tests.contract.cases import Case
    from tests.contract.wire_expectations import Wire

_ON_CONNECTIONS = [case for case in CASES if case.fault.scope != "listener"]


@pytest.mark.parametrize("case", _ON_CONNECTIONS, ids=lambda case: case.id)
def test_bytes_end_and_record_are_as_defined(case: Case) -> None:
    wire = WIRE[case.id]
    with faulty(case) as fake:
        with RawSocket(fake) as client:
            data, end = _exchange(client, case, wire)
        _check_record(fake, case, wire)

    assert end == wire.end
    if isinstance(wire.sent, bytes):
        assert data == wire.sent
    else:
        assert wire.sent(data), data


def _exchange(client: RawSocket, case: Case, wire: Wire) -> tuple[bytes, str]:
    data = b""
    for call in range(case.calls):
        data += client.at_once() if call else b""
        client.send(request(case.method, case.body, case.headers))
    if wire.end != "open":
        rest, end = client.to_the_end()
        return data + rest, end
    data += client.exactly(len(wire.sent) - len(data)) if isinstance(wire.sent, bytes) else client.at_once()
    return data, "open" if client.is_open else "ended or went on"


def _check_record(fake: FakeRest, case: Case, wire: Wire) -> None:
    calls = fake.calls
    call = calls[-1]
    told = (call.outcome, call.status, call.handled, call.spoiled, call.gone is not None)
    assert told == (wire.outcome, wire.status, wire.handled, wire.spoiled, wire.gone)
    assert call.connection.closed_by == ("client" if wire.end == "open" else "fake")
    assert case.fault in {each.fault for each in calls}


def test_a_refused_connection_is_refused_until_it_is_healed() -> None:
    with faulty(case := _case("connection_refused()")) as fake:
        with pytest.raises(ConnectionRefusedError):
            RawSocket(fake)
        fake.heal()
        with RawSocket(fake) as client:
            client.send(request())
            assert client.at_once().startswith(b"HTTP/1.1 200 OK")
        assert [call.fault for call in fake.calls] == [None]
    assert case.fault == connection_refused()


def test_refusing_closes_the_connections_that_are_open() -> None:
    with faulty(_case("latency(0.01)")) as fake, RawSocket(fake) as client:
        client.send(request())
        client.exactly(1)
        fake.inject(connection_refused())
        with suppress(ConnectionResetError):
            assert client.to_the_end()[1] != "open"


def test_an_unanswered_syn_lets_connecting_time_out_until_it_is_healed() -> None:
    with faulty(case := _case("connect_timeout()")) as fake:
        with pytest.raises(TimeoutError):
            RawSocket(fake, connect_timeout=case.timeout)
        fake.heal()
        with RawSocket(fake) as client:
            client.send(request())
            assert client.exactly(8) == b"HTTP/1.1"
    assert case.fault == connect_timeout()


def _case(name: str) -> Case:
    return next(case for case in CASES if case.id == name)
