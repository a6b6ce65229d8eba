import sys

import urllib3

urllib3.PoolManager().request("POST", sys.argv[1] + "/login", fields={"password": "secret"})
