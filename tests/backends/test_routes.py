"""Which route answers: placeholders, conditions, rank; and what is said when none does."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from unittest.mock import ANY

import pytest

from pytest_integrations.core.errors import HandlerFailed, ScriptingError, UnexpectedCall

if TYPE_CHECKING:
    import httpx

    from pytest_integrations import FakeRest


def _unexpected(fake: FakeRest) -> str:
    """Return what the fake says of the one call that it could not answer."""
    (problem,) = fake.ledger.untold()
    assert problem.kind == "unexpected"
    return problem.text


# -- paths


@pytest.mark.parametrize(
    ("template", "path", "values"),
    [
        ("/users/<id>", "/users/7", {"id": "7"}),
        ("/users/<int:id>", "/users/7", {"id": 7}),
        ("/at/<float:x>", "/at/1.5", {"x": 1.5}),
        ("/files/<path:p>", "/files/a/b.txt", {"p": "a/b.txt"}),
        (
            "/things/<uuid:u>",
            "/things/12345678-1234-5678-1234-567812345678",
            {"u": "12345678-1234-5678-1234-567812345678"},
        ),
        ("/<any(cats, dogs):kind>/<int:n>", "/dogs/3", {"kind": "dogs", "n": 3}),
        ("/caf\xe9/<name>", "/caf%C3%A9/a%20b", {"name": "a b"}),
        ("/v<int:version>/x", "/v2/x", {"version": 2}),
    ],
)
def test_placeholders(fake: FakeRest, client: httpx.Client, template: str, path: str, values: dict[str, Any]) -> None:
    """werkzeug's converters give their values by name; the operation is the template."""
    fake.get(template).calls(lambda _request, **got: json.loads(json.dumps(got, default=str)))

    assert client.get(path).json() == values
    assert fake.calls[0].operation == f"GET {template}"


@pytest.mark.parametrize(
    "path", ["/users/x", "/users/-1", "/users/", "/users", "/users/1/", "/Users/1", "//users/1", "/users//1"]
)
def test_a_path_fits_exactly_or_not_at_all(fake: FakeRest, client: httpx.Client, path: str) -> None:
    """No redirects, no merged slashes, no other case: what a client gets wrong fails its test."""
    fake.get("/users/<int:id>").reply(200)

    assert client.request("GET", f"{fake.url}{path}").status_code == 404
    assert f"nothing answers GET {path}" in _unexpected(fake)


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("users", "path 'users' must begin with a slash, such as '/users'"),
        ("", "path '' must begin with a slash"),
        ("/<nope:x>", r"path '/<nope:x>' cannot be read: .*Placeholders are werkzeug's: <name>, <int:name>"),
        ("/<int:x", "cannot be read"),
    ],
)
def test_a_template_that_cannot_be_read(fake: FakeRest, client: httpx.Client, template: str, message: str) -> None:
    """It is refused where it is declared, with the placeholders that there are; other routes are unharmed."""
    with pytest.raises(ScriptingError, match=message):
        fake.get(template)
    fake.get("/ok").reply(200)
    assert client.get("/ok").status_code == 200


@pytest.mark.parametrize("method", ["", "GET /x", "G3T", "M-SEARCH"])
def test_a_method_that_is_none(fake: FakeRest, method: str) -> None:
    """It is refused with the usual ones."""
    with pytest.raises(ScriptingError, match="is not an HTTP method; valid: GET, POST, PUT, PATCH, DELETE, HEAD"):
        fake.route(method, "/x")


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PURGE"])
def test_every_method(fake: FakeRest, client: httpx.Client, method: str) -> None:
    """Named ones have their shortcuts, others go by route(); each answers its own calls only."""
    fake.any("/x").reply(text="any")
    declare = getattr(fake, method.lower(), None)
    route = declare("/x") if declare is not None else fake.route(method.lower(), "/x")
    route.reply(text=method)

    assert client.request(method, "/x").text == method
    assert client.request("HEAD" if method == "POST" else "POST", "/x").status_code == 200


def test_a_get_route_answers_head_without_the_body(fake: FakeRest, client: httpx.Client) -> None:
    """HEAD tells of the same length; a route for HEAD itself goes before it."""
    fake.get("/x").reply(text="12345")
    fake.get("/y").reply(text="12345")
    fake.head("/y").reply(204)

    answer = client.head("/x")
    assert (answer.content, answer.headers["content-length"]) == (b"", "5")
    assert client.head("/y").status_code == 204


# -- rank


def test_the_most_exact_path_answers(fake: FakeRest, client: httpx.Client) -> None:
    """Static before typed before free, in whatever order they were declared."""
    for template in ("/users/<path:rest>", "/users/<name>", "/users/<int:id>", "/users/me"):
        fake.get(template).reply(text=template)

    assert client.get("/users/me").text == "/users/me"
    assert client.get("/users/7").text == "/users/<int:id>"
    assert client.get("/users/bob").text == "/users/<name>"
    assert client.get("/users/a/b").text == "/users/<path:rest>"


def test_a_less_exact_path_answers_what_the_exact_one_does_not(fake: FakeRest, client: httpx.Client) -> None:
    """Where method or conditions do not fit, the next path that fits is asked."""
    fake.get("/users/me").reply(text="me")
    fake.delete("/users/<id>").reply(text="deleted")
    fake.get("/users/<int:id>", query={"full": 1}).reply(text="full")
    fake.get("/<path:rest>").reply(text="rest")

    assert client.delete("/users/me").text == "deleted"
    assert client.get("/users/7?full=1").text == "full"
    assert client.get("/users/7").text == "rest"


def test_of_one_path_the_most_demanding_route_answers(fake: FakeRest, client: httpx.Client) -> None:
    """More conditions go first; of equally many the one declared last."""
    fake.get("/x", query={"a": "1"}).reply(text="one")
    fake.get("/x").reply(text="none")
    fake.get("/x", query={"a": "1"}, headers={"X-B": "2"}).reply(text="two")
    fake.get("/x", headers={"X-B": "2"}).reply(text="later")

    assert client.get("/x").text == "none"
    assert client.get("/x?a=1").text == "one"
    assert client.get("/x?a=1", headers={"x-b": "2"}).text == "two"
    assert client.get("/x?a=2", headers={"x-b": "2"}).text == "later"
    fake.get("/x", query={"a": ANY}).reply(text="latest")
    assert client.get("/x?a=1").text == "latest"


def test_the_same_declaration_is_the_same_route(fake: FakeRest, client: httpx.Client) -> None:
    """So that a test can change an answer; any difference makes another route."""

    def is_big(call: Any) -> bool:
        return len(call.body) > 3

    route = fake.get("/x", query={"a": 1}, match=is_big)
    assert fake.get("/x", query={"a": 1}, match=is_big) is route
    assert fake.route("get", "/x", query={"a": 1}, match=is_big) is route
    others = [
        fake.get("/x", query={"a": 1}),
        fake.get("/x", query={"a": 2}, match=is_big),
        fake.get("/x", headers={"a": 1}, match=is_big),
        fake.get("/y", query={"a": 1}, match=is_big),
        fake.post("/x", query={"a": 1}, match=is_big),
        fake.get("/x", query={"a": ANY}, match=is_big),
    ]
    assert len({id(route), *map(id, others)}) == 7
    fake.get("/z").reply(text="old")
    fake.get("/z").reply(text="new")
    assert client.get("/z").text == "new"


def test_two_lambdas_are_two_routes(fake: FakeRest, client: httpx.Client) -> None:
    """Predicates are told apart by what they are, not by what they are called."""
    fake.get("/x", match=lambda call: call.query.get("a") == "1").reply(text="one")
    fake.get("/x", match=lambda call: call.query.get("a") == "2").reply(text="two")

    assert [client.get(f"/x?a={a}").text for a in (1, 2)] == ["one", "two"]


# -- conditions


@pytest.mark.parametrize(
    ("conditions", "request_", "fits"),
    [
        ({"query": {"page": 2}}, {"params": {"page": "2"}}, True),
        ({"query": {"page": 2}}, {"params": {"page": "3"}}, False),
        ({"query": {"x": 1.5}}, {"params": {"x": "1.5"}}, True),
        ({"query": {"q": ""}}, {"params": {"q": ""}}, True),
        ({"query": {"q": ANY}}, {"params": {"q": "anything"}}, True),
        ({"query": {"q": ANY}}, {}, False),
        ({"query": {"q": str.isdigit}}, {"params": {"q": "12"}}, True),
        ({"query": {"q": str.isdigit}}, {"params": {"q": "a"}}, False),
        ({"query": {"q": "\u20ac &"}}, {"params": {"q": "\u20ac &"}}, True),
        ({"headers": {"x-TOKEN": "t"}}, {"headers": {"X-Token": "t"}}, True),
        ({"headers": {"X-Token": "t"}}, {}, False),
        ({"headers": {"X-N": 5}}, {"headers": {"X-N": "5"}}, True),
        ({"json": {"a": 1}}, {"json": {"a": 1, "b": 2}}, True),
        ({"json": {"a": 1}}, {"json": {"b": 2}}, False),
        ({"json": {"a": {"b": 1}}}, {"json": {"a": {"b": 1, "c": 2}}}, True),
        ({"json": {"a": {"b": 1}}}, {"json": {"a": {"c": 2}}}, False),
        ({"json": {"items": [{"id": 1}]}}, {"json": {"items": [{"id": 1, "name": "x"}]}}, True),
        ({"json": {"items": [{"id": 1}]}}, {"json": {"items": [{"id": 1}, {"id": 2}]}}, False),
        ({"json": [1, 2]}, {"json": [1, 2]}, True),
        ({"json": [1, 2]}, {"json": [2, 1]}, False),
        ({"json": {"n": lambda n: n > 3}}, {"json": {"n": 4}}, True),
        ({"json": {"n": lambda n: n > 3}}, {"json": {"n": 3}}, False),
        ({"json": {"a": ANY}}, {"json": {"a": None}}, True),
        ({"json": {"a": 1}}, {"content": b"no json"}, False),
        ({"json": "text"}, {"json": "text"}, True),
        ({"json": 0}, {"json": 0}, True),
        ({"match": lambda call: call.body == b"x"}, {"content": b"x"}, True),
        ({"match": lambda call: call.body == b"x"}, {"content": b"y"}, False),
        ({"query": {"a": 1}, "json": {"b": 2}}, {"params": {"a": "1"}, "json": {"b": 2}}, True),
        ({"query": {"a": 1}, "json": {"b": 2}}, {"params": {"a": "1"}, "json": {"b": 3}}, False),
    ],
)
def test_conditions(
    fake: FakeRest,
    client: httpx.Client,
    conditions: dict[str, Any],
    request_: dict[str, Any],
    fits: bool,  # noqa: FBT001
) -> None:
    """Query, headers, JSON at any depth, predicates; values, callables and objects that know what they equal."""
    fake.post("/x", **conditions).reply(text="fits")
    fake.post("/x").reply(text="other")

    assert client.post("/x", **request_).text == ("fits" if fits else "other")


@pytest.mark.parametrize("conditions", [{"match": lambda call: call.nope}, {"json": {"n": len}}])
def test_a_condition_that_raises_fails_the_test_once(
    fake: FakeRest, client: httpx.Client, conditions: dict[str, Any]
) -> None:
    """The client gets a 500, the test one failure that names the operation, and the cause."""
    fake.post("/x", **conditions).reply(200)

    assert client.post("/x", json={"n": 5}).status_code == 500
    with pytest.raises(HandlerFailed, match=r"a handler for POST /x raised (AttributeError|TypeError)") as caught:
        fake.verify()
    assert isinstance(caught.value.__cause__, AttributeError | TypeError)


# -- what no route answers


def test_an_unexpected_call_gets_a_problem_that_clients_do_not_retry(fake: FakeRest, client: httpx.Client) -> None:
    """404 problem+json with the near misses in it; the test fails though the client may swallow that."""
    fake.get("/users/<int:id>").reply(200)
    answer = client.get("/user/7")

    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
    assert answer.json()["title"] == "No such route in this fake"
    with pytest.raises(UnexpectedCall) as caught:
        fake.verify()
    assert str(caught.value) == answer.json()["detail"]
    assert str(caught.value) == (
        "fake: nothing answers GET /user/7\n  nearest:\n    GET /users/<int:id>: path is '/user/7'"
    )
    assert (fake.calls[0].operation, fake.calls[0].handled) == ("GET /user/7", False)


@pytest.mark.parametrize(
    ("method", "declaration"),
    [
        ("GET", "fake.get('/a b').reply(200)"),
        ("HEAD", "fake.get('/a b').reply(200)"),
        ("DELETE", "fake.delete('/a b').reply(200)"),
        ("OPTIONS", "fake.route('OPTIONS', '/a b').reply(200)"),
    ],
)
def test_a_fake_without_routes_says_what_to_write(
    fake: FakeRest, client: httpx.Client, method: str, declaration: str
) -> None:
    """The line that is shown can be pasted, and then answers the call."""
    client.request(method, "/a%20b?q=1")
    text = _unexpected(fake)

    assert text.endswith(f"it has no routes yet; write: {declaration}")
    eval(declaration, {"fake": fake})
    assert client.request(method, "/a%20b?q=1").status_code == 200


def test_near_misses_say_what_each_route_asks_for(fake: FakeRest, client: httpx.Client) -> None:
    """What fits the path comes first, with its own conditions; three are shown, the others are counted."""
    fake.get("/charges/<id>").reply(200)
    fake.post("/charges/<id>", query={"a": 1}, headers={"X-T": "t"}).reply(200)
    fake.post("/charge").reply(200)
    fake.get("/elsewhere").reply(200)
    client.post("/charges/7", params={"a": "2"}, json={"n": 2, "m": 3})

    assert _unexpected(fake).splitlines() == [
        "fake: nothing answers POST /charges/7?a=2",
        "  nearest:",
        "    POST /charges/<id>: query a is '2', expected 1; header X-T is missing, expected 't'",
        "    GET /charges/<id>: method is POST, expected GET",
        "    POST /charge: path is '/charges/7'",
        "    ... of 4 routes",
    ]


@pytest.mark.parametrize(
    ("expected", "content", "said"),
    [
        ({"a": 1}, b"no json", "body is not JSON, expected {'a': 1}"),
        ([1], b"[2]", "JSON is [2], expected [1]"),
        ({"a": 1, "b": 2}, b'{"b": 3}', "JSON key 'a' is None, expected 1; JSON key 'b' is 3, expected 2"),
    ],
)
def test_near_misses_of_bodies(fake: FakeRest, client: httpx.Client, expected: Any, content: bytes, said: str) -> None:
    """What is no JSON, other JSON, or has other keys is told apart."""
    fake.post("/x", json=expected).reply(200)
    client.post("/x", content=content)

    assert _unexpected(fake).endswith(f"POST /x: {said}")


def test_a_predicate_is_named_in_a_near_miss(fake: FakeRest, client: httpx.Client) -> None:
    """By its own name."""

    def is_admin(_call: Any) -> bool:
        return False

    fake.get("/x", match=is_admin).reply(200)
    client.get("/x")
    assert _unexpected(fake).endswith("GET /x: match='is_admin' is not true of it")


def test_several_unexpected_calls_fail_the_test_together(fake: FakeRest, client: httpx.Client) -> None:
    """Each is told."""
    client.get("/a")
    client.get("/b")

    with pytest.raises((UnexpectedCall, ExceptionGroup)) as caught:
        fake.verify()
    told = str(caught.value) + "".join(map(str, getattr(caught.value, "exceptions", ())))
    assert "GET /a" in told
    assert "GET /b" in told


def test_a_route_shows_itself(fake: FakeRest) -> None:
    """Method, template and conditions, as they were written."""
    assert repr(fake.get("/x")) == "<Route GET /x>"
    route = fake.post("/x", query={"a": 1}, json={"b": 2}, match=json.loads)
    assert repr(route) == "<Route POST /x with query={'a': 1}, json={'b': 2}, match=loads>"
