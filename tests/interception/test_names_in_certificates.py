"""Certificates name whatever hosts clients ask for, also those that the standard of names does not know."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from pytest_integrations.faults import tls

if TYPE_CHECKING:
    from pytest_integrations import FakeRest, Interception

pytestmark = pytest.mark.usefixtures("no_leaks")


@pytest.mark.parametrize("host", ["my_host", "my_bucket.example.com", "-a.example.com", "10.0.0.7", "[2001:db8::1]"])
def test_a_host_is_verified_by_its_name(fake: FakeRest, intercept: Interception, host: str) -> None:
    """Compose gives services such names, and buckets once had them."""
    strict = ssl.create_default_context()
    strict.verify_flags |= ssl.VERIFY_X509_STRICT
    intercept("https://also_there.example.com", fake)
    intercept(f"https://{host}", fake)

    assert httpx.get(f"https://{host}/users", timeout=5, verify=strict).text == "all"


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("expired", "certificate has expired"),
        ("untrusted_ca", "unable to get local issuer certificate"),
        ("self_signed", "self.signed certificate"),
        ("wrong_host", "Hostname mismatch"),
    ],
)
def test_it_can_be_spoilt(fake: FakeRest, intercept: Interception, kind: Any, said: str) -> None:
    intercept("https://my_host.internal", fake)
    fake.inject(tls(kind))

    with pytest.raises(httpx.ConnectError, match=said):
        httpx.get("https://my_host.internal/users", timeout=5)
