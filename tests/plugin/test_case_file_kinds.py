"""Files of cases for every kind of fake, with real clients of each."""

from __future__ import annotations

import textwrap

import pytest

CLIENTS = """
import grpc
import pika
import redis
import requests

def tea(url):
    answer = requests.post(url, json={"query": "query Tea { tea }"}, timeout=5).json()
    return answer.get("data"), [error["message"] for error in answer.get("errors", [])]

def order(target, proto, id):
    messages, stubs = grpc.protos_and_services(proto)
    with grpc.insecure_channel(target) as channel:
        return stubs.OrdersStub(channel).Get(messages.GetRequest(id=id), timeout=5).book

class Rabbit:
    def __init__(self, url):
        self.url = url

    def publish(self, body):
        connection = pika.BlockingConnection(pika.URLParameters(self.url))
        channel = connection.channel()
        channel.confirm_delivery()
        try:
            channel.basic_publish("", "orders", body.encode())
        except pika.exceptions.NackError:
            channel.basic_publish("", "orders", body.encode())
        finally:
            connection.close()

def push(url, body, attempts=2):
    for attempt in range(attempts):
        try:
            with redis.Redis.from_url(url) as client:
                return client.rpush("orders", body)
        except redis.ConnectionError:
            if attempt + 1 == attempts:
                raise
"""

PROTO = """
syntax = "proto3";
package shop.v1;
service Orders {
  rpc Get(GetRequest) returns (Order);
}
message GetRequest {
  string id = 1;
}
message Order {
  string id = 1;
  string book = 2;
}
"""

GRAPHQL = """
client.call = "clients:tea"

[fakes.shop]
kind = "graphql"
setup = [
    { call = "schema", arguments = ["type Query { tea: Int }"] },
    { call = "query", arguments = { name = "Tea" }, then = { call = "reply", arguments = { data = { tea = 3 } } } },
]

[[cases]]
name = "there is tea"
request = "{shop.url}"
expect = { value = [{ tea = 3 }, []] }

[[cases]]
name = "throttled"
request = "{shop.url}"
faults = [{ fault = "request_error", settings = { message = "not now" }, on = { kind = "query", name = "Tea" } }]
received = { "query Tea" = 1 }
"""

GRPC = """
client.call = "clients:order"

[fakes.orders]
kind = "grpc"

[[fakes.orders.setup]]
call = "load"
arguments = ["{file.folder}/orders.proto"]
then = { call = "Get.reply", arguments = { book = "Emma" } }

[[cases]]
name = "an order"
request = { target = "{orders.target}", proto = "orders.proto", id = "7" }
expect = { value = "Emma" }
received = { "/shop.v1.Orders/Get" = 1 }

[[cases]]
name = "refused"
request = { target = "{orders.target}", proto = "orders.proto", id = "7" }
expect = { raises = "RpcError" }
faults = [{ fault = "grpc_status", settings = { code = "UNAVAILABLE" } }]
"""

AMQP = """
[client]
make = "clients:Rabbit"
arguments = { url = "{broker.url}" }

[fakes.broker]
kind = "amqp"
queues = [{ name = "orders", max_length = 1, overflow = "reject-publish" }]

[[cases]]
name = "an order is refused once"
call = "publish"
request = "17"
faults = [{ fault = "refused_publish", on = { kind = "publish" } }]
resilience = { confirms_awaited = true }

[[cases]]
name = "the queue is full"
call = "publish"
request = "17"
expect = { raises = "NackError" }
[cases.fakes.broker]
setup = [{ call = "publish", arguments = { queue = "orders", body = "16" } }]
"""

REDIS = """
client.call = "clients:push"

[fakes.broker]
kind = "redis"
queues = [{ name = "orders" }]

[[cases]]
name = "an answer that is lost is an order that is there twice"
request = { url = "{broker.url}", body = "17" }
expect = { value = 2 }
faults = [{ fault = "lost_response", on = { kind = "publish", queue = "orders" } }]
"""

PROXY = """
client.url = "{proxy.url}"

[fakes.shop]
routes = [{ route = "GET /tea", reply = { json = 3 } }]

[fakes.proxy]
kind = "proxy"
settings = { upstream = "{shop.url}" }

[[cases]]
name = "cut"
request = "GET /tea"
expect = { raises = "ConnectionResetError" }
faults = [{ fault = "toxics.reset_peer", settings = { timeout = 0 }, fake = "proxy" }]

[[cases]]
name = "through"
request = "GET /tea"
expect = { json = 3 }
"""


@pytest.mark.parametrize(
    ("text", "cases"),
    [(GRAPHQL, 2), (GRPC, 2), (AMQP, 2), (REDIS, 1), (PROXY, 2)],
    ids=["graphql", "grpc", "amqp", "redis", "proxy"],
)
def test_kinds_of_fakes(pytester: pytest.Pytester, text: str, cases: int) -> None:
    pytester.makepyfile(clients=CLIENTS)
    pytester.makeini("[pytest]\npythonpath = .\n")
    (pytester.path / "orders.proto").write_text(PROTO, encoding="utf-8")
    (pytester.path / "test_a.integration.toml").write_text(textwrap.dedent(text), encoding="utf-8")

    result = pytester.runpytest_subprocess("-p", "no:randomly", "-p", "no:cacheprovider", "-p", "no:hypothesispytest")

    result.assert_outcomes(passed=cases)
