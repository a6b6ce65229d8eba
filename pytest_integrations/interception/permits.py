"""Which hosts that nothing intercepts may be reached all the same, and which are refused without a word."""

from __future__ import annotations

import ipaddress
import re
import socket
from urllib.parse import urlsplit

from pytest_integrations.core.errors import ScriptingError

from .origin import covers, host_name

__all__ = ["Permits", "is_this_machine"]

_IMPOSSIBLE = re.compile(r"[*:/\s]")
"""What is in no name of a host: a port, a path, a wildcard that is not its beginning."""

_Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Permits:
    """Hosts by name (`"*.example.com"` for all that end so), by address, or by network (`"10.0.0.0/8"`)."""

    def __init__(self) -> None:
        """Begin without any."""
        self._patterns: list[str] = []
        self._networks: list[_Network] = []

    def add(self, word: str, hosts: tuple[object, ...]) -> None:
        """Take in *hosts*; *word* is the method that they were given to, for what is said of wrong ones."""
        __tracebackhide__ = True
        for host in hosts:
            name = _named(host)
            network = _network(name)
            if network is not None:
                self._networks.append(network)
            elif _IMPOSSIBLE.search(name.removeprefix("*.")) or not name:
                msg = f"{word}({host!r}) is not a host: valid are 'api.example.com', '*.example.com', '10.0.0.0/8'"
                raise ScriptingError(msg)
            else:
                self._patterns.append(name)

    def learn(self, address: str) -> None:
        """Take in an *address* that a host of the list was found to have."""
        network = _network(address.partition("%")[0])
        if network is not None:
            self._networks.append(network)

    def has(self, host: str) -> bool:
        """Tell whether *host*, a name or an address, is among them."""
        network = _network(host)
        if network is not None:
            return any(network.version == each.version and network.subnet_of(each) for each in self._networks)  # type: ignore[arg-type]  # of one version, by then
        return any(covers(pattern, host) for pattern in self._patterns)


def is_this_machine(host: str) -> bool:
    """Tell whether *host*, a name or an address, is this machine as seen from itself.

    >>> is_this_machine("localhost"), is_this_machine("127.0.0.1"), is_this_machine("192.0.2.1")
    (True, True, False)
    """
    network = _network(host)
    if network is None:
        return host in {"", "localhost", "ip6-localhost", host_name(socket.gethostname())} or covers(
            "*.localhost", host
        )
    address = network.network_address
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback or address.is_unspecified


def _named(host: object) -> str:
    """Return the host, or the network, in what a test has written; nothing if there is none in it."""
    if not isinstance(host, str):
        return ""
    try:
        name = urlsplit(host).hostname or "" if "://" in host else host
    except ValueError:
        return ""
    return name if _network(name) is not None else host_name(name.strip())


def _network(text: str) -> _Network | None:
    """Return *text* as a network, of one address if it names one; None if it is a name."""
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None
