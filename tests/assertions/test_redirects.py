from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_integrations.assertions.redirects import assert_safe_redirects
from pytest_integrations.core.errors import NothingToCheck, ResilienceError, ScriptingError

if TYPE_CHECKING:
    from tests.assertions.ledgers import HandLedger

HERE = {"Host": "here:80"}


def redirected(ledger: HandLedger, status: int = 303, to: str = "/done", **how: Any) -> None:
    """Record a redirect of a POST."""
    settings = {"operation": "POST /orders", "body": b"tea", "headers": HERE, **how}
    ledger.call(0, status, answer={"Location": to}, **settings)


def followed(ledger: HandLedger, operation: str = "GET /done", **how: Any) -> None:
    """Record the call after it."""
    ledger.call(1, 200, operation, **{"headers": HERE, **how})


@pytest.mark.parametrize("to", ["/done", "http://here:80/done", "done#part"])
def test_a_303_is_followed_without_the_body(ledger: HandLedger, to: str) -> None:
    redirected(ledger, to=to)
    followed(ledger)

    assert_safe_redirects(ledger.calls)


@pytest.mark.parametrize(
    ("to", "target"),
    [
        ("http://here", "/"),
        ("HTTP://Here:80/done", "/done"),
        ("/all done?by=a b", "/all%20done?by=a%20b"),
        ("/%7Eme", "/~me"),
    ],
)
def test_clients_may_write_a_location_in_their_own_way(ledger: HandLedger, to: str, target: str) -> None:
    """A path that is missing, capitals, spaces: what they ask for is the same."""
    redirected(ledger, to=to)
    followed(ledger, f"GET {target}", headers={"Host": "here"})

    with pytest.raises(ResilienceError, match=r"the client followed 1 redirect of POST /orders \(#1\)"):
        assert_safe_redirects(ledger.calls, at_most=0)


def test_a_location_without_a_possible_port_is_not_followed(ledger: HandLedger) -> None:
    redirected(ledger, to="http://here:99999/done")
    followed(ledger)

    assert_safe_redirects(ledger.calls, at_most=0)


@pytest.mark.parametrize("status", [301, 302, 303])
def test_a_body_that_is_sent_on_is_told(ledger: HandLedger, status: int) -> None:
    redirected(ledger, status)
    followed(ledger, body=b"tea")

    with pytest.raises(ResilienceError, match=r"the body of POST /orders \(3 bytes\) was sent on to GET /done: #1 "):
        assert_safe_redirects(ledger.calls)


def test_a_header_about_a_body_that_is_not_there_is_told(ledger: HandLedger) -> None:
    redirected(ledger)
    followed(ledger, headers={**HERE, "Content-Type": "application/json"})

    with pytest.raises(ResilienceError, match="Content-Type was sent on to GET /done"):
        assert_safe_redirects(ledger.calls)


def test_a_303_asks_for_another_thing(ledger: HandLedger) -> None:
    redirected(ledger)
    followed(ledger, "POST /done")

    with pytest.raises(ResilienceError, match="a 303 was followed with POST"):
        assert_safe_redirects(ledger.calls)


def test_a_post_may_stay_a_post_after_302(ledger: HandLedger) -> None:
    """Old clients and new ones differ here, and RFC 9110 lets them."""
    redirected(ledger, 302)
    followed(ledger, "POST /done", body=b"tea")

    assert_safe_redirects(ledger.calls)


@pytest.mark.parametrize(
    ("operation", "body", "verdict"),
    [
        ("POST /done", b"tea", None),
        ("POST /done", b"", "a 307 was followed with another body"),
        ("GET /done", b"tea", "a 307 was followed with another method"),
    ],
)
def test_a_307_is_followed_with_all_of_it(ledger: HandLedger, operation: str, body: bytes, verdict: str | None) -> None:
    redirected(ledger, 307)
    followed(ledger, operation, body=body)

    if verdict is None:
        assert_safe_redirects(ledger.calls)
    else:
        with pytest.raises(ResilienceError, match=verdict):
            assert_safe_redirects(ledger.calls)


@pytest.mark.parametrize("name", ["Authorization", "Cookie", "Proxy-Authorization"])
@pytest.mark.parametrize("fake", ["fake_rest", "another"])
def test_credentials_stay_at_home(ledger: HandLedger, name: str, fake: str) -> None:
    redirected(ledger, to="http://there/done", headers={**HERE, name: "secret"})
    followed(ledger, headers={"Host": "there", name: "secret"}, fake=fake)

    with pytest.raises(ResilienceError, match=f"{name} for here:80 was sent on to there: #1 POST /orders -> 303 -> #2"):
        assert_safe_redirects(ledger.calls.where(lambda call: call.fake == "fake_rest"))


def test_credentials_may_be_taken_along_at_home_and_others_elsewhere(ledger: HandLedger) -> None:
    redirected(ledger, headers={**HERE, "Cookie": "secret"})
    followed(ledger, headers={**HERE, "Cookie": "secret"})
    redirected(ledger, to="http://there/done", headers={**HERE, "Cookie": "secret"})
    followed(ledger, headers={"Host": "there", "Cookie": "of its own"})

    assert_safe_redirects(ledger.calls)


def test_too_many_are_told_with_the_whole_way(ledger: HandLedger) -> None:
    for number in range(3):
        ledger.call(number, 302, f"GET /{number}", answer={"Location": f"/{number + 1}"})
    ledger.call(3, 200, "GET /3")

    assert_safe_redirects(ledger.calls, at_most=3)
    with pytest.raises(ResilienceError, match=r"followed 3 redirects of GET /0 \(#1\), at most 2 should be"):
        assert_safe_redirects(ledger.calls, at_most=2)
    with pytest.raises(ResilienceError, match=r"followed 1 redirect of GET /0 \(#1\), none should be"):
        assert_safe_redirects(ledger.calls, at_most=0)


def test_each_call_may_be_redirected(ledger: HandLedger) -> None:
    """Two calls with one redirect each are no chain of two."""
    for _ in range(2):
        ledger.call(0, 302, "GET /old", answer={"Location": "/new"})
        ledger.call(1, 200, "GET /new")

    assert_safe_redirects(ledger.calls, at_most=1)


@pytest.mark.parametrize("location", ["/elsewhere", "http://["])
def test_a_redirect_that_nobody_follows(ledger: HandLedger, location: str) -> None:
    redirected(ledger, to=location)

    assert_safe_redirects(ledger.calls, at_most=0)
    with pytest.raises(NothingToCheck, match="no redirect was followed"):
        assert_safe_redirects(ledger.calls)


def test_answers_that_are_no_redirects(ledger: HandLedger) -> None:
    followed(ledger)
    ledger.call(2, 302)

    with pytest.raises(NothingToCheck, match="none of the 2 answers was a redirect with a Location"):
        assert_safe_redirects(ledger.calls, at_most=0)


@pytest.mark.parametrize("number", [-1, True])
def test_what_is_no_number_of_redirects_is_refused(ledger: HandLedger, number: int) -> None:
    with pytest.raises(ScriptingError, match="valid are whole numbers from 0 on"):
        assert_safe_redirects(ledger.calls, at_most=number)
