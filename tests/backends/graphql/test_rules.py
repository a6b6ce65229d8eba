"""What operations are answered: replies, turns, conditions; which rule answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_integrations.backends.graphql.answered import answer
from pytest_integrations.core.errors import HandlerFailed, ScriptingError
from pytest_integrations.faults import latency, status

from .conftest import told

if TYPE_CHECKING:
    import httpx

    from pytest_integrations.backends.graphql.fake import FakeGraphQL

    from .conftest import Ask

GET_USER = "query GetUser($id: ID!) { user(id: $id) { id name } }"


def test_a_reply_is_filled_in_and_cut_down(api: FakeGraphQL, ask: Ask) -> None:
    """What it leaves out is made up, what the client did not select is left out; aliases are the client's."""
    api.query("GetUser").reply({"user": {"name": "Ada", "age": 36, "friends": [{"name": "Bob"}]}})

    assert ask("query GetUser { user(id: 7) { title: name email friends { name id } } }") == {
        "user": {
            "title": "Ada",
            "email": "User.email 7",
            "friends": [{"name": "Bob", "id": "7.friends.1"}],
        }
    }


def test_a_reply_may_use_the_aliases_of_the_client(api: FakeGraphQL, ask: Ask) -> None:
    """Which is how two fields of one name are told apart."""
    api.query().reply({"first": {"name": "Ada"}, "second": {"name": "Bob"}})

    assert ask("{ first: user(id: 1) { name } second: user(id: 2) { name } }") == {
        "first": {"name": "Ada"},
        "second": {"name": "Bob"},
    }


def test_a_reply_may_be_a_function_of_the_variables(api: FakeGraphQL, ask: Ask) -> None:
    api.query("GetUser").reply(lambda variables: {"user": {"name": f"user {variables['id']}"}})
    assert ask(GET_USER, id="7") == {"user": {"id": "7", "name": "user 7"}}

    api.query("GetUser").reply(lambda _variables: None)
    assert ask(GET_USER, id="7") is None

    def raises(variables: dict[str, Any]) -> dict[str, Any]:
        raise ZeroDivisionError

    api.query("GetUser").reply(raises)
    ask(GET_USER, id="7", fails=True)
    with pytest.raises(HandlerFailed, match="query GetUser raised ZeroDivisionError"):
        api.verify()


def test_values_of_a_reply_may_be_callables(api: FakeGraphQL, ask: Ask) -> None:
    api.query().reply({"user": lambda arguments: {"name": f"user {arguments['id']}"}})
    assert ask(GET_USER, id="7") == {"user": {"id": "7", "name": "user 7"}}


def test_what_there_is_for_a_union(api: FakeGraphQL, ask: Ask) -> None:
    """Its type is named, or follows from the fields that were given."""
    api.query().reply({"search": [{"__typename": "Post"}, {"title": "t"}, {"name": "n", "email": None}]})
    hits = ask("{ search { __typename ... on Post { title } ... on User { name email } } }")["search"]

    assert [hit["__typename"] for hit in hits] == ["Post", "Post", "User"]
    assert hits[2] == {"__typename": "User", "name": "n", "email": None}


def test_no_data_at_all(api: FakeGraphQL, ask: Ask) -> None:
    api.query().reply(None)
    assert ask("{ version }", fails=True) == {"data": None}


def test_errors_beside_data(api: FakeGraphQL, client: httpx.Client) -> None:
    """They are sent as they are; without data nothing is executed."""
    api.query("A").reply({"version": "1"}, errors=["late", {"message": "x", "path": ["version"]}], extensions={"t": 1})
    api.query("B").reply(errors=["no"], status=503, headers={"Retry-After": "2"})

    got = client.post(api.url, json={"query": "query A { version }"}).json()
    assert got == {
        "errors": [{"message": "late"}, {"message": "x", "path": ["version"]}],
        "data": {"version": "1"},
        "extensions": {"t": 1},
    }
    refused = client.post(api.url, json={"query": "query B { version }"})
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "2")
    assert refused.json() == {"errors": [{"message": "no"}]}


# -- callables


def test_an_argument_with_a_default_is_the_callable_s_own(api: FakeGraphQL, ask: Ask) -> None:
    for number in (1, 2):
        api.query(f"Q{number}").reply(lambda variables, number=number: {"version": f"{number}{variables}"})
    assert [ask(f"query Q{number} {{ version }}")["version"] for number in (1, 2)] == ["1{}", "2{}"]

    for number in (1, 2):
        api.resolve("Query.version", lambda number=number: str(number))
    assert ask("query Other { version }")["version"] == "2"


# -- turns


def test_turns(api: FakeGraphQL, client: httpx.Client) -> None:
    """Data, no data, an answer with a status of its own, a fault, a function: each call gets the next."""
    api.query("Q").replies(
        {"version": "1"},
        status(503),
        answer(errors=["slow down"], status=429),
        lambda _variables: {"version": "4"},
        None,
    )
    got = [client.post(api.url, json={"query": "query Q { version }"}) for _ in range(6)]

    assert [each.status_code for each in got] == [200, 503, 429, 200, 200, 200]
    assert [got[number].json()["data"] for number in (0, 3, 4, 5)] == [{"version": "1"}, {"version": "4"}, None, None]


def test_turns_in_a_circle(api: FakeGraphQL, ask: Ask) -> None:
    api.query().replies({"version": "1"}, {"version": "2"}, then="cycle")
    assert [ask("{ version }")["version"] for _ in range(5)] == ["1", "2", "1", "2", "1"]


def test_turns_that_end(api: FakeGraphQL, ask: Ask) -> None:
    """A further call fails the test."""
    api.query("Q").replies({"version": "1"}, then="unexpected")
    ask("query Q { version }")
    result = ask("query Q { version }", fails=True)

    (text,) = told(api)
    assert text == "api: query Q was called once more than replies(..., then='unexpected') has answers for"
    assert result == {"errors": [{"message": text, "extensions": {"code": "UNSCRIPTED"}}]}


def test_a_new_reply_takes_the_place_of_turns(api: FakeGraphQL, ask: Ask) -> None:
    api.query().replies({"version": "1"}, status(503))
    api.query().reply({"version": "2"})
    assert [ask("{ version }")["version"] for _ in range(3)] == ["2", "2", "2"]


# -- which rule answers


def test_the_most_demanding_rule_answers(api: FakeGraphQL, ask: Ask) -> None:
    """A name goes before none, more conditions before fewer, a later rule before an earlier one."""

    def names(name: str) -> dict[str, Any]:
        return {"user": {"name": name}}

    api.query("GetUser", variables={"id": "1"}).reply(names("by variable"))
    api.query().reply(names("any"))
    api.query("GetUser").reply(names("by name"))
    api.query("GetUser", where=lambda operation: operation.variables["id"] == "2").reply(names("by function"))
    api.query("GetUser", variables={"id": lambda value: value in {"3", "4"}}).reply(names("earlier"))
    api.query("GetUser", variables={"id": "4"}).reply(names("later"))

    got = {each: ask(GET_USER, id=each)["user"]["name"] for each in "12345"}
    assert got == {"1": "by variable", "2": "by function", "3": "earlier", "4": "later", "5": "by name"}
    assert ask("query Other { user(id: 1) { name } }") == {"user": {"name": "any"}}


def test_variables_are_compared_in_part(api: FakeGraphQL, ask: Ask) -> None:
    save = "mutation Save($profile: Profile!) { save(profile: $profile) { name } }"
    api.mutation("Save", variables={"profile": {"name": "Ada"}}).reply({"save": {"name": "found"}})

    assert ask(save, profile={"name": "Ada", "tags": ["x"]}) == {"save": {"name": "found"}}
    assert ask(save, profile={"name": "Bob"}) == {"save": {"name": "User.name 1"}}

    api.mutation("Save", variables={"profile": {"tags": ["a", lambda tag: tag > "a"]}}).reply({"save": None})
    assert ask(save, profile={"tags": ["a", "b"]}) == {"save": None}
    for tags in (["a"], ["a", "a"], ["b", "b"]):
        assert ask(save, profile={"tags": tags}) == {"save": {"name": "User.name 1"}}


def test_a_rule_for_a_variable_that_is_not_sent(api: FakeGraphQL, ask: Ask) -> None:
    rule = api.query("Q", variables={"id": "1"}).reply({"version": "chosen"})
    assert ask("query Q { version }") == {"version": "Query.version 1"}
    assert rule.received == []


def test_a_function_is_asked_at_each_call(api: FakeGraphQL, ask: Ask) -> None:
    """What it answers is not remembered with the request."""
    answers = iter([True, False, True])
    api.query("Q", where=lambda _operation: next(answers)).reply({"version": "chosen"})
    got = [ask("query Q { version }")["version"] for _ in range(3)]
    assert got == ["chosen", "Query.version 1", "chosen"]


def test_the_same_rule_is_returned_again(api: FakeGraphQL, ask: Ask) -> None:
    rule = api.query("GetUser", variables={"id": "1"})
    assert api.query("GetUser", variables={"id": "1"}) is rule
    assert api.query("GetUser") is not rule
    assert api.mutation("GetUser", variables={"id": "1"}) is not rule
    ask(GET_USER, id="1")
    ask(GET_USER, id="2")
    assert [call.variables for call in rule.received] == [{"id": "1"}]
    assert len(api.query("GetUser").received) == 2
    assert repr(rule) == "<query GetUser with variables={'id': '1'} of api>"


def test_what_is_said_between_two_calls_holds_for_the_second(api: FakeGraphQL, ask: Ask) -> None:
    """Replies are kept ready, until something else is said."""
    seen = [ask("{ me { name role } version }")]
    api.type("User", {"name": "by type"})
    seen.append(ask("{ me { name role } version }"))
    api.resolve("Query.version", "by resolver")
    seen.append(ask("{ me { name role } version }"))
    api.scalar("Role", "GUEST")
    seen.append(ask("{ me { name role } version }"))
    api.query().reply({"version": "by reply"})
    seen.append(ask("{ me { name role } version }"))

    assert [each["me"]["name"] for each in seen] == ["User.name 1", *["by type"] * 4]
    assert [each["version"] for each in seen] == [*["Query.version 1"] * 2, *["by resolver"] * 2, "by reply"]
    assert seen[3]["me"]["role"] == "GUEST"


# -- faults


def test_faults_of_one_operation(api: FakeGraphQL, client: httpx.Client) -> None:
    """They happen to it and to nothing else, by rule, by kind, or to the whole fake."""

    def ask(document: str) -> int:
        return client.post(api.url, json={"query": document}).status_code

    rule = api.query("A").inject(status(503), times=5)
    assert [ask("query A { version }"), ask("query B { version }")] == [503, 200]
    api.heal(rule)
    rule = api.on("mutation").inject(status(502), times=5)
    assert [ask("query A { version }"), ask(_RENAME)] == [200, 502]
    api.heal(rule)
    rule = api.on(name="Get*").inject(status(504), times=5)
    assert [ask("query GetA { version }"), ask("query B { version }")] == [504, 200]
    assert len(api.on("query").received) == 5
    assert len(api.on("query", "GetA").received) == 1
    api.heal(rule)
    assert ask("query GetA { version }") == 200


_RENAME = 'mutation M { rename(id: 1, name: "x") { id } }'


def test_a_fault_of_a_batch(api: FakeGraphQL, client: httpx.Client) -> None:
    """A rule's fault meets each request that has one of its operations in it."""
    api.query("B").inject(status(503), times=9)
    batch = [{"query": "query A { version }"}, {"query": "query B { version }"}]
    assert client.post(api.url, json=batch).status_code == 503
    assert client.post(api.url, json=batch[:1]).status_code == 200
    api.on("batch").inject(status(504))
    assert client.post(api.url, json=[batch[0], batch[0]]).status_code == 504


@pytest.mark.parametrize(
    ("say", "message"),
    [
        (lambda api: api.query().reply("x"), "data='x' is no data of an operation: valid are a dict"),
        (lambda api: api.query().reply(_later), "is async, which only the resolver of a field can be"),
        (lambda api: api.query().reply({}, errors="x"), "errors='x' is not a list"),
        (lambda api: api.query().reply({}, errors=[{"msg": 1}]), "errors: {'msg': 1} is no error"),
        (lambda api: api.query().reply({}, status=7), "status=7 is not a status code"),
        (lambda api: api.query().replies(), r"replies\(\) needs at least one answer"),
        (lambda api: api.query().replies({}, then="stop"), "then='stop' is not a way to go on"),
        (lambda api: api.on("querry"), "kind='querry' is unknown: valid are '\\*', 'query'"),
        (lambda api: api.query("A").inject(latency), r"is not a fault; write latency\(...\)"),
        (lambda api: api.query("A").inject(_upload_fault()), "happens before it is known which operation is asked for"),
    ],
)
def test_what_cannot_be_scripted(api: FakeGraphQL, say: Any, message: str) -> None:
    with pytest.raises(ScriptingError, match=message):
        say(api)


async def _later() -> None:
    """Answer later."""


def _upload_fault() -> Any:
    from pytest_integrations.faults import slow_read

    return slow_read(10)
