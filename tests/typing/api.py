"""The public names as a user's type checker sees them: checked by mypy and pyright, never run."""

import pytest_integrations

version: str = pytest_integrations.__version__
