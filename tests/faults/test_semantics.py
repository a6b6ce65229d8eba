"""Where redirects, links and credentials lead."""

from __future__ import annotations

import json

import pytest

from pytest_integrations import FakeRest, Reply
from pytest_integrations.core.errors import ScriptingError
from pytest_integrations.core.message import Message
from pytest_integrations.faults import auth_expires, pagination_loop, redirect, redirect_loop, status
from tests.contract.raw_socket import RawSocket, request
from tests.faults.occasions import answered, call, tampered


def _location(fault: object, target: str = "/users", **headers: str) -> str | None:
    return answered(fault, call(target, **headers)).header("Location")


def test_a_loop_goes_round() -> None:
    seen = ["/users?page=1"]
    while len(seen) < 6:
        seen.append(str(_location(redirect_loop(2), seen[-1])))

    hops = [f"/users?page=1&redirect_hop={hop}" for hop in (1, 2, 1, 2, 1)]
    assert seen == ["/users?page=1", *hops]


def test_a_loop_of_one_is_the_target_itself() -> None:
    assert _location(redirect_loop(), "/users?page=1") == "/users?page=1"


def test_a_hop_that_is_no_number_starts_again() -> None:
    assert _location(redirect_loop(3), "/users?redirect_hop=x") == "/users?redirect_hop=1"


@pytest.mark.parametrize(
    ("to", "host", "location"),
    [
        ("bad", "127.0.0.1:80", "http://["),
        ("missing", "127.0.0.1:80", None),
        ("other_host", "127.0.0.1:80", "http://localhost:80/users"),
        ("other_host", "localhost:80", "http://127.0.0.1:80/users"),
        ("other_host", "localhost", "http://127.0.0.1/users"),
        ("other_host", "[::1]:80", "http://localhost:80/users"),
        ("downgrade", "127.0.0.1:80", "http://127.0.0.1:80/users"),
        ("/elsewhere", "127.0.0.1:80", "/elsewhere"),
        ("https://example.org/a", "127.0.0.1:80", "https://example.org/a"),
    ],
)
def test_redirects_lead_where_they_say(to: str, host: str, location: str | None) -> None:
    assert _location(redirect(to), Host=host) == location


def test_a_fake_with_tls_stays_with_tls_on_another_host() -> None:
    secure = call()
    secure.connection.tls = "TLSv1.3"

    assert answered(redirect("other_host"), secure).header("Location") == "https://localhost:80/users"
    assert answered(redirect("downgrade", code=308), secure).status == 308


@pytest.mark.parametrize(
    ("fault", "before", "after"),
    [
        (pagination_loop(), {"items": [], "next": None}, {"items": [], "next": "/users?page=1"}),
        (pagination_loop("cursor", "abc"), {"cursor": ""}, {"cursor": "abc"}),
        (pagination_loop(), {"items": []}, {"items": []}),
        (pagination_loop(), ["next"], ["next"]),
    ],
    ids=str,
)
def test_the_next_page_is_this_one(fault: pagination_loop, before: object, after: object) -> None:
    message = tampered(fault, Message.of(Reply.of(json=before)), on=call("/users?page=1"))

    assert json.loads(message.body) == after
    assert message.field(b"Link") == b'</users?page=1>; rel="next"'


def test_a_page_that_is_no_json_has_the_link_alone() -> None:
    message = tampered(pagination_loop(), Message.of(Reply.of(text="page 1")))

    assert (message.body, message.field(b"Link")) == (b"page 1", b'</users>; rel="next"')


def test_a_credential_expires_and_a_new_one_is_good_again() -> None:
    with FakeRest() as fake:
        fake.get("/users").reply(json=[])
        fake.inject(auth_expires(after=2))
        with RawSocket(fake) as client:
            for token in ("a", "a", "a", "b", "a", "b", "b"):
                client.send(request(headers={"Authorization": token}))
                client.at_once()

        assert [each.status for each in fake.calls] == [200, 200, 401, 200, 401, 200, 401]
        assert [each.fault is not None for each in fake.calls] == [each.status == 401 for each in fake.calls]


def test_what_acts_on_every_call_is_injected_alone() -> None:
    with FakeRest() as fake, pytest.raises(ScriptingError, match=r"redirect_loop\(\) acts on every call"):
        fake.inject(redirect_loop(), status(503))


def test_a_loop_ends_after_the_times_told() -> None:
    with FakeRest() as fake:
        fake.get("/users").reply(json=[])
        fake.inject(redirect_loop(), times=2)
        with RawSocket(fake) as client:
            for _ in range(3):
                client.send(request())
                client.at_once()

        assert [each.status for each in fake.calls] == [302, 302, 200]
