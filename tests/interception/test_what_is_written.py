"""What a test writes: URLs and hosts that cannot be, and what is said of them."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_integrations import FakeRest, Interception, ScriptingError
from pytest_integrations.interception.origin import Origin

API = "https://api.example.com"


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("api.example.com", "is not a URL: valid are 'https://api.example.com'"),
        (b"https://api.example.com", "is not a URL"),
        ("https://", "names no host"),
        ("https://*", "names no host"),
        ("https://a.*.com", "names no host"),
        ("https://api.example.com:port", "names no host and port"),
        ("https://api.example.com/v2", "write 'https://api.example.com'; the path is its routes' affair"),
        ("grpc://api.example.com", "names no port, and that of grpc:// is not known"),
    ],
)
def test_a_wrong_url_is_told(fake: FakeRest, intercept: Interception, url: Any, said: str) -> None:
    with pytest.raises(ScriptingError) as caught:
        intercept(url, fake)
    assert said in str(caught.value)


def test_urls_have_the_ports_of_their_schemes() -> None:
    urls = ("rediss://cache", "amqp://rabbit", "wss://live.example.com/", "https://[2001:db8::1]:8443", "http://a.")
    assert [(each.host, each.port, each.tls) for each in map(Origin.of, urls)] == [
        ("cache", 6379, True),
        ("rabbit", 5672, False),
        ("live.example.com", 443, True),
        ("2001:db8::1", 8443, True),
        ("a", 80, False),
    ]


def test_what_is_no_fake_is_told(intercept: Interception) -> None:
    with pytest.raises(ScriptingError, match="not a fake with a port of its own"):
        intercept(API, object())  # type: ignore[arg-type]


def test_a_url_is_intercepted_once(fake: FakeRest, intercept: Interception) -> None:
    intercept(API, fake)
    with pytest.raises(ScriptingError, match="is intercepted already, by <FakeRest 'fake'>"):
        intercept("https://API.example.com:443", fake)


def test_one_interception_is_in_force_at_a_time(intercept: Interception) -> None:
    with pytest.raises(ScriptingError, match="in force already"):
        Interception().start()


def test_an_interception_that_is_not_in_force_is_told(fake: FakeRest) -> None:
    with pytest.raises(ScriptingError, match="not in force"):
        Interception()(API, fake)


@pytest.mark.parametrize(
    "host",
    ["", " ", 7, None, "*", "a.*.example.com", "db:5432", "api.example.com/v2", "10.0.0.0/99", "https://", "a b"],
)
def test_a_wrong_host_is_told(intercept: Interception, host: Any) -> None:
    with pytest.raises(ScriptingError, match=r"intercept\.allow\(.*\) is not a host"):
        intercept.allow(host)
