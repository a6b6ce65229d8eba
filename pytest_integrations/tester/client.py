"""The client of a case as a function of the request, whichever form it was given in."""

from __future__ import annotations

import asyncio
import inspect
from functools import partial
from typing import TYPE_CHECKING, Any, Self

from pytest_integrations.backends.listening import ListeningFake
from pytest_integrations.core.errors import ScriptingError, near_names

from .http_client import HttpClient

if TYPE_CHECKING:
    from collections.abc import Callable

    from .case import Case

__all__ = ["AsyncClient", "Client"]


class Client:
    """What is called with the request of a case, and what it is called in results."""

    def __init__(self, client: Any, call: str | None = None) -> None:
        """Take *client*: a callable, an object whose method *call* is meant, a URL, or a fake for the URL it has."""
        self.function: Callable[..., Any] = _function(_sender(client), call)
        self.__name__: str = call or _name(self.function)

    @classmethod
    def of(cls, case: Case, given: Any) -> Self:
        """Return the client of *case*: its own, or else the one that was *given* to the run."""
        client = given if case.client is None else case.client
        if client is None:
            msg = (
                f"case {case.name!r} has no client: give it to run(...), or to the case as client=. "
                "Valid are a callable, an object with methods, and a URL such as 'http://127.0.0.1:8000'"
            )
            raise ScriptingError(msg)
        return cls(client, case.call)

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        """Call it and return what it returns; a coroutine is run to its end."""
        value = self.function(*arguments, **options)
        return _awaited(value) if inspect.iscoroutine(value) else value


class AsyncClient(Client):
    """The same in an event loop that runs."""

    async def __call__(self, *arguments: Any, **options: Any) -> Any:
        """Call it and return what it returns; what can be awaited is."""
        value = self.function(*arguments, **options)
        return await value if inspect.isawaitable(value) else value


def _sender(client: Any) -> Any:
    """Return *client*, or what sends to it, if it is a URL or a fake that has one."""
    if isinstance(client, str):
        return HttpClient(client)
    if isinstance(client, ListeningFake):
        return HttpClient(client.url, context=client.client_context() if client.url.startswith("https") else None)
    return client


def _function(client: Any, call: str | None) -> Callable[..., Any]:
    function = client
    for name in call.split(".") if call else ():
        try:
            function = getattr(function, name)
        except AttributeError:
            known = [each for each in dir(function) if not each.startswith("_")]
            near = near_names(name, known)
            guess = f" Did you mean {near[0]!r}?" if near else ""
            msg = f"call={call!r}: {function!r} has no {name!r}.{guess} It has: {', '.join(known)}"
            raise ScriptingError(msg) from None
    if not callable(function):
        hint = "name the method to call, as call=" if call is None else "call= names something else than a method"
        msg = f"{function!r} cannot be called: {hint}"
        raise ScriptingError(msg)
    checked: Callable[..., Any] = function
    return checked


def _name(function: Any) -> str:
    inner = function.func if isinstance(function, partial) else function
    name: str = getattr(inner, "__name__", None) or type(inner).__name__
    return name


def _awaited(coroutine: Any) -> Any:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(coroutine)
    coroutine.close()
    msg = "the client is asynchronous and so is the test: write `await integration_tester.run_async(client)`"
    raise ScriptingError(msg)
