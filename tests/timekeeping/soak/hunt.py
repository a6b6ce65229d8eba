"""The heaviest scenario: sixteen clients in a pool, each with a backoff of its own, over connections of their own.

`python -m tests.timekeeping.soak.hunt SECONDS HOGS` counts wrong runs for so long; so does `pytest -m hunt`.
"""

from __future__ import annotations

import concurrent.futures as cf
import http.client
import sys
import time
from typing import TYPE_CHECKING

from tests.timekeeping.soak.bench import Scenario, busy_machine

if TYPE_CHECKING:
    from pytest_integrations import FakeRest
    from pytest_integrations.timekeeping import VirtualClock

__all__ = ["SIXTEEN", "hunt"]

_CLIENTS = 16


def _sixteen_clients(fake: FakeRest, clock: VirtualClock) -> object:
    fake.get("/<int:client>").reply(503)
    port = int(fake.url.rpartition(":")[2])

    def run(client: int) -> float:
        for attempt in range(3):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", f"/{client}")
            connection.getresponse().read()
            connection.close()
            time.sleep((client + 1) * 2**attempt / 10)
        return clock.now

    with cf.ThreadPoolExecutor(_CLIENTS) as pool:
        ends = list(pool.map(run, range(_CLIENTS)))
    begun: dict[str, list[float]] = {}
    for call in fake.calls:
        begun.setdefault(call.path, []).append(call.started)
    return ends, [begun[f"/{client}"] for client in range(_CLIENTS)], clock.now


def _expected() -> object:
    ends = [round((client + 1) * 0.7, 4) for client in range(_CLIENTS)]
    begun = [[0.0, round((client + 1) * 0.1, 4), round((client + 1) * 0.3, 4)] for client in range(_CLIENTS)]
    return ends, begun, max(ends)


SIXTEEN = Scenario(_sixteen_clients, _expected())


def hunt(seconds: float, hogs: int) -> tuple[int, list[object]]:
    """Run it for so many real seconds beside so many hogs; return how often, and what came of the wrong runs."""
    runs, wrong = 0, []
    with busy_machine(hogs):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            outcome = SIXTEEN.outcome()
            runs += 1
            if outcome != SIXTEEN.expected:
                wrong.append(outcome)
    return runs, wrong


if __name__ == "__main__":
    runs, wrong = hunt(float(sys.argv[1]), int(sys.argv[2]))
    sys.stdout.write("\n".join([f"{len(wrong)} wrong of {runs} runs", *map(repr, wrong)]) + "\n")
