"""The fakes of one test: one ledger, one clock, one seed, and a name for each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_integrations.core.errors import ScriptingError
from pytest_integrations.core.ledger import Ledger

if TYPE_CHECKING:
    from pytest_integrations.backends.fake import Fake
    from pytest_integrations.backends.rest import FakeRest
    from pytest_integrations.core.ledger import Calls
    from pytest_integrations.core.seed import Seed

__all__ = ["Fakes"]


class Fakes:
    """A factory of fakes that write in one ledger, so that their calls can be asked for in one order."""

    def __init__(self, seed: Seed) -> None:
        """Begin without a fake; all chance follows from *seed*."""
        self.seed = seed
        self.ledger = Ledger(settle=_settle)
        self._made: dict[str, Fake] = {}

    def rest(self, name: str, **settings: Any) -> FakeRest:
        """Start a fake REST backend called *name*; the *settings* are those of `FakeRest`."""
        from pytest_integrations.backends.rest import FakeRest

        self._is_free(name)
        fake = FakeRest(name, ledger=self.ledger, seed=self.seed, **settings)
        self._made[name] = fake
        return fake.start()

    @property
    def calls(self) -> Calls:
        """What all the fakes were asked so far, in the order of its coming."""
        return self.ledger.calls

    def stop(self) -> None:
        """Stop them all."""
        for fake in reversed(self._made.values()):
            fake.stop()

    def _is_free(self, name: str) -> None:
        if name in self._made:
            msg = f"there is a fake called {name!r} in this test already: {self._made[name]!r}; choose another name"
            raise ScriptingError(msg)


def _settle() -> None:
    from pytest_integrations.wire.loop import shared_loop

    shared_loop().settle()
