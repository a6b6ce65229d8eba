"""GraphQL by HTTP/2: the same answers, faults and streams, and what only HTTP/2 has."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from pytest_integrations.backends.graphql.fake import FakeGraphQL
from pytest_integrations.core.errors import ScriptingError
from pytest_integrations.faults import connection_reset, early_response, field_error, status
from pytest_integrations.faults.http2 import h2_goaway, h2_max_streams, h2_rst_stream, h2_short_body
from pytest_integrations.faults.subscription import sse_no_complete, stream_reset
from tests.wire.http2.client import Http2Client

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_integrations.core.fault import Fault

pytestmark = [pytest.mark.usefixtures("no_leaks"), pytest.mark.timeout(60)]

SCHEMA = "type Query { user: String } type Subscription { tick: Int }"
QUERY = {"query": "query Who { user }"}
DATA = {"data": {"user": "ada"}}
TICKS = {"query": "subscription OnTick { tick }"}
EVENTS = {"Accept": "text/event-stream"}


def _scripted(fake: FakeGraphQL) -> FakeGraphQL:
    fake.query("Who").reply({"user": "ada"})
    fake.subscription("OnTick").replies([{"tick": 1}, {"tick": 2}])
    return fake


@pytest.fixture
def api(no_leaks: None) -> Iterator[FakeGraphQL]:
    with FakeGraphQL(SCHEMA, "api") as fake:
        yield _scripted(fake)


def _httpx(**settings: Any) -> httpx.Client:
    return httpx.Client(**{"http1": False, "http2": True, "timeout": 5, **settings})


def test_by_prior_knowledge(api: FakeGraphQL) -> None:
    """Many operations on one connection, each known by its name."""
    with _httpx() as client:
        answers = [client.post(api.url, json=QUERY) for _ in range(3)]
    assert [(answer.http_version, answer.json()) for answer in answers] == [("HTTP/2", DATA)] * 3
    assert [(call.operation, call.version) for call in api.calls] == [("query Who", "HTTP/2")] * 3
    assert len(api.connections) == 1


@pytest.mark.parametrize(("http2", "version"), [(True, "HTTP/2"), (False, "HTTP/1.1")])
def test_by_alpn(no_leaks: None, http2: bool, version: str) -> None:  # noqa: FBT001
    """A client gets the version that it offers."""
    with FakeGraphQL(SCHEMA, tls=True) as fake:
        _scripted(fake)
        with httpx.Client(http2=http2, verify=fake.client_context()) as client:
            answer = client.post(fake.url, json=QUERY)
    assert (answer.http_version, answer.json()) == (version, DATA)


@pytest.mark.parametrize(
    ("fault", "error", "outcome"),
    [
        (h2_goaway("none"), httpx.RemoteProtocolError, "closed"),
        (h2_rst_stream(), httpx.RemoteProtocolError, "reset"),
        (h2_rst_stream("REFUSED_STREAM"), httpx.RemoteProtocolError, "reset"),
        (h2_rst_stream("CANCEL", after=5), httpx.RemoteProtocolError, "reset"),
        (h2_short_body(1), httpx.LocalProtocolError, "answered"),
        (h2_max_streams(1), None, "answered"),
        (connection_reset(at="mid_body"), (httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError), "reset"),
    ],
    ids=repr,
)
@pytest.mark.parametrize("tls", [False, True])
def test_faults_of_the_wire(no_leaks: None, fault: Fault, error: Any, outcome: str, tls: bool) -> None:  # noqa: FBT001
    """They do to GraphQL what they do to REST, and the next client is well."""
    with FakeGraphQL(SCHEMA, tls=tls) as fake:
        _scripted(fake).inject(fault)
        verify = fake.client_context() if tls else True
        with _httpx(verify=verify) as client:
            if error is None:
                assert client.post(fake.url, json=QUERY).json() == DATA
            else:
                with pytest.raises(error):
                    client.post(fake.url, json=QUERY)
        with _httpx(verify=verify) as client:
            assert client.post(fake.url, json=QUERY).json() == DATA
        spoilt, sound = fake.calls
        assert (spoilt.operation, spoilt.outcome, sound.outcome) == ("query Who", outcome, "answered")


def test_faults_of_the_answer(api: FakeGraphQL) -> None:
    """An operation's own fault has a stream's answer to act on, as any."""
    api.query("Who").inject(field_error("Query.user"), h2_rst_stream("CANCEL"), status(503))
    with _httpx() as client:
        assert client.post(api.url, json=QUERY).json()["errors"][0]["path"] == ["user"]
        with pytest.raises(httpx.RemoteProtocolError, match="error_code:8"):
            client.post(api.url, json=QUERY)
        assert client.post(api.url, json=QUERY).status_code == 503
        assert client.post(api.url, json=QUERY).json() == DATA
    assert len(api.connections) == 1


def test_an_early_answer_keeps_the_connection(api: FakeGraphQL) -> None:
    """Though it comes at the last DATA of the request, of which the wire knows already that it is the last."""
    api.inject(early_response(413, after_bytes=5))
    with _httpx() as client:
        assert client.post(api.url, json=QUERY).status_code == 413
        assert client.post(api.url, json=QUERY).json() == DATA
    assert len(api.connections) == 1


def test_what_is_of_http_2_does_not_happen_to_http_1(api: FakeGraphQL) -> None:
    """It waits for a call that it has a meaning for."""
    rule = api.inject(h2_rst_stream())
    with httpx.Client() as client:
        assert client.post(api.url, json=QUERY).json() == DATA
    assert rule.fired == 0
    with _httpx() as client, pytest.raises(httpx.RemoteProtocolError):
        client.post(api.url, json=QUERY)


def test_a_limit_of_streams_is_no_operations(api: FakeGraphQL) -> None:
    """It is one of a connection, which has no operation yet."""
    with pytest.raises(ScriptingError, match=r"inject it into the fake, api\.inject"):
        api.query("Who").inject(h2_max_streams(0))


# -- streams


def _events(client: httpx.Client, api: FakeGraphQL) -> list[str]:
    """Return the events that come, and the data of each."""
    with client.stream("POST", api.url, json=TICKS, headers=EVENTS) as answer:
        assert (answer.http_version, answer.status_code) == ("HTTP/2", 200)
        return [line for line in answer.iter_lines() if line and not line.startswith(":")]


def test_a_subscription_by_events(api: FakeGraphQL) -> None:
    """DATA for each event, END_STREAM at its end, and the connection for the next one."""
    with _httpx() as client:
        for _ in range(2):
            lines = _events(client, api)
            ticks = [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: {")]
            assert ticks == [{"data": {"tick": 1}}, {"data": {"tick": 2}}]
            assert lines[-2] == "event: complete"
    assert len(api.connections) == 1
    assert [call.transport for call in api.calls] == ["sse", "sse"]


def test_a_subscription_that_does_not_end_as_it_should(api: FakeGraphQL) -> None:
    """No event that says it is complete; then the connection is reset in the middle."""
    api.inject(sse_no_complete(), stream_reset(after=1))
    with _httpx() as client:
        assert "event: complete" not in _events(client, api)
    with _httpx() as client, pytest.raises((httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError)):
        _events(client, api)
    assert [len(call.events) for call in api.calls] == [2, 1]


def test_a_client_that_leaves_its_subscription(api: FakeGraphQL) -> None:
    """RST_STREAM is heard: the stream is over, the connection is not. By hand, since httpx leaves without a word."""
    api.subscription("OnTick").replies([{"tick": n} for n in range(1000)], every=0.01)
    fields = (("content-type", "application/json"), *((name.lower(), value) for name, value in EVENTS.items()))
    with Http2Client(api.port) as client:
        stream = client.ask("/graphql", "POST", json.dumps(TICKS).encode(), *fields)
        client.until(lambda: client.answers[stream].body)
        client.h2.reset_stream(stream, 8)
        body = json.dumps(QUERY).encode()
        assert client.answer(client.ask("/graphql", "POST", body, fields[0])).status == 200
        assert [call.outcome for call in api.calls] == ["abandoned", "answered"]
    assert len(api.connections) == 1
