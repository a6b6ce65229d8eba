import sys

import urllib3

pool = urllib3.PoolManager(retries=urllib3.Retry(redirect=0, raise_on_redirect=False))
pool.request("GET", sys.argv[1] + "/users")
