"""What gRPC clients make of each fault, as a table: from the cases that tests/contract plays."""

from __future__ import annotations

from tests.contract.grpc.client_cases import CASES

from .queue_clients import table

__all__ = ["grpc_page"]

_CLIENTS = ("grpcio", "grpcio aio", "grpclib", "connectrpc")
_SHOWN = {"OK": "OK", "OK, None": "**OK, `None`**", "waits": "**waits**"}


def grpc_page() -> str:
    """Return what each client makes of each fault of a unary call."""
    rows = ([f"`{case.fault!r}`", *(_cell(case.of(client)) for client in _CLIENTS)] for case in CASES)
    return table(["fault", *_CLIENTS], rows)


def _cell(told: str) -> str:
    return " or ".join(_SHOWN.get(each, f"`{each}`") for each in told.split(" or "))
