"""AMQP's own faults: what they act on, what they yield, and which settings they take."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_integrations import ScriptingError
from pytest_integrations.core.call import Connection
from pytest_integrations.core.effect import Delay, Fail, Full, Garble, Withhold
from pytest_integrations.core.fault import Occasion
from pytest_integrations.core.queue_call import QueueCall
from pytest_integrations.core.seed import Seed
from pytest_integrations.faults.amqp import (
    auth_refused,
    blocked,
    cancel_consumer,
    channel_close,
    connection_close,
    frame_error,
    missed_heartbeats,
    unroutable,
    vhost_missing,
)

if TYPE_CHECKING:
    from pytest_integrations.core.fault import Fault


def a_call(name: str = "basic.publish", kind: Any = "publish", queue: str = "orders") -> QueueCall:
    return QueueCall("fake", Connection(1, "fake", 0.0), name, kind=kind, queue=queue)


def effects(fault: Fault, call: QueueCall | None = None) -> list[Any]:
    return list(fault.effects(Occasion(1, Seed().stream("test"), call)))


def test_what_they_yield() -> None:
    assert effects(channel_close(404, "gone")) == [Fail("404", "gone", "channel")]
    assert effects(connection_close(541, "boom")) == [Fail("541", "boom", "connection")]
    assert effects(unroutable()) == [Fail("312", "NO_ROUTE")]
    assert effects(cancel_consumer()) == [Fail("", "", "consumer")]
    assert effects(blocked(2)) == [Full("block"), Delay(2.0)]
    assert effects(missed_heartbeats()) == [Withhold("heartbeat")]
    assert [type(effect) for effect in effects(auth_refused())] == [Fail]
    call = a_call("connection.open", "connect", "ours")
    assert effects(vhost_missing(), call) == [Fail("530", "vhost ours not found", "connection")]


@pytest.mark.parametrize("kind", ["end", "type", "size", "method"])
def test_bad_frames_are_bad_in_one_way_each(kind: Any) -> None:
    (garbled,) = effects(frame_error(kind))
    assert isinstance(garbled, Garble)
    data = garbled.data
    is_sound = data[0] in {1, 2, 3, 8} and data[-1] == 0xCE and int.from_bytes(data[3:7], "big") == len(data) - 8
    assert is_sound == (kind == "method")


@pytest.mark.parametrize(
    ("fault", "acts_on"),
    [
        (auth_refused(), {"connection.start-ok"}),
        (vhost_missing(), {"connection.open"}),
        (missed_heartbeats(), {"connection.open", "channel.open", "basic.publish", "basic.get"}),
        (unroutable(), {"basic.publish"}),
        (blocked(1), {"basic.publish"}),
        (cancel_consumer(), {"basic.deliver"}),
        (channel_close(), {"basic.publish", "basic.get"}),
    ],
    ids=lambda value: value.name if hasattr(value, "name") else "",
)
def test_what_they_act_on(fault: Fault, acts_on: set[str]) -> None:
    kinds: dict[str, Any] = {
        "connection.start-ok": "connect",
        "connection.open": "connect",
        "channel.open": "connect",
        "basic.publish": "publish",
        "basic.get": "receive",
        "basic.deliver": "deliver",
        "confirm.select": "other",
    }
    calls = [a_call(name, kind, "/" if name == "connection.open" else "") for name, kind in kinds.items()]
    assert {call.operation.split()[0] for call in calls if fault.acts_on(call)} == acts_on


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: channel_close(320), "code=320 is unknown: valid are 311, 313, 403, 404, 405, 406"),
        (lambda: connection_close(404), "code=404 is unknown: valid are 320, 402, 501"),
        (lambda: channel_close(404, ""), "text='' is no line"),
        (lambda: blocked(0), "blocked\\(0\\) blocks nobody"),
        (lambda: blocked(-1), "seconds=-1 is not a duration"),
        (lambda: frame_error("odd"), "kind='odd' is unknown: valid are 'end', 'type', 'size', 'method'"),
    ],
)
def test_settings_that_cannot_be(make: Any, told: str) -> None:
    with pytest.raises(ScriptingError, match=told):
        make()
