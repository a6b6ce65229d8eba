"""The health service, grpc.health.v1: Check, which tells once, and Watch, which tells at each change.

message HealthCheckRequest  { string service = 1; }
message HealthCheckResponse { ServingStatus status = 1; }
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from pytest_integrations.core.grpc_call import GrpcMethod
from pytest_integrations.core.grpc_status import CODES
from pytest_integrations.core.protobuf_bytes import fields, number_field
from pytest_integrations.core.settings import among

from .builtin import Builtin

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from pytest_integrations.wire.grpc.service import Answering, Conversation

__all__ = ["STATUSES", "Health", "check_status"]

STATUSES = ("UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN")
"""The names; a status's number is its place."""

_SERVICE = "/grpc.health.v1.Health"


class Health:
    """What the health service says; used on the loop alone."""

    def __init__(self, services: Callable[[], Collection[str]]) -> None:
        """Call the server (`""`) and all *services* that it has SERVING, until somebody says otherwise."""
        self._services = services
        self._said: dict[str, str] = {}
        self._watches: list[_Watch] = []

    def say(self, service: str, status: str) -> None:
        """Call *service* so from now on, and tell those who watch."""
        self._said[service] = status
        for watch in tuple(self._watches):
            watch.tell()

    def status(self, service: str) -> str:
        """Return what *service* is called; `"SERVICE_UNKNOWN"` if there is none of that name."""
        known = "SERVING" if not service or service in self._services() else "SERVICE_UNKNOWN"
        return self._said.get(service, known)

    @property
    def methods(self) -> dict[str, Builtin]:
        """The methods, by path."""
        check = GrpcMethod(f"{_SERVICE}/Check", "unary", _service_in, _status_in, repeatable=True)
        watch = GrpcMethod(f"{_SERVICE}/Watch", "server-stream", _service_in, _status_in, repeatable=True)
        return {
            check.path: Builtin(check, partial(_Check, self)),
            watch.path: Builtin(watch, self._watch),
        }

    def _watch(self, answering: Answering) -> Conversation:
        watch = _Watch(self, answering)
        self._watches.append(watch)
        return watch

    def forget(self, watch: _Watch) -> None:
        """Tell *watch* no more."""
        if watch in self._watches:
            self._watches.remove(watch)


def check_status(status: str) -> None:
    """Refuse what is not the name of a status."""
    __tracebackhide__ = True
    among("status", status, STATUSES)


class _Check:
    """One question."""

    def __init__(self, health: Health, answering: Answering) -> None:
        self._health = health
        self._answering = answering
        self._service = ""

    def received(self, message: bytes) -> None:
        self._service = _service_in(message)

    def half_closed(self) -> None:
        status = self._health.status(self._service)
        if status == "SERVICE_UNKNOWN":
            self._answering.end(CODES.index("NOT_FOUND"), f"unknown service {self._service}")
            return
        self._answering.send(number_field(1, STATUSES.index(status)))
        self._answering.end(0)

    def drained(self) -> None: ...

    def over(self) -> None: ...


class _Watch:
    """One client that is told of each change, until it leaves."""

    def __init__(self, health: Health, answering: Answering) -> None:
        self._health = health
        self._answering = answering
        self._service: str | None = None
        self._told = ""

    def received(self, message: bytes) -> None:
        self._service = _service_in(message)
        self.tell()

    def tell(self) -> None:
        """Send the status, if it is another one than was sent last."""
        if self._service is None:
            return
        status = self._health.status(self._service)
        if status != self._told:
            self._told = status
            self._answering.send(number_field(1, STATUSES.index(status)))

    def half_closed(self) -> None: ...

    def drained(self) -> None: ...

    def over(self) -> None:
        self._health.forget(self)


def _service_in(message: bytes) -> str:
    """Return the name of the service; of what is not a request the server's."""
    try:
        names = [value for number, value in fields(message) if number == 1 and isinstance(value, bytes)]
    except ValueError:
        return ""
    return names[-1].decode("utf-8", "replace") if names else ""


def _status_in(message: bytes) -> str:
    numbers = [value for number, value in fields(message) if number == 1 and isinstance(value, int)]
    return STATUSES[numbers[-1]] if numbers else STATUSES[0]
