import asyncio
import sys
import urllib.error
import urllib.request
from contextlib import suppress

import circuitbreaker


@circuitbreaker.circuit(failure_threshold=3, recovery_timeout=30)
async def stock() -> None:
    (await asyncio.to_thread(urllib.request.urlopen, sys.argv[1] + "/stock", timeout=5)).close()


async def main() -> None:
    for _ in range(8):
        with suppress(urllib.error.HTTPError, circuitbreaker.CircuitBreakerError):
            await stock()


asyncio.run(main())
