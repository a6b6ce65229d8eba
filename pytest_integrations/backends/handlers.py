"""Callables of the test that answer calls: where they run, and what they may return.

They run on worker threads, so that one that blocks, or that calls another fake, cannot stop the I/O thread;
`inline=True` lets a pure one run on the I/O thread itself, which is twice as fast; `async def` ones run on one
asyncio thread.
"""

from __future__ import annotations

import inspect
import os
import queue
import threading
from typing import TYPE_CHECKING, Any

from pytest_integrations.core.errors import ScriptingError
from pytest_integrations.core.reply import Reply

from .arguments import wanted

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Coroutine

__all__ = ["Handler", "Runner", "as_reply", "shared_runner"]


class Handler:
    """A callable with what is known of its signature."""

    __slots__ = ("function", "inline", "is_async", "takes_request")

    def __init__(self, function: Callable[..., Any], *, inline: bool = False) -> None:
        """Take *function*; `async def` cannot be *inline*."""
        if not callable(function):
            msg = (
                f"{function!r} is not callable: give a function of the request, such as lambda request: {{'ok': True}}"
            )
            raise ScriptingError(msg)
        self.function: Callable[..., Any] = function
        self.is_async = inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(
            getattr(function, "__call__", None)  # noqa: B004 -- an object with an async __call__
        )
        if self.is_async and inline:
            msg = f"{function!r} is async and cannot run inline: leave out inline=True"
            raise ScriptingError(msg)
        self.inline: bool = inline
        self.takes_request: bool = wanted(function, 1) == 1

    def __call__(self, request: Any, values: dict[str, Any]) -> Any:
        """Call it with the request, if it takes one, and the *values* of the route's placeholders."""
        return self.function(request, **values) if self.takes_request else self.function(**values)


def as_reply(result: Any) -> Reply:  # noqa: PLR0911 -- one line for each form that an answer may have
    """Return what a handler returned as a reply.

    A `Reply` or a werkzeug `Response` as it is; None is 204; an int is a status; a dict or list is JSON; text and
    bytes are a body; `(body, status)` and `(body, status, headers)` as in Flask.
    """
    if isinstance(result, Reply):
        return result
    if result is None:
        return Reply(204)
    if isinstance(result, bool):
        return Reply.of(json=result)
    if isinstance(result, int):
        return Reply.of(result)
    if isinstance(result, tuple) and len(result) in {2, 3}:
        body = as_reply(result[0]) if result[0] is not None else Reply()
        given = Reply.of(result[1], headers=result[2] if len(result) == 3 else ())
        kept = tuple((name, value) for name, value in body.headers if given.header(name) is None)
        return Reply(given.status, (*kept, *given.headers), body.body, body.chunks)
    if isinstance(result, str):
        return Reply.of(text=result)
    if isinstance(result, bytes | bytearray):
        return Reply.of(body=bytes(result))
    if isinstance(result, dict | list | float):
        return Reply.of(json=result)
    if hasattr(result, "get_data") and hasattr(result, "status_code"):
        from .http_objects import reply_of

        return reply_of(result)
    msg = f"a handler returned {result!r}; valid: a Reply, a werkzeug Response, dict, list, str, bytes, int or None"
    raise ScriptingError(msg)


class Runner:
    """Worker threads that come when they are needed, and one asyncio thread for `async def` handlers."""

    def __init__(self) -> None:
        """Begin without a thread."""
        self.pid: int = os.getpid()
        self._jobs: queue.SimpleQueue[Callable[[], object] | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._idle = 0
        self._leaving = 0
        """How many busy workers are to end after their present job."""
        self._threads: set[threading.Thread] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._loop_thread: threading.Thread | None = None
        self._tasks: set[asyncio.Task[object]] = set()  # asyncio itself would let go of those that wait

    def submit(self, job: Callable[[], object]) -> None:
        """Run *job* on a worker thread; it handles its own errors."""
        with self._lock:
            if self._idle > 0:
                self._idle -= 1
            else:
                name = f"integrations-worker-{len(self._threads) + 1}"
                thread = threading.Thread(target=self._work, args=(job,), name=name, daemon=True)
                self._threads.add(thread)
                thread.start()
                return
        self._jobs.put(job)

    def _work(self, job: Callable[[], object] | None) -> None:
        while job is not None:
            job()
            with self._lock:
                if self._leaving:
                    self._leaving -= 1
                    break
                self._idle += 1
            job = self._jobs.get()
        with self._lock:
            self._threads.discard(threading.current_thread())

    def submit_async(self, coroutine: Coroutine[Any, Any, object]) -> None:
        """Run *coroutine* on the asyncio thread; it handles its own errors."""
        with self._lock:
            if self._loop is None:
                import asyncio

                self._loop = asyncio.new_event_loop()
                self._loop_thread = threading.Thread(
                    target=_run_to_the_end, args=(self._loop,), name="integrations-asyncio", daemon=True
                )
                self._loop_thread.start()
            loop = self._loop

        def start() -> None:
            task = loop.create_task(coroutine)
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

        loop.call_soon_threadsafe(start)

    def dismiss(self) -> None:
        """End the idle workers and the asyncio thread, whose tasks are cancelled; a busy worker ends after its job."""
        with self._lock:
            idle, self._idle = self._idle, 0
            self._leaving = len(self._threads) - idle
            loop, self._loop = self._loop, None
            thread, self._loop_thread = self._loop_thread, None
            leaving = [] if self._leaving else list(self._threads)
        for _ in range(idle):
            self._jobs.put(None)
        for worker in leaving:  # only if none of them is still busy with a handler that may block for long
            worker.join()
        if loop is not None and thread is not None:
            loop.call_soon_threadsafe(loop.stop)
            if thread is not threading.current_thread():  # as it is where a handler stops its fake
                thread.join()


def _run_to_the_end(loop: asyncio.AbstractEventLoop) -> None:
    """Run *loop* until it is stopped, then cancel what still waits in it, as `asyncio.run` does."""
    import asyncio

    loop.run_forever()
    tasks = asyncio.all_tasks(loop)
    for task in tasks:
        task.cancel()
    if tasks:
        loop.run_until_complete(asyncio.wait(tasks, timeout=1.0))
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.close()


_shared = Runner()


def shared_runner() -> Runner:
    """Return the runner of this process, made anew after a fork, which takes no threads along."""
    global _shared  # noqa: PLW0603 -- one a process, and this is where it is kept
    if _shared.pid != os.getpid():
        _shared = Runner()
    return _shared
