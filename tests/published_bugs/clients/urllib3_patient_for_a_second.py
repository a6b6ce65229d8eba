import sys

import urllib3

# The setting is the fix: there was none before, and no limit. Its default of six hours would take as long to see.
limit = {"retry_after_max": 1} if hasattr(urllib3.Retry, "DEFAULT_RETRY_AFTER_MAX") else {}
urllib3.PoolManager(retries=urllib3.Retry(total=1, **limit)).request("GET", sys.argv[1] + "/users")
