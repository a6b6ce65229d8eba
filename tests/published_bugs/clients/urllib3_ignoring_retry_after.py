import sys

import urllib3

retry = urllib3.Retry(total=1, status_forcelist=[503], respect_retry_after_header=False)
urllib3.PoolManager(retries=retry).request("GET", sys.argv[1] + "/users")
