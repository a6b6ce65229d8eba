"""How much metadata a client takes: the same by memory as by the wire."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import grpc
import pytest

from tests.backends.grpc.hosting import generated, hosted
from tests.backends.grpc.orders import stub
from tests.contract.grpc.test_memory import channel_of

if TYPE_CHECKING:
    from pytest_integrations.backends.grpc.fake import FakeGrpc
    from pytest_integrations.backends.grpc.services import Service

pytestmark = pytest.mark.usefixtures("quiet")

ways = pytest.mark.parametrize("way", ["wire", "memory"])

FEW, MANY = 7_000, 20_000
"""Bytes that are always taken, and that never are; in between grpcio draws lots."""


@ways
def test_a_text_that_is_too_long(shop: FakeGrpc, orders: Service, way: str) -> None:
    with channel_of(shop, way) as channel:
        for size, code in ((FEW, "NOT_FOUND"), (MANY, "RESOURCE_EXHAUSTED")):
            orders.Get.fail("NOT_FOUND", "x" * size)
            with pytest.raises(grpc.RpcError) as caught:
                stub(channel, orders.Get)({}, timeout=5)
            assert caught.value.code().name == code
    assert "metadata size exceeds hard limit" in caught.value.details()
    call: Any = shop.calls[-1]
    assert (call.outcome, call.code) == ("answered", "NOT_FOUND")


class Talkative(generated()[1].OrdersServicer):  # type: ignore[misc]
    """Sends as many bytes of metadata as it is asked for, with the headers."""

    def Get(self, request: Any, context: Any) -> Any:  # noqa: N802 -- the name of the method
        context.send_initial_metadata([("x-talk", "x" * request.qty)])
        return request


@ways
def test_headers_that_are_too_long(shop: FakeGrpc, way: str) -> None:
    get: Any = hosted(shop, Talkative()).Get
    with channel_of(shop, way) as channel:
        assert stub(channel, get)({"qty": FEW}, timeout=5).qty == FEW
        with pytest.raises(grpc.RpcError) as caught:
            stub(channel, get)({"qty": MANY}, timeout=5)
    assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
