"""The memory channels of one fake, and the faults that cannot happen to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_integrations.core.errors import CannotPerform
from pytest_integrations.wire.loop import shared_loop

from .link import Link

if TYPE_CHECKING:
    from pytest_integrations.core.fault import Fault
    from pytest_integrations.wire.grpc.port import GrpcPort

__all__ = ["Links"]


class Links:
    """Opens links to a fake, and cuts them when it stops."""

    def __init__(self, fake: str, port: GrpcPort) -> None:
        """Serve those of the *fake* of this name by *port*."""
        self._fake = fake
        self._port = port
        self._links: list[Link] = []

    def open(self, authority: str, faults: list[Fault]) -> Link:
        """Return a further link to *authority*, unless one of the *faults* that are scripted needs more than it is."""
        __tracebackhide__ = True
        for fault in faults:
            self._refuse(fault)
        link = Link(self._port, self._fake, authority, shared_loop())
        self._links.append(link)
        return link

    def check(self, fault: Fault) -> None:
        """Refuse a *fault* that is scripted now, and that cannot happen to the links that there are."""
        __tracebackhide__ = True
        if self._links:
            self._refuse(fault)

    def _refuse(self, fault: Fault) -> None:
        __tracebackhide__ = True
        if fault.scope in {"connection", "listener"}:
            msg = (
                f"{fault!r} needs a port or a handshake, and {self._fake} has a memory channel, which has neither. "
                "What happens to a call works there: grpc_status, latency, hang, break_stream, reset_stream, goaway, "
                f"the faults of messages …; for the rest let the client connect to {self._fake}.target"
            )
            raise CannotPerform(msg)

    def cut(self) -> None:
        """End them all."""
        links, self._links = self._links, []

        def cut() -> None:
            for link in links:
                link.cut()

        shared_loop().call(cut)
