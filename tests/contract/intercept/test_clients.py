"""Real clients with a URL in their code: they reach the fake, they verify, and they go nowhere else."""

from __future__ import annotations

import ssl
import urllib.error
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from pytest_integrations import FakeRest, Interception, NotIntercepted, UnexpectedCall
from pytest_integrations.faults import status, tls
from tests.contract.intercept.clients import CLIENTS

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.usefixtures("no_leaks")

_each_client = pytest.mark.parametrize("client", CLIENTS)


@_each_client
@pytest.mark.parametrize(
    "url",
    ["https://api.example.com", "http://api.example.com", "https://API.example.com:8443", "http://203.0.113.9:81"],
)
def test_a_client_reaches_the_fake(client: str, url: str) -> None:
    with FakeRest() as fake, Interception() as intercept:
        fake.get("/users").reply(text="all")
        intercept(url, fake)

        assert CLIENTS[client](f"{url}/users") == b"all"

    host = url.partition("://")[2].lower()
    assert fake.calls[0].headers.get("host", host).lower().removesuffix(":443") in {host, f"{host}:80"}
    assert (fake.connections[0].tls is not None) == url.startswith("https")


@_each_client
@pytest.mark.parametrize("kind", ["untrusted_ca", "wrong_host", "expired", "self_signed"])
def test_a_client_still_verifies(client: str, kind: str) -> None:
    with FakeRest() as fake, Interception() as intercept:
        fake.get("/users").reply(text="all")
        intercept("https://api.example.com", fake)
        fake.inject(tls(kind), every=1)

        with pytest.raises(Exception) as caught:  # noqa: PT011 -- each client has its own, what is behind it is looked at
            CLIENTS[client]("https://api.example.com/users")

    assert any(isinstance(error, ssl.SSLCertVerificationError) for error in _behind(caught.value))
    assert not fake.calls.of("GET /users")


@_each_client
def test_a_client_goes_nowhere_else(client: str) -> None:
    with Interception() as intercept:
        with pytest.raises(Exception) as caught:  # noqa: PT011 -- as above
            CLIENTS[client]("http://api.example.com/users")
        with pytest.raises(UnexpectedCall, match=r"api.example.com(:80)? was refused, since nothing intercepts it"):
            intercept.verify()

    refused = next(error for error in _behind(caught.value) if isinstance(error, NotIntercepted))
    assert "intercept.allow('api.example.com')" in str(refused)


@_each_client
def test_a_client_meets_faults_as_of_any_host(client: str) -> None:
    with FakeRest() as fake, Interception() as intercept:
        fake.get("/users").reply(text="all")
        intercept("https://api.example.com", fake)
        fake.inject(status(404, text="none"))

        with suppress(urllib.error.HTTPError):  # which urllib makes of it
            assert CLIENTS[client]("https://api.example.com/users") == b"none"
        assert CLIENTS[client]("https://api.example.com/users") == b"all"

    assert [call.status for call in fake.calls] == [404, 200]


def _behind(error: BaseException) -> Iterator[BaseException]:
    """Yield *error* and what it came of, as clients tell it."""
    waiting: list[object] = [error]
    seen: set[int] = set()
    while waiting:
        each = waiting.pop()
        if isinstance(each, BaseException) and id(each) not in seen:
            seen.add(id(each))
            yield each
            waiting += [
                each.__cause__,
                each.__context__,
                getattr(each, "reason", None),
                getattr(each, "os_error", None),
            ]
            waiting += [*each.args, *getattr(each, "exceptions", ())]
