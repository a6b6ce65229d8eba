"""Bodies that are not what they should be, in a frame that is."""

from __future__ import annotations

import gzip
import json
import zlib
from typing import Any, get_args

import pytest

from pytest_integrations import Reply
from pytest_integrations.core.message import Message
from pytest_integrations.faults import corrupt_body
from pytest_integrations.faults.body import Mode
from pytest_integrations.wire.perform import tampered as spoiled_by
from tests.faults.occasions import NAMES, occasion, tampered

_MODES = get_args(Mode)


@pytest.mark.parametrize("mode", _MODES)
@pytest.mark.parametrize(
    "reply", [NAMES, Reply.of(chunks=[b"[1,", b"2]"]), Reply.of(text="Grüße")], ids=["json", "chunks", "text"]
)
def test_the_frame_is_true_and_the_answer_is_spoiled(mode: Any, reply: Reply) -> None:
    before = Message.of(reply)
    message, spoiled = spoiled_by(before, tuple(corrupt_body(mode).effects(occasion())))

    assert message.start == before.start
    assert len(message.body) == len(message.content) if message.field(b"Content-Length") else message.content
    assert spoiled == (message != before)
    assert spoiled or (mode, reply.body) == ("json_type", "Grüße".encode())


@pytest.mark.parametrize("mode", _MODES)
def test_an_answer_without_a_body_is_left_alone(mode: Any) -> None:
    message = Message.of(NAMES, head_only=True)

    assert tampered(corrupt_body(mode), message) == message


@pytest.mark.parametrize("value", [{"id": 7}, [], {}, ["a"], "text", True, None])
def test_json_that_is_cut_is_no_json(value: object) -> None:
    with pytest.raises(json.JSONDecodeError):
        json.loads(tampered(corrupt_body("json_cut"), Message.of(Reply.of(json=value))).body)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"id": 7, "ok": True, "rate": 0.5}, {"id": "7", "ok": "true", "rate": "0.5"}),
        ({"name": "ada", "none": None}, {"name": 3, "none": {}}),
        ({"list": [1, 2], "no": [], "object": {"a": 1}}, {"list": 1, "no": None, "object": ["a"]}),
        ([1, "two"], ["1", 3]),
        (5, "5"),
        ("text", 4),
    ],
    ids=str,
)
def test_types_are_others(before: object, after: object) -> None:
    message = tampered(corrupt_body("json_type"), Message.of(Reply.of(json=before)))

    assert json.loads(message.body) == after


def test_one_bit_is_flipped_by_the_seed() -> None:
    seen = {tampered(corrupt_body("bitflip"), seed=seed).body for seed in range(20)}

    assert len(seen) > 10
    for body in seen:
        assert (int.from_bytes(body, "big") ^ int.from_bytes(NAMES.body, "big")).bit_count() == 1
    assert tampered(corrupt_body("bitflip"), seed=3).body in seen


def test_no_bit_of_nothing_is_flipped() -> None:
    assert tampered(corrupt_body("bitflip"), Message.of(Reply())).body == b""


def test_what_is_called_gzip_is_none() -> None:
    with pytest.raises(gzip.BadGzipFile):
        gzip.decompress(tampered(corrupt_body("bad_gzip")).body)


def test_half_a_gzip_is_the_beginning_of_the_body() -> None:
    body = tampered(corrupt_body("cut_gzip")).body

    assert NAMES.body.startswith(zlib.decompressobj(31).decompress(body))
    with pytest.raises(EOFError):
        gzip.decompress(body)


def test_the_charset_is_not_what_it_is_said_to_be() -> None:
    message = tampered(corrupt_body("wrong_charset"), Message.of(Reply.of(text="Grüße")))

    assert message.field(b"Content-Type") == b"text/plain; charset=utf-8"
    assert message.body == "Grüße\xa0".encode("latin-1")
    with pytest.raises(UnicodeDecodeError):
        message.body.decode()
