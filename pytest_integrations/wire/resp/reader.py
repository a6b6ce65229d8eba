"""Takes commands out of the bytes that come in, as strictly as Redis does and with its own words for what is wrong."""

from __future__ import annotations

__all__ = ["MAX_ARGUMENTS", "MAX_INLINE", "BadCommand", "CommandReader"]

MAX_INLINE = 64 * 1024
"""Bytes of a line, an inline command say, that does not end."""
MAX_ARGUMENTS = 1024 * 1024

_SHORT = {b"%d" % length: length for length in range(1000)}
_BLANKS = b" \n\r\t\v\f\0"
_ESCAPES = {0x6E: 0x0A, 0x72: 0x0D, 0x74: 0x09, 0x62: 0x08, 0x61: 0x07}


class BadCommand(Exception):
    """What came in is no command; the message is what Redis says before it closes the connection."""


class CommandReader:
    """Gives one command after the other, as lists of bytes; what it has seen of one it does not look at twice."""

    __slots__ = ("_arguments", "_buffer", "_chunks", "_left", "_length", "_position", "_wanted", "max_bulk")

    def __init__(self, max_bulk: int) -> None:
        """Accept strings of up to *max_bulk* bytes."""
        self.max_bulk: int = max_bulk
        self._buffer = b""
        self._position = 0
        self._chunks: list[bytes] = []
        self._wanted = 0
        """How many bytes of the present string have still to come."""
        self._arguments: list[bytes] = []
        self._left = 0
        """How many arguments of the present command have still to come."""
        self._length = -1

    def feed(self, data: bytes) -> None:
        """Take bytes that came in."""
        if self._wanted > len(data):
            self._chunks.append(data)
            self._wanted -= len(data)
            return
        self._wanted = 0
        rest = self._buffer[self._position :] if self._position < len(self._buffer) else b""
        self._buffer = b"".join((rest, *self._chunks, data)) if rest or self._chunks else data
        self._position = 0
        self._chunks.clear()

    def next(self) -> list[bytes] | None:
        """Return the next command, or None if it has not come in whole; an empty line is skipped."""
        while not self._wanted:
            if self._left:
                return self._multibulk()
            if self._position >= len(self._buffer):
                return None
            if self._buffer[self._position] != 0x2A:
                fields = self._inline()
                if fields is None or fields:
                    return fields
                continue
            line = self._line("too big mbulk count string")
            if line is None:
                return None
            self._left = _number(line[1:], MAX_ARGUMENTS, "invalid multibulk length", least=None)
            self._arguments = []
        return None

    def _multibulk(self) -> list[bytes] | None:
        buffer, arguments, find = self._buffer, self._arguments, self._buffer.find
        while self._left:
            if self._length < 0:  # the fast path: a length of up to three digits, as nearly all are
                line_end = find(b"\r\n", self._position)
                if line_end > 0 and buffer[self._position] == 0x24:
                    length = _SHORT.get(buffer[self._position + 1 : line_end], -1)
                    if 0 <= length <= self.max_bulk:
                        self._length, self._position = length, line_end + 2
            if self._length < 0:
                line = self._line("too big bulk count string")
                if line is None:
                    return None
                if line[:1] != b"$":
                    msg = f"expected '$', got '{chr(line[0]) if line else chr(13)}'"
                    raise BadCommand(msg)
                self._length = _number(line[1:], self.max_bulk, "invalid bulk length", least=0)
            end = self._position + self._length
            if len(buffer) < end + 2:
                self._wanted = end + 2 - len(buffer)
                return None
            arguments.append(buffer[self._position : end])
            self._position = end + 2
            self._length = -1
            self._left -= 1
        self._arguments = []
        return arguments

    def _line(self, too_long: str) -> bytes | None:
        """Return the line that begins here, without its end, and go behind it."""
        end = self._buffer.find(b"\r", self._position)
        if end < 0 or end + 1 >= len(self._buffer):
            if len(self._buffer) - self._position > MAX_INLINE:
                raise BadCommand(too_long)
            return None
        line = self._buffer[self._position : end]
        self._position = end + 2
        return line

    def _inline(self) -> list[bytes] | None:
        """Return the words of the line that begins here."""
        end = self._buffer.find(b"\n", self._position)
        if end < 0:
            if len(self._buffer) - self._position > MAX_INLINE:
                msg = "too big inline request"
                raise BadCommand(msg)
            return None
        line = self._buffer[self._position : end].removesuffix(b"\r")
        self._position = end + 1
        return _words(line)


def _number(digits: bytes, most: int, complaint: str, *, least: int | None) -> int:
    """Return the number that *digits* are, in the strict form that Redis accepts."""
    bare = digits[1:] if digits[:1] == b"-" else digits
    canonical = bare.isdigit() and (bare == b"0" or bare[:1] != b"0") and digits != b"-0"
    value = int(digits) if canonical and len(bare) < 20 else None
    if value is None or value > most or (least is not None and value < least):
        raise BadCommand(complaint)
    return max(value, 0)


def _words(line: bytes) -> list[bytes]:
    """Split an inline command as Redis does: by blanks, with "…" (escapes are read) and '…' around what has some."""
    words: list[bytes] = []
    position = 0
    while True:
        while position < len(line) and line[position] in _BLANKS:
            position += 1
        if position >= len(line):
            return words
        word, position = _word(line, position)
        words.append(word)


def _word(line: bytes, position: int) -> tuple[bytes, int]:
    word = bytearray()
    while position < len(line) and line[position] not in _BLANKS:
        sign = line[position]
        position += 1
        if sign not in b"\"'":
            word.append(sign)
            continue
        position = _quoted(line, position, sign, word)
        if position < len(line) and line[position] not in _BLANKS:
            break  # a closing quote ends the word
        return bytes(word), position
    else:
        return bytes(word), position
    msg = "unbalanced quotes in request"
    raise BadCommand(msg)


def _quoted(line: bytes, position: int, quote: int, word: bytearray) -> int:
    """Append what stands between here and the closing *quote* to *word*, and return where the line goes on."""
    while position < len(line) and line[position] != quote:
        sign = line[position]
        if sign == 0x5C and position + 1 < len(line):
            follower = line[position + 1]
            if quote == 0x22:
                position += _escape(line, position, word)
                continue
            if follower == quote:
                sign, position = quote, position + 1
        word.append(sign)
        position += 1
    if position >= len(line):
        msg = "unbalanced quotes in request"
        raise BadCommand(msg)
    return position + 1


def _escape(line: bytes, position: int, word: bytearray) -> int:
    r"""Read the escape that begins here (`\n`, `\x41`) into *word* and return its length."""
    digits = line[position + 2 : position + 4]
    if line[position + 1] == 0x78 and len(digits) == 2 and all(sign in b"0123456789abcdefABCDEF" for sign in digits):
        word.append(int(digits, 16))
        return 4
    word.append(_ESCAPES.get(line[position + 1], line[position + 1]))
    return 2
