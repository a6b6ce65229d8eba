"""The fake REST backend."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from pytest_integrations.backends.listening import ListeningFake
from pytest_integrations.core import effect, http2_effect
from pytest_integrations.core.errors import ScriptingError
from pytest_integrations.core.settings import seconds
from pytest_integrations.faults.limits import max_concurrency, rate_limit
from pytest_integrations.wire.http1.protocol import Http1Protocol
from pytest_integrations.wire.http2.frames import PREFACE
from pytest_integrations.wire.loop import shared_loop
from pytest_integrations.wire.preface import PrefaceProtocol

from .conditions import Conditions
from .route import Route
from .service import RestService
from .table import RouteTable
from .templates import routed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import timedelta
    from os import PathLike

    from _typeshed.wsgi import WSGIApplication

    from pytest_integrations.backends.http_objects import RecordedCall
    from pytest_integrations.core.call import Connection
    from pytest_integrations.core.clock import Clock
    from pytest_integrations.core.fault import Fault
    from pytest_integrations.core.ledger import Ledger
    from pytest_integrations.core.script import Rule, Script
    from pytest_integrations.core.seed import Seed
    from pytest_integrations.wire.transport import WireProtocol

    from .cassette import Cassette, RecordMode
    from .openapi.api import OpenApi
    from .openapi.contract import Contract
    from .passage import Passage
    from .resource import Resource

__all__ = ["FakeRest"]

_MAX_HEAD = 64 * 1024
_MAX_BODY = 64 * 1024 * 1024


class FakeRest(ListeningFake):
    """A REST backend on loopback that speaks real HTTP/1.1 and HTTP/2 and answers what the test scripts.

    HTTP/2 it speaks with clients that begin with its preface (prior knowledge), and with those that choose `h2` inside
    TLS: the same routes, faults and ledger. Faults that only one of the two has do not happen to calls of the other,
    and are reported as never fired.

    ```python
    import urllib.request
    from pytest_integrations import FakeRest

    with FakeRest() as payments:
        payments.get("/charges/<int:id>").reply(json={"id": 7})
        with urllib.request.urlopen(f"{payments.url}/charges/7") as answer:
            assert answer.status == 200
        assert payments.calls[0].operation == "GET /charges/<int:id>"
    ```
    """

    protocol = "http/1.1"
    performs: frozenset[type[effect.Effect]] = frozenset(
        {
            effect.Answer,
            effect.Cut,
            effect.Delay,
            effect.Expire,
            effect.Preempt,
            effect.Refuse,
            effect.Tamper,
            effect.Throttle,
            effect.Trickle,
            effect.Withhold,
            effect.Work,
            http2_effect.LimitStreams,
            http2_effect.ResetStream,
            http2_effect.Retire,
        }
    )
    alpn: tuple[str, ...] = ("h2", "http/1.1")

    def __init__(
        self,
        name: str = "fake_rest",
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        tls: bool = False,
        max_head: int = _MAX_HEAD,
        max_body: int = _MAX_BODY,
        upstream: str | ListeningFake | None = None,
        upstream_timeout: float | timedelta = 30.0,
        record: str | PathLike[str] | Cassette | None = None,
        record_mode: RecordMode | None = None,
        ledger: Ledger | None = None,
        seed: Seed | None = None,
        clock: Clock | None = None,
    ) -> None:
        """Make a backend called *name*.

        It listens on *host* (`"::1"` for IPv6) and *port* (0: any free one). A request whose head is longer than
        *max_head* bytes is answered 431, one whose body is longer than *max_body* bytes 413. With *tls* it speaks
        HTTPS, with a certificate of the process's own authority (see `ca_file`); that needs the extra `tls`.

        What no route answers is passed on to *upstream*, the URL of a real service or a fake, which has
        *upstream_timeout* seconds for each answer; faults happen to that as to any other. *record* is the file, or the
        `Cassette`, that its answers are recorded in and answered from, as *record_mode* says: `"once"` (the default),
        `"none"`, `"new_episodes"` or `"all"`.
        """
        super().__init__(name, host=host, port=port, tls=tls, ledger=ledger, seed=seed, clock=clock)
        self.routes: RouteTable = RouteTable()
        self.contracts: list[Contract] = []
        """What requests must not break, of the OpenAPI documents that it answers by."""
        self.has_upload_faults: bool = False
        self.passage: Passage | None = None
        """Where calls go on to that no route answers."""
        self._record_mode: RecordMode | None = record_mode
        if upstream is not None or record is not None:
            from .passage import Passage

            timeout = seconds("upstream_timeout", upstream_timeout)
            self.passage = Passage(upstream, record, timeout=timeout, max_body=max_body)
        self._is_patch = False
        self.service: RestService = RestService(self, max_head, max_body)

    # -- life

    def _open(self) -> None:
        __tracebackhide__ = True
        if self.passage is not None:
            self.passage.open(self._record_mode)
        super()._open()

    def _close(self) -> None:
        super()._close()
        if self.passage is not None:
            self.passage.close()

    def _speak(self, connection: Connection) -> WireProtocol:
        usual = Http1Protocol(shared_loop(), self.service, connection)
        return PrefaceProtocol(PREFACE, lambda: self._speak_http2(connection), usual)

    def _speak_http2(self, connection: Connection) -> WireProtocol:
        from pytest_integrations.wire.http2.serving import http2

        return http2(shared_loop(), self.service, connection)

    @property
    def url(self) -> str:
        """The base URL, without a slash at the end: `http://127.0.0.1:49152`."""
        return f"http{'s' if self._tls else ''}://{self.host}:{self.port}"

    # -- routes

    def route(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, Any] | None = None,
        json: Any = None,
        match: Callable[[RecordedCall], object] | None = None,
    ) -> Route:
        """Return the route for *method* (`"ANY"` for each) and *path*, made when first asked for.

        *path* has werkzeug's placeholders, `/users/<int:id>`; `/users/{id}` is `/users/<id>`. The other arguments are
        conditions: *query* parameters and *headers* by name, *json* (of an object the keys that must be there), and
        *match*, a function of the call. Values are compared with `==`, or asked if they are callable. Of several routes
        that fit a call the one with the most exact path answers, of those the one with the most conditions, of equals
        the one declared last. A GET route answers HEAD as well.
        """
        if not method.isalpha():
            msg = (
                f"method {method!r} is not an HTTP method; valid: GET, POST, PUT, PATCH, DELETE, HEAD, OPTIONS, ANY, …"
            )
            raise ScriptingError(msg)
        path = routed(path)
        conditions = Conditions.of(query, headers, json, match)
        known = self.routes.find(method.upper(), path, conditions)
        if known is not None:
            return known
        route = Route(self, method.upper(), path, conditions)
        self.routes.add(route)
        return route

    def get(self, path: str, **conditions: Any) -> Route:
        """Return the route for GET (and HEAD) of *path*; see `route`."""
        return self.route("GET", path, **conditions)

    def post(self, path: str, **conditions: Any) -> Route:
        """Return the route for POST to *path*; see `route`."""
        return self.route("POST", path, **conditions)

    def put(self, path: str, **conditions: Any) -> Route:
        """Return the route for PUT to *path*; see `route`."""
        return self.route("PUT", path, **conditions)

    def patch(self, path: str, **conditions: Any) -> Route:
        """Return the route for PATCH of *path*; see `route`."""
        return self.route("PATCH", path, **conditions)

    def delete(self, path: str, **conditions: Any) -> Route:
        """Return the route for DELETE of *path*; see `route`."""
        return self.route("DELETE", path, **conditions)

    def head(self, path: str, **conditions: Any) -> Route:
        """Return the route for HEAD of *path* alone; see `route`."""
        return self.route("HEAD", path, **conditions)

    def options(self, path: str, **conditions: Any) -> Route:
        """Return the route for OPTIONS of *path*; see `route`."""
        return self.route("OPTIONS", path, **conditions)

    def any(self, path: str, **conditions: Any) -> Route:
        """Return the route for every method of *path*; see `route`."""
        return self.route("ANY", path, **conditions)

    def resource(
        self,
        path: str,
        *,
        id: str = "id",  # noqa: A002 -- as users call it
        items: Iterable[Mapping[str, Any]] = (),
    ) -> Resource:
        """Serve a small store of things under *path*: GET, POST, PUT, PATCH and DELETE with ids, ETags and If-Match.

        *id* is the key of the things' ids, *items* is what is there at first. See `Resource` for what it answers.
        """
        from .resource import Resource

        return Resource(self, path, id, items)

    def mount(self, application: WSGIApplication, at: str = "/") -> None:
        """Answer everything under the path *at* by a WSGI *application*, behind this fake's faults and ledger.

        It runs on worker threads. Routes of the fake go before it. An operation is called by its method and path.
        """
        prefix = at.rstrip("/")

        def answer(request: Any, **_path: str) -> Any:
            from .mounted import answer_with

            return answer_with(application, request, prefix)

        for template in (prefix or "/", f"{prefix}/", f"{prefix}/<path:rest>"):
            route = self.any(template).calls(answer)
            route.is_mount = True

    def openapi(
        self, document: Mapping[str, Any] | str | PathLike[str], *, at: str | None = None, security: bool = True
    ) -> OpenApi:
        """Answer as an OpenAPI *document* of version 3.0 or 3.1 says, and fail the test for requests that break it.

        *document* is a dict, the path of a JSON or YAML file, or the text of one. Its operations become routes below
        *at*, by default the path of its first server: they answer the documented example, or made-up data that the
        schema admits. Whatever is scripted for a route goes before that, as usual. A request with a missing or wrong
        parameter or body is answered 400, one without the credentials that the document asks for 401, unless
        *security* is False. Needs the extra `openapi`.

        ```python
        import requests

        fake_rest.openapi({
            "openapi": "3.1.0",
            "paths": {"/pets/{id}": {"get": {
                "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}],
                "responses": {"200": {"content": {"application/json": {
                    "schema": {"type": "object", "required": ["id"], "properties": {"id": {"type": "integer"}}}
                }}}},
            }}},
        })
        assert requests.get(f"{fake_rest.url}/pets/7").json() == {"id": 7}
        ```
        """
        __tracebackhide__ = True
        try:
            from .openapi.api import OpenApi
        except ImportError as error:
            msg = f"openapi() needs {error.name}: install pytest-integrations[openapi]"
            raise ScriptingError(msg) from error
        api = OpenApi(self, document, at, security=security)
        self.contracts.append(api.contract)
        return api

    def register_in(self, mock: Any, url: str | None = None) -> None:
        """Answer in *mock*, the module `responses` or a `responses.RequestsMock()`, what `requests` asks below *url*.

        For suites that have `responses` already. *url* is the base that the client knows, by default the fake's own.
        Routes, replies, conditions, the ledger and assertions are the same, and responses that were added to the mock
        by others go before. No connection is opened: faults that need one are refused where they are scripted, with
        the names of those that do not. They raise what `requests` raises; waits are waited for on the clock, up to the
        client's timeout.

        ```python
        import requests, responses

        with responses.RequestsMock() as mock:
            fake_rest.get("/users").reply(json=["ada"])
            fake_rest.register_in(mock, "https://api.example.com")
            fake_rest.inject(status(503))
            assert requests.get("https://api.example.com/users").status_code == 503
            assert requests.get("https://api.example.com/users").json() == ["ada"]
        ```
        """
        __tracebackhide__ = True
        from .bridge import register

        self._must_run()
        register(self, mock, self.url if url is None else url)
        self._is_patch = True

    # -- faults

    def _check(self, fault: Fault) -> None:
        __tracebackhide__ = True
        super()._check(fault)
        if self._is_patch:
            from .bridge.ability import check

            check(self, fault)

    @property
    def scripts(self) -> tuple[Script, ...]:
        """What the test scripted: for the fake as a whole first, then for its routes."""
        return (self.script, *(route.script for route in self.routes.routes))

    def inject_into(self, route: Route, faults: tuple[Fault, ...], when: dict[str, Any]) -> Rule:
        """Script *faults* for one *route*."""
        __tracebackhide__ = True
        for fault in faults:
            if getattr(fault, "scope", None) in {"connection", "listener"}:
                msg = f"{fault!r} happens before there is a request: inject it into the fake, {self.name}.inject(...)"
                raise ScriptingError(msg)
        rule = self._inject(route.script, faults, when)
        self.has_upload_faults = self.has_upload_faults or "upload" in rule.scopes
        return rule

    def rate_limit(self, limit: int, per: float | timedelta, **settings: Any) -> Self:
        """Allow *limit* calls in *per* seconds, to all routes, and answer 429 beyond; see `faults.rate_limit`."""
        self.inject(rate_limit(limit, per, **settings))
        return self

    def max_concurrency(self, limit: int, *, retry_after: int | None = None) -> Self:
        """Answer at most *limit* calls at a time and 503 beyond; see `faults.max_concurrency`."""
        self.inject(max_concurrency(limit, retry_after))
        return self
