import asyncio
import sys

from aiohttp_retry import ExponentialRetry, RetryClient


async def main() -> None:
    options = ExponentialRetry(attempts=3, start_timeout=0.01, methods={"get"})
    async with RetryClient(retry_options=options) as client, client.get(sys.argv[1] + "/users") as response:
        await response.read()


asyncio.run(main())
