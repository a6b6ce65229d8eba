"""Commands out of bytes, however those come in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_integrations.wire.resp.reader import BadCommand, CommandReader

LIMIT = 1000


def sent(words: list[bytes]) -> bytes:
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%b\r\n" % (len(word), word) for word in words)


def read(data: bytes, *cuts: int) -> list[list[bytes]]:
    reader = CommandReader(LIMIT)
    found = []
    ends = [*sorted(cuts), len(data)]
    for start, end in zip([0, *ends], ends, strict=False):
        if start < end:
            reader.feed(data[start:end])
        while (command := reader.next()) is not None:
            found.append(command)
    return found


commands = st.lists(st.lists(st.binary(max_size=40), min_size=1, max_size=5), max_size=5)


@given(commands, st.lists(st.integers(0, 300), max_size=8))
def test_commands_come_whole_wherever_the_bytes_are_cut(commands: list[list[bytes]], cuts: list[int]) -> None:
    data = b"".join(map(sent, commands))
    assert read(data, *(min(cut, len(data)) for cut in cuts)) == commands


@given(commands)
def test_one_byte_at_a_time(commands: list[list[bytes]]) -> None:
    data = b"".join(map(sent, commands))
    assert read(data, *range(len(data))) == commands


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b"PING", [b"PING"]),
        (b"  SET  a\tb ", [b"SET", b"a", b"b"]),
        (b"SET a 'b c'", [b"SET", b"a", b"b c"]),
        (b"SET a 'it\\'s'", [b"SET", b"a", b"it's"]),
        (b'SET a "\\x41\\n\\r\\t\\b\\a\\"\\\\\\q"', [b"SET", b"a", b'A\n\r\t\b\a"\\q']),
        (b'SET a ""', [b"SET", b"a", b""]),
        (b"SET a b'c'", [b"SET", b"a", b"bc"]),
    ],
)
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_inline_commands(line: bytes, words: list[bytes], end: bytes) -> None:
    assert read(line + end) == [words]


def test_what_says_nothing_is_skipped() -> None:
    assert read(b"\r\n*0\r\n\n*-1\r\n  \r\nPING\r\n") == [[b"PING"]]


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"*1\r\n:1\r\n", r"expected '\$', got ':'"),
        (b"*1\r\n\r\n\r\n", r"expected '\$', got '\r'"),
        (b"*1x\r\n", "invalid multibulk length"),
        (b"*01\r\n", "invalid multibulk length"),
        (b"*1048577\r\n", "invalid multibulk length"),
        (b"*1\r\n$1001\r\n", "invalid bulk length"),
        (b"*1\r\n$-1\r\n", "invalid bulk length"),
        (b"*1\r\n$+1\r\n", "invalid bulk length"),
        (b'"a', None),
        (b'"a\n', "unbalanced quotes in request"),
        (b'"a"b\n', "unbalanced quotes in request"),
        (b"a" * 65_537, "too big inline request"),
        (b"*" + b"1" * 65_537, "too big mbulk count string"),
        (b"*1\r\n$" + b"1" * 65_537, "too big bulk count string"),
    ],
)
def test_what_is_no_command(data: bytes, complaint: str | None) -> None:
    if complaint is None:
        assert read(data) == []
    else:
        with pytest.raises(BadCommand, match=complaint):
            read(data)


def test_a_long_string_in_many_pieces_takes_a_time_in_proportion() -> None:
    reader = CommandReader(50_000_000)
    reader.feed(b"*1\r\n$20000000\r\n")
    piece = b"x" * 10_000
    for _ in range(2000):
        assert reader.next() is None
        reader.feed(piece)
    reader.feed(b"\r\n")
    assert reader.next() == [b"x" * 20_000_000]
