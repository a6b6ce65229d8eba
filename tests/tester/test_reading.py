"""What a file of cases may say, and the one clear error for each thing that it may not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_integrations import exponential
from pytest_integrations.core.errors import ScriptingError
from pytest_integrations.core.registry import Registry
from pytest_integrations.faults import registry as faults
from pytest_integrations.plugin.registries import BACKENDS
from pytest_integrations.tester.reading import CaseFile
from pytest_integrations.tester.request import NOTHING, Request

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Read = Callable[[str], CaseFile]

HEAD = """\
[client]
url = "{stock.url}"

[fakes.stock]

[fakes.payments]
"""
CASE = f"""\
{HEAD}
[[cases]]
name = "one"
"""


@pytest.fixture
def read(tmp_path: Path) -> Read:
    kinds: Registry[Any] = Registry("backend", BACKENDS)

    def read(text: str) -> CaseFile:
        file = tmp_path / "test_a.integration.toml"
        file.write_text(text, encoding="utf-8")
        return CaseFile.read(file, faults, kinds)

    return read


def test_the_least_that_a_file_says(read: Read) -> None:
    file = read('client.url = "http://127.0.0.1:1"\n[[cases]]\nname = "one"')

    (one,) = file.cases
    assert (one.case.name, one.case.request, one.fakes, one.marks) == ("one", Request(), (), ())
    assert (one.place.first, one.place.last) == (2, 3)
    assert file.client.url == "http://127.0.0.1:1"


def test_all_that_a_file_may_say(read: Read) -> None:
    file = read("""
        description = "The shop."
        marks = ["virtual_time", { fault_profile = ["slow", "flaky"] }, { skip = { reason = "not yet" } }, { a = 1 }]

        [client]
        make = "collections:OrderedDict"
        arguments = { stock = "{stock.url}" }

        [fakes.stock]
        settings = { max_body = 10 }
        routes = [
            { route = "GET /stock/<sku>", reply = { json = { left = 3 } } },
            { route = "POST /stock", where = { query = { a = "b" } }, replies = [503, { status = 201 }] },
            { route = "DELETE /stock" },
        ]

        [fakes.broker]
        kind = "amqp"
        queues = [{ name = "orders" }]
        setup = [{ call = "exchange", arguments = ["bills"], then = { call = "x", then = [{ call = "y" }] } }]

        [intercept]
        "https://api.example.com" = "stock"

        [[cases]]
        name = "one"
        description = "The first."
        marks = ["slow"]
        call = "get"
        request = ["stock"]
        expect = { value = 3 }
        within = 2.5
        attempts = 2
        repeat = 3
        every = 0.5
        received = [{ "GET /stock/<sku>" = 2 }, { operation = "POST *", times = 0, json_has = { a = 1 } }]
        faults = [
            { fault = "status", settings = { code = 503 }, fake = "st*", operation = "GET *", times = 2 },
            { fault = "queue_full", fake = "broker", on = { kind = "publish" } },
        ]
        [cases.resilience]
        backoff = { schedule = { exponential = { base = 2 } }, fake = "stock" }
        no_unsafe_retry = true
        [cases.fakes.stock]
        routes = [{ route = "GET /more" }]
        [cases.fakes.own]
    """)

    (each,) = file.cases
    stock, broker, own = each.fakes
    assert [(mark.name, mark.arguments, dict(mark.options)) for mark in file.marks] == [
        ("virtual_time", (), {}),
        ("fault_profile", ("slow", "flaky"), {}),
        ("skip", (), {"reason": "not yet"}),
        ("a", (1,), {}),
    ]
    assert [mark.name for mark in each.marks] == ["slow"]
    assert (file.client.make.__name__, file.client.arguments) == ("OrderedDict", {"stock": "{stock.url}"})
    assert file.intercept == {"https://api.example.com": "stock"}
    assert [(route.method, route.path, len(route.replies)) for route in stock.routes] == [
        ("GET", "/stock/<sku>", 1),
        ("POST", "/stock", 2),
        ("DELETE", "/stock", 1),
        ("GET", "/more", 1),
    ]
    assert stock.routes[1].where == {"query": {"a": "b"}}
    assert stock.routes[1].replies[0] == {"status": 503}
    assert stock.settings == {"max_body": 10}
    assert (broker.kind, broker.queues, broker.setup[0].then[0].then[0].call) == ("amqp", ({"name": "orders"},), "y")
    assert (own.name, own.kind) == ("own", "rest")
    case = each.case
    assert (case.call, case.request.arguments, case.within, case.expect.value) == ("get", ("stock",), 2.5, 3)
    assert [(repr(each.faults), dict(each.when), each.fake, each.operation, each.on) for each in case.faults] == [
        ("(status(503),)", {"times": 2}, "st*", "GET *", None),
        ("(queue_full(),)", {}, "broker", "*", {"kind": "publish"}),
    ]
    assert (case.repeat, case.every) == (3, 0.5)
    assert [(each.operation, each.times) for each in case.received] == [("GET /stock/<sku>", 2), ("POST *", 0)]
    assert [(each.name, each.settings, each.fake) for each in case.resilience] == [
        ("attempts", {"exactly": 2}, "*"),
        ("backoff", {"schedule": exponential(base=2)}, "stock"),
        ("no_unsafe_retry", {}, "*"),
    ]


@pytest.mark.parametrize(
    ("written", "status", "value"),
    [("expect = 404", 404, NOTHING), ("expect = { value = 404 }", None, 404), ("", None, NOTHING)],
)
def test_what_is_expected(read: Read, written: str, status: int | None, value: Any) -> None:
    (each,) = read(CASE + written).cases

    assert (each.case.expect.status, each.case.expect.value) == (status, value)


def test_a_single_fake_need_not_be_named(read: Read) -> None:
    (each,) = read('client.url = "{a.url}"\n[fakes.a]\n[[cases]]\nname = "one"\nfaults = ["connection_reset"]').cases

    assert [(repr(found.faults), found.fake) for found in each.case.faults] == [("(connection_reset(),)", None)]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("cases = []", "client: says what is tested by one of url, call, make, fixture; found none of them"),
        ("client = 3", "client: expected a table, found 3"),
        ('client = { url = "http://a", call = "a:b" }', "found url and call"),
        (
            'client = { uri = "http://a" }',
            "client.uri: unknown key. Did you mean 'url'? Valid: url, call, make, fixture",
        ),
        (
            'client = { url = "{stok.url}" }\n[fakes.stock]',
            "client: unknown fake 'stok'. Did you mean 'stock'? Known: stock.",
        ),
        ("client = { url = 3 }", "client.url: expected a text, found 3"),
        ('client = { url = "http://a", arguments = {} }', "client.arguments: goes with client.make only"),
        ('client = { url = "http://a", timeout = 0 }', "client.timeout: 0 is not a number of seconds above 0"),
        ('client = { call = "json:lods" }', "client.call: 'json:lods': json has no 'lods'. Did you mean 'loads'?"),
        ('client = { make = "json:__name__" }', "client.make: 'json:__name__' is 'json', which cannot be called"),
        (
            'client = { make = "fractions:Fraction", arguments = { top = 1 } }',
            "client.arguments: got an unexpected keyword",
        ),
        (HEAD, "cases: expected 1 to 1000 cases, each beginning with [[cases]]; found 0"),
        (f"cases = 3\n{HEAD}", "cases: expected an array, found 3"),
        (f"case = 3\n{HEAD}", "the file.case: unknown key. Did you mean 'cases'?"),
        (f"{HEAD}[intercept]\na = 'stok'", "intercept.a: unknown fake 'stok'. Did you mean 'stock'?"),
        (f"marks = [3]\n{HEAD}", "marks[0]: 3 is no marker: valid are 'slow' and { skip = { reason = 'not yet' } }"),
        (f"marks = ['_slow']\n{HEAD}", "marks[0]: '_slow' is no marker"),
        (f"marks = [{{ a = 1, b = 2 }}]\n{HEAD}", "marks[0]: {'a': 1, 'b': 2} is no marker"),
        (f"{HEAD}[fakes.env]", "fakes.env: 'env' is no name for a fake"),
        (f"{HEAD}[fakes.b]\nkind = 'rst'", "fakes.b.kind: unknown kind of fake 'rst'. Did you mean 'rest'?"),
        (f"{HEAD}[fakes.b]\nkind = 'amqp'\nroutes = []", "fakes.b.routes: only fakes of kind 'rest' have routes"),
        (f"{HEAD}[fakes.b]\nroute = []", "fakes.b.route: unknown key. Did you mean 'routes'?"),
        (f"{HEAD}[fakes.b]\nroutes = [{{}}]", "fakes.b.routes[0].route: '' is no route: valid is a method and a path"),
        (f"{HEAD}[fakes.b]\nroutes = [{{ route = 'GET tea' }}]", "'GET tea' is no route"),
        (
            f"{HEAD}[fakes.b]\nroutes = [{{ route = 'GET /', reply = 42 }}]",
            "routes[0].reply: status=42 is not a status code",
        ),
        (
            f"{HEAD}[fakes.b]\nroutes = [{{ route = 'GET /', reply = {{ jsn = 3 }} }}]",
            "reply.jsn: unknown key. Did you mean 'json'?",
        ),
        (f"{HEAD}[fakes.b]\nroutes = [{{ route = 'GET /', replies = [] }}]", "replies: expected at least one answer"),
        (
            f"{HEAD}[fakes.b]\nroutes = [{{ route = 'GET /', replies = [1], reply = 2 }}]",
            "has reply and replies: give one",
        ),
        (f"{HEAD}[fakes.b]\nroutes = [{{ route = 'GET /', where = {{ q = 1 }} }}]", "where.q: unknown key"),
        (f"{HEAD}[fakes.b]\nsetup = [{{}}]", "fakes.b.setup[0]: names no method of the fake"),
        (
            f"{HEAD}[fakes.b]\nsetup = [{{ call = 'x', arguments = 3 }}]",
            "setup[0].arguments: expected a table, or an array",
        ),
    ],
)
def test_what_a_file_may_not_say(read: Read, text: str, said: str) -> None:
    with pytest.raises(ScriptingError) as caught:
        read(text)
    assert str(caught.value).startswith("test_a.integration.toml: ")
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("nam = 3", "cases.nam: unknown key. Did you mean 'name'?"),
        ('expect = "yes"', "expect: expected a table, found 'yes'"),
        ("expect = { stats = 200 }", "expect.stats: unknown key. Did you mean 'status'?"),
        ("expect = 42", "expect: status=42 is not a status of HTTP"),
        ("expect = { raises = 3 }", "expect.raises: expected a text, found 3"),
        (
            'expect = { raises = "OSError", status = 200 }',
            "expect: raises='OSError' returns nothing that status= could",
        ),
        ("faults = 3", "faults: expected an array, found 3"),
        ("faults = [{}]", 'faults[0]: has no fault, such as fault = "status"'),
        (
            'faults = [{ fault = "statuz", fake = "stock" }]',
            "faults[0].fault: unknown fault 'statuz'. Did you mean 'status'",
        ),
        ('faults = [{ fault = "status", fake = "stock" }]', "faults[0].settings: status needs code"),
        (
            'faults = [{ fault = "status", fake = "stock", settings = { cod = 503 } }]',
            "faults[0].settings.cod: unknown key. Did you mean 'code'?",
        ),
        ('faults = ["hang"]', "faults[0].fake: is missing: which of stock, payments is it for?"),
        ('faults = [{ fault = "hang", fake = "stok" }]', "faults[0].fake: unknown fake 'stok'. Did you mean 'stock'?"),
        (
            'faults = [{ fault = "hang", fake = "stock", time = 2 }]',
            "faults[0].time: unknown key. Did you mean 'times'?",
        ),
        ('faults = [{ fault = "hang", fake = "stock", times = 0 }]', "faults[0]: times=0 is not a count"),
        ("attempts = 0", "attempts=0 is not a count: valid are whole numbers from 1 on"),
        ('within = "soon"', "within='soon' is not a number"),
        ("resilience = 3", "resilience: expected a table, found 3"),
        ("received = 3", "received=3 is nothing that can reach a fake"),
        ('received = { operation = "GET *", tims = 3 }', "received: 'tims' is unknown. Did you mean 'times'?"),
        ("repeat = 0", "repeat=0 is not a count"),
        ("resilience = { atempts = 3 }", "unknown assertion 'atempts'. Did you mean 'attempts'"),
        ("resilience = { backoff = { schedule = { exponential = { bse = 1 } } } }", "exponential: "),
        ("call = 3", "call=3 is not text"),
        ("request = { 1 = 2 }\nwithin = 0", "within=0 leaves no time"),
        ("marks = 3", "marks: expected an array, found 3"),
        ("[cases.fakes.stock]\nkind = 'amqp'", "fakes.stock.kind: stock is of kind 'rest' in this file"),
    ],
)
def test_what_a_case_may_not_say(read: Read, text: str, said: str) -> None:
    with pytest.raises(ScriptingError) as caught:
        read(CASE + text)
    assert str(caught.value).startswith("test_a.integration.toml:8: case 'one': ")
    assert str(caught.value).count("case 'one'") == 1
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "name", ["", " a", "a ", "a::b", "a[b", "a]", "a\\nb", "__init__", "pytestmark", "setup_module", "tearDownModule"]
)
def test_names_that_no_test_can_have(read: Read, name: str) -> None:
    with pytest.raises(ScriptingError, match="is no name for a test: valid is one line without brackets and '::'"):
        read(f'{HEAD}[[cases]]\nname = "{name}"')


@pytest.mark.parametrize("name", ["a", "1", "GET /tea: 200", "Ärger, sagt man", "setup_module of the shop"])
def test_names_that_a_test_can_have(read: Read, name: str) -> None:
    assert read(f'{HEAD}[[cases]]\nname = "{name}"').cases[0].case.name == name


def test_each_wrong_case_is_told_and_names_are_unique(read: Read) -> None:
    many = "".join(f'[[cases]]\nname = "{number}"\nwithin = 0\n' for number in range(30))
    with pytest.raises(ScriptingError) as all_wrong:
        read(HEAD + many)
    assert str(all_wrong.value).splitlines()[19:] == [
        "test_a.integration.toml:64: case '19': within=0 leaves no time: valid are seconds above 0, or a timedelta",
        "and 10 more",
    ]
    with pytest.raises(ScriptingError) as caught:
        read(f'{CASE}within = 0\n[[cases]]\nname = "two"\n[[cases]]\nname = "two"\n[[cases]]\nwithin = 1\n')
    assert str(caught.value).splitlines() == [
        "test_a.integration.toml:8: case 'one': within=0 leaves no time: valid are seconds above 0, or a timedelta",
        "test_a.integration.toml:13: case 'two': name: 'two' is the name of the case on line 11 too; choose another",
        """test_a.integration.toml:15: case: name: is missing; each case has one, such as name = "an order is paid\"""",
    ]
