"""A gRPC client with a retry interceptor, as it is often written. It looks careful; the tests tell."""

from __future__ import annotations

import time
from typing import Any

import grpc

from examples.grpc_client.schema import messages, stubs


# region client
class Retry(grpc.UnaryUnaryClientInterceptor):  # type: ignore[misc]
    def intercept_unary_unary(self, continuation: Any, details: Any, request: Any) -> Any:
        for attempt in range(3):
            call = continuation(details, request)
            if call.code() is grpc.StatusCode.OK or attempt == 2:
                break
            time.sleep(0.02)
        return call


class OrdersClient:
    def __init__(self, target: str) -> None:
        self.channel = grpc.intercept_channel(grpc.insecure_channel(target), Retry())
        self.stub = stubs.OrdersStub(self.channel)

    def get(self, order: str) -> Any:
        return self.stub.Get(messages.GetRequest(id=order))

    def place(self, book: str) -> Any:
        return self.stub.Place(messages.PlaceRequest(book=book))

    # endregion

    def close(self) -> None:
        self.channel.close()
