"""The client of a case in all the forms that it may be given in."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from pytest_integrations.core.errors import ScriptingError
from pytest_integrations.tester.case import Case
from pytest_integrations.tester.client import Client

if TYPE_CHECKING:
    from pytest_integrations import FakeRest, Fakes


class Shop:
    def __init__(self) -> None:
        self.orders = self

    def order(self, sku: str) -> str:
        return f"ordered {sku}"

    async def order_later(self, sku: str) -> str:
        await asyncio.sleep(0)
        return f"ordered {sku} later"


def _double(number: int) -> int:
    return 2 * number


@pytest.mark.parametrize(
    ("client", "call", "argument", "returned", "name"),
    [
        (_double, None, 2, 4, "_double"),
        (partial(max, 3), None, 2, 3, "max"),
        (Shop().order, None, "tea", "ordered tea", "order"),
        (Shop(), "order", "tea", "ordered tea", "order"),
        (Shop(), "orders.order", "tea", "ordered tea", "orders.order"),
        (Shop(), "order_later", "tea", "ordered tea later", "order_later"),
    ],
)
def test_callables_and_objects(client: Any, call: str | None, argument: Any, returned: Any, name: str) -> None:
    made = Client(client, call)

    assert made(argument) == returned
    assert made.__name__ == name


def test_urls_and_fakes(fake_rest: FakeRest) -> None:
    fake_rest.get("/tea").reply(json=3)

    assert Client(fake_rest.url)("GET", "/tea").json() == 3
    assert Client(fake_rest)("GET /tea").json() == 3


def test_a_fake_that_speaks_tls(fakes: Fakes) -> None:
    shop = fakes.rest("shop", tls=True)
    shop.get("/tea").reply(json=3)

    assert Client(shop)("GET", "/tea").json() == 3


def test_an_asynchronous_client_is_run(fake_rest: FakeRest) -> None:
    fake_rest.get("/tea").reply(json=3)

    async def get(path: str) -> Any:
        async with httpx.AsyncClient(base_url=fake_rest.url) as client:
            return (await client.get(path)).json()

    assert Client(get)("/tea") == 3


def test_an_asynchronous_client_in_an_asynchronous_test_is_refused() -> None:
    async def test() -> None:
        Client(Shop(), "order_later")("tea")

    with pytest.raises(ScriptingError, match=r"write `await integration_tester\.run_async"):
        asyncio.run(test())


@pytest.mark.parametrize(
    ("client", "call", "said"),
    [
        (Shop(), None, "cannot be called: name the method to call, as call="),
        (
            Shop(),
            "ordr",
            r"call='ordr': <.*Shop object.*> has no 'ordr'. Did you mean 'order'\? It has: order, order_later",
        ),
        ("shop", None, "'shop' is not a URL to send to"),
        (3, None, "3 cannot be called"),
    ],
)
def test_what_cannot_be_called(client: Any, call: str | None, said: str) -> None:
    with pytest.raises(ScriptingError, match=said):
        Client(client, call)


def test_a_case_goes_before_the_run() -> None:
    assert Client.of(Case.of("a", client=_double), Shop().order).function is _double
    assert Client.of(Case.of("a"), _double).function is _double
    with pytest.raises(ScriptingError, match=r"case 'a' has no client: give it to run\(...\)"):
        Client.of(Case.of("a"), None)
