"""Measure everything and print a Markdown table."""

from __future__ import annotations

import platform
import sys

from .measure import measure_all

figures = measure_all()
sys.stdout.write(f"CPython {platform.python_version()}\n\n| figure | measured | bar | holds |\n|---|---|---|---|\n")
sys.stdout.writelines(f"{figure.row()}\n" for figure in figures)
sys.exit(not all(figure.holds for figure in figures))
