"""What came is handed over, though not all of it came."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
import requests
from gql import Client, gql
from gql.transport.exceptions import TransportQueryError
from gql.transport.requests import RequestsHTTPTransport

from pytest_integrations.assertions.partial_data import assert_partial_data_preserved
from pytest_integrations.backends.graphql.fake import FakeGraphQL
from pytest_integrations.core.errors import NothingToCheck, ResilienceError
from pytest_integrations.faults.graphql import request_error
from pytest_integrations.faults.graphql_fields import field_error

if TYPE_CHECKING:
    from collections.abc import Iterator

SCHEMA = "type Query { user: User team: [User!] } type User { name: String email: String age: Int admin: Boolean }"
DOCUMENT = "query Page { user { name email age admin } }"
ADA = {"name": "ada", "email": "ada@example.org", "age": 1, "admin": True}


@pytest.fixture
def api() -> Iterator[FakeGraphQL]:
    with FakeGraphQL(SCHEMA) as fake:
        fake.query("Page").reply({"user": ADA})
        yield fake


def ask(api: FakeGraphQL) -> dict[str, Any]:
    answer: dict[str, Any] = requests.post(api.url, json={"query": DOCUMENT}, timeout=5).json()
    return answer


class Failed(Exception):
    def __init__(self, errors: list[Any], data: Any = None) -> None:
        super().__init__(errors[0]["message"])
        self.errors = errors
        self.data = data


def test_a_client_that_returns_both_passes(api: FakeGraphQL) -> None:
    api.inject(field_error("User.email", "mail is down"))
    answer = ask(api)
    assert_partial_data_preserved(api.calls, answer)


def test_one_that_raises_an_error_with_both_passes(api: FakeGraphQL) -> None:
    api.inject(field_error("User.email", "mail is down"))
    answer = ask(api)
    assert_partial_data_preserved(api.calls, Failed(answer["errors"], answer["data"]))


def test_gql_which_keeps_both_in_its_error_passes(api: FakeGraphQL) -> None:
    api.inject(field_error("User.email", "mail is down"))
    with pytest.raises(TransportQueryError) as caught:
        Client(transport=RequestsHTTPTransport(api.url)).execute(gql(DOCUMENT))
    assert_partial_data_preserved(api.calls, caught.value)


def test_objects_of_the_clients_own_pass(api: FakeGraphQL) -> None:
    @dataclass
    class User:
        full_name: str
        years: int
        is_admin: bool

    class Page:
        def __init__(self, user: User, problems: tuple[str, ...]) -> None:
            self.user, self.problems = user, problems

    api.inject(field_error("User.email", "mail is down"))
    ask(api)
    assert_partial_data_preserved(api.calls, Page(User("ada", 1, True), ("user.email: mail is down",)))


def test_one_that_raises_and_drops_the_data_is_caught(api: FakeGraphQL) -> None:
    api.inject(field_error("User.email", "mail is down"))
    answer = ask(api)
    with pytest.raises(ResilienceError) as caught:
        assert_partial_data_preserved(api.calls, Failed(answer["errors"]))
    first = str(caught.value).splitlines()[0]
    assert first == "query Page #1 was answered in part, and the caller did not get 3 of 3 values of its data"
    assert "Lost: user.name = 'ada', user.age = 1, user.admin = True." in str(caught.value)
    assert "field_error('User.email', 'mail is down')" in str(caught.value)


def test_one_that_hides_the_errors_is_caught(api: FakeGraphQL) -> None:
    api.inject(field_error("User.email", "mail is down"))
    data = ask(api)["data"]
    with pytest.raises(ResilienceError, match="did not get 1 of its 1 errors"):
        assert_partial_data_preserved(api.calls, data)
    assert_partial_data_preserved(api.calls, data, errors=False)


def test_one_and_true_are_two_things(api: FakeGraphQL) -> None:
    api.inject(field_error("User.email", "mail is down"))
    ask(api)
    with pytest.raises(ResilienceError, match="1 of 3 values"):
        assert_partial_data_preserved(api.calls, ("ada", True, True, "mail is down"))


def test_a_value_that_came_twice_must_be_there_twice(api: FakeGraphQL) -> None:
    api.query("Team").reply({"team": [ADA, ADA]})
    api.inject(field_error("User.email", "mail is down"))
    document = "query Team { team { name email } }"
    answer = requests.post(api.url, json={"query": document}, timeout=5).json()
    assert_partial_data_preserved(api.calls, answer)
    with pytest.raises(ResilienceError, match="1 of 2 values of its data"):
        assert_partial_data_preserved(api.calls, ({"team": [{"name": "ada"}]}, answer["errors"]))


def test_what_refers_to_itself_comes_to_an_end(api: FakeGraphQL) -> None:
    api.inject(field_error("User.email", "mail is down"))
    answer = ask(api)
    answer["self"] = answer
    assert_partial_data_preserved(api.calls, answer)


def test_the_cause_of_an_error_is_seen(api: FakeGraphQL) -> None:
    api.inject(field_error("User.email", "mail is down"))
    answer = ask(api)
    error = RuntimeError("no page")
    error.__cause__ = Failed(answer["errors"], answer["data"])
    assert_partial_data_preserved(api.calls, error)


def test_nothing_to_check_without_a_call(api: FakeGraphQL) -> None:
    with pytest.raises(NothingToCheck, match="no GraphQL operation was called"):
        assert_partial_data_preserved(api.calls, {})


@pytest.mark.parametrize("fault", [None, request_error()], ids=["whole", "no data"])
def test_nothing_to_check_without_a_partial_answer(api: FakeGraphQL, fault: Any) -> None:
    if fault is not None:
        api.inject(fault)
    answer = ask(api)
    with pytest.raises(NothingToCheck, match="no answer had both data and errors"):
        assert_partial_data_preserved(api.calls, answer)
