"""How fast the GraphQL fake is: beside ariadne and strawberry on the same wire, and by itself."""

from __future__ import annotations

import resource
import statistics
import time
from typing import TYPE_CHECKING

import pytest

from pytest_integrations.backends.graphql.fake import FakeGraphQL

from . import graphql_servers
from .figure import ROUNDS, Figure
from .lives import start_and_stop
from .placement import together

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

pytestmark = pytest.mark.benchmark

PEERS = {"ariadne": graphql_servers.ariadne, "strawberry": graphql_servers.strawberry}


def _cpu(asking: graphql_servers.Asking, count: int, *, same: bool) -> float:
    """Return the CPU seconds that the server takes for a request: the process's, less those of the client's thread."""

    def used() -> float:
        usage = resource.getrusage(resource.RUSAGE_SELF)
        return usage.ru_utime + usage.ru_stime - time.thread_time()

    before = used()
    asking.ask(count, same=same)
    return (used() - before) / count


@pytest.mark.parametrize("peer", PEERS)
@pytest.mark.parametrize("same", [True, False], ids=["asked again", "asked for another"])
def test_a_query_takes_no_more_cpu_than(peer: str, same: bool) -> None:  # noqa: FBT001 -- parametrized
    """A query of a user and five friends: executed each time, or found ready."""
    serve: Callable[[], AbstractContextManager[str]] = PEERS[peer]
    with graphql_servers.ours() as own_url, serve() as peer_url, together():
        own, other = graphql_servers.Asking(own_url), graphql_servers.Asking(peer_url)
        own.ask(50, same=same)
        other.ask(50, same=same)
        pairs = [(_cpu(other, 150, same=same), _cpu(own, 150, same=same)) for _ in range(ROUNDS)]
        own.close()
        other.close()
    ratio = statistics.median(theirs / ours for theirs, ours in pairs)
    mine = statistics.median(ours for _, ours in pairs) * 1e6
    figure = Figure(f"GraphQL query {'again' if same else 'for another'}: {peer} / ours", ratio, 1, at_least=True)
    print(figure.row(), f"(ours {mine:.0f} µs)")
    assert figure.holds, figure.row()


def test_its_life_is_short() -> None:
    """A fake with a schema that was parsed before, and with a rule, start to stop."""
    with FakeGraphQL(graphql_servers.SDL):
        pass
    start, stop = start_and_stop(lambda: FakeGraphQL(graphql_servers.SDL))
    times = []
    for _ in range(300):
        begin = time.perf_counter()
        with FakeGraphQL(graphql_servers.SDL) as fake:
            fake.query("GetUser").reply({"user": {"name": "Ada"}})
        times.append((time.perf_counter() - begin) * 1e3)
    figure = Figure("a fake GraphQL and a rule, start to stop", statistics.median(times), 1.0, unit="ms")
    print(figure.row(), f"(start {start:.2f} ms, stop {stop:.2f} ms)")
    assert figure.holds, figure.row()
