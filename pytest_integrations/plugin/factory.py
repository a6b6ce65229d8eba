"""The fakes of one test: one ledger, one clock, and a name for each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from pytest_integrations.core.errors import ScriptingError, UnknownName
from pytest_integrations.core.ledger import Ledger

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_integrations.backends.amqp.fake import FakeAmqp
    from pytest_integrations.backends.fake import Fake
    from pytest_integrations.backends.graphql.fake import FakeGraphQL
    from pytest_integrations.backends.grpc.fake import FakeGrpc
    from pytest_integrations.backends.kafka.fake import FakeKafka
    from pytest_integrations.backends.proxy.fake import FakeProxy
    from pytest_integrations.backends.redis.fake import FakeRedis
    from pytest_integrations.backends.rest import FakeRest
    from pytest_integrations.backends.sqs.fake import FakeSqs
    from pytest_integrations.core.delivery import Messages
    from pytest_integrations.core.ledger import Calls
    from pytest_integrations.core.registry import Registry

__all__ = ["Fakes"]


class Fakes:
    """A factory of fakes that write in one ledger, so that their calls can be asked for in one order."""

    def __init__(self, backends: Registry[type[Fake]], record_mode: str | None = None) -> None:
        """Begin without a fake; *backends* knows what can be made, *record_mode* is what the run wants of cassettes."""
        self.ledger: Ledger = Ledger(settle=_settle)
        self._backends = backends
        self._record_mode = record_mode
        self._made: dict[str, Fake] = {}

    def rest(self, name: str, **settings: Any) -> FakeRest:
        """Start a fake REST backend called *name*; the *settings* are those of `FakeRest`."""
        if self._record_mode is not None:
            settings["record_mode"] = self._record_mode
        return cast("FakeRest", self.make("rest", name, **settings))

    def graphql(self, name: str, **settings: Any) -> FakeGraphQL:
        """Start a fake GraphQL backend called *name*; the *settings* are those of `FakeGraphQL`, such as `schema=`."""
        return cast("FakeGraphQL", self.make("graphql", name, **settings))

    def grpc(self, name: str, **settings: Any) -> FakeGrpc:
        """Start a fake gRPC backend called *name*; the *settings* are those of `FakeGrpc`."""
        return cast("FakeGrpc", self.make("grpc", name, **settings))

    def amqp(self, name: str, **settings: Any) -> FakeAmqp:
        """Start a fake AMQP broker called *name*; the *settings* are those of `FakeAmqp`."""
        return cast("FakeAmqp", self.make("amqp", name, **settings))

    def redis(self, name: str, **settings: Any) -> FakeRedis:
        """Start a fake Redis called *name*; the *settings* are those of `FakeRedis`."""
        return cast("FakeRedis", self.make("redis", name, **settings))

    def sqs(self, name: str, **settings: Any) -> FakeSqs:
        """Start a fake SQS called *name*; the *settings* are those of `FakeSqs`."""
        return cast("FakeSqs", self.make("sqs", name, **settings))

    def kafka(self, name: str, **settings: Any) -> FakeKafka:
        """Start a fake Kafka cluster called *name*; the *settings* are those of `FakeKafka`."""
        return cast("FakeKafka", self.make("kafka", name, **settings))

    def proxy(self, name: str, upstream: Any, **settings: Any) -> FakeProxy:
        """Start a proxy called *name* before a real service; *upstream* and the *settings* are those of `FakeProxy`."""
        return cast("FakeProxy", self.make("proxy", name, upstream=upstream, **settings))

    def make(self, kind: str, name: str, **settings: Any) -> Fake:
        """Start a fake of any *kind* that is registered; *name* tells it from the others of the test."""
        if name in self._made:
            msg = f"there is a fake called {name!r} in this test already: {self._made[name]!r}; choose another name"
            raise ScriptingError(msg)
        fake = self._backends.get(kind)(name=name, ledger=self.ledger, **settings)
        self._made[name] = fake
        return fake.start()

    @property
    def calls(self) -> Calls:
        """What all the fakes were asked so far, in the order of its coming."""
        return self.ledger.calls

    @property
    def messages(self) -> Messages:
        """What became of each message that was published to any of the fakes, in the order of publication."""
        return self.ledger.messages

    def __getitem__(self, name: str) -> Fake:
        """Return the fake called *name*; one that was not made yet is an `UnknownName`."""
        try:
            return self._made[name]
        except KeyError:
            kind = "fake"
            raise UnknownName(kind, name, self._made) from None

    def __iter__(self) -> Iterator[Fake]:
        """Iterate over those that were made, in order."""
        return iter(tuple(self._made.values()))

    def stop(self) -> None:
        """Stop them all, the last one first."""
        for fake in reversed(self._made.values()):
            fake.stop()


def _settle() -> None:
    from pytest_integrations.wire.loop import shared_loop

    shared_loop().settle()
