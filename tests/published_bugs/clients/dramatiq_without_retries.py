"""A task that must not be retried, and fails."""

import sys
import time

import dramatiq
from dramatiq.brokers.rabbitmq import RabbitmqBroker
from dramatiq.middleware import Retries

broker = RabbitmqBroker(url=sys.argv[1], middleware=[Retries(min_backoff=50)])
dramatiq.set_broker(broker)


@dramatiq.actor
def charge(number):
    raise ValueError(number)


worker = dramatiq.Worker(broker, worker_timeout=50, worker_threads=1)
worker.start()
charge.send_with_options(args=(13,), max_retries=0)
time.sleep(3)
worker.stop()
broker.close()
