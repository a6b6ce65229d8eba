"""Whether the client lets go of the connections of failed attempts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_integrations.core.settings import seconds, whole

from .evidence import fail, must_be_calls, nothing_to_check
from .grouping import is_success, logical_calls, over, told_apart
from .tolerance import EXACT, tolerance_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_integrations.core.call import Call, Connection
    from pytest_integrations.core.ledger import Calls

    from .grouping import LogicalCall, Per

__all__ = ["assert_connections_at_most"]

_GRACE = 0.1


def assert_connections_at_most(
    calls: Calls,
    at_most: int = 1,
    *,
    in_all: int | None = None,
    grace: float | None = None,
    per: Per | None = None,
) -> None:
    """Assert that no logical call holds more than *at_most* connections, and lets go of the broken ones.

    Definition: the connections that the attempts of one logical call came over were not open together, more than
    *at_most* of them, for longer than *grace* seconds (100 ms: a close and the next open race); and none on which an
    exchange broke off is still open, *grace* after that. *in_all*, if given, limits the connections of all *calls*
    together in the same way. On a virtual clock there is no grace, but connections must have been open together for
    some time, or still be.

    Keep the client's pool small (1 or 2) as well, so that a leak becomes a hang. Raises `NothingToCheck` if no call
    was retried and *in_all* is not given. Source: the retry that keeps its failed response, as in urllib3 before
    1.22, openai before 1.3.7 and aiohttp-retry.

    ```python
    import http.client
    from pytest_integrations.faults import status

    def test_the_retry_lets_go_of_its_connection(fake_rest):
        fake_rest.get("/users").reply(json=[])
        fake_rest.inject(status(503))

        connection = http.client.HTTPConnection("127.0.0.1", fake_rest.port)
        for attempt in range(2):
            connection.request("GET", "/users")
            connection.getresponse().read()  # unread, it could not be used again

        assert_connections_at_most(fake_rest.calls, 1)
        connection.close()
    ```
    """
    __tracebackhide__ = True
    must_be_calls(calls)
    whole("at_most", at_most, 1)
    if in_all is not None:
        whole("in_all", in_all, 1)
    groups = logical_calls(calls, per=per)
    slack = _slack(calls, grace)
    for group in groups:
        excess = _excess({call.connection.id: call.connection for call in group}.values(), at_most, slack, calls)
        if excess is not None:
            _fail_open_together(group, [group], excess, f"at most {at_most} for one call of {group.operation}")
        _must_let_go(group, slack, calls)
    if in_all is not None:
        excess = _excess(calls.connections, in_all, slack, calls)
        if excess is not None:
            _fail_open_together(calls, groups, excess, f"at most {in_all} in all")
    elif not any(group.retries for group in groups):
        hint = "Script a failure that the client retries, or limit all calls together with in_all=."
        nothing_to_check("no call was retried, so that each had one connection", calls, groups=groups, hint=hint)


@dataclass(frozen=True, slots=True)
class _Excess:
    """Too many connections, for too long."""

    least: int
    """How many they were all the time; for a moment as many as *connections*."""
    connections: tuple[Connection, ...]
    start: float
    end: float | None


def _slack(calls: Calls, grace: float | None) -> float:
    if grace is not None:
        return seconds("grace", grace)
    return EXACT.late if tolerance_of(calls.ledger) is EXACT else _GRACE


def _excess(connections: Iterable[Connection], most: int, slack: float, calls: Calls) -> _Excess | None:
    """Return the first stretch in which more than *most* were open for longer than *slack*."""
    present: dict[int, Connection] = {}
    start = 0.0
    held: tuple[Connection, ...] = ()
    for time, opens, connection in _openings_and_closings(connections):
        if opens:
            present[connection.id] = connection
            if len(present) > most and len(present) > len(held):
                start, held = start if held else time, tuple(present.values())
        else:
            del present[connection.id]
            if held and len(present) <= most:
                if time - start > slack:
                    return _Excess(most + 1, held, start, time)
                held = ()
    # On an exact clock no time need have passed since the last opening; what is open still has been left open.
    if held and (calls.ledger.now() - start > slack or slack <= EXACT.late):
        return _Excess(most + 1, held, start, None)
    return None


def _openings_and_closings(connections: Iterable[Connection]) -> list[tuple[float, bool, Connection]]:
    """Return what happened to the *connections*, in order; of what happened at one moment, closings first."""
    lasting = [each for each in connections if each.closed is None or each.closed > each.opened]
    events = [(each.opened, True, each) for each in lasting]
    events += [(each.closed, False, each) for each in lasting if each.closed is not None]
    return sorted(events, key=lambda event: (event[0], event[1], event[2].id))


def _must_let_go(group: LogicalCall, slack: float, calls: Calls) -> None:
    """Fail for a connection on which the answer hangs still, although the logical call went on without it."""
    __tracebackhide__ = True
    for call, later in group.retries:
        end = over(call)
        is_held = not is_success(call) and end is None and call.connection.closed is None
        if is_held and later.started + slack < calls.ledger.now():
            fail(
                f"connection {call.connection.id} is still open, although #{later.seq} took the place of #{call.seq} "
                f"({call.verdict}) {calls.ledger.now() - later.started:.3f} s ago",
                group,
                groups=[group],
                marks={call.seq: "its connection was not closed"},
                footnote=told_apart([group]),
                why=_WHY,
                hint="Close the connection when its answer does not come; it can never be used again.",
            )


_WHY = "Attempts that keep their connections empty the pool, until every call waits for one that never comes."
_READ = (
    "Read the failed response to its end, or close it, before the next attempt: response.close(), `with`, `async with`."
)
_MANY = "No call was retried: so many were made at a time, and each over a connection of its own."
_LIMIT = (
    "Let all callers share one client whose pool is limited and lets them wait: HTTPAdapter(pool_maxsize=n, "
    "pool_block=True), httpx.Limits(max_connections=n), aiohttp.TCPConnector(limit=n); or a semaphore."
)


def _fail_open_together(calls: Sequence[Call], groups: Sequence[LogicalCall], excess: _Excess, limit: str) -> None:
    __tracebackhide__ = True
    until = "and still are" if excess.end is None else f"for {excess.end - excess.start:.3f} s"
    most = len(excess.connections)
    is_kept = any(group.retries for group in groups)
    number = f"{most}" if most == excess.least or excess.end is None else f"{excess.least} to {most}"
    fail(
        f"{number} connections were open together {until}, expected {limit}",
        calls,
        groups=groups,
        notes=[_life(connection, calls) for connection in excess.connections],
        footnote=told_apart(groups),
        why=_WHY if is_kept else _MANY,
        hint=_READ if is_kept else _LIMIT,
    )


def _life(connection: Connection, calls: Sequence[Call]) -> str:
    closed = (
        "open still" if connection.closed is None else f"to {connection.closed:.3f} s by the {connection.closed_by}"
    )
    carried = ", ".join(f"#{call.seq} {call.verdict}" for call in calls if call.connection is connection)
    return f"conn {connection.id}: from {connection.opened:.3f} s {closed}, carried {carried}"
