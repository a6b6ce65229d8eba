"""The clients that most of the world subscribes with, of the npm registry: graphql-ws and graphql-sse."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_integrations.backends.graphql.fake import FakeGraphQL
from pytest_integrations.faults.subscription import (
    close_socket,
    close_without_complete,
    no_ack,
    no_pong,
    sse_no_complete,
    stream_hang,
    stream_reset,
)
from pytest_integrations.faults.subscription_events import (
    duplicate_next,
    malformed_frame,
    malformed_json,
    next_after_complete,
    out_of_order,
    unknown_type,
    wrong_id,
)

from .packages import install

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_integrations.faults.streams import StreamFault

pytestmark = pytest.mark.npm

SCHEMA = "type Query { a: Int } type Subscription { tick: Int }"
CLIENTS = ("graphql-ws", "graphql-sse", "graphql-sse single")


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the clients once."""
    directory = install(
        tmp_path_factory.mktemp("npm"),
        graphql="^16.11.0",
        graphql_ws="^6.0.6",
        graphql_sse="^2.5.4",
        ws="^8.18.3",
    )
    shutil.copy(Path(__file__).with_name("subscribe.mjs"), directory)
    return directory


@pytest.fixture
def api() -> Iterator[FakeGraphQL]:
    with FakeGraphQL(SCHEMA, "api") as fake:
        yield fake


@pytest.fixture
def subscribe(api: FakeGraphQL, directory: Path) -> Callable[..., dict[str, Any]]:
    """Subscribe with one of the clients, and return what it was given."""

    def run(client: str, *, retries: int = 0, query: str = "subscription OnTick { tick }") -> dict[str, Any]:
        url = api.ws_url if client == "graphql-ws" else api.stream_url
        command = ["node", "subscribe.mjs", client, url, str(retries), query]
        done = subprocess.run(command, cwd=directory, capture_output=True, text=True, timeout=60, check=False)
        assert not done.returncode, done.stderr
        told: dict[str, Any] = json.loads(done.stdout)
        return told

    return run


@pytest.mark.parametrize("client", CLIENTS)
def test_events_and_the_end(api: FakeGraphQL, subscribe: Callable[..., dict[str, Any]], client: str) -> None:
    """In order, on one connection."""
    api.subscription("OnTick").replies([{"tick": 1}, {"tick": 2}])
    assert subscribe(client) == {"events": [1, 2], "end": "complete", "connected": 1}
    assert api.subscription("OnTick").received[0].outcome == "answered"


@pytest.mark.parametrize("client", CLIENTS)
def test_an_error(api: FakeGraphQL, subscribe: Callable[..., dict[str, Any]], client: str) -> None:
    """Told as an error, or as a result with errors where the protocol has no message for it."""
    api.subscription("OnTick").next({"tick": 1}).error("no more")
    told = subscribe(client)
    if client == "graphql-ws":
        assert told == {"events": [1], "end": "no more", "connected": 1}
    else:
        assert told["events"] == [1, {"errors": [{"message": "no more"}]}]
        assert told["end"] == "complete"


@pytest.mark.parametrize("client", CLIENTS)
def test_a_query(api: FakeGraphQL, subscribe: Callable[..., dict[str, Any]], client: str) -> None:
    """One result, and the end."""
    api.query("OnTick").reply({"a": 7})
    assert subscribe(client, query="query OnTick { tick: a }") == {"events": [7], "end": "complete", "connected": 1}


def test_the_init_of_graphql_ws(api: FakeGraphQL, subscribe: Callable[..., dict[str, Any]]) -> None:
    """Its connectionParams decide whether it may come in."""
    api.accept_connections(lambda payload: payload == {"token": "wrong"})
    assert subscribe("graphql-ws")["end"] == "4403"
    assert api.on("connect").received[0].json()["payload"] == {"token": "right"}  # type: ignore[attr-defined]


@pytest.mark.parametrize("client", CLIENTS)
def test_reconnecting(api: FakeGraphQL, subscribe: Callable[..., dict[str, Any]], client: str) -> None:
    """After a reset in the middle each client comes again, and is told from the beginning."""
    api.subscription("OnTick").replies([{"tick": 1}, {"tick": 2}])
    api.inject(stream_reset(after=1))
    told = subscribe(client, retries=2)
    assert (told["end"], told["connected"]) == ("complete", 2)
    assert told["events"] in ([1, 1, 2], [1, 2])  # a reset may overtake what the client had not read yet
    calls = api.subscription("OnTick").received
    assert [len(call.events) for call in calls] == [1, 3]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (no_ack(), {"events": [], "end": "4504", "connected": 0}),
        (no_pong(), {"events": [1, 2], "end": "4499", "connected": 1}),
        (close_socket(4500, "Internal", after=1), {"events": [1], "end": "4500", "connected": 1}),
        (close_socket(1012, after=1), {"events": [1], "end": "1012", "connected": 1}),
        (stream_hang(after=1), {"events": [1], "end": "4499", "connected": 1}),
        (close_without_complete(), {"events": [1, 2, 1, 2], "end": "complete", "connected": 2}),  # it comes again
        (malformed_json(after=1), {"events": [1], "end": "SyntaxError", "connected": 1}),
        (malformed_frame(after=1), {"events": [1], "end": "WS_ERR_UNEXPECTED_RSV_2_3", "connected": 1}),
        (unknown_type(after=1), {"events": [1], "end": "Error", "connected": 1}),
        (wrong_id(), {"events": [2], "end": "complete", "connected": 1}),
        (duplicate_next(), {"events": [1, 1, 2], "end": "complete", "connected": 1}),
        (out_of_order(), {"events": [2, 1], "end": "complete", "connected": 1}),
        (next_after_complete(), {"events": [1, 2, 2], "end": "complete", "connected": 1}),  # after its end
    ],
    ids=repr,
)
def test_faults_in_graphql_ws(
    api: FakeGraphQL, subscribe: Callable[..., dict[str, Any]], fault: StreamFault, told: dict[str, Any]
) -> None:
    """What it is given, and the code that it ends with."""
    then = "open" if isinstance(fault, no_pong) else "complete"
    api.subscription("OnTick").replies([{"tick": 1}, {"tick": 2}], then=then)  # type: ignore[arg-type]
    rule = api.inject(fault)
    assert subscribe("graphql-ws") == told
    assert rule.fired == 1


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (sse_no_complete(), {"events": [1, 2], "end": "NetworkError", "connected": 1}),
        (duplicate_next(), {"events": [1, 1, 2], "end": "complete", "connected": 1}),
        (out_of_order(), {"events": [2, 1], "end": "complete", "connected": 1}),
    ],
    ids=repr,
)
def test_faults_in_graphql_sse(
    api: FakeGraphQL, subscribe: Callable[..., dict[str, Any]], fault: StreamFault, told: dict[str, Any]
) -> None:
    """What it is given."""
    api.subscription("OnTick").replies([{"tick": 1}, {"tick": 2}])
    rule = api.inject(fault)
    assert subscribe("graphql-sse") == told
    assert rule.fired == 1
