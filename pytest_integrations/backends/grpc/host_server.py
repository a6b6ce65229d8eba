"""Servers of grpcio on loopback, with threads and with asyncio, which end when they are told to."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import Executor, Future
from typing import TYPE_CHECKING, Any, TypeVar

from pytest_integrations.backends.handlers import shared_runner

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence

__all__ = ["AsyncServer", "Load", "ThreadedServer"]

_ADDRESS = "127.0.0.1:0"
_PATIENCE = 5.0
"""Seconds for what ends at once, unless a callback of the user's does not."""
_OPTIONS = (("grpc.so_reuseport", 0), ("grpc.max_receive_message_length", -1))
"""The fake has a limit for messages, and one is enough."""

T = TypeVar("T")


class Load:
    """How many methods of a servicer run."""

    def __init__(self) -> None:
        """Begin with none."""
        self.running: int = 0
        self._lock = threading.Lock()

    def __enter__(self) -> None:
        """Count one that begins."""
        with self._lock:
            self.running += 1

    def __exit__(self, *_: object) -> None:
        """Count one that ends."""
        with self._lock:
            self.running -= 1


class _Workers(Executor):
    """As many threads as there are calls; none of them holds up the end of the process."""

    def __init__(self, load: Load) -> None:
        """Count in *load* what runs."""
        self._load = load

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        """Call *fn* on a thread."""
        future: Future[T] = Future()

        def run() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                with self._load:
                    result = fn(*args, **kwargs)
                future.set_result(result)
            except BaseException as error:  # noqa: BLE001 -- it is the future's
                future.set_exception(error)

        shared_runner().submit(run)
        return future


class ThreadedServer:
    """A server whose methods run on worker threads."""

    def __init__(
        self, register: Callable[[Any], object], interceptors: Sequence[Any], options: Sequence[tuple[str, Any]]
    ) -> None:
        """Start it with what *register* tells it; of two *options* of one name grpcio takes the first."""
        import grpc

        from .host_load import counting

        self.load: Load = Load()
        for each in interceptors:
            if not isinstance(each, grpc.ServerInterceptor):  # grpcio would ask that when a call comes
                msg = f"{each!r} is no grpc.ServerInterceptor"
                raise TypeError(msg)
        workers: Any = _Workers(self.load)  # grpcio says it wants a ThreadPoolExecutor, and takes what has `submit`
        interceptors = [counting(self.load), *interceptors]
        self._server = grpc.server(workers, interceptors=interceptors, options=[*options, *_OPTIONS])
        register(self._server)
        self.port: int = self._server.add_insecure_port(_ADDRESS)
        self._server.start()

    def stop(self) -> None:
        """Cancel what still runs, and end."""
        self._server.stop(0).wait(_PATIENCE)


class AsyncServer:
    """A server whose methods are coroutines, on the asyncio thread of the fakes."""

    def __init__(
        self, register: Callable[[Any], object], interceptors: Sequence[Any], options: Sequence[tuple[str, Any]]
    ) -> None:
        """Start it, as a `ThreadedServer`; methods that are no coroutines run on worker threads."""
        self.load: Load = Load()
        self._server: Any = None
        self.port: int = _awaited(self._start(register, interceptors, [*options, *_OPTIONS]))

    async def _start(
        self, register: Callable[[Any], object], interceptors: Sequence[Any], options: Sequence[tuple[str, Any]]
    ) -> int:
        import grpc.aio

        from .host_load import counting_async

        interceptors = [counting_async(self.load), *interceptors]
        self._server = grpc.aio.server(_Workers(self.load), interceptors=interceptors, options=options)
        register(self._server)
        port: int = self._server.add_insecure_port(_ADDRESS)
        await self._server.start()
        return port

    def stop(self) -> None:
        """Cancel what still runs, and end."""
        _awaited(self._stop())

    async def _stop(self) -> None:
        server, self._server = self._server, None  # with the last of them grpcio ends its own thread for asyncio
        await asyncio.wait([asyncio.ensure_future(server.stop(None))], timeout=_PATIENCE)


def _awaited(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run *coroutine* on the asyncio thread, and return what it returns or raise what it raises."""
    done: Future[T] = Future()

    async def run() -> None:
        try:
            done.set_result(await coroutine)
        except BaseException as error:  # noqa: BLE001 -- raised by who waits
            done.set_exception(error)

    shared_runner().submit_async(run())
    return done.result()
