"""Which service a servicer is of."""

from __future__ import annotations

import inspect
import sys
from typing import TYPE_CHECKING, Any

from pytest_integrations.backends.grpc.schema import services_in
from pytest_integrations.core.errors import ScriptingError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from google.protobuf.descriptor import ServiceDescriptor

__all__ = ["refuse_async", "service_of"]

_SUFFIX = "Servicer"


class _Names:
    """Takes down which services generated code would add to a server."""

    def __init__(self) -> None:
        self.found: dict[str, None] = {}

    def add_generic_rpc_handlers(self, handlers: Iterable[Any]) -> None:
        self.found.update((each.service_name(), None) for each in handlers)

    def add_registered_method_handlers(self, service_name: str, _handlers: Any) -> None:
        self.found[service_name] = None


def service_of(servicer: Any, schema: Any) -> ServiceDescriptor:
    """Return the service of *servicer*: that of *schema*, or, if that is None, of the generated class it is made from.

    *schema* is `add_OrdersServicer_to_server`, generated code (`orders_pb2`), or a descriptor.
    """
    __tracebackhide__ = True
    from google.protobuf.descriptor import ServiceDescriptor

    if isinstance(servicer, type):
        msg = f"{servicer!r} is a class: give a servicer, {servicer.__name__}(...)"
        raise ScriptingError(msg)
    if schema is None:
        schema = _adder(servicer)
        if schema is None:
            msg = (
                f"{servicer!r} is not made from a generated ...Servicer class, which would tell its service: name it, "
                "grpc_servicer(servicer, orders_pb2) or grpc_servicer(servicer, add_OrdersServicer_to_server)"
            )
            raise ScriptingError(msg)
    if isinstance(schema, ServiceDescriptor):
        return schema
    if inspect.isroutine(schema):
        return _added(servicer, schema)
    return _chosen(servicer, services_in(schema))


def _adder(servicer: Any) -> Callable[[Any, Any], object] | None:
    """Return the function that was generated beside a class that *servicer* is made from."""
    for kind in type(servicer).__mro__:
        found = getattr(sys.modules.get(kind.__module__), f"add_{kind.__name__}_to_server", None)
        if callable(found):
            return found  # type: ignore[no-any-return]
    return None


def _added(servicer: Any, adder: Callable[[Any, Any], object]) -> ServiceDescriptor:
    __tracebackhide__ = True
    from google.protobuf import descriptor_pool

    names = _Names()
    try:
        adder(servicer, names)
    except (AttributeError, TypeError) as error:
        msg = f"{adder!r} does not take {servicer!r}: {error}; give a servicer and the function generated for it"
        raise ScriptingError(msg) from None
    for name in names.found:
        try:
            service: ServiceDescriptor = descriptor_pool.Default().FindServiceByName(name)
        except KeyError:
            msg = (
                f"{adder!r} is of the service {name}, whose generated messages are not imported: import its _pb2 module"
            )
            raise ScriptingError(msg) from None
        return service
    msg = f"{adder!r} adds no service to a server: give add_OrdersServicer_to_server of orders_pb2_grpc"
    raise ScriptingError(msg)


def _chosen(servicer: Any, services: list[ServiceDescriptor]) -> ServiceDescriptor:
    """Return the one of *services* whose name the servicer's class has, or the only one whose methods it has."""
    __tracebackhide__ = True
    kinds = {kind.__name__ for kind in type(servicer).__mro__}
    named = [each for each in services if f"{each.name}{_SUFFIX}" in kinds]
    fitting = named or [each for each in services if all(hasattr(servicer, method.name) for method in each.methods)]
    if len(fitting) == 1:
        return fitting[0]
    names = ", ".join(each.full_name for each in services)
    problem = "has all methods of several of them" if fitting else "has not all methods of any of them"
    msg = (
        f"which of the services {names} is {servicer!r}? It {problem}. "
        "Name it: grpc_servicer(servicer, orders_pb2.DESCRIPTOR.services_by_name['Orders'])"
    )
    raise ScriptingError(msg)


def refuse_async(servicer: Any, service: ServiceDescriptor) -> None:
    """Refuse a *servicer* whose methods are coroutines: grpcio-testing has threads alone."""
    __tracebackhide__ = True
    for method in service.methods:
        function = getattr(servicer, method.name, None)
        if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
            msg = (
                f"{type(servicer).__name__}.{method.name} is `async def`: grpcio-testing runs servicers with threads "
                "only. fake_grpc.host(servicer, add_OrdersServicer_to_server) runs it on a real server of grpc.aio"
            )
            raise ScriptingError(msg)
