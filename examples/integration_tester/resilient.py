"""The same as a table of cases, for the client that the program uses: what is asked, what goes wrong, what comes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from examples.synchronous.resilient import RequestRejected, ServiceClient, ServiceUnavailable
from pytest_integrations.faults import connection_reset, corrupt_body, hang, lost_response, status
from pytest_integrations.profiles import rule

if TYPE_CHECKING:
    from pytest_integrations import FakeRest
    from pytest_integrations.tester import IntegrationTester


def script(shop: FakeRest) -> None:
    """Let the fake answer as the service does on a good day."""
    shop.get("/stock").reply(json={"left": 3})
    shop.get("/prices").reply(json={"tea": 4.5})
    shop.post("/orders").reply(201, json={"id": 7})


# region cases
def add_cases(tester: IntegrationTester) -> None:
    """Fill the table."""
    tester.add("there is tea", call="get", request="/stock", expect={"left": 3}, within=1)
    tester.add("after a bad moment", call="get", request="/stock", expect={"left": 3}, faults=status(503), attempts=2)
    tester.add("a service that hangs", call="get", request="/stock", faults=hang(), attempts=2, within=32)
    tester.add(
        "it is down",
        call="get",
        request="/prices",
        expect=ServiceUnavailable,
        faults=rule(connection_reset(), every=1),
        attempts=3,
    )
    tester.add(
        "an error page with status 200",
        call="get",
        request="/prices",
        expect={"tea": 4.5},
        faults=corrupt_body("html_error_page"),
        attempts=2,
    )
    tester.add("what is not there", call="get", request="/prices/coal", expect=RequestRejected, faults=status(404))
    tester.add(
        "an order is placed once",
        call="post",
        request=("/orders", {"item": "tea"}),
        expect={"id": 7},
        faults=lost_response(),
        resilience={"idempotency_key": True, "no_unsafe_retry": True},
    )


# endregion


def client(shop: FakeRest) -> ServiceClient:
    """Return the client under test, with the settings that it has in the program."""
    return ServiceClient(shop.url)
