"""The grammar of when: every word, every complaint."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from pytest_integrations.core.call import Connection, HttpCall
from pytest_integrations.core.errors import ScriptingError
from pytest_integrations.core.when import When

HEAD = b"POST /charges HTTP/1.1\r\nIdempotency-Key: k1"


def _call(head: bytes = HEAD, operation: str = "POST /charges") -> HttpCall:
    return HttpCall("fake", Connection(3, "fake", 0.0), head, operation)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"times": 0}, "times=0 is not a count: valid are whole numbers from 1 on"),
        ({"times": 1.5}, "times=1.5 is not a count"),
        ({"times": True}, "times=True is not a count"),
        ({"skip": -1}, "skip=-1 is not a count: valid are whole numbers from 0 on"),
        ({"every": 0}, "every=0 is not a count: valid are whole numbers from 1 on"),
        ({"every": "2"}, "every='2' is not a count"),
        ({"at": 0}, "at=0 is not a count: valid are whole numbers from 1 on"),
        ({"at": [1, "2"]}, "at='2' is not a count"),
        ({"at": "12"}, "at='12' is not a count"),
        ({"after": -1}, "after=-1 is not a duration: valid are seconds from 0 on, or a timedelta"),
        ({"during": float("inf")}, "during=inf is not a duration"),
        ({"during": "1s"}, "during='1s' is not a number"),
        ({"after": float("nan")}, "after=nan is not a number"),
        ({"probability": 1.1}, r"probability=1.1 is out of range: valid are numbers from 0 \(never\) to 1 \(always\)"),
        ({"probability": "half"}, "probability='half' is not a number"),
        ({"probability": True}, "probability=True is not a number"),
        ({"per": "header:"}, "per='header:' is not something to count by: valid are 'fake', 'operation', 'conn"),
        ({"per": 3}, "per=3 is not something to count by: valid are 'fake', 'operation', 'connection', 'header:NAME'"),
        ({"per": ["fake"]}, r"per=\['fake'\] is not something to count by"),
        ({"per": "route"}, "per='route' is not something to count by: valid are 'fake', 'operation', 'connection'"),
        ({"where": "GET"}, "where='GET' is not callable: give a function, such as lambda call:"),
        ({"at": [1], "every": 2}, "at= and every= both choose calls by number: give one of them"),
        ({"tims": 2}, r"tims= is not a word of when\. Did you mean times=\? Valid: times=, skip=, every=, at="),
        ({"xyzzy": 2}, r"xyzzy= is not a word of when\. Valid: times="),
    ],
    ids=str,
)
def test_a_wrong_word_is_refused_with_the_valid_ones(words: dict[str, Any], message: str) -> None:
    """The complaint names the word, its value, what is valid, and a near word where there is one."""
    with pytest.raises(ScriptingError, match=message):
        When.of(words)


def test_durations_may_be_timedeltas() -> None:
    """after= and during= take seconds or a timedelta."""
    when = When.of({"after": timedelta(minutes=1), "during": 2})

    assert (when.after, when.during) == (60.0, 2.0)


@pytest.mark.parametrize(
    ("given", "kept"), [(3, (3,)), ([1, 4], (1, 4)), ((2,), (2,)), (range(1, 4), (1, 2, 3))], ids=str
)
def test_at_takes_a_number_or_several(given: Any, kept: tuple[int, ...]) -> None:
    """at= is one number or a sequence of them."""
    assert When.of({"at": given}).at == kept


@pytest.mark.parametrize(
    ("words", "is_endless"),
    [
        ({}, False),
        ({"times": 3}, False),
        ({"skip": 2}, False),
        ({"per": "operation"}, False),
        ({"where": bool}, False),
        ({"every": 1}, True),
        ({"at": 2}, True),
        ({"after": 0}, True),
        ({"during": 1}, True),
        ({"probability": 0.5}, True),
        ({"every": 1, "times": 2}, False),
        ({"during": 1, "times": 1}, False),
    ],
    ids=str,
)
def test_which_words_play_the_script_for_ever(words: dict[str, Any], is_endless: bool) -> None:  # noqa: FBT001
    """A number of times ends the script; without one it goes on where a word chooses calls by itself."""
    assert When.of(words).endless is is_endless


@pytest.mark.parametrize(
    ("words", "open_at", "closed_at"),
    [
        ({}, [0, 1e9], []),
        ({"after": 2}, [2, 1e9], [0, 1.999]),
        ({"during": 3}, [0, 2.999], [3]),
        ({"after": 2, "during": 3}, [2, 4.999], [1.999, 5]),
        ({"during": 0}, [], [0, 1]),
    ],
    ids=str,
)
def test_the_window_is_open_from_its_beginning_to_before_its_end(
    words: dict[str, Any], open_at: list[float], closed_at: list[float]
) -> None:
    """after= begins it, during= counts from there; the first moment belongs to it, the last does not."""
    when = When.of(words)

    assert all(when.is_open(elapsed) for elapsed in open_at)
    assert not any(when.is_open(elapsed) for elapsed in closed_at)


@pytest.mark.parametrize(
    ("words", "key"),
    [
        ({}, None),
        ({"per": "fake"}, None),
        ({"per": "operation"}, "POST /charges"),
        ({"per": "connection"}, 3),
        ({"per": "header:idempotency-KEY"}, "k1"),
        ({"per": "header:X-None"}, None),
        ({"per": lambda call: call.method}, "POST"),
    ],
)
def test_what_calls_are_counted_under(words: dict[str, Any], key: Any) -> None:
    """per= counts apart by operation, connection, header in any case, or a function of the call."""
    assert When.of(words).key(_call(), 3) == key


@pytest.mark.parametrize(
    ("per", "key"), [("fake", None), ("operation", None), ("connection", 9), ("header:X", None), (len, None)], ids=str
)
def test_before_there_is_a_call_only_connections_are_told_apart(per: Any, key: Any) -> None:
    """At an accept there is no call to ask, so that per= counts connections or all alike."""
    assert When.of({"per": per}).key(None, 9) == key


def test_it_shows_the_words_that_were_given() -> None:
    """The repr has what was written and no defaults."""
    assert repr(When.of({})) == ""
    assert repr(When.of({"at": 2, "times": 3, "per": "operation"})) == "times=3, at=(2,), per='operation'"
