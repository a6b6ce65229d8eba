"""The table of cases."""

from __future__ import annotations

import warnings
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

from pytest_integrations.core.errors import FaultNeverFired, IntegrationsError, ScriptingError

from .case import Case
from .place import Place
from .play import play, play_async
from .request import NOTHING
from .result import CaseResults

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from contextlib import AbstractContextManager
    from datetime import timedelta

    from pytest_integrations.backends.fake import Fake

    from .health import Health
    from .result import CaseResult

__all__ = ["IntegrationTester"]


class IntegrationTester:
    """Runs a table of cases against a client or a URL, times each, and judges what came back and what crossed the wire.

    Under pytest it is the fixture `integration_tester`, which knows the fakes of the test and reports each case as a
    subtest. Without pytest it is given the fakes, and `run` raises in the end what did not pass.

    ```python
    import urllib.request
    from pytest_integrations.tester import IntegrationTester

    def get(path):
        return urllib.request.urlopen(stock.url + path)

    with FakeRest("stock") as stock:
        stock.get("/tea").reply(json={"left": 3})

        tester = IntegrationTester([stock])
        tester.add("there is tea", request="/tea", expect={"left": 3}, within=2)
        results = tester.run(get)

        assert [(each.name, each.status) for each in results] == [("there is tea", "passed")]
        assert results.health().status == "healthy"
    ```
    """

    def __init__(
        self,
        fakes: Iterable[Fake] = (),
        *,
        report: Callable[[str], AbstractContextManager[object]] | None = None,
    ) -> None:
        """Make a table without cases.

        *fakes* are those that the client may reach; they are looked at anew for each case. *report(name)* is a context
        manager in which a case is played, and that takes what it raises; without it `run` raises in the end.
        """
        self._fakes = fakes
        self._report = report
        self._cases: dict[str, Case] = {}
        self._results: list[CaseResult] = []

    def add(
        self,
        name: str,
        *,
        request: Any = NOTHING,
        expect: Any = NOTHING,
        faults: Any = (),
        attempts: int | None = None,
        within: float | timedelta | None = None,
        resilience: Any = (),
        received: Any = (),
        repeat: int = 1,
        every: float | timedelta = 0.0,
        call: str | None = None,
        client: Any = None,
    ) -> Case:
        """Add a case to the table.

        Args:
            name: what it is called in reports; each case has its own.
            request: the arguments of the client: `("GET", "/tea")` in their order, `{"sku": "tea"}` by their names, or
                a single one. A URL as the client takes method and path, `query`, `headers`, `json`, `text` and `body`.
            expect: what the client returns; of a response its status (`200`) or its JSON. Or what it raises (a class),
                a function of what it returns, or an `Expected` for more than one of these. If left out, the client is
                to return, and not with a 4xx or 5xx.
            faults: a fault, `rule(fault, times=2)` of `pytest_integrations.profiles`, or several; of several fakes, a
                mapping of the fake, or its route, to them. They are there during the case only.
            attempts: how often the client tries, 1 and the retries; see `assert_attempts`.
            within: how many seconds of the clock in force the client may take.
            resilience: assertions by name with their settings, `{"backoff": exponential(base=1)}`, or functions of the
                calls of the case. The settings `fake` and `operation` choose among the calls.
            received: how many calls of which operations are to reach the fakes, `{"POST /charges": 0}`, or a `Received`
                for what is to be in them.
            repeat: how often the client is called, one call after the other; what comes of the last one is judged, and
                timed. For breakers, which open after a few.
            every: how many seconds lie between two of these calls.
            call: the method of the client that is called, if not the client itself.
            client: the client of this case, if not that of the run.

        Raises ScriptingError for what cannot be, at this line.
        """
        __tracebackhide__ = True
        try:
            case = Case.of(
                name,
                request=request,
                expect=expect,
                faults=faults,
                attempts=attempts,
                within=within,
                resilience=resilience,
                received=received,
                repeat=repeat,
                every=every,
                call=call,
                client=client,
                place=Place.of_caller(1),
            )
        except ScriptingError as error:
            raise error.with_traceback(None) from None  # the mistake is at the caller's line, not in ours
        if name in self._cases:
            msg = f"there is a case called {name!r} in this table already; choose another name"
            raise ScriptingError(msg)
        self._cases[name] = case
        return case

    @property
    def cases(self) -> tuple[Case, ...]:
        """The cases of the table, in order."""
        return tuple(self._cases.values())

    @property
    def results(self) -> CaseResults:
        """What came of all cases that were run so far."""
        return CaseResults(self._results)

    def health(self) -> Health:
        """Return how each integration point fared so far."""
        return self.results.health()

    def run(self, client: Any = None) -> CaseResults:
        """Play every case with *client*, one after the other, and return what came of them.

        *client* is a callable, an object whose methods the cases name by `call=`, a URL, or a fake. A case that does
        not pass keeps none of the others from being played.
        """
        __tracebackhide__ = True
        results: list[CaseResult] = []
        for case in self._ready():
            with self._reported(case, results) as take:
                take(play(case, client, self._fakes))
        return self._finished(results)

    async def run_async(self, client: Any = None) -> CaseResults:
        """Do the same in the event loop of an asynchronous test, where the client may be at home.

        What the client returns is awaited, if it can be; the cases still come one after the other.
        """
        __tracebackhide__ = True
        results: list[CaseResult] = []
        for case in self._ready():
            with self._reported(case, results) as take:
                take(await play_async(case, client, self._fakes))
        return self._finished(results)

    def _ready(self) -> tuple[Case, ...]:
        __tracebackhide__ = True
        if not self._cases:
            msg = "there is no case to run: add one, such as add('there is tea', request=('GET', '/tea'), expect=200)"
            raise ScriptingError(msg)
        return self.cases

    @contextmanager
    def _reported(self, case: Case, results: list[CaseResult]) -> Iterator[Callable[[CaseResult], object]]:
        """Report what is taken, and what is raised meanwhile, as what came of *case*."""
        __tracebackhide__ = True
        with self._report(case.name) if self._report is not None else nullcontext():
            taken: list[CaseResult] = []
            try:
                yield taken.append
            except IntegrationsError as error:
                if case.place is not None:
                    case.place.raise_here(error.with_traceback(None))
                raise
            self._results += taken
            results += taken
            for result in taken:
                if result.passed and result.never_fired:
                    msg = f"case {result.name!r} passed without its fault: {result.never_fired[0]} never fired"
                    warnings.warn(FaultNeverFired(msg), stacklevel=4)
                if self._report is not None:
                    result.check()

    def _finished(self, results: list[CaseResult]) -> CaseResults:
        __tracebackhide__ = True
        found = CaseResults(results)
        if self._report is None:
            found.check()
        return found

    def __repr__(self) -> str:
        """Show how many cases there are, and how many were run."""
        return f"<IntegrationTester: {len(self._cases)} cases, {len(self._results)} results>"
