"""The bars as tests, outside the default run: `pytest -m benchmark`. A noisy machine can fail them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .measure import FIGURES

if TYPE_CHECKING:
    from collections.abc import Callable

    from .figure import Figure


@pytest.mark.benchmark
@pytest.mark.parametrize("measure", FIGURES, ids=lambda measure: measure.__name__)
def test_figure_holds(measure: Callable[[], Figure | tuple[Figure, ...]]) -> None:
    """Each figure is on the right side of its bar."""
    result = measure()
    for figure in result if isinstance(result, tuple) else (result,):
        assert figure.holds, figure.row()
