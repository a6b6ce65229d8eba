"""Settings of GraphQL faults that are wrong, and calls that these faults leave alone."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
import requests

from pytest_integrations import FakeGraphQL, FakeRest, faults
from pytest_integrations.core.errors import CannotPerform, ScriptingError

if TYPE_CHECKING:
    from collections.abc import Callable

_WRONG: list[tuple[str, Callable[[], Any], str]] = [
    ("request_error", partial(faults.request_error, ""), r"code='' is not text"),
    ("request_error", partial(faults.request_error, message=3), r"message=3 is not text"),
    ("request_error", partial(faults.request_error, status=99), r"status=99 .*whole numbers from 200 to 599"),
    ("request_error", partial(faults.request_error, status=True), r"status=True is not a status code"),
    ("unauthenticated", partial(faults.unauthenticated, "401"), r"status='401' is not a status code"),
    ("throttled", partial(faults.throttled, cost=0), r"cost=0 .*greater than 0"),
    ("throttled", partial(faults.throttled, available=-1), r"available=-1 .*from 0"),
    ("throttled", partial(faults.throttled, rate=0), r"rate=0 .*greater than 0"),
    ("throttled", partial(faults.throttled, limit="all"), r"limit='all' is not a number"),
    ("throttled", partial(faults.throttled, code=None), r"code=None is not text"),
    ("field_error", partial(faults.field_error, "email"), r"field='email' .*TYPE.FIELD, such as 'User.email'"),
    ("field_error", partial(faults.field_error, "User.email.host"), r"field='User.email.host' is not a field"),
    ("field_error", partial(faults.field_error, "User.email", ""), r"message='' is not text"),
    ("field_error", partial(faults.field_error, "User.email", path="user"), r"path='user' is not a path in a result"),
    ("nullify", partial(faults.nullify, 3), r"field=3 is not a field of a schema"),
    ("partial", partial(faults.partial, 0), r"ratio=0 .*greater than 0 up to 1"),
    ("partial", partial(faults.partial, 1.5), r"ratio=1.5 .*to 1"),
    ("data_null", partial(faults.data_null, ""), r"code='' is not text"),
    ("errors_not_list", partial(faults.errors_not_list, None), r"message=None is not text"),
    ("non_json", partial(faults.non_json, b"x"), r"content=b'x' is not text"),
    ("wrong_content_type", partial(faults.wrong_content_type, "a\r\nb"), r"content_type='a\\r\\nb' is no line"),
    ("batch_short", partial(faults.batch_short, 0), r"missing=0 .*from 1 on"),
]


@pytest.mark.parametrize(("name", "script", "message"), _WRONG, ids=[f"{row[0]}-{row[2][:20]}" for row in _WRONG])
def test_a_wrong_setting_is_named_with_the_valid_ones(name: str, script: Callable[[], Any], message: str) -> None:
    with pytest.raises(ScriptingError, match=message):
        script()


def test_every_fault_with_settings_is_among_them() -> None:
    families = {"graphql", "graphql_fields", "graphql_results"}
    of_graphql = {
        name for name in faults.registry if faults.registry.get(name).__module__.rpartition(".")[2] in families
    }
    assert of_graphql - {row[0] for row in _WRONG} == {"html_502", "missing_data_key", "persisted_query_not_found"}


SCHEMA = """
interface Named { name: String }
type User implements Named { name: String email: String }
type Query { user: User named: Named }
"""


def ask(fake: FakeGraphQL, document: str) -> dict[str, Any]:
    answer: dict[str, Any] = requests.post(fake.url, json={"query": document}, timeout=5).json()
    return answer


def test_a_field_that_is_not_selected_is_waited_for() -> None:
    """The fault is not used up by operations that have nothing to do with it."""
    with FakeGraphQL(SCHEMA) as fake:
        rule = fake.inject(faults.field_error("User.email"))
        assert "errors" not in ask(fake, "{ user { name } }")
        assert rule.fired == 0
        assert "errors" in ask(fake, "{ user { email } }")


def test_a_field_is_found_by_way_of_its_interface() -> None:
    with FakeGraphQL(SCHEMA) as fake:
        fake.query().reply({"named": {"__typename": "User", "name": "ada"}})
        fake.inject(faults.field_error("User.name"))
        assert ask(fake, "{ named { name } }")["errors"][0]["path"] == ["named", "name"]


def test_one_path_alone_fails() -> None:
    with FakeGraphQL("type Query { users: [User] } type User { name: String }") as fake:
        fake.inject(faults.field_error("User.name", path=("users", 1, "name")))
        answer = ask(fake, "{ users { name } }")
        assert [error["path"] for error in answer["errors"]] == [["users", 1, "name"]]
        assert answer["data"]["users"][0]["name"]


def test_a_field_that_the_schema_does_not_have_is_refused_where_it_is_scripted() -> None:
    with FakeGraphQL(SCHEMA) as fake, pytest.raises(ScriptingError, match=r"email"):
        fake.inject(faults.field_error("User.emial"))


def test_the_seed_chooses_the_same_fields_again() -> None:
    def failed(seed: int) -> list[Any]:
        from pytest_integrations.core.seed import Seed

        with FakeGraphQL(
            "type Query { user: U } type U { a: Int b: Int c: Int d: Int e: Int f: Int }", seed=Seed(seed)
        ) as fake:
            fake.inject(faults.partial(0.5), every=1)
            answers = [ask(fake, "{ user { a b c d e f } }") for _ in range(4)]
            return [[error["path"] for error in answer.get("errors", [])] for answer in answers]

    assert failed(7) == failed(7)
    assert failed(7) != failed(8)
    assert len({str(each) for each in failed(7)}) > 1


def test_they_are_refused_by_a_fake_of_something_else() -> None:
    with FakeRest() as fake, pytest.raises(CannotPerform, match="it needs Resolve"):
        fake.inject(faults.field_error("User.email"))
