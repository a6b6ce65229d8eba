"""What a test asks for. All of it is new for each test, and gone when the test is over."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .held_back import held_back
from .options import VIRTUAL_CLOCK, clock_settings, has_real_clock, profile_of, record_mode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_integrations.backends.amqp.fake import FakeAmqp
    from pytest_integrations.backends.graphql.fake import FakeGraphQL
    from pytest_integrations.backends.grpc.fake import FakeGrpc
    from pytest_integrations.backends.grpc.servicer.servicers import Servicers
    from pytest_integrations.backends.kafka.fake import FakeKafka
    from pytest_integrations.backends.redis.fake import FakeRedis
    from pytest_integrations.backends.rest import FakeRest
    from pytest_integrations.backends.sqs.fake import FakeSqs
    from pytest_integrations.interception import Interception
    from pytest_integrations.tester import IntegrationTester
    from pytest_integrations.timekeeping import RealTimeClock, VirtualClock

    from .factory import Fakes

__all__ = [
    "fake_amqp",
    "fake_graphql",
    "fake_grpc",
    "fake_kafka",
    "fake_redis",
    "fake_rest",
    "fake_sqs",
    "fakes",
    "fault_profile",
    "grpc_servicer",
    "integration_tester",
    "intercept",
    "virtual_clock",
]


@pytest.fixture
def fault_profile(request: pytest.FixtureRequest) -> str | None:
    """The name of the fault profile that the test runs with, or None.

    A test that starts its fakes by itself asks for it to be run once for each of several profiles.
    """
    return profile_of(request.node)


@pytest.fixture
def virtual_clock(request: pytest.FixtureRequest) -> Iterator[VirtualClock | RealTimeClock]:
    """Virtual time: waits and timeouts take none, as the clock jumps when every thread waits; all times are exact."""
    from pytest_integrations.timekeeping import RealTimeClock, VirtualClock

    settings = clock_settings(request.node)
    if has_real_clock(request.config):
        kept = {name: value for name, value in settings.items() if name in {"start", "time_zone"}}
        clock: VirtualClock | RealTimeClock = RealTimeClock(**kept)
    else:
        clock = VirtualClock(explain=lambda: held_back(request.node), **settings)
    with clock:
        yield clock


@pytest.fixture
def fakes(
    request: pytest.FixtureRequest,
    fault_profile: str | None,  # noqa: ARG001 -- asked for, so that the test is repeated for each of several profiles
) -> Iterator[Fakes]:
    """Make several fakes for one test: fakes.rest("payments"), fakes.rest("stock"); their calls stand in one order."""
    from .factory import Fakes
    from .registries import registries

    if VIRTUAL_CLOCK in request.fixturenames:
        request.getfixturevalue(VIRTUAL_CLOCK)  # first, so that second 0 of the ledger is the clock's
    made = Fakes(registries(request.config).backends, record_mode(request.config))
    try:
        yield made
    finally:
        made.stop()


@pytest.fixture
def fake_rest(fakes: Fakes) -> FakeRest:
    """A fake REST backend on a loopback port: script it, point your client at fake_rest.url, read fake_rest.calls."""
    return fakes.rest("fake_rest")


@pytest.fixture
def fake_graphql(fakes: Fakes) -> FakeGraphQL:
    """A fake GraphQL backend on a loopback port: give it a schema, point your client at fake_graphql.url."""
    return fakes.graphql("fake_graphql")


@pytest.fixture
def fake_grpc(fakes: Fakes) -> FakeGrpc:
    """A fake gRPC backend on a loopback port: give it a schema, point your channel at fake_grpc.target."""
    return fakes.grpc("fake_grpc")


@pytest.fixture
def grpc_servicer(request: pytest.FixtureRequest) -> Iterator[Servicers]:
    """Run your own gRPC servicer without a server, with its deadlines on the clock in force, and call its methods."""
    from pytest_integrations.backends.grpc.servicer.servicers import Servicers

    if VIRTUAL_CLOCK in request.fixturenames:
        request.getfixturevalue(VIRTUAL_CLOCK)  # first, as for fakes
    fakes = request.getfixturevalue("fakes") if "fakes" in request.fixturenames else None
    made = Servicers(fakes.ledger if fakes is not None else None)
    try:
        yield made
    finally:
        made.close()


@pytest.fixture
def fake_amqp(fakes: Fakes) -> FakeAmqp:
    """A fake RabbitMQ on a loopback port: your client connects to fake_amqp.url; read fake_amqp.messages and .calls."""
    return fakes.amqp("fake_amqp")


@pytest.fixture
def fake_redis(fakes: Fakes) -> FakeRedis:
    """A fake Redis on a loopback port: point your client at fake_redis.url, read fake_redis.calls and .messages."""
    return fakes.redis("fake_redis")


@pytest.fixture
def fake_sqs(fakes: Fakes) -> FakeSqs:
    """A fake Amazon SQS on a loopback port: boto3's endpoint_url is fake_sqs.url; read fake_sqs.messages."""
    return fakes.sqs("fake_sqs")


@pytest.fixture
def fake_kafka(fakes: Fakes) -> FakeKafka:
    """A fake Kafka cluster on loopback ports, which needs the extra kafka: clients bootstrap from fake_kafka.url."""
    from pytest_integrations.backends.kafka.library import KafkaUnavailable

    try:
        return fakes.kafka("fake_kafka")
    except KafkaUnavailable as error:
        pytest.skip(str(error))


@pytest.fixture
def intercept(fakes: Fakes) -> Iterator[Interception]:
    """Called with "https://api.example.com" and a fake, leads that URL to the fake; no other machine is reached."""
    from pytest_integrations.interception import Interception

    interception = Interception(fakes.ledger).start()
    try:
        yield interception
    finally:
        interception.stop()
    interception.verify()  # of a test that has started no fake nobody else asks


@pytest.fixture
def integration_tester(request: pytest.FixtureRequest, fakes: Fakes) -> Iterator[IntegrationTester]:
    """Run a table of cases against your client or a URL: add(name, request=..., expect=...), then run(client)."""
    from pytest_integrations.tester import IntegrationTester

    from . import cases

    tester = IntegrationTester(cases.Reachable(fakes, request.node), report=cases.subtests(request))
    try:
        yield tester
    finally:
        cases.keep(request.node, tester)
