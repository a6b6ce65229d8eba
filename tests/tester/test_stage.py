"""The fakes and the client of a file: what placeholders become, what fakes are told, what names load."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests

from pytest_integrations.core.errors import ScriptingError
from pytest_integrations.tester import HttpClient
from pytest_integrations.tester.stage import ClientPlan, FakePlan, RoutePlan, Step, filled, load, placeholders

if TYPE_CHECKING:
    from pytest_integrations import Fakes

FILE = Path("/shop/tests/test_a.integration.toml")


def test_placeholders(fakes: Fakes, monkeypatch: pytest.MonkeyPatch) -> None:
    stock = fakes.rest("stock")
    monkeypatch.setenv("SHOP", "tea")
    known = {"stock": stock}

    assert filled("{stock.url}/{env.SHOP}", known, FILE) == f"{stock.url}/tea"
    assert filled("{file.folder}/shop.proto", known, FILE) == "/shop/tests/shop.proto"
    assert filled("{stock.port}", known, FILE) == stock.port, "of its own type, if it is alone"
    assert filled({"a": ["{env.SHOP}", 3, None], "b": ("{env.SHOP}",)}, known, FILE) == {
        "a": ["tea", 3, None],
        "b": ("tea",),
    }
    assert filled("{other.url} {stock}", known, FILE) == "{other.url} {stock}"
    assert [*placeholders({"a": ["{stock.url}", {"b": "{env.X} {cache.url}"}], "c": 3})] == ["stock", "cache"]


def test_placeholders_that_are_nothing(fakes: Fakes) -> None:
    stock = fakes.rest("stock")

    with pytest.raises(ScriptingError, match=r"\{env.NO_SUCH_SHOP\}: there is no variable NO_SUCH_SHOP in the environ"):
        filled("{env.NO_SUCH_SHOP}", {}, FILE)
    with pytest.raises(ScriptingError, match=r"\{stock.uri\}: <FakeRest 'stock'> has no 'uri'; stock.url is where"):
        filled("{stock.uri}", {"stock": stock}, FILE)
    with pytest.raises(ScriptingError, match=r"has no 'stop'"):
        filled("{stock.stop}", {"stock": stock}, FILE)


def _nothing(value: Any) -> Any:
    return value


def test_routes(fakes: Fakes) -> None:
    stock = fakes.rest("stock")
    plan = FakePlan(
        "stock",
        routes=(
            RoutePlan("GET", "/<sku>", replies=({"json": {"left": 3}},)),
            RoutePlan("GET", "/<sku>", {"query": {"in": "berlin"}}, ({"status": 503}, {"json": {"left": 1}})),
        ),
    ).with_more(FakePlan("stock", routes=(RoutePlan("GET", "/coffee", replies=({"status": 404},)),)))

    plan.prepare(stock, _nothing)

    assert requests.get(f"{stock.url}/tea", timeout=5).json() == {"left": 3}
    seen = [requests.get(f"{stock.url}/tea?in=berlin", timeout=5) for _ in range(3)]
    assert [each.status_code for each in seen] == [503, 200, 200]
    assert requests.get(f"{stock.url}/coffee", timeout=5).status_code == 404


def test_queues_and_steps(fakes: Fakes) -> None:
    broker = fakes.amqp("broker")
    FakePlan(
        "broker",
        "amqp",
        queues=({"name": "orders", "dead_letter": "orders.dead"},),
        setup=(Step("queue", {"name": "bills"}, (Step("publish", ["{env.HOME}"]),)), Step("heal")),
    ).prepare(broker, lambda value: filled(value, {}, FILE))
    graph = fakes.graphql("graph")
    FakePlan(
        "graph",
        "graphql",
        setup=(
            Step("schema", ["type Query { tea: Int }"]),
            Step("query", {"name": "Tea"}, (Step("reply", {"data": {"tea": 3}}),)),
        ),
    ).prepare(graph, _nothing)

    assert [message.body for message in broker.messages] == [str(Path.home()).encode()]
    answer = requests.post(graph.url, json={"query": "query Tea { tea }"}, timeout=5)
    assert json.loads(answer.text) == {"data": {"tea": 3}}


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("amqp", "queues: queue: .*unexpected keyword argument 'nam'"),
        ("rest", "queues: <FakeRest 'broker'> has no method 'queue'"),
    ],
)
def test_queues_that_cannot_be(fakes: Fakes, kind: str, said: str) -> None:
    plan = FakePlan("broker", kind, queues=({"nam": "orders"},))

    with pytest.raises(ScriptingError, match=said):
        plan.start(fakes.make, _nothing)


def test_settings_that_a_fake_does_not_take(fakes: Fakes) -> None:
    plan = FakePlan("stock", settings={"prt": 1})

    with pytest.raises(ScriptingError, match=r"fakes\.stock\.settings: .*unexpected keyword argument 'prt'"):
        plan.start(fakes.make, _nothing)


@pytest.mark.parametrize(
    ("step", "said"),
    [
        (Step("quue"), r"setup: <FakeAmqp 'broker'> has no method 'quue'. Did you mean 'queue'\?"),
        (Step("url"), "has no method 'url'"),
        (Step("queue", {"nam": "orders"}), "setup: queue: .*unexpected keyword argument 'nam'"),
    ],
)
def test_steps_that_cannot_be_taken(fakes: Fakes, step: Step, said: str) -> None:
    with pytest.raises(ScriptingError, match=said):
        step.take(fakes.amqp("broker"), _nothing)


def test_clients() -> None:
    def fixture(name: str) -> str:
        return f"the fixture {name}"

    client = ClientPlan(url="http://127.0.0.1:1", headers={"X": "1"}).client(_nothing, fixture)
    assert isinstance(client, HttpClient)
    assert ClientPlan(call=len).client(_nothing, fixture) is len
    assert ClientPlan(make=dict, arguments={"a": 1}).client(_nothing, fixture) == {"a": 1}
    assert ClientPlan(fixture="shop").client(_nothing, fixture) == "the fixture shop"


def test_names_that_load() -> None:
    assert load("json:loads") is json.loads
    assert load("pathlib:Path.home")() == Path.home()


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("json", "'json' names nothing: valid is 'package.module:name'"),
        ("json:", "names nothing"),
        (
            "no_such_shop.client:Shop",
            "No module named 'no_such_shop'; the setting `pythonpath` of pytest says in which",
        ),
        ("json:lods", r"'json:lods': json has no 'lods'. Did you mean 'loads'\?"),
    ],
)
def test_names_that_do_not_load(name: str, said: str) -> None:
    with pytest.raises(ScriptingError, match=said):
        load(name)
