"""The seed: the only file of the package that may draw at random.

A draw depends on *what* it is drawn for (run seed, test, fake, operation, ordinal, fault) and on nothing else: not on
the order of the tests, not on the worker, not on what was drawn before. The same seed gives the same faults in any
order.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from hashlib import blake2b

__all__ = ["Seed", "fresh_seed"]


@dataclass(frozen=True, slots=True)
class Seed:
    """The number of the run and the key of the test, from which all chance follows.

    >>> Seed(7, "test_a").draw("payments", "POST /charges", 1)
    0.7460783690005738
    >>> Seed(7, "test_a").draw("payments", "POST /charges", 1) == Seed(7, "test_b").draw("payments", "POST /charges", 1)
    False
    """

    run: int = 0
    key: str = ""

    def draw(self, *what: object) -> float:
        """Return a number in [0, 1) that depends on the seed and on *what* it is for."""
        return int.from_bytes(self._digest(what), "big") / 2**64

    def stream(self, *what: object) -> random.Random:
        """Return a generator of its own for *what*, for things that need several draws."""
        return random.Random(self._digest(what))  # noqa: S311 -- repeatable faults, not secrets

    def _digest(self, what: tuple[object, ...]) -> bytes:
        text = "\x1f".join(map(str, (self.run, self.key, *what)))
        return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()


def fresh_seed() -> int:
    """Return a new run seed, short enough to be typed again."""
    return random.SystemRandom().randrange(1, 100_000)
