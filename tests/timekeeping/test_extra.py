"""Virtual time is an extra, and says so where it is missing."""

from __future__ import annotations

import subprocess
import sys

_WITHOUT = """
import sys
sys.modules["time_machine"] = None  # as if it were not installed
import pytest_integrations
try:
    pytest_integrations.VirtualClock
except pytest_integrations.IntegrationsError as error:
    print(error)
"""


def test_the_extra_is_named_where_it_is_missing() -> None:
    """Not a ModuleNotFoundError of something that the reader has never heard of."""
    done = subprocess.run([sys.executable, "-c", _WITHOUT], check=True, capture_output=True, text=True)

    assert done.stdout == "virtual time needs time-machine: install pytest-integrations[virtual-time]\n"
