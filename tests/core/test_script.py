"""Scripts: which fault happens to which call, against a model that takes the documentation at its word."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_integrations.core.call import Connection, HttpCall
from pytest_integrations.core.effect import Answer
from pytest_integrations.core.errors import ScriptingError
from pytest_integrations.core.queue_call import QueueCall
from pytest_integrations.core.script import Rule, Script, decide
from pytest_integrations.core.seed import Seed
from pytest_integrations.core.when import When
from pytest_integrations.faults.queue import lost_confirm
from tests.assertions.ledgers import HandClock

from .plain_faults import endless, idle, mark, say, stop_upload, take_down, turn_away

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_integrations.core.fault import Fault, Occasion
    from pytest_integrations.core.queue_call import Kind

SCOPES = ("upload", "call")


def _call(operation: str = "GET /", connection: int = 1) -> HttpCall:
    head = f"{operation} HTTP/1.1\r\nX-Key: {operation}".encode()
    return HttpCall("fake", Connection(connection, "fake", 0.0), head, operation)


def _rule(*faults: Any, seed: int = 0, clock: HandClock | None = None, **when: Any) -> Rule:
    return Rule(faults, When.of(when), fake="fake", seed=Seed(seed), clock=clock or HandClock())


def _codes(rule: Rule, calls: Sequence[HttpCall]) -> list[int | None]:
    """Return the status that the rule answers each call with, None where it lets it through."""
    decisions = [rule.consider(SCOPES, call, call.connection.id) for call in calls]
    return [decision.fault.code if decision else None for decision in decisions]  # type: ignore[union-attr]


# -- against the model


def _model(codes: list[int], words: dict[str, Any], keys: list[str]) -> list[int | None]:
    """Say what the documentation says: count per key, choose by number, play the faults in turn, stop in time."""
    seen: dict[str, int] = {}
    played: dict[str, int] = {}
    answers: list[int | None] = []
    for key in keys:
        number = seen[key] = seen.get(key, 0) + 1
        left = number - words.get("skip", 0)
        every = words.get("every", 1)
        is_chosen = left in words["at"] if "at" in words else left >= 1 and left % every == 0
        has_end = "times" in words or not {"every", "at", "probability"} & set(words)
        turn = played.get(key, 0)
        if not is_chosen or words.get("probability") == 0 or (has_end and turn >= len(codes) * words.get("times", 1)):
            answers.append(None)
            continue
        played[key] = turn + 1
        answers.append(codes[turn % len(codes)])
    return answers


_small = st.integers(1, 4)
_words = st.fixed_dictionaries(
    {},
    optional={
        "times": _small,
        "skip": st.integers(0, 4),
        "every": _small,
        "at": st.lists(st.integers(1, 8), min_size=1, max_size=3, unique=True),
        "probability": st.sampled_from([0, 1, 1.0]),
        "per": st.sampled_from(["fake", "operation", "header:X-Key"]),
    },
).filter(lambda words: not {"at", "every"} <= set(words))


@given(
    codes=st.lists(st.integers(500, 504), min_size=1, max_size=3),
    words=_words,
    operations=st.lists(st.sampled_from(["GET /a", "GET /b"]), max_size=20),
)
def test_the_right_calls_meet_the_right_faults(codes: list[int], words: dict[str, Any], operations: list[str]) -> None:
    """For any words of when, any faults and any mix of operations, the rule does what the documentation says."""
    rule = _rule(*map(say, codes), **words)
    keys = ["all" if words.get("per", "fake") == "fake" else operation for operation in operations]

    answers = _codes(rule, [_call(operation) for operation in operations])

    assert answers == _model(codes, words, keys)
    assert rule.fired == sum(answer is not None for answer in answers)


@pytest.mark.parametrize("kind", ["connect", "deliver"])
def test_what_no_test_asks_for_is_spared_unless_it_is_named(kind: Kind) -> None:
    """By a script for its kind, or by a fault for it, alone or in a sum; what is spared is not counted either."""
    spared, own = (QueueCall("fake", Connection(1, "fake", 0.0), "x", kind=each) for each in (kind, "publish"))

    class named(say):  # noqa: N801 -- a word in a script
        kinds = frozenset({kind})

    def chosen(call: QueueCall) -> bool:
        return call.kind == kind

    chosen.kind = kind  # type: ignore[attr-defined]  # as `fake.on(kind)` has it

    def hit(rule: Rule) -> list[bool]:
        return [rule.consider(SCOPES, call, 1) is not None for call in (spared, own)]

    assert hit(_rule(say())) == [False, True]
    assert hit(_rule(say(), probability=1.0)) == [False, True]
    assert hit(_rule(say(), where=lambda call: call.kind == kind)) == [False, False]
    assert hit(_rule(say(), where=chosen)) == [True, False]
    assert hit(_rule(named())) == [True, False]
    assert hit(_rule(say() + named())) == [True, False]
    assert hit(_rule(lost_confirm(), where=chosen)) == [False, False]


@given(p=st.floats(0, 1), q=st.floats(0, 1), seed=st.integers(0, 99))
def test_what_acts_with_a_small_probability_acts_with_a_greater_one(p: float, q: float, seed: int) -> None:
    """A draw belongs to its call: raising the probability only adds faults, it moves none."""
    low, high = sorted((p, q))
    calls = [_call() for _ in range(30)]

    few, many = (_codes(_rule(say(), seed=seed, probability=chance), calls) for chance in (low, high))

    assert all(more is not None for less, more in zip(few, many, strict=True) if less is not None)


@given(
    operations=st.lists(st.sampled_from(["GET /a", "GET /b", "GET /c"]), min_size=1, max_size=30),
    shuffled=st.randoms(use_true_random=False),
)
def test_chance_does_not_depend_on_the_order_of_operations(operations: list[str], shuffled: Any) -> None:
    """The n-th call of an operation meets the same fate however the calls of the others lie around it."""

    def fates(order: list[str]) -> dict[str, list[int | None]]:
        rule = _rule(say(), seed=5, probability=0.5)
        result: dict[str, list[int | None]] = {}
        for operation in order:
            result.setdefault(operation, []).extend(_codes(rule, [_call(operation)]))
        return result

    other = list(operations)
    shuffled.shuffle(other)
    assert fates(operations) == fates(other)


def test_chance_is_as_frequent_as_asked_and_differs_by_seed() -> None:
    """Of 2,000 draws at 0.3 some 30 % act; another seed picks others."""
    calls = [_call() for _ in range(2000)]
    one, two = (_codes(_rule(say(), seed=seed, probability=0.3), calls) for seed in (1, 2))

    assert one != two
    assert 520 < sum(code is not None for code in one) < 680


def test_chance_does_not_depend_on_where_a_function_lies_in_memory() -> None:
    """A fault whose settings hold a function draws alike in every process."""
    calls = [_call() for _ in range(40)]

    def heard(_occasion: Occasion) -> None: ...

    def heard_elsewhere(_occasion: Occasion) -> None: ...

    heard_elsewhere.__qualname__ = heard.__qualname__
    one, two = (_codes(_rule(say(503, fn), probability=0.5), calls) for fn in (heard, heard_elsewhere))

    assert re.search("0x", repr(say(503, heard)))
    assert one == two


# -- windows, connections, predicates


def test_a_window_counts_only_what_falls_into_it() -> None:
    """Calls before after= and past during= are neither acted on nor counted."""
    clock = HandClock()
    rule = _rule(say(), clock=clock, after=10, during=5, every=2)
    answers = []
    for seconds in (0, 9, 10, 11, 12, 14, 15, 20):
        clock.now = 1000.0 + seconds
        answers += _codes(rule, [_call()])

    assert answers == [None, None, None, 503, None, 503, None, None]


def test_connections_are_counted_apart() -> None:
    """per="connection" plays the script once on each."""
    calls = [_call(connection=number) for number in (1, 1, 2, 1, 2)]

    assert _codes(_rule(say(), per="connection"), calls) == [503, None, 503, None, None]


def test_a_predicate_decides_what_is_counted() -> None:
    """Calls that where= is not true of are let through and not counted."""
    rule = _rule(say(), skip=1, where=lambda call: call.operation == "GET /b")

    assert _codes(rule, [_call(op) for op in ("GET /a", "GET /b", "GET /a", "GET /b")]) == [None, None, None, 503]


def test_each_fault_hears_how_often_it_acted_before() -> None:
    """The ordinal counts the times of this fault, not of the whole script, and anew for each key."""
    heard: list[tuple[str, int]] = []
    one = say(501, lambda occasion: heard.append(("one", occasion.ordinal)))
    two = say(502, lambda occasion: heard.append(("two", occasion.ordinal)))

    _codes(_rule(one, two, times=2, per="operation"), [_call("GET /a")] * 4 + [_call("GET /b")])

    assert heard == [("one", 1), ("two", 1), ("one", 2), ("two", 2), ("one", 1)]


# -- moments


def test_faults_of_several_moments_wait_for_theirs() -> None:
    """A connection's fault is played at the accept, the call's fault after it at the request."""
    rule = _rule(turn_away(), say())

    assert rule.consider(SCOPES, _call(), 1) is None
    at_accept = rule.consider(("connection",), None, 1)
    assert at_accept is not None
    assert at_accept.fault == turn_away()
    assert rule.consider(("connection",), None, 2) is None
    assert _codes(rule, [_call()]) == [503]


def test_a_standing_fault_acts_until_it_is_healed() -> None:
    """Without a word of when it acts on every call; with times= on as many."""
    assert [d is not None for d in (_rule(endless()).consider(SCOPES, _call(), 1) for _ in range(3))] == [True] * 3
    rule = _rule(endless(), times=2)
    assert [rule.consider(SCOPES, _call(), 1) is not None for _ in range(3)] == [True, True, False]


def test_what_does_no_harm_is_no_fault_and_uses_nothing_up() -> None:
    """Effects without harm are performed, but the rule has not fired; no effects are no decision at all."""
    rule = _rule(mark())
    decisions = [rule.consider(SCOPES, _call(), 1) for _ in range(2)]

    assert [decision.fault for decision in decisions if decision] == [None, None]
    assert rule.fired == 0
    assert _rule(idle()).consider(SCOPES, _call(), 1) is None


# -- several rules


def _decide(*rules: Rule) -> tuple[Fault | None, int]:
    scripts = [Script() for _ in rules]
    for script, rule in zip(scripts, rules, strict=True):
        script.add(rule)
    decision = decide(scripts, _call(), 1)
    return (None, 0) if decision is None else (decision.fault, len(decision.effects))


def test_the_first_rule_that_acts_takes_the_call() -> None:
    """The second rule does not even count the calls that the first one took."""
    first, second = _rule(say(501)), _rule(say(502))

    assert [_decide(first, second)[0] for _ in range(3)] == [say(501), say(502), None]


def test_rules_that_are_alike_are_not_of_one_mind() -> None:
    """The first fault of one brings none of the other; were they to draw alike, it would at the very next call."""
    again = 0
    for seed in range(200):
        script = Script()
        for _ in range(2):
            script.add(_rule(say(), seed=seed, probability=0.1))
        failed = [decide([script], _call(), 1) is not None for _ in range(100)]
        again += failed[failed.index(True) + 1]
    assert 20 < again < 60


def test_harmless_effects_go_with_the_fault_that_comes_after_them() -> None:
    """The header fields of two limits that let a call pass are sent with whatever else happens to it."""
    fault, effects = _decide(_rule(mark("a"), every=1), _rule(mark("b"), every=1), _rule(say()))

    assert (fault, effects) == (say(), 3)
    assert _decide(_rule(mark()), _rule(idle())) == (None, 1)
    assert decide([Script()], _call(), 1) is None


def test_a_script_forgets_what_is_taken_out() -> None:
    """remove() takes one rule, clear() all; the moments that are asked about follow; twice does no harm."""
    script, one, two = Script(), _rule(say()), _rule(turn_away())
    script.add(one)
    script.add(two)
    assert script.scopes == {"call", "connection"}

    script.remove(two)
    script.remove(two)
    assert (script.rules, script.scopes) == ((one,), {"call"})
    assert script.decide_connection(1) is None
    script.clear()
    assert (script.rules, script.scopes) == ((), frozenset())


# -- what cannot be scripted


@pytest.mark.parametrize(
    ("faults", "when", "message"),
    [
        ((), {}, r"inject\(\) needs at least one fault, such as status\(503\)"),
        ((503,), {}, "503 is not a fault; see pytest_integrations.faults"),
        ((say,), {}, r"is not a fault; write say\(\.\.\.\)"),
        ((endless(), say()), {}, r"endless\(\) acts on every call until it is healed.*inject it alone"),
        ((take_down(),), {"times": 2}, r"take_down\(\) happens to connections that never reach the fake"),
        ((take_down(),), {"where": bool}, "so they cannot be counted"),
        ((take_down(),), {"probability": 0.5}, r"inject it alone with after=/during=, or use reset_on_accept\(\)"),
        ((take_down(), say()), {}, "so they cannot be counted"),
        ((turn_away(),), {"where": bool}, r"decided when a connection is accepted.*where= cannot be asked"),
    ],
    ids=str,
)
def test_what_cannot_be_is_refused_at_the_scripting_line(faults: Any, when: dict[str, Any], message: str) -> None:
    """Every complaint names the fault and the way out."""
    with pytest.raises(ScriptingError, match=message):
        _rule(*faults, **when)


def test_a_port_goes_down_by_the_clock() -> None:
    """A listener's fault takes after= and during=."""
    assert _rule(take_down(), after=1, during=2).scopes == {"listener"}


def test_a_rule_shows_how_it_was_written() -> None:
    """The repr is the scripting line, for timelines and warnings."""
    assert repr(_rule(say(503), stop_upload(5), times=2, at=[1, 3])) == (
        "inject(say(), stop_upload(5), times=2, at=(1, 3))"
    )
    assert repr(_rule(say(504))) == "inject(say(504))"


def test_whether_it_may_rightly_never_fire() -> None:
    """Only a rule of chance may be left over without a warning; an endless one says so."""
    assert _rule(say(), probability=0.1).is_chance
    assert not _rule(say()).is_chance
    assert (_rule(say(), every=1).endless, _rule(say()).endless) == (True, False)


def test_a_sum_of_faults_is_one_fault_of_a_script() -> None:
    """Two faults added happen to the same call, in order."""
    decision = _rule(say(501) + say(502)).consider(SCOPES, _call(), 1)

    assert decision is not None
    assert [effect.reply.status for effect in decision.effects if isinstance(effect, Answer)] == [501, 502]  # type: ignore[union-attr]
