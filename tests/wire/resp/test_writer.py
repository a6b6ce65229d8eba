"""Every value in the one way in which each version of RESP says it."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_integrations.wire.resp.values import NIL_ARRAY, Failure, Push, Simple, Verbatim
from pytest_integrations.wire.resp.writer import encode


@pytest.mark.parametrize(
    ("value", "two", "three"),
    [
        (b"a\r\nb", b"$4\r\na\r\nb\r\n", b"$4\r\na\r\nb\r\n"),
        ("ä", b"$2\r\n\xc3\xa4\r\n", b"$2\r\n\xc3\xa4\r\n"),
        (-7, b":-7\r\n", b":-7\r\n"),
        (True, b":1\r\n", b"#t\r\n"),
        (False, b":0\r\n", b"#f\r\n"),
        (None, b"$-1\r\n", b"_\r\n"),
        (NIL_ARRAY, b"*-1\r\n", b"_\r\n"),
        (1.5, b"$3\r\n1.5\r\n", b",1.5\r\n"),
        (3.0, b"$1\r\n3\r\n", b",3\r\n"),
        (float("-inf"), b"$4\r\n-inf\r\n", b",-inf\r\n"),
        (Simple(b"OK"), b"+OK\r\n", b"+OK\r\n"),
        (Failure("ERR two\r\nlines"), b"-ERR two  lines\r\n", b"-ERR two  lines\r\n"),
        ([1, [b"a", None]], b"*2\r\n:1\r\n*2\r\n$1\r\na\r\n$-1\r\n", b"*2\r\n:1\r\n*2\r\n$1\r\na\r\n_\r\n"),
        ((), b"*0\r\n", b"*0\r\n"),
        ({b"a": 1}, b"*2\r\n$1\r\na\r\n:1\r\n", b"%1\r\n$1\r\na\r\n:1\r\n"),
        ({b"a"}, b"*1\r\n$1\r\na\r\n", b"~1\r\n$1\r\na\r\n"),
        (Push([b"message"]), b"*1\r\n$7\r\nmessage\r\n", b">1\r\n$7\r\nmessage\r\n"),
        (Verbatim(b"a"), b"$1\r\na\r\n", b"=5\r\ntxt:a\r\n"),
    ],
)
def test_values(value: Any, two: bytes, three: bytes) -> None:
    assert encode(value, 2) == two
    assert encode(value, 3) == three


def test_foreign_values_are_translated_wherever_they_stand() -> None:
    assert encode([1j, b"a"], 2, lambda value: Simple(str(value).encode())) == b"*2\r\n+1j\r\n$1\r\na\r\n"


def test_what_cannot_be_said() -> None:
    with pytest.raises(TypeError, match="no way to say"):
        encode(object(), 2)


def test_an_error_has_a_code() -> None:
    assert Failure("WRONGTYPE Operation").code == "WRONGTYPE"
