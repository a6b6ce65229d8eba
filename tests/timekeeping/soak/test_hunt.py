"""The hunt for a wrong run: `pytest -m hunt -s -o faulthandler_timeout=0`, for so long as HUNT_SECONDS says."""

from __future__ import annotations

import os

import pytest

from tests.timekeeping.soak.hunt import hunt


@pytest.mark.hunt
def test_no_wrong_run_of_the_heaviest_scenario() -> None:
    """Four processes beside it want the processors too; how many runs there were is printed."""
    runs, wrong = hunt(float(os.environ.get("HUNT_SECONDS", "300")), hogs=4)
    print(f"\n{len(wrong)} wrong of {runs} runs")
    assert wrong == []
