"""What is to reach the fakes: how many calls of what, and with what in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import requests

from pytest_integrations.core.errors import ScriptingError
from pytest_integrations.tester import Received

if TYPE_CHECKING:
    from pytest_integrations import Fakes


@pytest.fixture
def asked(fakes: Fakes) -> Fakes:
    """Two orders and one look at the stock."""
    stock, orders = fakes.rest("stock"), fakes.rest("orders")
    stock.get("/stock/<sku>").reply()
    orders.post("/orders").reply(201)
    requests.get(f"{stock.url}/stock/tea", timeout=5)
    requests.post(f"{orders.url}/orders", json={"sku": "tea", "amount": 2}, headers={"X-Key": "a1"}, timeout=5)
    requests.post(f"{orders.url}/orders", data=b"<xml>", timeout=5)
    return fakes


@pytest.mark.parametrize(
    ("written", "misses"),
    [
        ({"POST /orders": 2, "GET /stock/<sku>": 1, "DELETE *": 0}, []),
        ({"POST /orders": 1}, ["expected 1 call of POST /orders to be received, got 2"]),
        ({"* /*": 0}, ["expected 0 calls of * /* to be received, got 3"]),
        (Received(operation="GET *"), []),
        (Received(operation="PUT *"), ["expected calls of PUT * to be received, got none"]),
        (Received(operation="POST *", fake="stock"), ["expected calls of POST * to be received by stock, got none"]),
        ({"operation": "POST *", "fake": "ord*", "times": 2}, []),
        ({"operation": "GET *", "headers": {"X-Key": 3}}, ["#1 GET /stock/<sku>: expected header X-Key: 3, got None"]),
        (
            {"operation": "POST *", "headers": {"Content-Length": 5}},
            ["#2 POST /orders: expected header Content-Length: 5, got '27'"],
        ),
        (
            [Received(operation="POST *", json={"sku": "tea"}), {"GET *": 1}],
            [
                "body of #2 POST /orders.amount: not expected, got 2",
                "body of #3 POST /orders: expected JSON, got b'<xml>'",
            ],
        ),
        (
            Received(operation="POST *", json_has={"sku": "coffee"}, headers={"X-Key": "a*"}),
            [
                "body of #2 POST /orders.sku: expected 'coffee', got 'tea'",
                "body of #3 POST /orders: expected JSON, got b'<xml>'",
                "#3 POST /orders: expected header X-Key: a*, got None",
            ],
        ),
        ((), []),
    ],
    ids=str,
)
def test_what_reached_the_fakes(asked: Fakes, written: Any, misses: list[str]) -> None:
    assert [line for each in Received.all_of(written) for line in each.misses(asked.calls)] == misses


def test_an_operation_with_brackets_in_it_is_no_pattern(fakes: Fakes) -> None:
    shop = fakes.rest("shop")
    shop.get("/[a]").reply()
    requests.get(f"{shop.url}/[a]", timeout=5)

    assert Received(operation="GET /[a]", times=1).misses(fakes.calls) == []


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (3, "received=3 is nothing that can reach a fake: valid is {'POST /charges': 1}, or"),
        ("POST /orders", "received='POST /orders' is nothing"),
        ({"POST /orders": -1}, "received: times=-1 is not a count: valid are whole numbers from 0 on"),
        ({"POST /orders": True}, "received: times=True is not a count"),
        ({"operation": "", "times": 1}, "received: operation='' is not text"),
        ({"operation": "POST *", "tims": 1}, "received: 'tims' is unknown. Did you mean 'times'?"),
        ({3: 1}, "received: operation=3 is not text"),
        ({"headers": 3}, "received: headers=3 are not fields by their names: valid is {'X-Key': 'a*'}"),
    ],
)
def test_what_cannot_be_received(written: Any, said: str) -> None:
    with pytest.raises(ScriptingError) as caught:
        Received.all_of(written)
    assert said in str(caught.value)


def test_it_shows_what_was_given() -> None:
    assert repr(Received(operation="POST *", times=0)) == "Received(operation='POST *', times=0)"
    assert repr(Received(json=None, headers={"A": "b"})) == "Received(json=None, headers={'A': 'b'})"
