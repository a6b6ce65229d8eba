"""Whether the client stops at last, and tells its caller."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_integrations.core.errors import ScriptingError
from pytest_integrations.core.when import seconds

from .attempts import attempts
from .evidence import fail, must_be_calls, nothing_to_check
from .grouping import logical_calls, over, told_apart

if TYPE_CHECKING:
    from pytest_integrations.core.ledger import Calls

    from .grouping import LogicalCall, Per

__all__ = ["assert_gives_up"]


def assert_gives_up(
    calls: Calls,
    *,
    after: int,
    quiet: float = 0.0,
    error: BaseException | None = None,
    declared: type[BaseException] | tuple[type[BaseException], ...] | None = None,
    per: Per | None = None,
) -> None:
    """Assert that the client gives up *after* so many attempts, stays quiet, and tells its caller.

    Definition: every logical call whose last attempt failed has exactly *after* attempts, and no further attempt
    comes within *quiet* seconds of the end of the last; what is left of them is waited for on the clock in force,
    which takes no time if it is virtual. If the test passes the *error* that the client raised, it must be one of
    those that the client has *declared*, not one of a library's below it.

    Raises `NothingToCheck` if no logical call failed to the end. Source: the giving-up half of HasBoundedRetries
    (Gremlin).

    ```python
    import urllib.error, urllib.request
    from pytest_integrations.faults import status

    class Unavailable(Exception):
        pass

    def users(url):
        for attempt in range(3):
            try:
                return urllib.request.urlopen(url + "/users").read()
            except urllib.error.HTTPError as error:
                last = error
        raise Unavailable from last

    def test_the_client_gives_up_and_says_so(fake_rest):
        fake_rest.get("/users").reply(json=[])
        fake_rest.inject(status(503), every=1)

        try:
            users(fake_rest.url)
        except Exception as error:
            assert_gives_up(fake_rest.calls, after=3, error=error, declared=Unavailable)
    ```
    """
    __tracebackhide__ = True
    must_be_calls(calls)
    if isinstance(after, bool) or not isinstance(after, int) or after < 1:
        msg = f"after={after!r} is not a number of attempts: valid are whole numbers from 1 on (1 and the retries)"
        raise ScriptingError(msg)
    if (error is None) != (declared is None):
        msg = "error= and declared= belong together: the exception that the client raised, and the types it may raise"
        raise ScriptingError(msg)
    pause = seconds("quiet", quiet)
    given_up = [group for group in logical_calls(calls, per=per) if not group.succeeded]
    if not given_up:
        nothing_to_check(
            "no logical call failed to the end",
            calls,
            groups=logical_calls(calls, per=per),
            hint="Script failures that last: fake_rest.inject(status(503), every=1).",
        )
    _must_stop_after(after, given_up)
    _must_stay_quiet(calls, given_up, pause, per)
    if error is not None and declared is not None and not isinstance(error, declared):
        _fail_undeclared(given_up, error, declared)


def _must_stop_after(after: int, groups: list[LogicalCall]) -> None:
    __tracebackhide__ = True
    broken = [group for group in groups if len(group) != after]
    if not broken:
        return
    first = broken[0]
    others = f" ({len(broken)} of {len(groups)} calls that failed)" if len(groups) > 1 else ""
    fail(
        f"{first.operation} was given up after {attempts(len(first))}, expected after {after}{others}",
        [call for group in broken for call in group],
        groups=broken,
        footnote=told_apart(broken),
        why="Too few attempts give up what would have succeeded; too many keep a failing backend down.",
        hint=f"The last attempt ended in {first[-1].verdict}: is that one of the failures that the client retries?"
        if len(first) < after
        else "A limit of 3 retries is 4 attempts; and a layer below the client may retry as well.",
    )


def _must_stay_quiet(calls: Calls, groups: list[LogicalCall], quiet: float, per: Per | None) -> None:
    """Wait until *quiet* seconds have passed since the last attempt, and look for another one."""
    __tracebackhide__ = True
    ledger = calls.ledger
    last = max(over(group[-1]) or group[-1].started for group in groups)
    if quiet and last + quiet > ledger.now():
        ledger.clock.sleep(last + quiet - ledger.now())
    known = {call.seq for call in calls}
    fakes = {call.fake for call in calls}
    newest = max(known)
    wider = ledger.calls.where(lambda call: call.seq in known or (call.fake in fakes and call.seq > newest))
    for group in logical_calls(wider, per=per):
        late = [call for call in group if call.seq not in known]
        if late and any(call.seq in known for call in group):
            fail(
                f"{group.operation} was tried again {late[0].started - last:.3f} s after it was given up",
                group,
                groups=[group],
                marks={late[0].seq: "after the client had given up"},
                footnote=told_apart([group]),
                why="An attempt that nobody waits for is load without use, and may change state behind the caller.",
                hint="Look for a task, a thread or a timer that goes on when the caller has got its error.",
            )


def _fail_undeclared(
    groups: list[LogicalCall], error: BaseException, declared: type[BaseException] | tuple[type[BaseException], ...]
) -> None:
    __tracebackhide__ = True
    types = declared if isinstance(declared, tuple) else (declared,)
    names = " or ".join(kind.__qualname__ for kind in types)
    kind = type(error)
    fail(
        f"after {attempts(len(groups[0]))} of {groups[0].operation} the caller saw "
        f"{kind.__module__}.{kind.__qualname__}, expected {names}",
        [call for group in groups for call in group],
        groups=groups,
        notes=[f"The caller saw: {error!r}"],
        why="An error of a library below is one that no caller is ready for: it does not know that library.",
        hint="Translate it: `except requests.RequestException as error: raise Unavailable(...) from error`. With "
        "urllib3's Retry, exhausted retries are a requests.exceptions.RetryError, not an HTTPError.",
    )
