"""Which calls are attempts of one logical call, and how long the client waited between two of them.

    1  per=                       what the test says
    2  with logical_call():       what the test says, around the call
    3  Idempotency-Key, …         what the client says: headers that retrying clients send by themselves
    4  fake, operation, body      a call like one that failed before, when that one was over

A connection that a fault spoilt before there was a request belongs to the next request to the same fake. The rules
are tried in this order for every call. The last cannot know whether a test means to call twice: failures name the rule.

Calls of gRPC tell more by their counter, `grpc-previous-rpc-attempts`: one that counts another attempt while the one
before still runs is a hedge of the same call; one that counts no further than an attempt that was not processed at all
is that attempt once more; and of calls that are made at the same time each has a deadline, which its attempts share.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, overload

from pytest_integrations.core.call import CONNECT
from pytest_integrations.core.grpc_call import GrpcCall
from pytest_integrations.core.when import When

from .bodies import alike, alike_as_far_as_read, is_cut

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pytest_integrations.core.call import Call

__all__ = ["LogicalCall", "Per", "gap", "is_success", "logical_calls", "over"]

Per = str | Callable[["Call"], Hashable]
"""What tells logical calls apart, in the words of `inject(..., per=)`: `"fake"`, `"operation"`, `"connection"`,
`"header:NAME"`, or a function of the call."""

KEY_HEADER = "Idempotency-Key"
_IDENTITIES = ("amz-sdk-invocation-id",)
_GRPC = "grpc-previous-rpc-attempts"
_COUNTERS = ("x-stainless-retry-count", "Retry-Attempt", _GRPC)
_CREDENTIALS, _CONDITIONS = ("Authorization", "Proxy-Authorization", "Cookie"), ("If-Match", "If-Unmodified-Since")
_ASKED_FOR = dict.fromkeys((401, 407), _CREDENTIALS) | dict.fromkeys((412, 428), _CONDITIONS)
"""Other credentials, or the version that there is by now."""
_LEFT = ("abandoned", "hung")
_SLACK = 0.005
"""The FIN of an abandoned attempt and the next request may be read in either order."""
_GRAIN, _RATIO = 0.05, 0.01
"""Clients round what is left of a deadline up, to a hundredth of it, and a busy machine reads late what they say."""


@dataclass(frozen=True, slots=True)
class LogicalCall(Sequence["Call"]):
    """What the client's caller sees as one call: its attempts, oldest first, and the rule that put them together."""

    attempts: tuple[Call, ...]
    """Its attempts, oldest first."""
    by: str
    """The rule that put them together."""

    @overload
    def __getitem__(self, index: int) -> Call: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Call, ...]: ...
    def __getitem__(self, index: int | slice) -> Call | tuple[Call, ...]:
        """Return one attempt, or several."""
        return self.attempts[index]

    def __len__(self) -> int:
        """Return how many attempts there were: 1 and the retries."""
        return len(self.attempts)

    @property
    def operation(self) -> str:
        """What was called; `"connect"` if no attempt came as far as a request."""
        return next((call.operation for call in self.attempts if call.operation != CONNECT), CONNECT)

    @property
    def succeeded(self) -> bool:
        """Whether the last attempt brought what was asked for, or one that still ran beside it."""
        last = self.attempts[-1]
        return any(is_success(each) and (each is last or _runs_at(last.started, each)) for each in self.attempts)

    @property
    def retries(self) -> tuple[tuple[Call, Call], ...]:
        """Each attempt but the last, with the one that followed it."""
        return tuple(zip(self.attempts, self.attempts[1:], strict=False))

    @property
    def gaps(self) -> tuple[float | None, ...]:
        """The waits between the attempts, in seconds; see `gap`."""
        return tuple(gap(before, after) for before, after in self.retries)

    @property
    def waits(self) -> tuple[float | None, ...]:
        """The gaps; and where there is none after a timeout, how long the client kept hold of the dead connection.

        urllib3 closes the connection of an attempt that timed out when its backoff is over, not before. Its timeout is
        the shortest time for which it stayed with an attempt that it left, and what it stayed longer was its wait.
        """
        stays = {call.seq: _stay(call) for call in self.attempts if call.gone is not None and call.outcome in _LEFT}
        timeout = min(stays.values(), default=0.0)
        return tuple(
            stays[before.seq] - timeout + wait if wait is not None and wait <= _SLACK and before.seq in stays else wait
            for (before, _), wait in zip(self.retries, self.gaps, strict=True)
        )


def over(call: Call) -> float | None:
    """Return when *call* was over for the client: when it left, if it did, else at the end of the answer or fault."""
    return call.gone if call.outcome == "abandoned" and call.gone is not None else call.end


def _stay(call: Call) -> float:
    end = over(call)
    return 0.0 if end is None else end - call.started


def gap(before: Call, after: Call) -> float | None:
    """Return how long the client waited after *before* until *after* came, in seconds.

    From the end of the failed attempt, which is the client's FIN if the client gave up waiting, so that its timeout
    does not count as backoff. None if *before* was still open when *after* came: then it did not wait for the end.
    """
    end = over(before)
    if end is None or end > after.started + _SLACK:
        return None
    return max(0.0, after.started - end)


def _runs_at(moment: float, call: Call) -> bool:
    end = over(call)
    return end is None or end > moment + _SLACK


def is_success(call: Call) -> bool:
    """Tell whether *call* brought a whole and sound answer that is not an error."""
    return call.outcome == "answered" and not call.failed and not call.denied


def logical_calls(calls: Iterable[Call], *, per: Per | None = None) -> tuple[LogicalCall, ...]:
    """Put *calls* together to logical calls, in order of their first attempts.

    *per* replaces the rules by a key of the calls' own, such as `"header:X-Request-Id"`; then every call with the
    same key, to the same fake, is an attempt of one logical call.

    ```python
    from urllib.request import urlopen
    from pytest_integrations.faults import status

    def test_a_client_without_retries_makes_one_attempt(fake_rest):
        fake_rest.get("/users").reply(json=[])

        urlopen(fake_rest.url + "/users").close()

        assert [len(attempts) for attempts in logical_calls(fake_rest.calls)] == [1]
    ```
    """
    if per is not None:
        return _grouped_per(calls, per)
    return Grouping().of(calls)


RENEWED_KEYS = (
    f"What look like retries carry an {KEY_HEADER} of their own each: to the backend they are separate calls.",
    "Make the key before the loop, not in it; see assert_idempotency_key.",
)
"""What is wrong where `renew_their_key` is true, and what to do."""


def renew_their_key(calls: Sequence[Call]) -> bool:
    """Tell whether some of *calls* would be retries of others, if each had not an Idempotency-Key of its own."""
    return len(Grouping(key_header=None).of(calls)) < len(logical_calls(calls))


def told_apart(groups: Iterable[LogicalCall]) -> str:
    """Return the note on the rules that the calls of *groups* were put together by."""
    known = list(groups)
    rules = list(dict.fromkeys(group.by for group in known))
    is_guess = any(rule.endswith(AFTER_FAILURE) for rule in rules)
    hint = f" If they are not, put `with {known[0][0].fake}.logical_call():` around each one." if is_guess else ""
    return f"Calls with the same {' or '.join(rules)} were taken for one logical call.{hint}" if rules else ""


def none_retried(groups: Sequence[LogicalCall]) -> str:
    """Return the words for logical calls of which none was retried."""
    return f"none of {len(groups)} logical calls was retried" if len(groups) != 1 else "the only call was not retried"


def counted(number: int) -> str:
    """Return the words for a *number* of logical calls."""
    return f"{number} logical call{'' if number == 1 else 's'}"


BY_BLOCK = "logical_call() block"
AFTER_FAILURE = " after a failure"
BY_FAKE = "fake, before any request"


def _grouped_per(calls: Iterable[Call], per: Per) -> tuple[LogicalCall, ...]:
    when = When(per=per)
    by = "per= of the test" if callable(per) else f"{per.removeprefix('header:')} (per=)"
    groups: dict[Hashable, list[Call]] = {}
    for call in sorted(calls, key=_in_order):
        key = when.key(call, call.connection.id)
        groups.setdefault(key if callable(per) else (call.fake, key), []).append(call)
    return tuple(LogicalCall(tuple(group), by) for group in groups.values())


def _in_order(call: Call) -> int:
    return call.seq


class _Growing:
    """A logical call that may get further attempts."""

    def __init__(self, by: str) -> None:
        self.by = by
        self.attempts: list[Call] = []

    @property
    def ended(self) -> float:
        return over(self.attempts[-1]) or 0.0

    def awaits(self, call: Call) -> bool:
        """Tell whether *call* can be the retry of the last attempt: that failed, and was over."""
        last = self.attempts[-1]
        if last.outcome == "open" or is_success(last) or _does_as_told(last, call):
            return False
        end = over(last)
        return end is None or end <= call.started + _SLACK

    def repeats(self, call: Call) -> bool:
        """Tell whether *call* can be the last attempt once more, which was not processed: clients do not count that."""
        return self.attempts[-1].unprocessed and self.awaits(call)

    def is_hedged(self, call: Call) -> bool:
        """Tell whether *call* can be sent beside the last attempt, which still runs."""
        return _runs_at(call.started, self.attempts[-1])

    def is_done(self, call: Call) -> bool:
        """Tell whether neither *call* nor a later one can be an attempt more."""
        return is_success(self.attempts[-1]) and not self.is_hedged(call)

    def rank(self, call: Call) -> tuple[bool, float]:
        """Return by how much other logical calls come before this one, if *call* can be a retry of several."""
        return _differ(self.attempts[-1], call), self.ended


_Fits = Callable[[_Growing, "Call"], bool]


class Grouping:
    """Puts calls together by the rules.

    *key_header* is the header whose key tells calls apart, or None; *like* replaces what makes two calls alike, and
    *likeness* are the words for that.
    """

    def __init__(
        self,
        *,
        key_header: str | None = KEY_HEADER,
        like: Callable[[Call], Hashable] | None = None,
        likeness: str = "operation and body",
    ) -> None:
        """Begin without calls."""
        self._key_header = key_header
        self._like = like or alike
        self._likeness = f"{likeness}{AFTER_FAILURE}"
        self._groups: list[_Growing] = []
        self._by_key: dict[Hashable, list[_Growing]] = {}
        self._counted: set[Hashable] = set()
        self._spoilt: dict[str, list[Call]] = {}
        self._cut: set[int] = set()
        self._unfinished: list[_Growing] = []

    def of(self, calls: Iterable[Call]) -> tuple[LogicalCall, ...]:
        """Return the logical calls that *calls* make up, in order of their first attempts."""
        ordered = sorted(calls, key=_in_order)
        self._counted.update((call.fake, _GRPC, call.operation) for call in ordered if _counts(call))
        self._cut = {call.seq for call in ordered if is_cut(call)}
        for call in ordered:
            if call.block is not None:
                self._put(call, BY_BLOCK, ("block", call.block), None)
            elif call.operation == CONNECT:
                self._spoilt.setdefault(call.fake, []).append(call)
            else:
                self._place(call)
        for spoilt in self._spoilt.values():
            self._place_left_over(spoilt)
        whole = [LogicalCall(tuple(sorted(group.attempts, key=_in_order)), group.by) for group in self._groups]
        return tuple(sorted(whole, key=lambda group: group[0].seq))

    def _place(self, call: Call) -> None:
        """Put *call* where its headers say, or else to a call like it that failed."""
        headers = call.headers
        for name in _IDENTITIES:
            if name in headers:
                self._put(call, f"{name} header", (call.fake, name, headers[name]), None)
                return
        if self._key_header is not None and self._key_header in headers:
            key = (call.fake, self._key_header, call.operation, headers[self._key_header])
            self._put(call, f"{self._key_header} header", key, _Growing.awaits)
            return
        like = self._like(call)
        for name in _COUNTERS:
            if name in headers or (call.fake, name, call.operation) in self._counted:
                self._counted.add((call.fake, name, call.operation))
                self._place_by_count(call, name, _whole(headers.get(name, "0")), like)
                return
        self._put(call, self._likeness, like, _Growing.awaits, after=[like, *self._half_read(call)])

    def _half_read(self, call: Call) -> Iterator[Hashable]:
        """Yield where the calls are that *call* may repeat, if of it or of them a fault let only a part be read."""
        if not self._cut:
            return
        self._unfinished = [group for group in self._unfinished if not is_success(group.attempts[-1])]
        for group in self._unfinished:
            last = group.attempts[-1]
            is_part = not self._cut.isdisjoint((last.seq, call.seq))
            if is_part and group.by == self._likeness and alike_as_far_as_read(last, call):
                yield self._like(last)

    def _place_by_count(self, call: Call, name: str, retries: int, like: Hashable) -> None:
        """Put *call* to a call like it that has come as far as its own counter of retries says."""
        key = (name, retries, like)
        before: list[Hashable] = [(name, retries - 1, like)] if retries else []
        if retries == 1:
            before.append(like)  # those that count from 1 send nothing with the first attempt, so it was placed there
        again: list[Hashable] = [key] if retries else [key, like]
        ways: list[tuple[list[Hashable], _Fits]] = [(again, _Growing.repeats), (before, _Growing.awaits)]
        if name == _GRPC:
            ways.append((before, _Growing.is_hedged))
        after, fits = next(((sought, fits) for sought, fits in ways if self._waiting(call, sought, fits)), ways[1])
        self._put(call, f"{name} header", key, fits, after=after)

    def _waiting(self, call: Call, sought: list[Hashable], fits: _Fits | None) -> list[_Growing]:
        """Return the groups under *sought* that *call* fits, and forget those that are done."""
        for each in sought:
            if each in self._by_key and fits is not None:
                self._by_key[each] = [group for group in self._by_key[each] if not group.is_done(call)]
        known = [group for each in sought for group in self._by_key.get(each, ())]
        return [group for group in known if fits is None or fits(group, call)]

    def _put(
        self, call: Call, by: str, key: Hashable, fits: _Fits | None, *, after: list[Hashable] | None = None
    ) -> None:
        """Add *call* to the group under *after* (not given: *key*) that has waited longest, or begin one.

        It is found under *key* from then on, until it succeeds; *fits* None fits always.
        """
        sought = [key] if after is None else after
        waiting = self._waiting(call, sought, fits)
        group = min(waiting, key=lambda group: group.rank(call)) if waiting else _Growing(by)
        if waiting:
            for each in sought:
                self._by_key[each] = [other for other in self._by_key.get(each, ()) if other is not group]
        else:
            self._groups.append(group)
            self._unfinished.append(group)
        group.by = by
        group.attempts += [*(self._spoilt.pop(call.fake, []) if call.block is None else []), call]
        if fits is None or not is_success(call) or isinstance(call, GrpcCall):  # which may be hedged while it runs
            self._by_key.setdefault(key, []).append(group)

    def _place_left_over(self, spoilt: list[Call]) -> None:
        """Put connections that no request followed to the call that failed before them, if one did."""
        fake = spoilt[0].fake
        before = [group for group in self._groups if group.attempts[-1].fake == fake and group.awaits(spoilt[0])]
        if before:
            max(before, key=lambda group: group.ended).attempts += spoilt
        else:
            alone = _Growing(BY_FAKE)
            alone.attempts += spoilt
            self._groups.append(alone)


def _counts(call: Call) -> bool:
    """Tell whether *call* shows that its client counts: then one without a number is nobody's retry."""
    return isinstance(call, GrpcCall) and call.previous_attempts > 0


def _differ(last: Call, call: Call) -> bool:
    """Tell whether the deadlines of two attempts differ by more than what they are told in."""
    if not isinstance(last, GrpcCall) or not isinstance(call, GrpcCall):
        return False
    if last.deadline is None or call.deadline is None:
        return last.deadline is not call.deadline
    return abs(last.deadline - call.deadline) > _GRAIN + _RATIO * (last.timeout or 0.0)


def _whole(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() else 0


def _does_as_told(last: Call, call: Call) -> bool:
    """Tell whether *call* brings what the answer to *last* asks for, which makes it another request, not a retry."""
    return any(last.headers.get(name) != call.headers.get(name) for name in _ASKED_FOR.get(last.status or 0, ()))
