"""The fixture `grpc_servicer`: one ledger with the fakes of the test, one clock with everybody."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import grpc
import pytest

from pytest_integrations import ResilienceError, assert_deadline_propagated
from tests.backends.grpc.hosting import generated
from tests.backends.grpc.orders import stub

if TYPE_CHECKING:
    from pytest_integrations.backends.grpc.fake import FakeGrpc
    from pytest_integrations.backends.grpc.servicer.servicers import Servicers
    from pytest_integrations.plugin.factory import Fakes
    from pytest_integrations.timekeeping import VirtualClock

Order = generated()[0].Order
Base: Any = generated()[1].OrdersServicer


class Sleeping(Base):  # type: ignore[misc]
    """Takes 30 s."""

    def Get(self, request: Any, context: Any) -> Any:  # noqa: N802 -- the name of the method
        time.sleep(30)
        return request


def test_a_deadline_in_virtual_time(grpc_servicer: Servicers, virtual_clock: VirtualClock) -> None:
    orders = grpc_servicer(Sleeping())
    assert orders.Get(Order(id="o1"), timeout=20).code is grpc.StatusCode.DEADLINE_EXCEEDED
    assert virtual_clock.now == 20


class Asking(Base):  # type: ignore[misc]
    """Asks another service, and leaves it as much time as it has itself."""

    def __init__(self, get: Any, *, keeps: bool) -> None:
        self.get = get
        self.keeps = keeps

    def Get(self, request: Any, context: Any) -> Any:  # noqa: N802 -- the name of the method
        time.sleep(2)
        answer = self.get({"id": request.id}, timeout=context.time_remaining() if self.keeps else 30)
        return Order(id=answer.id)


@pytest.mark.parametrize("keeps", [True, False], ids=["right", "wrong"])
def test_whether_a_servicer_passes_its_deadline_on(
    virtual_clock: VirtualClock, fakes: Fakes, fake_grpc: FakeGrpc, grpc_servicer: Servicers, *, keeps: bool
) -> None:
    stock = fake_grpc.add(generated()[0].DESCRIPTOR.services_by_name["Orders"])
    stock.Get.reply(lambda request: {"id": request.id + "!"})
    get = stub(fake_grpc.memory_channel(), stock.Get)
    orders = grpc_servicer(Asking(get, keeps=keeps))
    assert orders.Get(Order(id="o1"), timeout=20).response.id == "o1!"
    assert virtual_clock.now == 2
    outer, inner = fakes.calls
    assert (outer.fake, inner.fake, inner.started) == ("grpc_servicer", "fake_grpc", 2)
    if keeps:
        assert_deadline_propagated(fakes.calls, within=20)
    else:
        with pytest.raises(ResilienceError, match="is given 30 s"):
            assert_deadline_propagated(fakes.calls, within=20)


def test_several_servicers(grpc_servicer: Servicers) -> None:
    first, second = grpc_servicer(Sleeping(), name="first"), grpc_servicer(Base(), name="second")
    assert second.Get({"id": "o1"}).code is grpc.StatusCode.UNIMPLEMENTED
    assert (len(first.calls), len(second.calls)) == (0, 1)
