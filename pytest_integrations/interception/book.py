"""Addresses that stand for hosts: what a look-up gives, and a connect is told.

They are of this machine (127.77.0.0/16), or unique local ones (RFC 4193) for a fake that listens on IPv6: nobody
listens there, so that a connection which gets past us goes nowhere.
"""

from __future__ import annotations

import itertools
import threading

__all__ = ["AddressBook"]


class AddressBook:
    """Gives each host an address of its own, and knows the host by it."""

    def __init__(self) -> None:
        """Begin empty."""
        self._numbers = itertools.count(1)
        self._address_by_host: dict[str, str] = {}
        self._host_by_address: dict[str, str] = {}
        self._lock = threading.Lock()

    def address_of(self, host: str, *, ipv6: bool) -> str:
        """Return the address that stands for *host*."""
        with self._lock:
            address = self._address_by_host.get(host)
            if address is None:
                number = next(self._numbers)
                address = f"fd77::{number:x}" if ipv6 else f"127.77.{number >> 8 & 255}.{number & 255}"
                self._address_by_host[host] = address
                self._host_by_address[address] = host
            return address

    def host_at(self, address: str) -> str | None:
        """Return the host that *address* stands for, or None if it is an address like any other."""
        return self._host_by_address.get(address)
