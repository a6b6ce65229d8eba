"""The same gateway: who it is, whether there were too many, and only then where to."""

from __future__ import annotations

import json
import logging
import time
import uuid
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import grpc
import redis
import urllib3
from redis.backoff import NoBackoff
from redis.retry import Retry
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import (
    BadGateway,
    BadRequest,
    GatewayTimeout,
    HTTPException,
    MethodNotAllowed,
    NotFound,
    ServiceUnavailable,
    TooManyRequests,
    Unauthorized,
    default_exceptions,
)
from werkzeug.http import parse_date
from werkzeug.wrappers import Request, Response

from examples.grpc_client.schema import messages, stubs

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from _typeshed.wsgi import StartResponse, WSGIEnvironment

log = logging.getLogger(__name__)


class Gateway:
    """One door for all services: a WSGI application.

    It tries nothing again. Its callers do, and who retries at two doors one after the other makes nine calls of three.
    """

    def __init__(
        self,
        *,
        auth: str,
        limits: str,
        stock: str,
        orders: str,
        jobs: str,
        per_minute: int = 60,
        timeout: float = 2.0,
    ) -> None:
        """Let each client in *per_minute* times a minute, and bear *timeout* seconds of silence from each service."""
        self.auth, self.stock = auth, stock
        self.per_minute, self.timeout = per_minute, timeout
        self.http = urllib3.PoolManager(timeout=timeout, retries=False)
        self.limits, self.jobs = self._redis(limits), self._redis(jobs)
        self.channel = grpc.insecure_channel(
            orders, [("grpc.enable_retries", 0), ("grpc.use_local_subchannel_pool", 1)]
        )
        self.orders = stubs.OrdersStub(self.channel)
        self.services = {
            "stock": (self._ask_rest, ()),  # which knows its methods itself
            "orders": (self._ask_grpc, ("GET", "HEAD")),
            "mails": (self._put_into_the_queue, ("POST",)),
        }

    # region answer
    def answer(self, request: Request) -> Response:
        """Answer one request: the order of these three lines is what a gateway is for."""
        try:
            client = self._authenticate(request)
            self._count(client)
            return self._route(request, client)
        except HTTPException as refusal:
            return _told(refusal)

    def _authenticate(self, request: Request) -> str:
        """Return who asks, as the auth service knows them; whoever it does not vouch for stays outside."""
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        known = _read(self._ask("POST", f"{self.auth}/introspect", fields={"token": token}))
        if not isinstance(known, dict) or known.get("active") is not True:
            raise Unauthorized("your token is not valid", www_authenticate=_BEARER)
        if "client_id" not in known:  # it may leave that out, says RFC 7662
            raise BadGateway("the auth service does not say who you are")
        return str(known["client_id"])

    def _count(self, client: str) -> None:
        """Refuse a client that has used up its minute; while nobody can count, let everybody in."""
        minute, passed = divmod(time.time(), 60)
        key = f"calls:{client}:{minute:.0f}"
        try:
            count = self.limits.incr(key)
            self.limits.expire(key, 60)
        except redis.RedisError as error:
            log.warning("nobody counts: %s", error)
            return
        if count > self.per_minute:
            raise TooManyRequests(f"{self.per_minute} a minute are yours", retry_after=int(60 - passed) + 1)

    def _route(self, request: Request, client: str) -> Response:
        service, _, path = request.path.strip("/").partition("/")
        if service not in self.services:
            raise NotFound(f"there is no service {service!r}; there are {', '.join(sorted(self.services))}")
        ask, methods = self.services[service]
        if methods and request.method not in methods:
            raise MethodNotAllowed(methods, f"{service!r} takes {' and '.join(methods)}")
        return ask(request, path, client)

    # endregion
    # region services
    def _ask_rest(self, request: Request, path: str, client: str) -> Response:
        """Pass a request on; its service is told who asks, and does not get to see the token."""
        if ".." in path.split("/"):
            raise BadRequest("a path leads down, never up: what lies beside the service is not for you")
        url = f"{self.stock}/{quote(path)}"
        if request.query_string:
            url += "?" + request.query_string.decode("latin-1")
        headers = {name: request.headers[name] for name in _PASSED_ON if name in request.headers}
        headers["X-Client-Id"] = client
        answer = self._ask(request.method, url, body=request.get_data() or None, headers=headers)
        if answer.status in _CLIENTS_FAULT:
            raise default_exceptions[answer.status](_CLIENTS_FAULT[answer.status])
        if answer.status < 300 and (answer.status == 204 or request.method == "HEAD"):
            return Response(status=answer.status)
        return _json(_read(answer), answer.status)

    def _ask_grpc(self, request: Request, path: str, client: str) -> Response:
        try:
            order = self.orders.Get(
                messages.GetRequest(id=path), timeout=self.timeout, metadata=(("x-client-id", client),)
            )
        except grpc.RpcError as error:
            raise _refusal(error.code()) from error
        if order is None:
            raise BadGateway("the orders service said OK and sent nothing")
        return _json({"id": order.id, "book": order.book})

    def _put_into_the_queue(self, request: Request, path: str, client: str) -> Response:
        """Answer 202 when the mail is in the queue, and not before."""
        number = request.headers.get("Idempotency-Key") or str(uuid.uuid4())  # by which a worker knows it again
        try:
            self.jobs.xadd("mails", {"id": number, "client": client, "mail": request.get_data()})
        except redis.RedisError as error:
            raise ServiceUnavailable("the queue took nothing", retry_after=1) from error
        return _json({"id": number}, 202)

    # endregion

    def _ask(self, method: str, url: str, **how: Any) -> urllib3.BaseHTTPResponse:
        """Return what a service answers, unless it could not: then raise what its client is to be told."""
        try:
            answer = self.http.request(method, url, **how)
        except urllib3.exceptions.NewConnectionError as error:  # which passes for a timeout, by inheritance
            raise ServiceUnavailable("the service is away", retry_after=1) from error
        except urllib3.exceptions.TimeoutError as error:
            raise GatewayTimeout(f"no answer within {self.timeout:g} s") from error
        except urllib3.exceptions.HTTPError as error:
            raise ServiceUnavailable("the service broke off", retry_after=1) from error
        if answer.status in {429, 503}:
            raise ServiceUnavailable("the service has too much to do", retry_after=_pause(answer))
        return answer

    def _redis(self, url: str) -> Any:
        return redis.Redis.from_url(url, socket_timeout=self.timeout, retry=Retry(NoBackoff(), 0))

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer as WSGI wants it."""
        return self.answer(Request(environ))(environ, start_response)

    def close(self) -> None:
        """Hang up."""
        self.http.clear()
        self.channel.close()
        self.limits.close()
        self.jobs.close()


_BEARER = WWWAuthenticate("bearer")
_PASSED_ON = ("Content-Type", "Idempotency-Key")
_CLIENTS_FAULT = {
    400: "the service cannot read that",
    404: "the service has no such thing",
    409: "the service has something that stands against it",
    422: "the service cannot do that",
}


def _json(body: Any, status: int = 200) -> Response:
    return Response(json.dumps(body), status, content_type="application/json")


def _read(answer: urllib3.BaseHTTPResponse) -> Any:
    """Return the JSON of an answer that went well."""
    if answer.status >= 400:
        raise BadGateway(f"the service said {answer.status}")
    try:
        return json.loads(answer.data)
    except ValueError as error:
        raise BadGateway("the service sent no JSON") from error


def _refusal(code: grpc.StatusCode) -> HTTPException:
    """Return what a client is told of a gRPC status; its details may name addresses, and are not for everybody."""
    match code:
        case grpc.StatusCode.INVALID_ARGUMENT:
            return BadRequest("the service cannot read that")
        case grpc.StatusCode.NOT_FOUND:
            return NotFound("the service has no such thing")
        case grpc.StatusCode.DEADLINE_EXCEEDED:
            return GatewayTimeout("no answer in time")
        case grpc.StatusCode.UNAVAILABLE | grpc.StatusCode.RESOURCE_EXHAUSTED:
            return ServiceUnavailable("the service is away, or has too much to do", retry_after=1)
    return BadGateway(f"the service said {code.name}")


def _pause(answer: urllib3.BaseHTTPResponse) -> datetime | int:
    """Return when a service wants to be asked again, so that its callers hear it."""
    asked = answer.headers.get("Retry-After", "")
    return int(asked) if asked.isdecimal() else parse_date(asked) or 1


def _told(refusal: HTTPException) -> Response:
    """Return a refusal as JSON, with the fields that belong to it, such as `Retry-After`."""
    response = _json({"error": refusal.description}, refusal.code or 500)
    for name, value in refusal.get_headers():
        if name not in response.headers:
            response.headers[name] = value
    return response
