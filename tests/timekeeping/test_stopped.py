"""A process that was stopped and goes on (Ctrl-Z and `fg`, a debugger, a paused container): time moves as before.

The kernel then has some waits go on in another system call than they began in.
"""

from __future__ import annotations

import pytest

from pytest_integrations.timekeeping.idle import LinuxProbe

pytestmark = pytest.mark.skipif(not LinuxProbe.is_available(), reason="asks Linux what threads wait for")

# In a process of its own: a shell takes the terminal back from one that it sees stopped.
_TESTS = '''
import os, select, subprocess, sys, threading, time
import pytest
from pytest_integrations.timekeeping import VirtualClock

STOP_AND_GO_ON = """
import os, signal, time
os.kill(os.getppid(), signal.SIGSTOP)
while b"State:\\\\tT" not in open(f"/proc/{os.getppid()}/status", "rb").read():
    time.sleep(0.001)
os.kill(os.getppid(), signal.SIGCONT)
"""

def stop_and_go_on():
    subprocess.run([sys.executable, "-c", STOP_AND_GO_ON], check=True)

def in_poll(end, *timeout):
    waiter = select.poll()
    waiter.register(end, select.POLLIN)
    waiter.poll(*timeout)

@pytest.mark.parametrize("wait", [in_poll, lambda end: in_poll(end, 60_000), lambda end: os.read(end, 1)])
def test_a_thread_that_waits_in_real_time(wait):
    ours, theirs = os.pipe()
    thread = threading.Thread(target=wait, args=(ours,))
    thread.start()  # before there is a virtual clock
    time.sleep(0.05)
    try:
        with VirtualClock() as clock:
            stop_and_go_on()
            time.sleep(30)
            assert clock.now == 30
    finally:
        os.write(theirs, b"x")
        thread.join()
        os.close(ours)
        os.close(theirs)

def test_a_thread_that_waits_in_virtual_time():
    with VirtualClock() as clock:
        thread = threading.Thread(target=time.sleep, args=(20,))
        thread.start()
        stop_and_go_on()
        thread.join()
        assert clock.now == 20
'''


def test_time_moves_on(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(_TESTS)
    pytester.runpytest_subprocess("-W", "error").assert_outcomes(passed=4)
