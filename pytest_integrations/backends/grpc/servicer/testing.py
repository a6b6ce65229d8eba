"""grpcio-testing, without what it does to logging."""

from __future__ import annotations

import logging
from functools import cache
from typing import Any

__all__ = ["grpc_testing"]


@cache
def grpc_testing() -> Any:
    """Return the module; its parts call `logging.basicConfig()` as they are imported, which is taken back."""
    root = logging.getLogger()
    before = list(root.handlers)
    import grpc_testing as module
    import grpc_testing._server

    for handler in [each for each in root.handlers if each not in before]:
        root.removeHandler(handler)
    return module
