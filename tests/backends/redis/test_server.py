"""What is about the server: login, CLIENT, INFO, CONFIG, transactions, scripts, subscriptions, limits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import redis

from pytest_integrations import FakeStopped, ScriptingError
from pytest_integrations.backends.redis import FakeRedis
from tests.contract.redis.resp import Raw, command

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.usefixtures("no_leaks")

NO_RETRY = redis.retry.Retry(redis.backoff.NoBackoff(), 0)


def test_login_with_a_password() -> None:
    with FakeRedis(password="s3cret/!") as fake:
        assert fake.url.startswith("redis://:s3cret%2F%21@127.0.0.1:")
        with redis.Redis.from_url(fake.url) as client:
            assert client.ping()
        with Raw(fake) as raw:
            raw.ask("GET", "a").expect(b"-NOAUTH Authentication required.\r\n")
            raw.ask("HELLO", "3").expect(b"-NOAUTH HELLO must be called")
        with Raw(fake) as raw:
            raw.ask("AUTH", "wrong").expect(b"-WRONGPASS invalid username-password pair or user is disabled.\r\n")
            raw.ask("AUTH", "default", "s3cret/!").expect(b"+OK\r\n")
            raw.ask("GET", "a").expect(b"$-1\r\n")
            raw.ask("RESET").expect(b"+RESET\r\n")
            raw.ask("GET", "a").expect(b"-NOAUTH Authentication required.\r\n")


@pytest.mark.parametrize("protocol", [2, 3])
def test_login_with_a_user(protocol: int) -> None:
    with FakeRedis(users={"worker": "pw"}) as fake:
        with redis.Redis.from_url(fake.url, protocol=protocol) as client:
            assert client.ping()
            assert client.client_info()["user"] == "worker"
        with (
            redis.Redis(port=fake.port, username="worker", password="no", protocol=protocol, retry=NO_RETRY) as client,
            pytest.raises(redis.AuthenticationError),
        ):
            client.ping()


def test_a_password_that_nobody_asked_for(raw: Raw) -> None:
    raw.ask("AUTH", "pw").expect(b"-ERR AUTH <password> called without any password configured")


def test_hello(raw: Raw) -> None:
    raw.ask("HELLO", "4").expect(b"-NOPROTO unsupported protocol version\r\n")
    raw.ask("HELLO", "2", "SETNAME", "me").expect(
        b"*14\r\n$6\r\nserver\r\n$5\r\nredis\r\n$7\r\nversion\r\n$5\r\n7.4.0\r\n"
    )


def test_client(broker: FakeRedis, client: redis.Redis) -> None:
    client.client_setname("me")
    (line,) = client.client_list()
    assert line["name"] == client.client_getname() == "me"
    assert line["id"] == str(client.client_id())
    assert line["laddr"] == f"127.0.0.1:{broker.port}"
    assert line["lib-name"] == "redis-py"


def test_info_config_and_the_rest(client: redis.Redis) -> None:
    assert client.info()["redis_version"] == "7.4.0"
    assert client.info("replication")["role"] == "master"
    assert client.config_get("maxmemory*") == {"maxmemory": "0", "maxmemory-policy": "noeviction"}
    assert client.config_set("maxmemory", "1mb")
    assert client.config_resetstat()
    assert client.role()[0] == "master"
    assert client.wait(0, 1) == 0
    client.set("a", 1)
    assert client.memory_usage("a") > 0
    assert client.memory_usage("none") is None
    with pytest.raises(redis.ResponseError, match="cluster support disabled"):
        client.execute_command("CLUSTER INFO")
    with pytest.raises(redis.ResponseError, match="unknown command"):
        client.execute_command("NONSENSE")


def test_errors_keep_the_connection(broker: FakeRedis, client: redis.Redis) -> None:
    client.set("a", "text")
    for _ in range(3):
        with pytest.raises(redis.ResponseError, match="WRONGTYPE"):
            client.lpush("a", 1)
    assert len(broker.connections) == 1


def test_transactions(client: redis.Redis) -> None:
    with client.pipeline() as both:
        assert both.set("a", 1).incr("a").execute() == [True, 2]
    with client.pipeline() as both:
        both.watch("a")
        client.set("a", 5)
        both.multi()
        both.incr("a")
        with pytest.raises(redis.WatchError):
            both.execute()


def test_scripts(client: redis.Redis) -> None:
    script = client.register_script("return redis.call('INCRBY', KEYS[1], ARGV[1])")
    assert script(keys=["a"], args=[5]) == 5
    client.script_flush()
    assert script(keys=["a"], args=[5]) == 10  # NOSCRIPT, then the whole script


@pytest.mark.parametrize(("protocol", "kind"), [(2, b"*"), (3, b">")])
def test_subscriptions(connect: Callable[[], Raw], raw: Raw, protocol: int, kind: bytes) -> None:
    subscriber = connect()
    if protocol == 3:
        subscriber.ask("HELLO", "3").take(1)
        subscriber.sock.recv(65536)
    subscriber.ask("SUBSCRIBE", "news").expect(kind + b"3\r\n$9\r\nsubscribe\r\n$4\r\nnews\r\n:1\r\n")
    raw.ask("PUBLISH", "news", "hello").expect(b":1\r\n")
    subscriber.expect(kind + b"3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$5\r\nhello\r\n")


def test_pipelined_commands_are_answered_in_order_by_one_write(broker: FakeRedis, raw: Raw) -> None:
    count = 1000
    raw.send(b"".join(command("RPUSH", "jobs", str(number)) for number in range(count)))
    raw.expect(b"".join(b":%d\r\n" % (number + 1) for number in range(count)))
    assert len(broker.calls) == count


def test_a_client_that_does_not_read_is_not_executed_for(broker: FakeRedis, raw: Raw) -> None:
    count, value = 300, bytes(100_000)
    raw.ask("SET", "a", value).expect(b"+OK\r\n")
    raw.send(b"".join(command("GET", "a") for _ in range(count)))
    broker.ledger.settle()
    assert sum(len(call.reply) for call in broker.calls.of("GET a")) < 10_000_000
    for _ in range(count):
        raw.expect(b"$100000\r\n")
        assert raw.take(100_002) == value + b"\r\n"
    assert len(broker.calls.of("GET a")) == count


def test_a_subscriber_that_does_not_read_is_dropped(broker: FakeRedis, connect: Callable[[], Raw], raw: Raw) -> None:
    deaf = connect().ask("SUBSCRIBE", "news")
    deaf.take(10)
    piece = bytes(5_000_000)
    for _ in range(9):
        raw.ask("PUBLISH", "news", piece)
        raw.take(4)
    assert [connection.closed is None for connection in broker.connections].count(False) == 1


def test_quit(raw: Raw, broker: FakeRedis) -> None:
    raw.send(command("QUIT") + command("PING"))
    assert raw.rest() == b"+OK\r\n"
    assert broker.connections[0].closed_by == "fake"


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        (b"*1\r\n:1\r\n", b"expected '$', got ':'"),
        (b"*x\r\n", b"invalid multibulk length"),
        (b"*9999999\r\n", b"invalid multibulk length"),
        (b"*1\r\n$-1\r\n", b"invalid bulk length"),
        (b"*1\r\n$2000\r\n", b"invalid bulk length"),
        (b'SET a "b\r\n', b"unbalanced quotes in request"),
        (b"x" * 70_000, b"too big inline request"),
        (b"*" + b"1" * 70_000, b"too big mbulk count string"),
    ],
)
def test_what_is_no_command_ends_the_connection(sent: bytes, said: bytes) -> None:
    with FakeRedis(max_bulk=1000) as fake, Raw(fake) as raw:
        raw.send(sent)
        assert raw.rest() == b"-ERR Protocol error: " + said + b"\r\n"
        assert fake.calls[-1].error == "ERR"


def test_inline_commands(raw: Raw) -> None:
    raw.send(b"SET a 'b c'\r\nGET a\n\r\nPING\r\n").expect(b"+OK\r\n$3\r\nb c\r\n+PONG\r\n")


def test_a_big_value_in_small_pieces(raw: Raw) -> None:
    value = b"\r\n" * 500_000
    data = command("SET", "a", value)
    for start in range(0, len(data), 100_000):
        raw.send(data[start : start + 100_000])
    raw.expect(b"+OK\r\n")
    raw.ask("GET", "a").expect(b"$%d\r\n%b\r\n" % (len(value), value))


def test_calls_in_the_ledger(broker: FakeRedis, client: redis.Redis) -> None:
    client.rpush("jobs", "one")
    client.lpop("jobs")
    client.xadd("log", {"a": 1})
    calls = [call for call in broker.calls if call.kind != "connect"]
    assert [(call.operation, call.kind, call.queue, call.verdict) for call in calls] == [
        ("RPUSH jobs", "publish", "jobs", "ok"),
        ("LPOP jobs", "receive", "jobs", "ok"),
        ("XADD log", "publish", "log", "ok"),
    ]
    assert calls[0].body == b"one"
    assert all(call.handled for call in calls)


def test_tls() -> None:
    with FakeRedis(tls=True) as fake:
        assert fake.url.startswith("rediss://")
        with redis.Redis.from_url(fake.url, ssl_ca_certs=fake.ca_file) as client:
            assert client.set("a", 1)
            assert client.get("a") == b"1"


def test_mistakes() -> None:
    with pytest.raises(ScriptingError, match=r"version='5\.0'"):
        FakeRedis(version="5.0")
    fake = FakeRedis()
    with pytest.raises(FakeStopped):
        _ = fake.url
    with pytest.raises(FakeStopped):
        fake.queue("jobs")


def test_it_can_be_started_again() -> None:
    fake = FakeRedis()
    for _ in range(2):
        with fake, redis.Redis.from_url(fake.url) as client:
            assert client.incr("a") == 1  # and has forgotten everything


def test_an_outage() -> None:
    with FakeRedis() as fake, redis.Redis.from_url(fake.url, retry=NO_RETRY) as client:
        client.ping()
        fake.outage(0.05)
        with pytest.raises(redis.ConnectionError):
            client.ping()
        fake.heal()
        assert client.ping()
        fake.drop_all()
        assert client.ping()  # on a new connection, since it notices that the old one is gone
        assert [connection.closed_by for connection in fake.connections[-2:]] == ["fake", None]
