"""The faults of a case: how they may be written, where they go, and that they are gone after it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import requests

from pytest_integrations.core.errors import CannotPerform, ScriptingError
from pytest_integrations.faults import connection_refused, hang, queue_full, status
from pytest_integrations.profiles import ProfileRule, rule
from pytest_integrations.tester.injections import Injection, injected

if TYPE_CHECKING:
    from pytest_integrations import FakeRest, Fakes


def _written(injections: tuple[Injection, ...]) -> list[tuple[str, dict[str, Any], str | None, str]]:
    return [(repr(each.faults), dict(each.when), each.fake, each.operation) for each in injections]


def test_forms_in_which_they_may_be_written() -> None:
    one, two = status(503), hang()

    assert _written(Injection.all_of(one)) == [("(status(503),)", {}, None, "*")]
    assert _written(Injection.all_of([one, rule(two, times=2)])) == [
        ("(status(503),)", {}, None, "*"),
        ("(hang(),)", {"times": 2}, None, "*"),
    ]
    assert _written(Injection.all_of(ProfileRule((one,), {}, "stock*", "GET *"))) == [
        ("(status(503),)", {}, "stock*", "GET *")
    ]
    assert Injection.all_of(()) == ()


@pytest.mark.parametrize("wrong", ["status", status, 503, [503], None], ids=str)
def test_what_is_no_fault_is_refused(wrong: Any) -> None:
    with pytest.raises(ScriptingError, match=r"is not a fault: valid are those of pytest_integrations\.faults"):
        Injection.all_of(wrong)


def test_what_cannot_be_injected_into_is_refused() -> None:
    with pytest.raises(ScriptingError, match="faults: 'stock' is nothing to inject into: valid are fakes"):
        Injection.all_of({"stock": status(503)})


def _statuses(url: str, calls: int = 3) -> list[int]:
    return [requests.get(url, timeout=5).status_code for _ in range(calls)]


def test_they_are_there_for_the_case_alone(fake_rest: FakeRest) -> None:
    fake_rest.get("/").reply()

    with injected(Injection.all_of([status(503), status(502)]), [fake_rest]) as rules:
        assert _statuses(fake_rest.url) == [503, 502, 200]
    assert [each.fired for each in rules] == [1, 1]
    with injected(Injection.all_of(rule(status(503), every=1)), [fake_rest]):
        assert _statuses(fake_rest.url, 1) == [503]
    assert _statuses(fake_rest.url, 1) == [200]


def test_a_port_that_was_down_is_up_after_the_case(fake_rest: FakeRest) -> None:
    fake_rest.get("/").reply()

    with injected(Injection.all_of(connection_refused()), [fake_rest]), pytest.raises(requests.ConnectionError):
        _statuses(fake_rest.url)
    assert _statuses(fake_rest.url, 1) == [200]


def test_places(fakes: Fakes) -> None:
    stock, payments = fakes.rest("stock"), fakes.rest("payments")
    for fake in (stock, payments):
        fake.get("/a").reply()
        fake.get("/b").reply()
    urls = [f"{fake.url}{path}" for fake in (stock, payments) for path in ("/a", "/b")]

    def seen(faults: Any) -> list[int]:
        with injected(Injection.all_of(faults), tuple(fakes)):
            return [_statuses(url, 1)[0] for url in urls]

    always = {"every": 1}
    assert seen({payments: rule(status(503), **always)}) == [200, 200, 503, 503]
    assert seen({stock.get("/b"): rule(status(503), **always), payments: [status(502)]}) == [200, 503, 502, 200]
    assert seen(ProfileRule((status(503),), always, fake="p*")) == [200, 200, 503, 503]
    assert seen(ProfileRule((status(503),), always, fake="*s*", operation="GET /b")) == [200, 503, 200, 503]
    assert seen(()) == [200, 200, 200, 200]


def test_a_part_of_the_operations_of_a_queue(fakes: Fakes) -> None:
    import redis

    broker = fakes.redis("broker")
    broker.queue("orders")
    part = Injection((queue_full(),), {}, None, "broker", "*", {"kind": "publish", "queue": "orders"})

    with redis.Redis.from_url(broker.url) as client:
        with injected([part], tuple(fakes)), pytest.raises(redis.ResponseError):
            client.rpush("orders", "17")
        client.rpush("orders", "17")


def test_which_fake_must_be_clear(fakes: Fakes) -> None:
    none = pytest.raises(ScriptingError, match=r"status\(503\) is for which fake\? .* there is no fake here")
    with none, injected(Injection.all_of(status(503)), ()):
        pass
    fakes.rest("stock")
    fakes.rest("payments")
    several = pytest.raises(ScriptingError, match=r"for which fake\? Say so, .* the fakes here are stock, payments")
    with several, injected(Injection.all_of(status(503)), tuple(fakes)):
        pass
    misspelt = pytest.raises(ScriptingError, match=r"no fake is called 'stok': the fakes here are .* mean 'stock'\?")
    with misspelt, injected([Injection((status(503),), fake="stok")], tuple(fakes)):
        pass


def test_what_the_wire_cannot_perform_is_refused_and_nothing_stays(fake_rest: FakeRest) -> None:
    fake_rest.get("/").reply()

    with pytest.raises(CannotPerform), injected(Injection.all_of([status(503), queue_full()]), [fake_rest]):
        pass
    assert _statuses(fake_rest.url, 1) == [200]


def test_a_fake_without_parts(fake_rest: FakeRest) -> None:
    part = Injection((status(503),), on={"kind": "publish"})

    with pytest.raises(ScriptingError, match="has no parts; name an operation instead"), injected([part], [fake_rest]):
        pass


def test_parts_that_there_are_none_of(fakes: Fakes) -> None:
    broker = fakes.amqp("broker")

    unknown = pytest.raises(
        ScriptingError, match=r"faults: on=\{'knd': 'publish'\}: .*unexpected keyword argument 'knd'"
    )
    with unknown, injected([Injection((status(503),), on={"knd": "publish"})], [broker]):
        pass
    wrong = pytest.raises(ScriptingError, match="kind='pub' is unknown: valid are")
    with wrong, injected([Injection((status(503),), on={"kind": "pub"})], [broker]):
        pass
