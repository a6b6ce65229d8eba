"""A servicer made from generated code, as an application writes it; what it does depends on the id it is asked for."""

from __future__ import annotations

import threading
import time
from typing import Any

import grpc

from tests.backends.grpc.hosting import generated, rich

Order = generated()[0].Order
Base: Any = generated()[1].OrdersServicer


class Orders(Base):  # type: ignore[misc]
    """What an application has written; what it does depends on the id that it is asked for."""

    def __init__(self) -> None:
        self.seen: list[Any] = []
        self.left: list[float] = []
        self.over = threading.Event()

    def Get(self, request: Any, context: Any) -> Any:  # noqa: N802 -- the name of the method
        self.seen.append(request)
        self.left.append(context.time_remaining())
        context.set_trailing_metadata((("after", "2"), ("after-bin", b"\xff")))
        if not context.add_callback(self.over.set):  # the client is gone before the method has begun
            self.over.set()
        return getattr(self, f"_{request.id}", self._usual)(request, context)

    def _usual(self, request: Any, _context: Any) -> Any:
        return Order(id=request.id, qty=request.qty)

    def _abort(self, _request: Any, context: Any) -> Any:
        context.abort(grpc.StatusCode.NOT_FOUND, "no such order")

    def _rich(self, _request: Any, context: Any) -> Any:
        context.abort_with_status(rich("again"))

    def _raise(self, _request: Any, _context: Any) -> Any:
        raise ValueError(17)

    def _coded(self, request: Any, context: Any) -> Any:
        context.set_code(grpc.StatusCode.RESOURCE_EXHAUSTED)
        context.set_details("later")
        return self._usual(request, context)

    def _codedraise(self, _request: Any, context: Any) -> Any:
        context.set_code(grpc.StatusCode.DATA_LOSS)
        raise ValueError(17)

    def _nothing(self, _request: Any, _context: Any) -> Any:
        return None

    def _other(self, _request: Any, _context: Any) -> Any:
        return generated()[0].Summary(count=1)

    def _cancel(self, request: Any, context: Any) -> Any:
        context.cancel()
        return self._usual(request, context)

    def _initial(self, request: Any, context: Any) -> Any:
        context.send_initial_metadata((("before", "1"),))
        return self._usual(request, context)

    def _echo(self, _request: Any, context: Any) -> Any:
        pairs = [f"{key}={value}" for key, value in context.invocation_metadata() if key.startswith("x-")]
        assert context.invocation_metadata()[0].key
        return Order(id=" ".join(pairs))

    def _sleep(self, request: Any, context: Any) -> Any:
        time.sleep(30)
        return self._usual(request, context)

    def _hang(self, request: Any, context: Any) -> Any:
        self.over.wait()
        return self._usual(request, context)

    def List(self, request: Any, context: Any) -> Any:  # noqa: N802 -- as above
        try:
            for number in range(request.qty):
                if request.id == "slow":
                    time.sleep(10)
                if request.id == "abort" and number == 2:
                    context.abort(grpc.StatusCode.DATA_LOSS, "torn")
                yield Order(id=str(number))
        finally:
            self.over.set()

    def Upload(self, requests: Any, context: Any) -> Any:  # noqa: N802 -- as above
        return generated()[0].Summary(count=sum(1 for _ in requests))

    def Chat(self, requests: Any, context: Any) -> Any:  # noqa: N802 -- as above
        yield Order(id="hello")
        for request in requests:
            yield Order(id=request.id.upper())
