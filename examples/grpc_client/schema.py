"""The messages and the stub of orders.proto, made when they are imported; a project would have them generated."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import grpc

PROTO = Path(__file__).with_name("orders.proto")

messages: Any
stubs: Any
messages, stubs = grpc.protos_and_services("examples/grpc_client/orders.proto")
