"""A task that is retried half a second later."""

import sys
import time
import urllib.request

from celery import Celery
from celery.contrib.testing.worker import start_worker

broker, service = sys.argv[1].split()
app = Celery("orders", broker=broker)
app.conf.update(task_ignore_result=True, broker_connection_retry_on_startup=True)


@app.task(autoretry_for=(OSError,), retry_backoff=0.5, retry_jitter=False, max_retries=2)
def ship():
    urllib.request.urlopen(f"{service}/ship").read()


with start_worker(app, pool="solo", perform_ping_check=False, shutdown_timeout=30):
    ship.delay()
    time.sleep(8)
