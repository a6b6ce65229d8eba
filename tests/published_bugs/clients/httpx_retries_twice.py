import sys

import httpx
from httpx_retries import Retry, RetryTransport

with httpx.Client(transport=RetryTransport(retry=Retry(total=2, backoff_factor=0.15, backoff_jitter=0))) as client:
    client.get(sys.argv[1] + "/users")
