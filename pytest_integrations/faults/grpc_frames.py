"""gRPC connections that end in the middle of a frame of HTTP/2, which no message and no header section survives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from pytest_integrations.core.effect import Cut, Work
from pytest_integrations.core.fault import Fault
from pytest_integrations.core.grpc_effect import FrameKind, HalfFrame
from pytest_integrations.core.settings import among

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_integrations.core.effect import Effect
    from pytest_integrations.core.fault import Occasion

__all__ = ["drop_connection"]

_INSIDE = ("headers", "data", "trailers")
_HOW = ("reset", "close")
_NEVER = 2**62
"""More bytes than any answer has: the cut comes when all messages are out."""


@dataclass(frozen=True, slots=True, repr=False)
class drop_connection(Fault):  # noqa: N801 -- a word in a script
    """Drop the connection in the middle of a frame of the answer, with all calls that are on it.

    Wire definition: the answer up to the first frame of this kind; of that frame the nine bytes that announce it, and
    the first half of its payload; then RST (*how* `"reset"`) or FIN (`"close"`). *inside*: `"headers"`, the HEADERS
    that begin the answer; `"data"`, the DATA of its first message; `"trailers"`, the HEADERS with the status, after all
    messages. The handler runs. Other calls of the connection end with it. grpcio says UNAVAILABLE.

    ```python
    import grpc, pytest

    shop = 'syntax = "proto3"; message Order { string id = 1; } service Orders { rpc Get(Order) returns (Order); }'
    fake_grpc.load(shop).Get.reply(id="o1")
    fake_grpc.inject(drop_connection("data"))
    with grpc.insecure_channel(fake_grpc.target) as channel, pytest.raises(grpc.RpcError) as caught:
        channel.unary_unary("/Orders/Get")(b"", timeout=5)
    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
    ```
    """

    inside: FrameKind = "data"
    how: Literal["reset", "close"] = "reset"

    def __post_init__(self) -> None:
        """Check the settings."""
        among("inside", self.inside, _INSIDE)
        among("how", self.how, _HOW)

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        """Yield the cut, and what it is in the middle of."""
        yield Work(True)
        yield Cut(self.how, "body", {"headers": 0, "data": 0.5, "trailers": _NEVER}[self.inside])
        yield HalfFrame(self.inside)
