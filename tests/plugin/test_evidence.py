"""What stands under a failed test that used a fake, and under no other."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    Run = Callable[..., pytest.RunResult]

FAILS = """
    from client import get
    from pytest_integrations.faults import connection_reset, status

    def test_it(fake_rest):
        fake_rest.get("/charges").reply()
        fake_rest.inject(status(503), connection_reset())
        for _ in range(3):
            answer = get(fake_rest.url + "/charges")
        assert answer == 201
"""


def test_a_failed_test_shows_its_calls(run: Run) -> None:
    result = run(FAILS, "--fault-seed=7")

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "E*assert 200 == 201",
            "*- integration timeline -*",
            "  fake_rest  3 calls on 3 connections, *",
            "  #1 * GET /charges  x 503 * <- status(503)",
            "  #2 * GET /charges  ! reset * <- connection_reset()",
            "  #3 * GET /charges  ok 200",
            "",
            "seed 7",
            "replay: pytest 'test_it.py::test_it' --fault-seed 7",
        ],
        consecutive=False,
    )
    assert result.stdout.str().count("integration timeline") == 1


def test_a_test_that_passes_shows_nothing(run: Run) -> None:
    result = run(FAILS.replace("201", "200"), "-rA")

    result.assert_outcomes(passed=1)
    result.stdout.no_fnmatch_line("*integration timeline*")


def test_a_failed_test_without_a_fake_shows_nothing(run: Run) -> None:
    result = run("def test_it(): assert 0", "--fault-profile=flaky")

    result.assert_outcomes(failed=1)
    result.stdout.no_fnmatch_line("*integration timeline*")
    result.stdout.no_fnmatch_line("replay:*")


SERVICER = """
    import time
    import grpc
    from pytest_integrations import FakeGrpc

    orders_proto = 'syntax = "proto3"; message Id { string id = 1; } service Orders { rpc Get(Id) returns (Id); }'

    class OrdersServicer:
        def Get(self, request, context):
            time.sleep(30)
            return request

    def test_it(grpc_servicer, virtual_clock):
        schema = FakeGrpc()
        schema.load(orders_proto)
        orders = grpc_servicer(OrdersServicer(), schema.services["Orders"])
        assert orders.Get({"id": "o1"}, timeout=20).code is grpc.StatusCode.OK
"""


def test_a_servicer_is_in_the_picture(run: Run) -> None:
    result = run(SERVICER, "--integrations-summary=always")

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "*- integration timeline -*",
            "  grpc_servicer  1 call on 1 connection, 20.0 s",
            "  #1 * /Orders/Get  < cancelled, applied, left after 20.000 s",
            "",
            "replay: pytest 'test_it.py::test_it'",
        ]
    )
    result.stdout.no_fnmatch_line("*= integrations =*")


def test_a_servicer_that_did_well_shows_nothing(run: Run) -> None:
    result = run(SERVICER.replace("timeout=20", "timeout=40"), "-rA")

    result.assert_outcomes(passed=1)
    result.stdout.no_fnmatch_line("*integration timeline*")


def test_all_fakes_of_a_test_are_in_one_picture(run: Run) -> None:
    result = run("""
        from client import get

        def test_it(fake_rest, fakes):
            stock = fakes.rest("stock")
            for fake in (stock, fake_rest, stock):
                fake.get("/").reply()
                get(fake.url)
            assert 0
    """)

    result.stdout.fnmatch_lines(
        [
            "  stock      2 calls on 2 connections, *",
            "  fake_rest  1 call on 1 connection, *",
            "  #1 * stock  * GET /  ok 200",
            "  #2 * fake_rest  * GET /  ok 200",
            "  #3 * stock  * GET /  ok 200",
        ]
    )


def test_a_fake_that_nobody_called_is_told(run: Run) -> None:
    run("def test_it(fake_rest): assert 0").stdout.fnmatch_lines(["  no calls reached fake_rest"])


def test_fakes_of_the_test_itself_are_seen_even_when_they_are_gone(run: Run) -> None:
    result = run("""
        import gc
        from client import get
        from pytest_integrations import FakeRest

        def charge():
            with FakeRest("payments") as payments:
                payments.get("/").reply(202)
                return get(payments.url)

        def test_it():
            answer = charge()
            gc.collect()
            assert answer == 200
    """)

    result.stdout.fnmatch_lines(["  payments  1 call on 1 connection, *", "  #1 * GET /  ok 202"])


def test_of_many_ledgers_the_last_are_shown(run: Run) -> None:
    result = run("""
        from client import get
        from pytest_integrations import FakeRest

        def test_it():
            for n in range(5):
                with FakeRest(f"fake{n}") as fake:
                    fake.get("/").reply()
                    get(fake.url)
            assert 0
    """)

    result.stdout.fnmatch_lines(
        ["the last of 5 ledgers; *", "  fake2  1 call*", "  fake3  1 call*", "  fake4  1 call*"]
    )
    result.stdout.no_fnmatch_line("  fake1 *")


def test_a_failure_in_the_setup_has_it_too(run: Run) -> None:
    result = run("""
        import pytest
        from client import get

        @pytest.fixture
        def client(fake_rest):
            fake_rest.get("/").reply(202)
            assert get(fake_rest.url) == 200

        def test_it(client): pass
    """)

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["  #1 * GET /  ok 202", "replay: pytest 'test_it.py::test_it'"])


def test_the_replay_line_is_for_the_directory_that_pytest_was_called_in(run: Run, pytester: pytest.Pytester) -> None:
    directory = pytester.mkdir("elsewhere")
    pytester.makeini("[pytest]")
    pytester.makepyfile(test_there="def test_it(fake_rest): assert 0")
    pytester.chdir()
    import os

    os.chdir(directory)

    result = pytester.runpytest_inprocess("..", "--fault-profile=flaky", "--fault-seed=7")

    result.stdout.fnmatch_lines(
        [
            "fault profile 'flaky', seed 7",
            "replay: pytest '../test_there.py::test_it' --fault-profile flaky --fault-seed 7",
        ]
    )


def test_the_replay_line_gives_the_same_faults(run: Run) -> None:
    suite = """
        import pytest
        from client import get

        @pytest.mark.parametrize("name", ["it's", "b"])
        def test_it(fake_rest, name):
            fake_rest.get("/").reply()
            answers = [get(fake_rest.url) for _ in range(60)]
            assert answers == [], "".join("." if answer == 200 else "x" for answer in answers)
    """

    def drawn(result: pytest.RunResult, test: str) -> str:
        lines = iter(result.outlines)
        next(line for line in lines if test in line and line.startswith("___"))
        return next(line.partition("AssertionError: ")[2] for line in lines if "AssertionError: " in line)

    first = run(suite, "--fault-profile=hostile,calm", "--fault-seed=11")
    first.stdout.fnmatch_lines(
        ["""replay: pytest 'test_it.py::test_it[[]b]' --fault-profile hostile --fault-seed 11"""]
    )
    again = run(suite, "-k", "b", "--fault-profile=hostile", "--fault-seed=11")

    assert "x" in drawn(first, "test_it[b-hostile]")
    assert drawn(first, "test_it[b-hostile]") == drawn(again, "test_it[b]")


def test_the_replay_line_leaves_out_what_a_marker_says(run: Run) -> None:
    result = run("""
        import pytest

        @pytest.mark.fault_profile("slow")
        def test_it(fake_rest): assert 0
    """)

    result.stdout.fnmatch_lines(["fault profile 'slow', seed 0", "replay: pytest 'test_it.py::test_it' --fault-seed 0"])


def test_the_figures_are_in_the_junit_report(run: Run, pytester: pytest.Pytester) -> None:
    run(FAILS + "\n    def test_plain(): pass\n", "--junitxml=report.xml", "--fault-profile=calm", "--fault-seed=7")

    report = (pytester.path / "report.xml").read_text()
    with_fake, plain = report.split("<testcase ")[1:]
    for name, value in {"calls": "3", "faults": "2", "seed": "7", "profile": "calm"}.items():
        assert f'<property name="integrations_{name}" value="{value}" />' in with_fake
    assert "property" not in plain


def test_a_fake_that_was_started_before_the_test_is_seen(run: Run) -> None:
    result = run("""
        from client import get
        from pytest_integrations import FakeRest

        payments = FakeRest("payments").start()
        payments.get("/").reply()

        def test_first():
            assert get(payments.url) == 200

        def test_second():
            assert get(payments.url) == 201

        def teardown_module():
            payments.stop()
    """)

    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["  payments  1 call on 1 connection, *", "  #2 * GET /  ok 200"])
    result.stdout.no_fnmatch_line("  #1 *")


def test_a_fake_that_was_stopped_before_the_test_is_not_seen(run: Run) -> None:
    result = run(
        """
        from pytest_integrations import FakeRest
        from client import get

        with FakeRest("early") as early:
            early.get("/").reply()
            get(early.url)

        def test_it(): assert 0
        """
    )

    result.assert_outcomes(failed=1)
    result.stdout.no_fnmatch_line("*no calls reached early*")


def test_a_test_with_very_many_fakes_forgets_the_first(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pytest_integrations.plugin.record._FAKES_AT_MOST", 4)
    result = run("""
        from client import get
        from pytest_integrations import FakeRest
        from pytest_integrations.faults import status

        def test_it(fake_rest):
            for n in range(9):
                with FakeRest(f"fake{n}") as fake:
                    fake.get("/").reply()
                    fake.inject(status(503), at=[2])
                    get(fake.url)
            assert 0
    """)

    result.stdout.fnmatch_lines(["the last of 10 ledgers; *", "  fake6  1 call*", "  fake8  1 call*"])
    result.stdout.no_fnmatch_line("never fired*")
