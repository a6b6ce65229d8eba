"""What a case expects: how it may be written, what fits, and what is said where it does not."""

from __future__ import annotations

import gc
import operator
import urllib.request
import warnings
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import requests
from werkzeug.test import Client
from werkzeug.wrappers import Response

from pytest_integrations.core.errors import ScriptingError
from pytest_integrations.tester import Expected, HttpClient
from pytest_integrations.tester.answer import Answer
from pytest_integrations.tester.difference import differences

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_integrations import FakeRest


class Anything:
    """What compares itself, as the values of dirty-equals do, and can be called besides."""

    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = None  # type: ignore[assignment]

    def __call__(self) -> None:
        raise AssertionError


def _werkzeug(url: str) -> Any:
    return Client(Response('{"left": 3}', headers={"X-Left": "3"})).get("/")


CLIENTS: list[Callable[[str], Any]] = [
    requests.get,
    httpx.get,
    urllib.request.urlopen,
    lambda url: HttpClient(url)("GET"),
    _werkzeug,
]


@pytest.mark.parametrize("get", CLIENTS, ids=["requests", "httpx", "urllib", "our own", "werkzeug"])
def test_responses_of_all_libraries_are_read(fake_rest: FakeRest, get: Callable[[str], Any]) -> None:
    fake_rest.get("/").reply(json={"left": 3}, headers={"X-Left": "3"})
    response = get(fake_rest.url)

    expected = Expected(status=200, json={"left": 3}, text='{"left": 3}', contains="left", headers={"x-left": "3*"})

    assert expected.misses(response) == []
    if hasattr(response, "close"):
        response.close()


@pytest.fixture
def answer(fake_rest: FakeRest) -> Any:
    fake_rest.get("/tea").reply(json={"left": 3, "sku": "tea"}, headers={"X-Left": "3"})
    return HttpClient(fake_rest.url)("GET", "/tea")


@pytest.mark.parametrize(
    ("written", "misses"),
    [
        (200, []),
        (201, ['expected status 201, got 200 {"left": 3, "sku": "tea"}']),
        ({"left": 3, "sku": "tea"}, []),
        ({"left": 3}, ["body.sku: not expected, got 'tea'"]),
        (Expected(json_has={"left": 3}), []),
        (
            Expected(json_has={"left": 4, "price": 1}),
            ["body.left: expected 4, got 3", "body.price: missing, expected 1"],
        ),
        (Expected(json={"left": 3, "sku": Anything()}), []),
        (Expected(contains="coffee"), ['expected \'coffee\' in the body, got 200 {"left": 3, "sku": "tea"}']),
        (Expected(headers={"X-Left": 3}), []),  # type: ignore[dict-item]  # as one writes it
        (Expected(headers={"X-Left": "4"}), ["expected header X-Left: 4, got '3'"]),
        (Expected(headers={"X-Right": "*"}), ["expected header X-Right: *, got None"]),
        (Expected(status=404, contains="coffee"), ["expected status 404, got", "expected 'coffee' in the body"]),
        (lambda response: response.status == 200, []),
        (lambda response: response.status == 201, ["<lambda> is not true of <Response 200 OK"]),
    ],
)
def test_a_response(answer: Any, written: Any, misses: list[str]) -> None:
    seen = Expected.of(written).misses(answer)

    assert len(seen) == len(misses)
    assert all(begin in line for begin, line in zip(misses, seen, strict=True)), seen


@pytest.mark.parametrize(
    ("written", "value", "misses"),
    [
        (3, 3, []),
        (3, 4, ["value: expected 3, got 4"]),
        (True, 1, ["value: expected True, got 1"]),
        (1, True, ["value: expected 1, got True"]),
        (None, None, []),
        (None, 3, ["value: expected None, got 3"]),
        ([1, {"a": 2}], [1, {"a": 3}], ["value[1].a: expected 2, got 3"]),
        ([1, [2]], (1, (2,)), []),
        ((1,), [1], ["value: expected (1,), got [1]"]),
        ([1], [1, 2], ["value: expected [1], got [1, 2]"]),
        (Anything(), 3, []),
        (Expected(status=200), 3, ["expected a response with status, got 3, which is none: expect it by value"]),
        ("tea".startswith, "t", []),
        ("tea".startswith, "x", ["str.startswith is not true of 'x'"]),
    ],
)
def test_a_value(written: Any, value: Any, misses: list[str]) -> None:
    assert Expected.of(written).misses(value) == misses


def test_nothing_said_is_a_success(fake_rest: FakeRest) -> None:
    fake_rest.get("/ok").reply(302)
    fake_rest.get("/no").reply(404, text="gone")
    client = HttpClient(fake_rest.url)

    assert Expected().misses(client("GET /ok")) == []
    assert Expected().misses(client("GET /no")) == ["expected a success, got 404 gone"]
    assert Expected().misses(None) == []
    assert Expected(status=404).misses(client("GET /no")) == []


def test_a_function_may_assert() -> None:
    def holds(value: int) -> None:
        assert value == 3

    assert Expected.of(holds).misses(3) == []
    with pytest.raises(AssertionError):
        Expected.of(holds).misses(4)


def test_a_body_that_is_not_json(fake_rest: FakeRest) -> None:
    fake_rest.get("/").reply(text="<html>")

    (said,) = Expected(json={}).misses(HttpClient(fake_rest.url)("GET", "/"))

    assert said.startswith("expected JSON in the body, got 200 <html>: Expecting value")


@pytest.mark.parametrize(
    ("raises", "fits"),
    [
        (OSError, True),
        ((ValueError, OSError), True),
        (ValueError, False),
        ("ConnectionResetError", True),
        ("OSError", True),
        ("builtins:OSError", True),
        ("ValueError", False),
    ],
)
def test_what_is_raised(raises: Any, fits: bool) -> None:  # noqa: FBT001 -- a column of the table
    expected = Expected(raises=raises)

    assert expected.is_raised_by(ConnectionResetError()) is fits
    assert expected.misses(3)[0].endswith("to be raised, got 3")


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"raises": OSError, "status": 200}, "raises='OSError' returns nothing that status= could be true of"),
        ({"status": 600}, "status=600 is not a status of HTTP: valid are whole numbers from 100 to 599"),
        ({"status": True}, "status=True is not a status of HTTP"),
        ({"holds": 3}, "holds=3 is not callable"),
        ({"headers": "ETag"}, "headers='ETag' are not fields by their names: valid is {'ETag': '\\*'}"),
    ],
)
def test_what_cannot_be_expected(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(ScriptingError, match=said):
        Expected(**settings)


def test_it_is_said_in_few_words() -> None:
    assert str(Expected()) == "a success"
    assert str(Expected(status=200, json={})) == "status 200 and json {}"
    assert str(Expected(value=None)) == "value None"
    assert str(Expected(raises=(OSError, ValueError))) == "OSError or ValueError to be raised"
    assert repr(Expected(status=200)) == "Expected(status=200)"


def test_differences_are_not_told_without_an_end() -> None:
    assert differences(list(range(99)), list(range(1, 100)), what="value")[-1] == "…"


class _Gone:
    status = 200
    headers: dict[str, str] = {}  # noqa: RUF012 -- of a stand-in


class _Elsewhere(_Gone):
    """As one of aiohttp, whose body is read in its event loop."""

    async def read(self) -> bytes:
        raise AssertionError


@pytest.mark.parametrize("response", [_Gone, _Elsewhere])
def test_a_response_whose_body_cannot_be_read_is_told(response: type[_Gone]) -> None:
    with (
        pytest.raises(ScriptingError, match="cannot be read here: let the client return what is in it"),
        warnings.catch_warnings(record=True) as caught,
    ):
        operator.attrgetter("text")(Answer.of(response()))
    gc.collect()
    assert not caught
