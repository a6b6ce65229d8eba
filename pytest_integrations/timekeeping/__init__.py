"""Virtual time: code takes none, only waiting does, and when every thread waits the clock jumps.

    clock            VirtualClock, which a test holds, and RealTimeClock with the same face
    timeline         the numbers: how much time has passed, who waits until when
    driver           when to jump;  idle: asks the kernel whether every thread waits
    ruled            which threads it rules;  real_time() for those that go out
    redirect, real   builtins redirected in place, and the real ones kept
    clocks, thread_waits, multiplexers, sockets, tls, outside   what is made virtual, and what is not
    readiness        waiting for file descriptors
    neighbours       time-machine, freezegun, uvloop, gevent, and who keeps real time
    stillness        how long all may wait for ever
    report, interruption, stalled   telling what is wrong

Importing it loads time-machine, ssl and ctypes: the plugin does so in the fixture alone.
"""

from __future__ import annotations

from importlib.util import find_spec

from pytest_integrations.core.errors import IntegrationsError

# An extra, because it is a plugin of pytest too, which costs every run where it is installed 15 ms.
if find_spec("time_machine") is None:
    raise IntegrationsError("virtual time needs time-machine: install pytest-integrations[virtual-time]")  # noqa: EM101, TRY003 -- a name for it would be public

from .clock import RealTimeClock, VirtualClock
from .redirect import VirtualTimeUnavailable
from .ruled import real_time
from .stalled import Stalled
from .timeline import Jump

__all__ = ["Jump", "RealTimeClock", "Stalled", "VirtualClock", "VirtualTimeUnavailable", "real_time"]
