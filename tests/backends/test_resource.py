"""The small store: every status that it promises."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_integrations.core.errors import ScriptingError

if TYPE_CHECKING:
    import httpx

    from pytest_integrations import FakeRest
    from pytest_integrations.backends.rest.resource import Resource


@pytest.fixture
def users(fake: FakeRest) -> Resource:
    """A store with one user."""
    return fake.resource("users", items=[{"id": 1, "name": "Ada", "tags": ["a"]}])


def test_reading(users: Resource, client: httpx.Client) -> None:
    """All items, one item with its ETag, none."""
    assert client.get("/users").json() == [{"id": 1, "name": "Ada", "tags": ["a"]}]
    answer = client.get("/users/1")
    assert (answer.status_code, answer.json()["name"], answer.headers["etag"][0]) == (200, "Ada", '"')
    assert client.head("/users/1").headers["etag"] == answer.headers["etag"]
    missing = client.get("/users/2")
    assert (missing.status_code, missing.headers["content-type"]) == (404, "application/problem+json")
    assert missing.json()["detail"] == "/users has no item with id 2"


@pytest.mark.parametrize(
    ("header", "status"),
    [("{tag}", 304), ("W/{tag}", 304), ('"x", {tag}', 304), ("*", 304), ('"x"', 200)],
)
def test_reading_what_is_known_already(users: Resource, client: httpx.Client, header: str, status: int) -> None:
    """If-None-Match compares weakly (RFC 9110 section 13.1.2); a 304 tells the ETag and has no body."""
    tag = client.get("/users/1").headers["etag"]
    answer = client.get("/users/1", headers={"If-None-Match": header.format(tag=tag)})

    assert (answer.status_code, answer.headers["etag"], bool(answer.content)) == (status, tag, status == 200)


def test_creating(users: Resource, client: httpx.Client) -> None:
    """201 with Location and ETag; ids count on, or are what the client gives; a taken one is 409."""
    answer = client.post("/users", json={"name": "Bob"})
    assert (answer.status_code, answer.headers["location"], answer.json()) == (
        201,
        "/users/2",
        {"id": 2, "name": "Bob"},
    )
    assert client.get(answer.headers["location"]).headers["etag"] == answer.headers["etag"]
    assert client.post("/users", json={"id": "x"}).headers["location"] == "/users/x"
    assert client.post("/users", json={"id": None}).json() == {"id": 3}
    conflict = client.post("/users", json={"id": 1})
    assert (conflict.status_code, conflict.json()["detail"]) == (409, "/users has an item with id 1 already")
    assert len(users) == 4


@pytest.mark.parametrize("body", [b"", b"no json", b"[1]", b'"text"', b"\xff"])
@pytest.mark.parametrize(("method", "path"), [("POST", "/users"), ("PUT", "/users/1"), ("PATCH", "/users/1")])
def test_a_body_that_is_no_object(users: Resource, client: httpx.Client, method: str, path: str, body: bytes) -> None:
    """400, and nothing changes."""
    assert client.request(method, path, content=body).status_code == 400
    assert users.items == [{"id": 1, "name": "Ada", "tags": ["a"]}]


@pytest.mark.parametrize(
    ("asked", "body", "stored"),
    [
        ("5", {}, 5),
        ("x5", {}, "x5"),
        ("007", {}, "007"),
        ("5", {"id": "5"}, "5"),
        ("5", {"id": 9}, 5),
        ("\u00b2", {}, "\u00b2"),
        ("\u0663", {}, "\u0663"),
    ],
)
def test_an_item_put_under_a_new_id_has_that_id(
    users: Resource, client: httpx.Client, asked: str, body: dict[str, Any], stored: object
) -> None:
    """The path says which; a number where it is one, unless the client spells it otherwise."""
    answer = client.put(f"/users/{asked}", json=body)

    assert (answer.status_code, answer.json()["id"]) == (201, stored)
    assert client.get(f"/users/{asked}").json()["id"] == stored
    assert asked in users


def test_replacing(users: Resource, client: httpx.Client) -> None:
    """200, all of it new but the id."""
    answer = client.put("/users/1", json={"id": 9, "name": "Eve"})
    assert (answer.status_code, answer.json()) == (200, {"id": 1, "name": "Eve"})
    assert client.get("/users/1").headers["etag"] == answer.headers["etag"]


@pytest.mark.parametrize(
    ("patch", "merged"),
    [
        ({"name": "Eve"}, {"name": "Eve", "address": {"city": "X", "zip": 1}, "tags": [1]}),
        ({"name": None}, {"address": {"city": "X", "zip": 1}, "tags": [1]}),
        ({"address": {"city": "Y"}}, {"name": "A", "address": {"city": "Y", "zip": 1}, "tags": [1]}),
        ({"address": {"zip": None}}, {"name": "A", "address": {"city": "X"}, "tags": [1]}),
        ({"address": None}, {"name": "A", "tags": [1]}),
        ({"tags": [2]}, {"name": "A", "address": {"city": "X", "zip": 1}, "tags": [2]}),
        (
            {"name": {"a": {"b": None, "c": 1}}},
            {"name": {"a": {"c": 1}}, "address": {"city": "X", "zip": 1}, "tags": [1]},
        ),
        ({"id": 9}, {"name": "A", "address": {"city": "X", "zip": 1}, "tags": [1]}),
        ({"missing": None}, {"name": "A", "address": {"city": "X", "zip": 1}, "tags": [1]}),
    ],
    ids=str,
)
def test_merging(fake: FakeRest, client: httpx.Client, patch: dict[str, Any], merged: dict[str, Any]) -> None:
    """As RFC 7396 says; the id stays."""
    fake.resource("/things/", items=[{"id": 1, "name": "A", "address": {"city": "X", "zip": 1}, "tags": [1]}])
    answer = client.patch("/things/1", json=patch)

    assert (answer.status_code, answer.json()) == (200, {**merged, "id": 1})
    assert client.get("/things/1").json() == answer.json()


def test_deleting(users: Resource, client: httpx.Client) -> None:
    """204, then 404; the id is not given again."""
    assert client.delete("/users/1").status_code == 204
    assert [client.request(method, "/users/1", json={}).status_code for method in ("DELETE", "PATCH", "GET")] == [
        404
    ] * 3
    assert client.get("/users").json() == []


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize(
    ("name", "header", "is_done"),
    [
        ("If-Match", "{tag}", True),
        ("If-Match", '"x", {tag}', True),
        ("If-Match", "*", True),
        ("If-Match", '"x"', False),
        ("If-Match", "W/{tag}", False),
        ("If-None-Match", "*", False),
        ("If-None-Match", "{tag}", False),
        ("If-None-Match", '"x"', True),
    ],
)
def test_a_lost_update_is_refused(  # noqa: PLR0917 -- one for each question
    users: Resource,
    client: httpx.Client,
    method: str,
    name: str,
    header: str,
    is_done: bool,  # noqa: FBT001
) -> None:
    """412 where the condition does not hold, and nothing changes."""
    tag = client.get("/users/1").headers["etag"]
    answer = client.request(method, "/users/1", headers={name: header.format(tag=tag)}, json={"name": "Eve"})

    assert answer.is_success if is_done else answer.status_code == 412
    assert (1 in users and users[1].get("name") == "Ada") is not is_done


def test_creating_only_what_is_not_there(users: Resource, client: httpx.Client) -> None:
    """If-None-Match: * creates; If-Match: * does not."""
    assert client.put("/users/5", json={}, headers={"If-Match": "*"}).status_code == 412
    assert client.put("/users/5", json={}, headers={"If-None-Match": "*"}).status_code == 201
    assert client.put("/users/5", json={}, headers={"If-None-Match": "*"}).status_code == 412


def test_etags_follow_the_content(users: Resource, client: httpx.Client) -> None:
    """Another content, another tag; the same content, the same one."""
    tags = [client.put("/users/1", json={"name": name}).headers["etag"] for name in ("a", "b", "a")]
    assert tags[0] == tags[2] != tags[1]


def test_the_test_may_look_and_change(users: Resource, client: httpx.Client) -> None:
    """add(), clear(), `in`, `[]`, len(); what is returned is a copy at every depth."""
    added = users.add({"name": "Bob", "tags": []})
    assert added["id"] == 2
    added["tags"].append("x")
    users.items[0]["tags"].append("x")
    users[1]["tags"].append("x")
    assert client.get("/users").json() == [
        {"id": 1, "name": "Ada", "tags": ["a"]},
        {"name": "Bob", "tags": [], "id": 2},
    ]
    assert (2 in users, "2" in users, 3 in users, len(users), repr(users)) == (
        True, True, False, 2, "<Resource /users: 2 items>"
    )  # fmt: skip
    with pytest.raises(ScriptingError, match="/users: there is an item with id=1 already"):
        users.add({"id": 1})
    users.clear()
    assert client.get("/users").json() == []
    assert client.post("/users", json={}).json() == {"id": 3}


def test_another_id_key(fake: FakeRest, client: httpx.Client) -> None:
    """Things may be told apart by something else; ids that the test gave are skipped."""
    fake.resource("orders", id="number", items=[{"number": 1}, {"number": "A-1"}])

    assert client.get("/orders/A-1").json() == {"number": "A-1"}
    assert client.post("/orders", json={}).json() == {"number": 2}


def test_a_store_has_one_path(fake: FakeRest) -> None:
    """A placeholder in its path is refused, since it would be many stores."""
    with pytest.raises(ScriptingError, match="resource 'orgs/<org>/users' has a placeholder: one store has one path"):
        fake.resource("orgs/<org>/users")


def test_operations_of_a_store(users: Resource, fake: FakeRest, client: httpx.Client) -> None:
    """The ledger calls them by method and template, and a more exact route goes before them."""
    fake.get("/users/me").reply(text="me")
    client.get("/users/1")
    client.get("/users/me")
    client.delete("/users/me")

    assert [call.operation for call in fake.calls] == ["GET /users/<id>", "GET /users/me", "DELETE /users/<id>"]
