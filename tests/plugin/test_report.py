"""The health report of a run: what it knows of each integration point and of each test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.plugin.reading import REPORT, SUITE, health, point

if TYPE_CHECKING:
    from collections.abc import Callable

    Run = Callable[..., pytest.RunResult]


def test_a_report_is_a_page_and_its_data(run: Run, pytester: pytest.Pytester) -> None:
    result = run(SUITE, "--integrations-report", "out/of/report.html", "--fault-seed=7")

    result.stdout.fnmatch_lines(["report: out/of/report.html and report.json"])
    data = health(pytester.path / "out" / "of")
    assert (data["schema"], data["run"]["seed"], data["run"]["profiles"]) == (1, 7, [])
    assert data["run"]["replay"].endswith("--integrations-report out/of/report.html --fault-seed=7")
    assert {name: data["totals"][name] for name in ("tests", "passed", "failed", "tests_with_fakes", "calls")} == {
        "tests": 4,
        "passed": 3,
        "failed": 1,
        "tests_with_fakes": 3,
        "calls": 6,
    }
    found = point(data, "GET /users")
    assert (found["tests"], found["calls"], found["faulted"]) == (3, 6, 4)
    assert found["errors"] == {"with_fault": 4, "without_fault": 0}
    assert found["logical"] == {"at_once": 1, "recovered": 1, "given_up": 1}
    assert (found["availability"], found["availability_without_faults"]) == (0.333333, 1.0)
    assert [(each["clock"], each["n"]) for each in found["latencies"]] == [("real", 6)]
    assert data["matrix"] == [
        {"fault": "connection_reset", "fake": "fake_rest", "operation": "GET /users", "survived": 1, "failed": 0},
        {"fault": "status", "fake": "fake_rest", "operation": "GET /users", "survived": 1, "failed": 1},
    ]


def test_every_test_with_a_fake_is_in_it(run: Run, pytester: pytest.Pytester) -> None:
    run(SUITE, *REPORT)

    tests = health(pytester.path)["tests"]

    assert [(test["id"], test["outcome"], test["calls"], test["recovered"]) for test in tests] == [
        ("test_it.py::test_gives_up", "failed", 2, 0),
        ("test_it.py::test_is_healthy", "passed", 1, 0),
        ("test_it.py::test_survives", "passed", 3, 1),
    ]
    rows = tests[2]["timelines"][0]["rows"]
    assert [(row["verdict"], row["fault"], row["attempt"], row["retry_of"]) for row in rows] == [
        ("503", "status(503)", 1, None),
        ("reset", "connection_reset()", 2, 1),
        ("200", "", 3, 2),
    ]
    assert tests[0]["replay"] == "pytest 'test_it.py::test_gives_up' --fault-seed 0"


def test_what_fails_a_test_by_itself_is_told(run: Run, pytester: pytest.Pytester) -> None:
    run(
        """
        from client import get
        from pytest_integrations.faults import status

        def test_it(fake_rest):
            fake_rest.get("/users").reply()
            fake_rest.inject(status(503), at=9)
            get(fake_rest.url + "/usres")
        """,
        *REPORT,
    )

    data = health(pytester.path)
    (test,) = data["tests"]
    assert data["totals"]["unexpected"] == point(data, "GET /usres")["unexpected"] == 1
    assert "nothing answers GET /usres" in test["problems"][0]
    assert test["timelines"][0]["rows"][0]["mark"] == "unexpected: nothing answers this"
    assert test["never_fired"] == ["inject(status(503), at=(9,)) on fake_rest"]


OUTCOMES = """
    import pytest

    @pytest.fixture
    def broken_before(fake_rest):
        raise RuntimeError

    @pytest.fixture
    def broken_after(fake_rest):
        yield
        raise RuntimeError

    def test_passed(fake_rest): pass
    def test_failed(fake_rest): assert 0
    def test_skipped(fake_rest): pytest.skip("because")
    @pytest.mark.xfail
    def test_xfailed(fake_rest): assert 0
    @pytest.mark.xfail
    def test_xpassed(fake_rest): pass
    @pytest.mark.xfail(strict=True)
    def test_failed_by_passing(fake_rest): pass
    def test_error_before(broken_before): pass
    def test_error_after(broken_after): pass
"""


def test_every_outcome_is_what_pytest_says(run: Run, pytester: pytest.Pytester) -> None:
    run(OUTCOMES, *REPORT)

    tests = {test["id"].partition("test_it.py::test_")[2]: test["outcome"] for test in health(pytester.path)["tests"]}

    assert tests == {
        "passed": "passed",
        "failed": "failed",
        "skipped": "skipped",
        "xfailed": "xfailed",
        "xpassed": "xpassed",
        "failed_by_passing": "failed",
        "error_before": "error",
        "error_after": "error",
    }


@pytest.mark.skipif(not hasattr(pytest, "Subtests"), reason="subtests came with pytest 9")
def test_subtests_do_not_count_twice(run: Run, pytester: pytest.Pytester) -> None:
    """Each of them is reported as the test is; what crossed the wire is told once, and the worst of them counts."""
    pytester.makeconftest("""
        import pytest

        def pytest_runtest_logreport(report):
            if type(report) is pytest.TestReport:
                with open("durations", "a") as file:
                    print(report.duration, file=file)
    """)
    run(
        """
        from client import get

        def test_it(fake_rest, subtests):
            fake_rest.get("/").reply()
            for n in range(3):
                with subtests.test(n=n):
                    assert get(fake_rest.url) == 200 and n != 1
        """,
        *REPORT,
    )

    data = health(pytester.path)
    assert (data["totals"]["calls"], data["totals"]["tests"]) == (3, 1)
    assert data["tests"][0]["outcome"] == "failed"
    phases = [float(line) for line in (pytester.path / "durations").read_text().splitlines()]
    assert (len(phases), data["tests"][0]["seconds"]) == (3, pytest.approx(sum(phases), abs=1e-5))


def test_virtual_time_is_told_from_real_time(run: Run, pytester: pytest.Pytester) -> None:
    run(
        """
        import pytest
        from client import get
        from pytest_integrations.faults import latency

        def asked(fake):
            fake.get("/").reply()
            fake.inject(latency(2.0))
            assert get(fake.url) == 200

        def test_virtual(virtual_clock, fake_rest): asked(fake_rest)

        @pytest.mark.virtual_time
        def test_marked(fake_rest): asked(fake_rest)

        def test_real(fake_rest):
            fake_rest.get("/").reply()
            get(fake_rest.url)
        """,
        *REPORT,
    )

    data = health(pytester.path)
    real, virtual = point(data, "GET /")["latencies"]
    assert (real["clock"], real["n"], virtual["clock"], virtual["n"]) == ("real", 1, "virtual", 2)
    assert virtual["max"] == 2.0
    assert [test["clock"] for test in data["tests"]] == ["virtual", "real", "virtual"]


BREAKER = """
    from client import get
    from pytest_integrations import ClientCalls, assert_breaker_opens
    from pytest_integrations.faults import status

    class Breaker:
        def __init__(self, url):
            self.url, self.failures = url, 0

        def fetch(self):
            if self.failures >= 3:
                raise RuntimeError("open")
            if get(self.url) != 200:
                self.failures += 1
                raise RuntimeError("failed")

    def test_it(fake_rest):
        fake_rest.get("/stock").reply()
        fake_rest.inject(status(503), every=1)
        client = ClientCalls(fake_rest.ledger)
        client.repeat(8, Breaker(fake_rest.url + "/stock").fetch)
        assert_breaker_opens(fake_rest.calls, after=3, recovery=30, demand=client)
"""


def test_a_breaker_is_told_by_what_it_shed_and_by_its_states(run: Run, pytester: pytest.Pytester) -> None:
    result = run(BREAKER, *REPORT)

    result.assert_outcomes(passed=1)
    data = health(pytester.path)
    assert (point(data, "GET /stock")["calls"], point(data, "GET /stock")["shed"], data["totals"]["shed"]) == (3, 5, 5)
    bands = data["tests"][0]["timelines"][0]["bands"]
    assert [(band["state"], band["after"]) for band in bands] == [("should be open", 3)]


def test_a_port_that_was_down_is_a_fault_that_was_met(run: Run, pytester: pytest.Pytester) -> None:
    """What it refused has left no call, and was not shed by the client."""
    result = run(
        """
        from client import get
        from pytest_integrations import ClientCalls
        from pytest_integrations.faults import connection_refused

        def ask(url):
            answer = get(url)
            if answer != 200:
                raise ConnectionError(answer)

        def test_it(fake_rest):
            fake_rest.get("/").reply()
            client = ClientCalls(fake_rest.ledger)
            client(ask, fake_rest.url)
            with fake_rest.injected(connection_refused()):
                client(ask, fake_rest.url)
            assert len(client.errors) == 1
        """,
        *REPORT,
    )

    result.assert_outcomes(passed=1)
    data = health(pytester.path)
    assert data["matrix"] == [
        {"fault": "connection_refused", "fake": "fake_rest", "operation": "connect", "survived": 1, "failed": 0}
    ]
    assert (point(data, "GET /")["calls"], point(data, "GET /")["shed"]) == (1, 0)
    assert (point(data, "connect")["calls"], point(data, "connect")["availability"]) == (0, None)


def test_dead_letters_and_the_stories_of_messages(run: Run, pytester: pytest.Pytester) -> None:
    result = run(
        """
        import pika

        def test_it(fake_amqp):
            connection = pika.BlockingConnection(pika.URLParameters(fake_amqp.url))
            channel = connection.channel()
            channel.queue_declare("dead")
            channel.queue_declare("orders", arguments={
                "x-dead-letter-exchange": "", "x-dead-letter-routing-key": "dead"})
            for body in (b"good", b"bad"):
                channel.basic_publish("", "orders", body)
                method, _, got = channel.basic_get("orders")
                if got == b"good":
                    channel.basic_ack(method.delivery_tag)
                else:
                    channel.basic_reject(method.delivery_tag, requeue=False)
            connection.close()
        """,
        *REPORT,
    )

    result.assert_outcomes(passed=1)
    data = health(pytester.path)
    queues = {queue["queue"]: queue for queue in data["queues"]}
    assert (queues["orders"]["messages"], queues["orders"]["acked"], queues["orders"]["dead_lettered"]) == (2, 1, 1)
    assert queues["dead"]["waiting"] == 1
    assert point(data, "basic.publish orders")["dead_lettered"] == data["totals"]["dead_lettered"] == 1
    (message,) = data["tests"][0]["messages"]
    assert message["name"] == "message 2 to orders: bad"
    assert any("dead lettered" in line for line in message["story"])


def test_a_fake_of_several_tests_counts_for_each_its_own(run: Run, pytester: pytest.Pytester) -> None:
    run(
        """
        import pytest
        from client import get
        from pytest_integrations import FakeRest

        @pytest.fixture(scope="module")
        def stock():
            with FakeRest("stock") as fake:
                fake.get("/").reply()
                yield fake

        @pytest.mark.parametrize("times", [1, 2, 3])
        def test_it(stock, times):
            for _ in range(times):
                get(stock.url)
        """,
        *REPORT,
    )

    data = health(pytester.path)
    assert [test["calls"] for test in data["tests"]] == [1, 2, 3]
    assert (point(data, "GET /")["calls"], point(data, "GET /")["tests"]) == (6, 3)


def test_cases_of_a_table_are_in_it(run: Run, pytester: pytest.Pytester) -> None:
    result = run(
        """
        from client import get

        def test_it(fake_rest, integration_tester):
            fake_rest.get("/users").reply(json=[])
            integration_tester.add("all of them", request="/users", expect=200)
            integration_tester.run(lambda path: get(fake_rest.url + path))
        """,
        *REPORT,
    )

    result.assert_outcomes(passed=1)
    (case,) = health(pytester.path)["tests"][0]["cases"]
    assert (case["name"], case["status"], case["calls"]) == ("all of them", "passed", 1)


def test_junit_has_the_figures(run: Run, pytester: pytest.Pytester) -> None:
    run(SUITE, "--junit-xml=junit.xml")

    text = (pytester.path / "junit.xml").read_text()
    assert '<property name="integrations_calls" value="3" />' in text
    assert '<property name="integrations_faults" value="2" />' in text
