"""A profile is a script for fakes that have none."""

from __future__ import annotations

import urllib.error
import urllib.request
from typing import TYPE_CHECKING

import pytest

from pytest_integrations import FakeRest, profiles
from pytest_integrations.core.errors import ScriptingError, UnknownName
from pytest_integrations.faults import connection_refused, reset_on_accept, status, tls
from pytest_integrations.profiles import Profile, ProfileRule, rule

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def fake() -> Iterator[FakeRest]:
    with FakeRest("payments") as fake:
        fake.get("/a").reply()
        fake.get("/b").reply()
        yield fake


def _get(url: str) -> object:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code
    except OSError as error:
        return type(error).__name__


def test_its_rules_act_in_order_and_the_first_takes_the_call(fake: FakeRest) -> None:
    Profile("bad", "", (rule(status(503), at=[1, 2]), rule(status(500), at=[1]))).apply(fake)

    assert [_get(f"{fake.url}/a") for _ in range(4)] == [503, 503, 500, 200]
    assert {rule.origin for rule in fake.profile.rules} == {"bad"}


def test_it_leaves_alone_the_routes_that_the_test_scripted(fake: FakeRest) -> None:
    Profile("bad", "", (rule(status(503), every=1),)).apply(fake)
    fake.get("/a").inject(status(418))

    assert [_get(f"{fake.url}/a"), _get(f"{fake.url}/a"), _get(f"{fake.url}/b")] == [418, 200, 503]


def test_it_leaves_alone_the_fakes_that_the_test_scripted(fake: FakeRest) -> None:
    Profile("bad", "", (rule(status(503), every=1),)).apply(fake)
    fake.inject(status(418))

    assert [_get(f"{fake.url}/a"), _get(f"{fake.url}/b")] == [418, 200]


def test_the_port_is_open_for_what_the_test_scripted(fake: FakeRest) -> None:
    Profile("down", "", (rule(connection_refused(), during=60),)).apply(fake)
    refused = _get(f"{fake.url}/a")
    fake.inject(status(418))

    assert (refused, _get(f"{fake.url}/a")) == ("URLError", 418)


def test_it_can_be_taken_away(fake: FakeRest) -> None:
    Profile("bad", "", (rule(connection_refused(), during=60), rule(status(503), every=1))).apply(fake)
    fake.clear_profile()

    assert _get(f"{fake.url}/a") == 200


def test_a_rule_may_be_for_some_fakes_and_operations(fake: FakeRest) -> None:
    some = (
        ProfileRule((status(503),), {"every": 1}, fake="stock*"),
        ProfileRule((status(500),), {"every": 1}, operation="* /b"),
    )
    Profile("picky", "", some).apply(fake)

    assert [_get(f"{fake.url}/a"), _get(f"{fake.url}/b")] == [200, 500]


def test_what_a_wire_cannot_perform_is_left_out(fake: FakeRest) -> None:
    Profile("tls", "", (rule(tls("expired"), every=1), rule(status(503), every=1))).apply(fake)

    assert _get(f"{fake.url}/a") == 503


def test_words_of_when_are_checked_where_the_rule_is_written() -> None:
    with pytest.raises(ScriptingError, match="tims= is not a word of when"):
        rule(status(503), tims=2)


def test_what_comes_before_a_request_cannot_be_for_an_operation() -> None:
    with pytest.raises(ScriptingError, match="happens before there is a request"):
        ProfileRule((reset_on_accept(),), operation="GET *")


def test_a_profile_can_be_applied_by_its_name(fake: FakeRest) -> None:
    profiles.apply("outage", fake)

    assert _get(f"{fake.url}/a") == "URLError"


def test_an_unknown_name_tells_the_near_ones(fake: FakeRest) -> None:
    with pytest.raises(UnknownName, match=r"unknown fault profile 'flakey'\. Did you mean 'flaky'"):
        profiles.apply("flakey", fake)
