import sys
import time
import urllib.error
import urllib.request

import pybreaker

breaker = pybreaker.CircuitBreaker(fail_max=3, reset_timeout=1)


@breaker
def stock(number: int) -> None:
    request = urllib.request.Request(sys.argv[1] + "/stock", headers={"X-Call": str(number)})
    urllib.request.urlopen(request, timeout=5).close()


for number in range(5):
    try:
        stock(number)
    except pybreaker.CircuitBreakerError:  # raised by the third call, which opens it
        time.sleep(1.1)
    except urllib.error.HTTPError:
        pass
