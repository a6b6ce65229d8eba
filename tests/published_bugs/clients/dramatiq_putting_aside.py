"""A task that fails three times, and a dead letter of our own, for what dramatiq knows of the last attempt."""

import sys
import time

import dramatiq
from dramatiq.middleware import Middleware, Retries

if sys.argv[1].startswith("redis"):
    from dramatiq.brokers.redis import RedisBroker as Broker
else:
    from dramatiq.brokers.rabbitmq import RabbitmqBroker as Broker


class PutAside(Middleware):
    def after_nack(self, broker, message):
        look_into.send(message.asdict())


broker = Broker(url=sys.argv[1], middleware=[Retries(min_backoff=50), PutAside()])
dramatiq.set_broker(broker)
attempts = []
seen = []


@dramatiq.actor(max_retries=2)
def charge(number):
    attempts.append(number)
    attempt = f"attempt {len(attempts)}"
    raise ValueError(attempt)


@dramatiq.actor(queue_name="failed")
def look_into(message):
    seen.append(message)


worker = dramatiq.Worker(broker, worker_timeout=50, worker_threads=1)
worker.start()
charge.send(13)
end = time.monotonic() + 30
while not seen and time.monotonic() < end:
    time.sleep(0.05)
worker.stop()
broker.close()
