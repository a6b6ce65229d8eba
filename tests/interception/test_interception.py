"""What is led where, what is refused and how that is told, and that all is as it was afterwards."""

from __future__ import annotations

import _socket
import asyncio
import os
import socket
import ssl
import sysconfig
import threading
from typing import Any

import httpx
import pytest
import requests

from pytest_integrations import (
    FakeRest,
    Interception,
    NotIntercepted,
    UnexpectedCall,
    VirtualClock,
    assert_backoff,
    exponential,
)
from pytest_integrations.core.own_traffic import own_traffic
from pytest_integrations.faults import connection_refused, latency, status

pytestmark = pytest.mark.usefixtures("no_leaks")

API = "https://api.example.com"


def _get(url: str, **settings: Any) -> httpx.Response:
    return httpx.get(url, timeout=5, **settings)


# -- where connections go


def test_several_hosts_one_fake_and_several_fakes(fake: FakeRest, intercept: Interception) -> None:
    with FakeRest("other") as other:
        other.get("/users").reply(text="others")
        intercept(API, fake)
        intercept("http://api.example.com", fake)
        intercept("https://auth.example.com:444", other)

        told = [_get(f"{url}/users").text for url in (API, "http://api.example.com", "https://auth.example.com:444")]

    assert told == ["all", "all", "others"]
    assert [call.headers["host"] for call in other.calls] == ["auth.example.com:444"]


def test_all_hosts_that_end_so(fake: FakeRest, intercept: Interception) -> None:
    """Each gets a certificate of its own name, which a wildcard of X.509 would not cover at this depth."""
    intercept("https://*.example.com", fake)

    assert [_get(f"https://{host}.example.com/users").text for host in ("a", "b.c")] == ["all", "all"]
    with pytest.raises(httpx.ConnectError):
        _get("https://example.com/users")
    with pytest.raises(UnexpectedCall, match=r"connection to example\.com was refused"):
        intercept.verify()


def test_a_host_by_its_name_goes_before_all_that_end_so(fake: FakeRest, intercept: Interception) -> None:
    with FakeRest("other") as other, FakeRest("third") as third:
        intercept("https://*.example.com", other)
        intercept("https://*.eu.example.com", third)
        intercept(API, fake)
        intercept("http://api.example.com:8080", other)
        for each in (other, third):
            each.get("/users").reply(text=each.name)

        assert _get(f"{API}/users").text == "all"
        assert _get("http://api.example.com:8080/users").text == "other"
        assert _get("https://www.example.com/users").text == "other"
        assert _get("https://api.eu.example.com/users").text == "third"


@pytest.mark.parametrize("speaks_tls", [False, True])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_the_scheme_decides_what_is_spoken(intercept: Interception, scheme: str, speaks_tls: bool) -> None:  # noqa: FBT001
    with FakeRest(tls=speaks_tls) as fake:
        fake.get("/users").reply(text="all")
        intercept(f"{scheme}://api.example.com", fake)

        assert _get(f"{scheme}://api.example.com/users").text == "all"
        assert (fake.connections[0].tls is not None) == (scheme == "https")


def test_plain_text_on_the_port_of_tls_is_not_answered(fake: FakeRest, intercept: Interception) -> None:
    intercept(API, fake)

    with pytest.raises(httpx.HTTPError):
        _get("http://api.example.com:443/users")
    assert not fake.calls.of("GET /users")


def test_a_fake_on_ipv6(intercept: Interception) -> None:
    with FakeRest(host="::1") as fake:
        fake.get("/users").reply(text="all")
        intercept(API, fake)

        assert _get(f"{API}/users").text == "all"


def test_an_address_of_ipv6_in_the_url_reaches_a_fake_on_ipv4(fake: FakeRest, intercept: Interception) -> None:
    """An event loop looks no address up, so its socket is one of IPv6."""
    intercept("http://[2001:db8:0:0::1]:8080", fake)

    async def get() -> str:
        async with httpx.AsyncClient() as client:
            return (await client.get("http://[2001:db8::1]:8080/users")).text

    assert asyncio.run(get()) == _get("http://[2001:DB8::1]:8080/users").text == "all"


def test_an_allowed_host_is_reached_by_an_address_that_the_socket_takes(
    fake: FakeRest, intercept: Interception, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An address of IPv4 stands for a host of which one port is intercepted; of its own, one of IPv6 comes first."""
    intercept("http://localhost:8080", fake)
    stand_in = socket.gethostbyname("localhost")
    look_up = socket.getaddrinfo

    def getaddrinfo(host: str, port: int, family: int = 0, *more: int) -> list[Any]:
        both = [*look_up("::1", port, 0, *more), *look_up("127.0.0.1", port, 0, *more)]
        return [found for found in both if family in {0, found[0]}]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)

    with socket.socket() as sock:
        sock.settimeout(5)
        sock.connect((stand_in, fake.port))
        assert sock.getpeername() == ("127.0.0.1", fake.port)


def test_this_machine_can_be_intercepted_at_one_port(fake: FakeRest, intercept: Interception) -> None:
    """A URL in the code may name localhost; its other ports are what they are."""
    with FakeRest("other") as other:
        other.get("/users").reply(text="others")
        intercept("http://localhost:1", fake)

        assert _get("http://localhost:1/users").text == "all"
        assert _get(f"http://localhost:{other.port}/users").text == "others"


def test_an_international_name(fake: FakeRest, intercept: Interception) -> None:
    intercept("https://caf\xe9.example", fake)

    assert _get("https://caf\xe9.example/users").text == "all"
    assert fake.calls[0].headers["host"] == "xn--caf-dma.example"


def test_who_has_imported_the_look_up_by_name_is_reached(fake: FakeRest, intercept: Interception) -> None:
    look_up = socket.getaddrinfo
    intercept("http://api.example.com", fake)
    found = look_up("api.example.com", "http", type=socket.SOCK_STREAM)

    assert [entry[0] for entry in found] == [socket.AF_INET]
    assert found[0][4] == (socket.gethostbyname("api.example.com"), 80)


def test_faults_of_the_port_happen_there_too(fake: FakeRest, intercept: Interception) -> None:
    intercept(API, fake)

    with fake.injected(connection_refused()), pytest.raises(httpx.ConnectError):
        _get(f"{API}/users")
    assert _get(f"{API}/users").text == "all"


def test_in_virtual_time(fake: FakeRest) -> None:
    """Waits are exact, and connections are led on."""
    pytest.importorskip("time_machine")
    with VirtualClock() as clock, Interception() as intercept:
        intercept(API, fake)
        fake.inject(latency(30), status(503), status(503))
        with httpx.Client(timeout=60) as client:
            assert client.get(f"{API}/users").text == "all"
            assert clock.now == 30
            for pause in (1, 2):
                assert client.get(f"{API}/users").status_code == 503
                clock.sleep(pause)
            assert client.get(f"{API}/users").text == "all"

    assert_backoff(fake.calls[1:], exponential(base=1, factor=2))


def test_the_clock_comes_first() -> None:
    """It redirects the builtin function whose place the interception takes; the fixtures see to that by themselves."""
    pytest.importorskip("time_machine")
    with pytest.raises(RuntimeError, match="begin the virtual clock before"), Interception(), VirtualClock():
        pass


def test_threads(fake: FakeRest, intercept: Interception) -> None:
    intercept(API, fake)
    told: list[str] = []
    threads = [threading.Thread(target=lambda: told.append(_get(f"{API}/users").text)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert told == ["all"] * 8


# -- what is refused


def test_another_machine_is_refused_and_the_test_is_told_once(intercept: Interception, fake: FakeRest) -> None:
    intercept(API, fake)
    for _ in range(2):
        with pytest.raises(httpx.ConnectError, match=r"a connection to 192\.0\.2\.1:80 was refused"):
            _get("http://192.0.2.1/")

    with pytest.raises(UnexpectedCall) as told:
        intercept.verify()

    lines = str(told.value).splitlines()
    assert lines[:4] == [
        f"intercept: a connection to 192.0.2.1:80 was refused, since nothing intercepts it; intercepted: {API}",
        "  to answer it by a fake:          intercept('http://192.0.2.1', fake_rest)",
        "  to let it through:               intercept.allow('192.0.2.1')",
        "  to refuse it and go on testing:  intercept.refuse('192.0.2.1')",
    ]
    assert f"{__file__}:" in lines[4]


def test_who_connected_is_told_without_the_command_that_runs_the_tests(intercept: Interception) -> None:
    path = f"{sysconfig.get_path('scripts')}/pytest"
    command = compile("connect()", path, "exec")
    with pytest.raises(NotIntercepted):
        exec(command, {"connect": lambda: socket.getaddrinfo("other.example.com", 80)})
    opened_by = intercept.ledger.untold()[0].text.partition("opened by")[2]
    assert __file__ in opened_by
    assert f"{path}:" not in opened_by


def test_another_port_of_an_intercepted_host_is_refused(intercept: Interception, fake: FakeRest) -> None:
    intercept(API, fake)
    with pytest.raises(httpx.ConnectError, match=r"api\.example\.com:80 was refused"):
        _get("http://api.example.com/")
    with pytest.raises(UnexpectedCall, match=r"'http://api\.example\.com'"):
        intercept.verify()


def test_connect_ex_tells_by_its_number(intercept: Interception) -> None:
    with socket.socket() as sock:
        assert os.strerror(sock.connect_ex(("192.0.2.1", 80))) == "Connection refused"
    with pytest.raises(UnexpectedCall, match=r"192\.0\.2\.1:80"):
        intercept.verify()


def test_the_end_of_the_block_raises_it_unless_something_else_was_raised() -> None:
    with pytest.raises(UnexpectedCall), Interception(), pytest.raises(OSError, match="refused"):
        socket.create_connection(("192.0.2.1", 80))
    with pytest.raises(LookupError), Interception():  # noqa: PT012 -- the exit is under test
        with pytest.raises(NotIntercepted):
            socket.create_connection(("192.0.2.1", 80))
        raise LookupError


def test_what_is_to_be_refused_is_refused_without_a_word(intercept: Interception) -> None:
    intercept.refuse("telemetry.example.com", "*.tracking.example", "192.0.2.0/24")

    for host in ("telemetry.example.com", "a.tracking.example", "192.0.2.77"):
        with pytest.raises(ConnectionRefusedError, match=r"^\[Errno \d+\] Connection refused$"):
            socket.create_connection((host, 80))
    intercept.verify()


def test_what_is_allowed_is_looked_up_and_connected_to(intercept: Interception) -> None:
    """There is no other machine here: that the kernel was asked is seen by its own answer."""
    intercept.allow("192.0.2.0/24", "*.example.invalid")
    with socket.socket() as sock:
        sock.settimeout(0.01)
        with pytest.raises(OSError, match=r"timed out|unreachable|Network|denied|refused") as caught:
            sock.connect(("192.0.2.1", 9))
    assert not isinstance(caught.value, NotIntercepted)
    with pytest.raises(socket.gaierror):
        socket.getaddrinfo("host.example.invalid", 80)
    intercept.verify()


def test_the_addresses_of_an_allowed_host_are_allowed(intercept: Interception, monkeypatch: pytest.MonkeyPatch) -> None:
    intercept.allow("https://real.example.com/v2")
    with pytest.raises(NotIntercepted):
        intercept.lead("192.0.2.5", 443)
    intercept.found("real.example.com", {"192.0.2.5"})
    assert intercept.lead("192.0.2.5", 443) is None
    intercept.ledger.untold()


@pytest.mark.parametrize("name", ["gethostbyname", "gethostbyname_ex"])
def test_the_address_that_an_allowed_host_is_translated_to_is_allowed(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    found = {"gethostbyname": "192.0.2.5", "gethostbyname_ex": ("real.example.com", [], ["192.0.2.5"])}[name]
    monkeypatch.setattr(socket, name, lambda _: found)
    with Interception() as intercept:
        intercept.allow("real.example.com")
        assert getattr(socket, name)("real.example.com") == found
        assert intercept.lead("192.0.2.5", 443) is None


def test_datagrams_this_machine_and_sockets_of_unix_are_let_be(intercept: Interception, fake: FakeRest) -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as sock:
        sock.connect(("127.0.0.1", 9))
    left, right = socket.socketpair()
    left.close()
    right.close()
    assert _get(f"{fake.url}/users").text == "all"
    assert socket.getaddrinfo(None, 80)
    assert socket.getaddrinfo("localhost", 80)


def test_what_fakes_connect_to_themselves_is_let_be(intercept: Interception) -> None:
    with own_traffic():
        assert socket.getaddrinfo("192.0.2.1", 80)[0][4][0] == "192.0.2.1"
        assert socket.gethostbyname("192.0.2.1") == "192.0.2.1"


# -- afterwards


def test_all_is_as_it_was(fake: FakeRest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("no_proxy", "intranet")
    monkeypatch.delenv("NO_PROXY", raising=False)
    places: tuple[Any, ...] = (_socket, socket, socket.socket, ssl.SSLContext, ssl.SSLSocket)
    before = [dict(vars(place)) for place in places], dict(os.environ)

    with Interception() as intercept:
        intercept(API, fake)
        intercept("https://*.example.org", fake)
        assert os.environ["no_proxy"] == "intranet,api.example.com,.example.org"
        assert _get(f"{API}/users").text == "all"
        assert dict(vars(socket.socket)) != before[0][2]

    assert ([dict(vars(place)) for place in places], dict(os.environ)) == before
    with pytest.raises(OSError):  # noqa: PT011 -- which one, the resolver says
        socket.getaddrinfo("api.example.com.invalid", 443)


def test_a_function_that_was_kept_leads_nowhere(fake: FakeRest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A module that is first imported in a test takes functions from socket, or grpc, as they are then."""
    monkeypatch.setattr(socket, "gethostbyname", lambda host: f"looked up {host}")
    with Interception() as intercept:
        intercept(API, fake)
        kept, connect = socket.gethostbyname, socket.socket.connect
        assert kept("api.example.com") == "looked up 127.77.0.1"

    assert kept("api.example.com") == "looked up api.example.com"
    assert kept("other.example.com") == "looked up other.example.com"
    assert intercept.way_to("api.example.com", 443) is None
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket() as sock:
        connect(sock, server.getsockname())


@pytest.mark.parametrize("written", ["no_proxy", "NO_PROXY"])
@pytest.mark.parametrize("hosts", ["localhost,127.0.0.1", "*"])
def test_hosts_without_a_proxy_have_none_as_before(
    fake: FakeRest, intercept: Interception, monkeypatch: pytest.MonkeyPatch, written: str, hosts: str
) -> None:
    """Most write one of the two variables; a client reads the other one first, if it is there."""
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(written, hosts)
    for name in ("http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://proxy.example.com:3128")
    intercept(API, fake)
    intercept("https://*.example.org", fake)

    for url in (f"{API}/users", "https://www.example.org/users", f"{fake.url}/users"):
        assert _get(url).text == "all"
        assert requests.get(url, timeout=5).text == "all"


def test_the_trust_is_for_intercepted_hosts_alone(fake: FakeRest, intercept: Interception) -> None:
    """A context that was used for an intercepted host still trusts no other fake of this process."""
    context = ssl.create_default_context()
    intercept(API, fake)
    with FakeRest("other", tls=True) as other, httpx.Client(verify=context) as client:
        assert client.get(f"{API}/users").text == "all"
        with pytest.raises(httpx.ConnectError, match="unable to get local issuer certificate"):
            client.get(other.url)


def test_a_context_made_before_is_trusted_once(fake: FakeRest) -> None:
    context = ssl.create_default_context()
    known = len(context.get_ca_certs())
    for _ in range(2):
        with Interception() as intercept:
            intercept(API, fake)
            assert httpx.get(f"{API}/users", verify=context).text == "all"

    assert len(context.get_ca_certs()) == known + 1
