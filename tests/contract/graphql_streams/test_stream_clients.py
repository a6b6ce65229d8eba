"""What real clients make of each fault of a subscription; none of it goes by unseen but what is declared so."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING

import pytest

from pytest_integrations.faults import next_after_complete, subscription, subscription_events

from .cases import CASES, Case, run
from .clients import CLIENTS, WEBSOCKETS, Observed, Subscribing

if TYPE_CHECKING:
    from pytest_integrations.faults.streams import StreamFault

_EACH = [(case, client) for case in CASES for client in case.clients]
_UNSEEN = {"next_after_complete"}
"""Faults that a client rightly takes no notice of."""


# gql leaves sockets open where a close went wrong.
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.mark.parametrize(("case", "client"), _EACH, ids=lambda value: repr(getattr(value, "fault", value)))
def test_each_client_observes_what_the_table_says(case: Case, client: Subscribing) -> None:
    """The events that it is given, and how it ends; the fault has acted once."""
    observed, fake = run(case.fault, client)
    assert observed == Observed(case.events, case.end)
    assert [rule.fired for rule in fake.script.rules] == ([1] if case.fault is not None else [])
    assert fake.calls[-1].kind == (
        "connect" if case.fault is not None and case.fault.name == "no_ack" else "subscription"
    )


@pytest.mark.parametrize("client", [client for client in CLIENTS if client.name.startswith("gql")], ids=repr)
def test_all_faults_are_told_apart(client: Subscribing) -> None:
    """By the events and the end together, no two faults look the same in gql, nor like a healthy server.

    A reader of server-sent events has to ignore both events of unknown names and unknown fields.
    """
    seen: dict[tuple[object, ...], str] = {}
    for case in CASES:
        if client in case.clients and getattr(case.fault, "name", "") not in _UNSEEN:
            observed = (case.events, case.end)
            assert observed not in seen, f"{case.fault!r} looks like {seen.get(observed)}"
            seen[observed] = repr(case.fault)


def test_the_table_is_complete() -> None:
    """Every fault of the catalogue is in it, in every client whose transport it can happen on."""
    for name in (*subscription.__all__, *subscription_events.__all__):
        if name == "defer_never_completes":  # it is about queries, and has a test of its own
            continue
        cases = [case for case in CASES if case.fault is not None and case.fault.name == name]
        assert cases, name
        assert cases[0].fault is not None
        wanted = {client.name for client in CLIENTS if client.transport in cases[0].fault.transports}
        assert {client.name for case in cases for client in case.clients} == wanted, name


@pytest.mark.parametrize("client", CLIENTS, ids=repr)
@pytest.mark.filterwarnings("ignore::pytest_integrations.FaultNeverFired")
def test_what_cannot_happen_on_a_transport_does_not(client: Subscribing) -> None:
    """The fault never fires, and the client is served in health; the report says so."""
    faults = {case.fault.name: case.fault for case in CASES if case.fault is not None}
    for fault in faults.values():
        if client.transport not in fault.transports:
            observed, fake = run(fault, client)
            assert observed.events == (1, 2, 3), fault
            assert fake.script.rules[0].fired == 0, fault


@pytest.mark.parametrize(
    ("fault", "received"), [(None, ["complete"]), (next_after_complete(), ["complete", "next"])], ids=["well", "late"]
)
def test_what_comes_after_the_end_is_seen_in_the_log_of_gql_alone(
    caplog: pytest.LogCaptureFixture, fault: StreamFault | None, received: list[str]
) -> None:
    """It drops what nobody listens for any more, as it should, and logs every message."""
    with caplog.at_level(logging.DEBUG, "gql.transport.common.base"):
        observed, _ = run(fault, WEBSOCKETS)
    assert observed == Observed((1, 2, 3), "end")
    kinds = [json.loads(text[4:])["type"] for text in caplog.messages if text.startswith("<<< {")]
    assert kinds[kinds.index("complete") :] == received
