"""Whether the client comes back at all."""

from __future__ import annotations

import signal
import sys
import threading
from contextlib import suppress
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Self

from pytest_integrations.core.errors import ResilienceError
from pytest_integrations.core.when import seconds

from .evidence import fail, must_be_calls, nothing_to_check
from .grouping import is_success, logical_calls, over, told_apart
from .tolerance import EXACT

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Iterator, Sequence
    from types import FrameType, TracebackType

    from pytest_integrations.core.call import Call
    from pytest_integrations.core.ledger import Calls

    from .grouping import Per

__all__ = ["assert_no_hang", "no_hang"]

_WHY = "A caller that waits for ever holds its thread, its connection and its own caller; a few of those are an outage."
_HINT = (
    "Give every wait a timeout: connect, read (which begins anew with each byte), a connection of the pool, and one "
    "for the whole call."
)
_OUR_THREADS = ("integrations-", "virtual-clock")
_FRAMES = 6
_OURS = PurePath(__file__).parents[1]


def assert_no_hang(calls: Calls, *, limit: float, per: Per | None = None) -> None:
    """Assert that every logical call was over within *limit* seconds of its first attempt, all its waits included.

    Definition: from the start of the first attempt to the end of the last (the client's FIN, if it left) it is not more
    than *limit* on the clock in force; an attempt that is open still counts up to now. That looks back, when the client
    has returned. To get a test back from a client that does not return, put the call into `with no_hang(...)`.

    Raises `NothingToCheck` if nothing happened that a client could hang on: no fault, and no attempt that failed.
    Source: Gremlin's HasTimeouts (bounded response time, ICDCS 2016).

    ```python
    import urllib.request
    from pytest_integrations.faults import hang

    def test_the_client_comes_back(fake_rest):
        fake_rest.get("/users").reply(json=[])
        fake_rest.inject(hang())

        try:
            urllib.request.urlopen(fake_rest.url + "/users", timeout=0.2)
        except OSError:
            pass

        assert_no_hang(fake_rest.calls, limit=2)
    ```
    """
    __tracebackhide__ = True
    must_be_calls(calls)
    most = seconds("limit", limit) + EXACT.late
    groups = logical_calls(calls, per=per)
    for group in groups:
        end = over(group[-1])
        lasted = (calls.ledger.now() if end is None else end) - group[0].started
        if lasted > most:
            state = "has gone on for" if end is None else "took"
            fail(
                f"{group.operation} {state} {lasted:.3f} s, {limit:g} s is the limit",
                group,
                groups=[group],
                marks={group[-1].seq: "open still" if end is None else f"over at {end:.3f} s"},
                footnote=told_apart([group]),
                why=_WHY,
                hint=_HINT,
            )
    _must_have_had_reason(calls, limit)


class no_hang:  # noqa: N801 -- reads as a statement: with no_hang(...)
    """Assert that what stands in the block is done within a limit, and interrupt it if it is not.

    ```python
    import urllib.request
    from pytest_integrations.faults import hang

    def test_the_client_comes_back(fake_rest):
        fake_rest.get("/users").reply(json=[])
        fake_rest.inject(hang())

        with no_hang(fake_rest.calls, limit=2):
            try:
                urllib.request.urlopen(fake_rest.url + "/users", timeout=0.2)
            except OSError:
                pass
    ```
    """

    def __init__(self, calls: Calls, *, limit: float) -> None:
        """Watch the block for *limit* seconds on the clock in force; *calls* tells the ledger to take evidence from.

        After that, the stacks of all threads are noted, and the block is interrupted: in a task of asyncio by
        cancelling it, else as by Ctrl-C if it runs in the main thread; otherwise it is judged when it ends by itself.
        Code that waits in C without looking at signals, as grpc does, is interrupted when it returns.
        """
        self._ledger = calls.ledger
        self._limit = seconds("limit", limit)
        self._done = threading.Event()
        self._is_late = False
        self._stacks: list[str] = []
        self._watch = threading.Thread(target=self._wait, name="integrations-no-hang", daemon=True)
        self._begin = 0.0
        self._seen = 0
        self._task: asyncio.Task[Any] | None = None
        self._handler: Any = None
        """What somebody else does at Ctrl-C (a worker that wants to end gracefully), kept for the end of the block."""

    def __enter__(self) -> Self:
        """Begin to watch."""
        self._begin = self._ledger.now()
        self._seen = len(self._ledger)
        self._watched = threading.current_thread()
        self._task = _running_task()
        if self._task is None and self._watched is threading.main_thread():
            handler = signal.getsignal(signal.SIGINT)
            if handler is not None and not _is_of_a_loop(handler):  # None is not Python's, and cannot be put back
                self._handler = handler
                signal.signal(signal.SIGINT, signal.default_int_handler)
        self._watch.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Fail if the limit was reached, whatever the block made of the interruption."""
        __tracebackhide__ = True
        self._stop_watching()
        lasted = self._ledger.now() - self._begin
        calls = self._ledger.calls[self._seen :]
        if self._is_late or lasted > self._limit + EXACT.late:
            verdict = f"the block was not done after {lasted:.3f} s, {self._limit:g} s is the limit"
            try:
                fail(verdict, calls, groups=logical_calls(calls), notes=self._stacks, why=_WHY, hint=_HINT)
            except ResilienceError as failure:
                raise failure from error
        if error is None:
            _must_have_had_reason(calls, self._limit)

    def _wait(self) -> None:
        if self._done.wait(self._limit):
            return
        self._is_late = True
        self._stacks = list(_stacks(self._watch))
        if self._task is not None:
            with suppress(RuntimeError):  # its loop has just ended, and the block with it
                self._task.get_loop().call_soon_threadsafe(self._cancel, self._task)
        elif self._watched is threading.main_thread() and self._watched.ident is not None:
            signal.pthread_kill(self._watched.ident, signal.SIGINT)

    def _cancel(self, task: asyncio.Task[Any]) -> None:
        """Interrupt the block that *task* is in; called by its loop, so that the block cannot end meanwhile."""
        if not self._done.is_set():
            task.cancel()

    def _stop_watching(self) -> None:
        """Stop, and take the interruption here if it comes when the block has just ended."""
        try:
            self._done.set()
            self._watch.join()
            _let_signals_in()
        except KeyboardInterrupt:
            if not self._is_late:
                raise
        finally:
            if self._handler is not None:
                signal.signal(signal.SIGINT, self._handler)


def _running_task() -> asyncio.Task[Any] | None:
    """Return the asyncio task that we are in, if there is one; asyncio is not imported for that."""
    running: Any = sys.modules.get("asyncio")
    try:
        task: asyncio.Task[Any] | None = running.current_task() if running is not None else None
    except RuntimeError:  # no loop runs in this thread
        return None
    return task


def _is_of_a_loop(handler: Any) -> bool:
    """Tell whether *handler* is that of an event loop, which interrupts its main task."""
    return str(getattr(getattr(handler, "func", handler), "__module__", "")).startswith(("asyncio", "trio"))


def _let_signals_in() -> None:
    """Run some bytecode: a signal that has arrived is handled between two instructions."""
    for _ in range(100):
        pass


def _stacks(watch: threading.Thread) -> Iterator[str]:
    """Yield where each thread is, its innermost frame first."""
    names = {thread.ident: thread.name for thread in threading.enumerate() if thread is not watch}
    frames = sys._current_frames()  # noqa: SLF001 -- documented, and the only way
    for identity, name in names.items():
        if identity in frames and not name.startswith(_OUR_THREADS):
            yield f"{name} waited in {' < '.join(_places(frames[identity])) or 'pytest_integrations'}"


def _places(frame: FrameType | None) -> Iterator[str]:
    """Yield the innermost places; how virtual time waits is nobody's concern."""
    told = 0
    while frame is not None and told < _FRAMES:
        file = PurePath(frame.f_code.co_filename)
        if not file.is_relative_to(_OURS):
            yield f"{file.name}:{frame.f_lineno} {frame.f_code.co_name}"
            told += 1
        frame = frame.f_back


def _must_have_had_reason(calls: Sequence[Call], limit: float) -> None:
    __tracebackhide__ = True
    if all(call.fault is None and is_success(call) for call in calls):
        what = "all calls were healthy" if calls else "no call was made"
        hint = f"Script something to hang on, longer than {limit:g} s: fake_rest.inject(hang())."
        nothing_to_check(what, calls, hint=hint)
