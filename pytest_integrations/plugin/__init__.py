"""The roof: the only floor that knows pytest.

    fixtures    what a test asks for: fake_rest, fakes
    fakes       the factory behind them

Importing it loads the standard library, pytest and our own light modules; what is heavy is loaded by the fixtures.
"""

from __future__ import annotations

from .fixtures import fake_rest, fakes

__all__ = ["fake_rest", "fakes"]
