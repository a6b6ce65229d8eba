"""The fake GraphQL backend."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self, cast, get_args

from pytest_integrations.backends.listening import ListeningFake
from pytest_integrations.core import effect, http2_effect
from pytest_integrations.core.errors import ScriptingError
from pytest_integrations.core.fault import Occasion
from pytest_integrations.core.settings import among, whole
from pytest_integrations.wire.http1.protocol import Http1Protocol
from pytest_integrations.wire.http2.frames import PREFACE
from pytest_integrations.wire.loop import shared_loop
from pytest_integrations.wire.preface import PrefaceProtocol

from .chosen import Operations
from .conditions import Conditions
from .limits import Limits
from .responses import StatusPolicy
from .rules import DataRule, OperationRule, Rules

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Literal

    from pytest_integrations.core.call import Connection
    from pytest_integrations.core.clock import Clock
    from pytest_integrations.core.fault import Fault
    from pytest_integrations.core.graphql_call import Operation, OperationKind
    from pytest_integrations.core.ledger import Ledger
    from pytest_integrations.core.script import Rule, Script
    from pytest_integrations.core.seed import Seed
    from pytest_integrations.wire.transport import WireProtocol

    from .engine import Engine, Executable
    from .given import Given
    from .persisted import Persisted
    from .streams.doorman import Doorman
    from .subscriptions import SubscriptionRule

__all__ = ["FakeGraphQL"]

_LIMITS = Limits()


class FakeGraphQL(ListeningFake):
    """A GraphQL backend on loopback that answers every valid operation, from its schema alone.

    It speaks HTTP/1.1 and HTTP/2 as `FakeRest` does, with the same choice between them. WebSockets need HTTP/1.1.

    ```python
    import requests
    from pytest_integrations.backends.graphql.fake import FakeGraphQL

    with FakeGraphQL("type Query { user(id: ID!): User } type User { id: ID! name: String! email: String }") as users:
        users.query("GetUser").reply({"user": {"name": "Ada"}})
        query = "query GetUser { user(id: 7) { id name email } }"
        answer = requests.post(users.url, json={"query": query}).json()
        assert answer == {"data": {"user": {"id": "7", "name": "Ada", "email": "User.email 7"}}}
        assert users.calls[0].operation == "query GetUser"
    ```
    """

    protocol = "graphql"
    performs: frozenset[type[effect.Effect]] = frozenset(
        {
            effect.Answer,
            effect.Cut,
            effect.Delay,
            effect.Disrupt,
            effect.Expire,
            effect.Preempt,
            effect.Refuse,
            effect.Resolve,
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
        schema: Any = None,
        name: str = "fake_graphql",
        *,
        path: str = "/graphql",
        http_status: StatusPolicy = "audit",
        unscripted: Literal["data", "fail"] = "data",
        invalid: Literal["fail", "allow"] = "fail",
        persisted_queries: bool = True,
        list_length: int = 2,
        data_seed: int = 0,
        limits: Limits = _LIMITS,
        host: str = "127.0.0.1",
        port: int = 0,
        tls: bool = False,
        ledger: Ledger | None = None,
        seed: Seed | None = None,
        clock: Clock | None = None,
    ) -> None:
        """Make a backend with this *schema* (see `schema`) called *name*, which answers at *path*.

        *http_status* is the policy for the status of answers: `"audit"`, `"draft"` or `"always-200"`. *unscripted*:
        what nobody has scripted is answered with default *data*, or *fails* the test. *invalid*: an operation that is
        not valid *fails* the test, or is *allowed*; its client gets the errors anyway. Default data has lists of
        *list_length* and follows from *data_seed*; it is the same in each run. *persisted_queries*: whether clients may
        store documents by their hash (APQ). *limits* is what clients may send and ask for at most, introspection
        included. The rest as in `FakeRest`.
        """
        from .defaults import Defaults
        from .given import Given
        from .persisted import Persisted
        from .service import GraphQLService

        super().__init__(name, host=host, port=port, tls=tls, ledger=ledger, seed=seed, clock=clock)
        among("http_status", http_status, get_args(StatusPolicy))
        among("unscripted", unscripted, ("data", "fail"))
        among("invalid", invalid, ("fail", "allow"))
        if not path.startswith("/"):
            msg = f"path={path!r} must begin with a slash, such as '/graphql'"
            raise ScriptingError(msg)
        self.path: str = path
        self.http_status: StatusPolicy = http_status
        self.unscripted: Literal["data", "fail"] = unscripted
        self.invalid: Literal["fail", "allow"] = invalid
        self.persisted_queries: bool = persisted_queries
        self.limits: Limits = limits
        self.rules: Rules = Rules()
        self.persisted: Persisted = Persisted()
        """The documents that it has already."""
        self._defaults = Defaults(data_seed, whole("list_length", list_length))
        self._given: Given = Given()
        self._engine: Engine | None = None
        self.accept_connections()
        self._service = GraphQLService(self)
        if schema is not None:
            self.schema(schema)

    # -- life

    def _speak(self, connection: Connection) -> WireProtocol:
        usual = Http1Protocol(shared_loop(), self._service, connection)
        return PrefaceProtocol(PREFACE, lambda: self._speak_http2(connection), usual)

    def _speak_http2(self, connection: Connection) -> WireProtocol:
        from pytest_integrations.wire.http2.serving import http2

        return http2(shared_loop(), self._service, connection)

    @property
    def url(self) -> str:
        """Where clients send their requests: `http://127.0.0.1:49152/graphql`."""
        return f"http{'s' if self._tls else ''}://{self.host}:{self.port}{self.path}"

    @property
    def ws_url(self) -> str:
        """Where clients open their WebSockets: `ws://127.0.0.1:49152/graphql`."""
        return f"ws{self.url.removeprefix('http')}"

    @property
    def stream_path(self) -> str:
        """The path of `stream_url`."""
        return f"{self.path}/stream"

    @property
    def stream_url(self) -> str:
        """Where GraphQL over server-sent events is spoken in both modes: `http://127.0.0.1:49152/graphql/stream`.

        A stream for each operation can be had at `url`, too.
        """
        return f"{self.url}/stream"

    # -- the schema and its data

    def schema(self, source: Any) -> Self:
        """Take the schema that *source* is, in place of the one before; see `Schema.of` for what it may be.

        SDL, the path of a `.graphql` file or of an introspection result, such a result itself, or a schema object of
        graphql-core, ariadne or strawberry, whose resolvers are left behind. What was said of types, resolvers and
        scalars before is forgotten.
        """
        __tracebackhide__ = True
        from .engine import Engine
        from .given import Given
        from .schema import Schema

        self._given = Given()
        self._engine = Engine(Schema.of(source), self._defaults, self._given, self.limits)
        self.changed()
        return self

    @property
    def engine(self) -> Engine:
        """What reads and executes operations; without a schema there is none, which is a `ScriptingError`."""
        if self._engine is None:
            msg = f"{self.name} has no schema: give it one, {self.name}.schema('type Query {{ … }}')"
            raise ScriptingError(msg)
        return self._engine

    @property
    def has_schema(self) -> bool:
        """Whether it was given a schema."""
        return self._engine is not None

    def type(self, name: str, values: Mapping[str, Any] | Callable[..., Any]) -> Self:
        """Answer the fields of all objects of the type *name* with these *values*, where a reply has none.

        A value may be a callable of the field's arguments; a callable in place of the dict returns one for each object,
        and is given `{"id": …}` if the object has an id.
        """
        __tracebackhide__ = True
        self._given.type(name, values, self.engine.schema.graphql)
        self.changed()
        return self

    def resolve(self, coordinate: str, value: Any) -> Self:
        """Answer the field at *coordinate* (`"Query.user"`) with *value*, where a reply has none.

        A callable is called with the field's arguments as a dict, and with the call if it takes a second argument that
        has no default; it may be `async def`. What it raises is the field's error: a `FieldError` as its client is to
        see it; anything else fails the test as well.
        """
        __tracebackhide__ = True
        self._given.field(coordinate, value, self.engine.schema.graphql)
        self.changed()
        return self

    def scalar(self, name: str, value: Any) -> Self:
        """Answer all fields of the scalar (or enum) *name* with *value*, or with what this callable returns."""
        __tracebackhide__ = True
        self._given.scalar(name, value, self.engine.schema.graphql)
        self.changed()
        return self

    def resolves(self, operation: Executable) -> bool:
        """Tell whether the test has a resolver for all fields at the root of *operation*."""
        root = self.engine.schema.graphql.get_root_type(operation.node.operation)
        fields = [each for each in operation.operation.fields if each.partition(".")[0] == getattr(root, "name", "")]
        return all(each in self._given.fields for each in fields)

    def changed(self) -> None:
        """Forget answers that were kept ready: something else is answered now."""
        self._service.forget()

    # -- operations

    def query(
        self,
        name: str | None = None,
        *,
        variables: Mapping[str, Any] | None = None,
        where: Callable[[Operation], object] | None = None,
    ) -> DataRule:
        """Return the rule for queries called *name* (None: for all), made when first asked for.

        *variables* are those that it must have: compared with `==`, or asked if they are callable; of objects only the
        keys named are compared. *where* is a function of the operation. Of several rules that fit the one with a name
        answers, of those the one with the most conditions, of equals the one made last.
        """
        return cast("DataRule", self._rule(DataRule, "query", name, variables, where))

    def mutation(
        self,
        name: str | None = None,
        *,
        variables: Mapping[str, Any] | None = None,
        where: Callable[[Operation], object] | None = None,
    ) -> DataRule:
        """Return the rule for mutations called *name*; see `query`."""
        return cast("DataRule", self._rule(DataRule, "mutation", name, variables, where))

    def _rule(
        self,
        made: Callable[[FakeGraphQL, OperationKind, str | None, Conditions], OperationRule],
        kind: OperationKind,
        name: str | None,
        variables: Mapping[str, Any] | None,
        where: Callable[[Operation], object] | None,
    ) -> OperationRule:
        conditions = Conditions(variables or {}, where)
        known = self.rules.find(kind, name, conditions)
        if known is None:
            known = made(self, kind, name, conditions)
            self.rules.add(known)
            self.changed()
        return known

    def subscription(
        self,
        name: str | None = None,
        *,
        variables: Mapping[str, Any] | None = None,
        where: Callable[[Operation], object] | None = None,
    ) -> SubscriptionRule:
        """Return the rule for subscriptions called *name*; see `query`."""
        from .subscriptions import SubscriptionRule

        return cast("SubscriptionRule", self._rule(SubscriptionRule, "subscription", name, variables, where))

    def accept_connections(self, check: Callable[[Any], object] | None = None, *, payload: Any = None) -> Self:
        """Accept those WebSockets for which *check* is true of the payload of their `connection_init` (or None).

        The others are closed with 4403, in the legacy protocol after a `connection_error`. *payload* is that of the
        `connection_ack`. What the client sent is in the handshake's call: `fake.on("connect").received[0].json()`.
        """
        __tracebackhide__ = True
        from .streams.doorman import Doorman

        if check is not None and not callable(check):
            msg = f"check={check!r} is not callable: give a function of the payload, such as lambda payload: True"
            raise ScriptingError(msg)
        self.doorman: Doorman = Doorman(check, payload)
        return self

    def persist(self, document: str, id: str | None = None) -> str:  # noqa: A002 -- as it is called
        """Store *document* for clients that send its *id* (its SHA-256 if not given) as `documentId`; return that.

        A document that is not valid is refused.
        """
        __tracebackhide__ = True
        wrong = self.engine.wrong_with(document)
        if wrong:
            msg = f"document: {wrong}"
            raise ScriptingError(msg)
        return self.persisted.store(document, id)

    # -- faults

    @property
    def scripts(self) -> tuple[Script, ...]:
        """What the test scripted: for the fake as a whole first, then for its operations."""
        return (self.script, *(rule.script for rule in self.rules.all))

    def on(self, kind: str = "*", name: str = "*") -> Operations:
        """Choose calls by *kind* (`"query"`, `"mutation"`, `"subscription"`, `"batch"`, …) and *name*, a pattern."""
        return Operations(self, kind, name)

    def _check(self, fault: Fault) -> None:
        """Refuse a fault that the wire cannot perform, and one that is about what the schema does not have."""
        __tracebackhide__ = True
        super()._check(fault)
        for each in fault.effects(Occasion(1, self.seed.stream("check"))):
            if isinstance(each, effect.Resolve) and self._engine is not None:
                for coordinate in each.coordinates:
                    self._engine.check(coordinate)

    def inject_into(self, rule: OperationRule, faults: tuple[Fault, ...], when: dict[str, Any]) -> Rule:
        """Script *faults* for the operations of one *rule*."""
        __tracebackhide__ = True
        for fault in faults:
            if getattr(fault, "scope", None) in {"connection", "listener", "upload"}:
                msg = (
                    f"{fault!r} happens before it is known which operation is asked for: "
                    f"inject it into the fake, {self.name}.inject(...)"
                )
                raise ScriptingError(msg)
            if getattr(fault, "kinds", None) == {"connect"}:
                msg = f"{fault!r} happens to a connection as a whole: inject it into the fake, {self.name}.inject(...)"
                raise ScriptingError(msg)
        return self._inject(rule.script, faults, when)
