"""The command that runs a test again with the same faults."""

from __future__ import annotations

import shlex

__all__ = ["replay_line"]


def replay_line(test: str, *, profile: str | None, seed: int | None) -> str:
    """Return the command for the test with this id, with the fault *profile* and the *seed* that it needs, if any.

    >>> replay_line("test_pay.py::test_charge", profile="flaky", seed=7)
    "pytest 'test_pay.py::test_charge' --fault-profile flaky --fault-seed 7"
    """
    words = ["pytest", shlex.quote(test) if "'" in test else f"'{test}'"]
    words += [f"--fault-profile {profile}"] if profile else []
    words += [f"--fault-seed {seed}"] if seed is not None else []
    return " ".join(words)
