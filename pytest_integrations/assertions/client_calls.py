"""What the client did on its own side: every call that the test made through it, also those that never arrived.

The ledger shows what crossed the wire. A breaker that sheds leaves nothing there, and neither does a client that was
never used: to tell them apart, the test makes its calls through `ClientCalls`.
"""

from __future__ import annotations

import inspect
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, overload

from pytest_integrations.core.client_call import ClientCall
from pytest_integrations.core.errors import ScriptingError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from pytest_integrations.core.ledger import Ledger

__all__ = ["ClientCall", "ClientCalls"]


class ClientCalls(Sequence[ClientCall]):
    """A recorder of the calls that a test makes through its client, also of those that never reach a fake.

    Call it with a function and its arguments; it returns the `ClientCall`, with the `value` or the `error`, and raises
    nothing, because a breaker's test makes many calls that fail. (Assertion errors, cancellation and the like do get
    through.) It is safe to use from several threads and tasks.

    `repeat(10, fetch, "tea", every=1)` calls it ten times, `together(4, fetch, "tea")` from four threads at once. What
    has to be awaited is called by `await client.awaited(fetch, "tea")`; several at once by `asyncio.gather` of those.

    ```python
    import requests
    from pytest_integrations.assertions.client_calls import ClientCalls

    def test_the_recorder_tells_what_the_client_saw(fake_rest):
        fake_rest.get("/stock").reply(json={"left": 3})
        client = ClientCalls(fake_rest.ledger)

        answered = client(requests.get, f"{fake_rest.url}/stock", timeout=5)
        failed = client(requests.get, "http://", timeout=5)

        assert answered.value.json() == {"left": 3}
        assert isinstance(failed.error, requests.RequestException)
        assert len(client) == 2
        assert len(fake_rest.calls) == 1
    ```
    """

    def __init__(self, ledger: Ledger) -> None:
        """Record on the clock of *ledger*, where the same calls arrive if they arrive."""
        self.ledger = ledger
        self._calls: list[ClientCall] = []
        self._ticks = 0
        self._lock = threading.Lock()
        ledger.clients.append(self)

    def __call__(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> ClientCall:
        """Call *function* and return what came of it; raises ScriptingError for one that has to be awaited."""
        running = _Running(self, function)
        try:
            value = function(*args, **kwargs)
        except BaseException as error:  # noqa: BLE001 -- recorded whatever it is; `failed` raises what is not the client's
            return running.failed(error)
        if inspect.isawaitable(value):  # a coroutine, a call of grpc.aio, a request of aiohttp
            _drop(value)
            msg = f"{running.name} has to be awaited: write `await client.awaited({running.name}, ...)`"
            raise ScriptingError(msg)
        return running.returned(value)

    async def awaited(self, function: Callable[..., Awaitable[Any]], /, *args: Any, **kwargs: Any) -> ClientCall:
        """Call *function*, await its result and return what came of it; use `asyncio.gather` for several at once."""
        running = _Running(self, function)
        try:
            value = function(*args, **kwargs)
            if inspect.isawaitable(value):
                return running.returned(await value)
        except BaseException as error:  # noqa: BLE001 -- recorded whatever it is; `failed` raises what is not the client's
            return running.failed(error)
        msg = f"{running.name} returns at once, so that nothing can be awaited: write `client({running.name}, ...)`"
        raise ScriptingError(msg)

    def repeat(
        self, times: int, function: Callable[..., Any], /, *args: Any, every: float = 0.0, **kwargs: Any
    ) -> list[ClientCall]:
        """Call *function* this many *times*, one after the other, with a pause of *every* seconds in between."""
        done = []
        for number in range(times):
            if number and every:
                self.ledger.clock.sleep(every)
            done.append(self(function, *args, **kwargs))
        return done

    def together(self, times: int, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> list[ClientCall]:
        """Call *function* from this many threads at the same moment and return when all are back."""
        done: list[ClientCall] = []
        raised: list[BaseException] = []
        gate = threading.Barrier(times)

        def run() -> None:
            gate.wait()
            try:
                done.append(self(function, *args, **kwargs))
            except BaseException as error:  # noqa: BLE001 -- raised again below, in the thread of the test
                raised.append(error)

        threads = [threading.Thread(target=run, name=f"client-{number}") for number in range(times)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if raised:
            raise raised[0]
        return done

    @property
    def errors(self) -> list[BaseException]:
        """What the calls raised, in order of their ends."""
        return [call.error for call in self if call.error is not None]

    def tick(self) -> int:
        """Return the next place in the order of beginnings and ends."""
        with self._lock:
            self._ticks += 1
            return self._ticks

    def record(self, call: ClientCall) -> ClientCall:
        """Keep *call* and return it."""
        with self._lock:
            self._calls.append(call)
        return call

    @overload
    def __getitem__(self, index: int) -> ClientCall: ...
    @overload
    def __getitem__(self, index: slice) -> list[ClientCall]: ...
    def __getitem__(self, index: int | slice) -> ClientCall | list[ClientCall]:
        """Return one call, or those of a slice, in order of their ends."""
        return self._calls[index]

    def __len__(self) -> int:
        """Return how many calls have come to an end."""
        return len(self._calls)

    def __repr__(self) -> str:
        """Show one call a line."""
        rows = "".join(f"\n  {call}," for call in self)
        return f"ClientCalls([{rows}\n])" if rows else "ClientCalls([])"


def _drop(value: Any) -> None:
    """Let *value*, which nobody awaits, end without a warning."""
    end = getattr(value, "close", None) or getattr(value, "cancel", None)
    if end is not None:
        end()


class _Running:
    """A call of the client from its beginning to its end."""

    __slots__ = ("_began", "_calls", "_first", "_started", "name")

    def __init__(self, calls: ClientCalls, function: Callable[..., Any]) -> None:
        self.name = getattr(function, "__name__", type(function).__name__)
        self._calls = calls
        self._began = calls.tick()
        self._first = calls.ledger.latest + 1
        self._started = calls.ledger.now()

    def returned(self, value: Any) -> ClientCall:
        return self._end(value, None)

    def failed(self, error: BaseException) -> ClientCall:
        """Record an *error*; raise it again if it is not the client's."""
        ended = self._end(None, error)
        if isinstance(error, Exception) and not isinstance(error, AssertionError):
            return ended
        raise error

    def _end(self, value: Any, error: BaseException | None) -> ClientCall:
        ledger = self._calls.ledger
        ended, finished = ledger.now(), self._calls.tick()
        ledger.settle()  # a client that gave up early may be back before the wire has read its request
        return self._calls.record(
            ClientCall(
                name=self.name,
                started=self._started,
                ended=ended,
                began=self._began,
                finished=finished,
                first=self._first,
                last=ledger.latest,
                value=value,
                error=error,
            )
        )
