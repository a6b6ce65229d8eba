"""What a case asks of its client."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_integrations.core.errors import ScriptingError
from pytest_integrations.tester.request import NOTHING, Request


@pytest.mark.parametrize(
    ("written", "arguments", "options"),
    [
        (NOTHING, (), {}),
        (None, (None,), {}),
        ("tea", ("tea",), {}),
        (("GET", "/tea"), ("GET", "/tea"), {}),
        (["GET", "/tea"], ("GET", "/tea"), {}),
        ({"sku": "tea"}, (), {"sku": "tea"}),
        (({"sku": "tea"},), ({"sku": "tea"},), {}),
    ],
)
def test_how_it_may_be_written(written: Any, arguments: tuple[Any, ...], options: dict[str, Any]) -> None:
    request = Request.of(written)

    assert (request.arguments, request.options) == (arguments, options)


def test_keys_that_are_no_names_are_refused() -> None:
    with pytest.raises(
        ScriptingError, match=r"7 is not a name of an argument; for a mapping itself write \(mapping,\)"
    ):
        Request.of({7: "tea"})


@pytest.mark.parametrize(
    ("written", "line"),
    [
        (("GET", "/tea"), "GET /tea"),
        ("GET /tea", "GET /tea"),
        ({"method": "POST", "path": "/orders", "json": {}}, "POST /orders"),
        (("GET", "http://shop/tea"), "GET http://shop/tea"),
        (("get", "/tea"), None),
        ("tea", None),
        (("tea", 2), None),
        (NOTHING, None),
    ],
)
def test_it_knows_whether_it_looks_like_http(written: Any, line: str | None) -> None:
    assert Request.of(written).line == line


@pytest.mark.parametrize(
    ("written", "point"),
    [
        (("GET", "/tea"), "GET /tea"),
        ("/tea", "get /tea"),
        (("/orders", {"sku": "tea"}), "get /orders"),
        ({"path": "/tea"}, "get /tea"),
        ("tea", "get"),
        (NOTHING, "get"),
    ],
)
def test_it_knows_the_integration_point(written: Any, point: str) -> None:
    assert Request.of(written).point("get") == point


def test_a_long_one_is_shortened() -> None:
    assert str(Request.of("x" * 200)) == f"{'x' * 79}…"
    assert str(Request.of(("tea", 2))) == "'tea', 2"


def test_the_values_of_header_fields_are_not_shown() -> None:
    request = Request.of({"path": "/tea", "headers": {"Authorization": "Bearer 123", "X-Shop": "1"}})

    assert str(request) == "path='/tea', headers=<Authorization, X-Shop>"
