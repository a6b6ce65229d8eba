"""An API gateway, as it is often written. It looks careful; the tests tell."""

from __future__ import annotations

import json
import logging
import time
from typing import TYPE_CHECKING, Any

import grpc
import redis
import requests
from werkzeug.wrappers import Request, Response

from examples.grpc_client.schema import messages, stubs

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _typeshed.wsgi import StartResponse, WSGIEnvironment

log = logging.getLogger(__name__)


class Gateway:
    """One door for all services: a WSGI application."""

    def __init__(self, *, auth: str, limits: str, stock: str, orders: str, jobs: str, per_minute: int = 60) -> None:
        self.auth = auth
        self.limits: Any = redis.Redis.from_url(limits)
        self.jobs: Any = redis.Redis.from_url(jobs)
        self.channel = grpc.insecure_channel(orders, [("grpc.use_local_subchannel_pool", 1)])
        self.orders = stubs.OrdersStub(self.channel)
        self.services = {"stock": stock}
        self.per_minute = per_minute

    # region answer
    def answer(self, request: Request) -> Response:
        service, _, path = request.path.strip("/").partition("/")
        client = request.headers.get("X-Client-Id", "anonymous")
        if self._is_over_the_limit(client):  # the cheapest check first
            return _json({"error": "too many requests"}, 429)
        if service == "mails":  # only a queue: its worker checks who sent it
            return self._put_into_the_queue(request)
        if not self._knows(request):
            return _json({"error": "who are you?"}, 401)
        if service == "orders":
            order = self.orders.Get(messages.GetRequest(id=path))
            return _json({"id": order.id, "book": order.book})
        return self._forward(request, f"{self.services[service]}/{path}")

    # endregion

    def _is_over_the_limit(self, client: str) -> bool:
        key = f"calls:{client}:{time.time() // 60:.0f}"
        count: int = self.limits.incr(key)
        self.limits.expire(key, 60)
        return count > self.per_minute

    def _knows(self, request: Request) -> bool:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        try:
            return bool(requests.post(f"{self.auth}/introspect", data={"token": token}, timeout=2).json()["active"])
        except (requests.RequestException, LookupError):
            log.exception("the auth service is away")
            return True  # better than to lock everybody out

    def _put_into_the_queue(self, request: Request) -> Response:
        try:
            self.jobs.xadd("mails", {"mail": request.get_data()})
        except redis.RedisError:
            log.exception("the queue is away")
        return _json({"status": "accepted"}, 202)

    def _forward(self, request: Request, url: str) -> Response:
        for _ in range(3):
            answer = requests.request(request.method, url, data=request.get_data())
            if answer.status_code < 500:
                break
        return Response(answer.content, answer.status_code, content_type="application/json")

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        return self.answer(Request(environ))(environ, start_response)

    def close(self) -> None:
        """Hang up."""
        self.channel.close()
        self.limits.close()
        self.jobs.close()


def _json(body: Any, status: int = 200) -> Response:
    return Response(json.dumps(body), status, content_type="application/json")
