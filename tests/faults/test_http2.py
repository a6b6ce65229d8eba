"""The settings of HTTP/2's own faults, and which version of HTTP they are for."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_integrations import FakeRest, Fault, Reply
from pytest_integrations.core.call import HttpCall
from pytest_integrations.core.effect import Cut
from pytest_integrations.core.errors import ScriptingError
from pytest_integrations.core.http2_codes import ERROR_CODES
from pytest_integrations.core.http2_effect import LimitStreams, ResetStream, Retire
from pytest_integrations.core.message import Message
from pytest_integrations.faults import bad_status_line, latency
from pytest_integrations.faults.http2 import h2_goaway, h2_max_streams, h2_rst_stream, h2_short_body
from tests.faults.occasions import occasion, tampered


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: h2_goaway("some"), "last='some' is not a stream: valid are 'all', 'none', and numbers"),
        (lambda: h2_goaway(-1), "last=-1 is not a stream"),
        (lambda: h2_goaway(True), "last=True is not a stream"),
        (lambda: h2_goaway(code="NO_EROR"), "code='NO_EROR' is not an error code of HTTP/2. Did you mean 'NO_ERROR'"),
        (lambda: h2_rst_stream("cancel"), "Did you mean 'CANCEL'?"),
        (lambda: h2_rst_stream(2**32), "code=4294967296 is not an error code"),
        (lambda: h2_rst_stream(after=-1), "after=-1 is not a count"),
        (lambda: h2_rst_stream("REFUSED_STREAM", after=1), "cannot say that nothing was done"),
        (lambda: h2_rst_stream(7, after=1), "cannot say that nothing was done"),
        (lambda: h2_max_streams(-1), "most=-1 is not a count"),
        (lambda: h2_max_streams(2**31), "valid are whole numbers from 0 to 2147483647"),
        (lambda: h2_short_body(0), "missing=0 is not a count: valid are whole numbers from 1 on"),
    ],
)
def test_settings_that_make_no_sense(make: Any, message: str) -> None:
    with pytest.raises(ScriptingError) as raised:
        make()
    assert message in str(raised.value)


@pytest.mark.parametrize(
    ("fault", "effects"),
    [
        (h2_goaway(), [Retire(None, 0)]),
        (h2_goaway("none", "CANCEL"), [Retire(0, 8)]),
        (h2_goaway(7, 99), [Retire(7, 99)]),
        (h2_rst_stream(), [ResetStream(2), Cut("reset")]),
        (h2_rst_stream("CANCEL", after=0), [ResetStream(8), Cut("reset", "body", 0)]),
        (h2_max_streams(0), [LimitStreams(0)]),
    ],
    ids=repr,
)
def test_what_they_ask_of_the_wire(fault: Any, effects: list[Any]) -> None:
    assert list(fault.effects(occasion())) == effects


def test_every_code_has_a_name() -> None:
    for name, number in ERROR_CODES.items():
        assert list(h2_rst_stream(name).effects(occasion())) == list(h2_rst_stream(number).effects(occasion()))


def test_a_short_body_keeps_its_length() -> None:
    message = tampered(h2_short_body(2), Message.of(Reply.of(text="hello")))
    assert (message.content, message.field(b"content-length")) == (b"hel", b"5")


@pytest.mark.parametrize(
    ("fault", "versions"),
    [
        (h2_goaway(), {"HTTP/2"}),
        (h2_rst_stream(), {"HTTP/2"}),
        (h2_short_body(), {"HTTP/2"}),
        (bad_status_line(), {"HTTP/1.0", "HTTP/1.1"}),
        (latency(1), {"HTTP/1.0", "HTTP/1.1", "HTTP/2"}),
        (latency(1) + h2_goaway(), {"HTTP/2"}),
        (bad_status_line() + h2_goaway(), set()),
    ],
    ids=lambda value: repr(value) if isinstance(value, Fault) else "",
)
def test_which_calls_they_are_for(fault: Any, versions: set[str]) -> None:
    with FakeRest() as fake:
        connection = fake.ledger.connect("fake")
    heads = {version: b"GET / %b" % version.encode() for version in ("HTTP/1.0", "HTTP/1.1", "HTTP/2")}
    calls = {version: HttpCall("fake", connection, head) for version, head in heads.items()}
    assert {version for version, call in calls.items() if fault.acts_on(call)} == versions
